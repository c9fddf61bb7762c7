"""Scenario files: what ships loads, and whatever is wrong is named with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnc.environment.scenario import load_scenario, scenario_names
from cnc.errors import ConfigurationError
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import Range, ScenarioParameters


def written(folder: Path, text: str, name: str = "own.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_three_scenarios_ship() -> None:
    assert set(scenario_names()) >= {"paper", "small", "large"}


@pytest.mark.parametrize("name", scenario_names())
def test_a_shipped_scenario_gives_a_world(name: str) -> None:
    parameters = load_scenario(name)
    assert parameters.name == name
    world = generate_world(parameters, 0)
    assert len(world.domain_ids) == 2 * parameters.cells + 1
    assert len(world.work_gc) == parameters.services


def test_paper_is_the_defaults() -> None:
    assert load_scenario("paper") == ScenarioParameters()


def test_sizes_of_small_and_large() -> None:
    small, large = load_scenario("small"), load_scenario("large")
    assert (small.cells, small.services, large.cells) == (3, 9, 100)


def test_a_file_names_only_what_differs(tmp_path: Path) -> None:
    text = "base: small\nran:\n  memory_gb: 12\nlocal: [{}, {energy_j_mbit: 1}]\n"
    found = load_scenario(written(tmp_path, text))
    small = load_scenario("small")
    assert (found.name, found.cells, found.ran.memory_gb) == ("own", small.cells, 12.0)
    assert found.ran.capacity_gc_s == small.ran.capacity_gc_s
    assert found.local[0] == small.local[0]
    assert found.local[1].energy_j_mbit == 1.0
    assert found.local[1].capacity_mbit_s == small.local[1].capacity_mbit_s


def test_a_base_may_lie_beside_the_file(tmp_path: Path) -> None:
    written(tmp_path, "cells: 4\nload: 7\n", "below.yaml")
    found = load_scenario(written(tmp_path, "base: below.yaml\nload: 9\n"))
    assert (found.cells, found.load) == (4, 9.0)


def test_one_end_of_a_range_is_enough(tmp_path: Path) -> None:
    found = load_scenario(written(tmp_path, "ran:\n  idle_w: {high: 60}\n"))
    assert found.ran.idle_w == Range(30.0, 60.0)


def test_signal_to_noise_may_be_negative_and_an_empty_file_is_the_paper(tmp_path: Path) -> None:
    text = "radio: {snr_mean_db: {low: -3, high: -1}}"
    assert load_scenario(written(tmp_path, text)).radio.snr_mean_db == Range(-3.0, -1.0)
    assert load_scenario(written(tmp_path, "")).cells == 10


WRONG = {
    "unknown": ("\ncellz: 3", 2, "cellz", "unknown; there are name, cells"),
    "unknown inside": ("ran:\n  nodez: 3", 2, "ran.nodez", "there are nodes, capacity_gc_s"),
    "unknown in list": ("core:\n  - {}\n  - {speed: 3}", 3, "core.1.speed", "propagation_s"),
    "text": ("cells: three", 1, "cells", "is a whole number, not 'three'"),
    "truth": ("load: yes", 1, "load", "is a number, not True"),
    "fraction": ("cells: 2.5", 1, "cells", "is a whole number, not 2.5"),
    "nothing": ("load:", 1, "load", "is a number, not None"),
    "no number": ("load: .nan", 1, "load", "not nan"),
    "infinite": ("load: .inf", 1, "load", "not inf"),
    "negative": ("name: x\nload: -1", 2, "load", "is at least 0, not -1"),
    "no cell": ("cells: 0", 1, "cells", "is at least 1, not 0"),
    "no node": ("ran:\n  nodes: 0", 2, "ran.nodes", "is at least 1"),
    "huge": ("cells: 1000000", 1, "cells", "is at most 5000"),
    "probability": ("hotspot:\n  move_probability: 2", 2, "hotspot.move_probability", "at most 1"),
    "range": (
        "ran:\n  idle_w:\n    low: 9\n    high: 3",
        2,
        "ran.idle_w",
        "a range runs from low to high, not from 9 to 3",
    ),
    "half a range": ("ran:\n  idle_w: {low: 900}", 2, "ran.idle_w", "not from 900 to 50"),
    "number for a range": ("ran:\n  idle_w: 9", 2, "ran.idle_w", "holds the fields low, high"),
    "no link": ("xn:\n  capacity_mbit_s: 0", 2, "xn.capacity_mbit_s", "is above 0"),
    "no capacity": ("ran: {capacity_gc_s: {low: 0}}", 1, "ran.capacity_gc_s.low", "is above 0"),
    "no list": ("local: 3", 1, "local", "is a list of 2, not 3"),
    "short list": ("local:\n  - {}", 1, "local", "is a list of 2, not of 1"),
    "twice": ("cells: 3\nload: 2\ncells: 4", 3, "cells", "written twice"),
    "name": ("name: 3", 1, "name", "valid string"),
    "base": ("base: nowhere", 1, "base", "there is no scenario 'nowhere'; use germany50, large"),
    "base no name": ("base: [3]", 1, "base", "name of a scenario"),
    "ring": ("base: own.yaml", 1, "base", "in a ring"),
    "no room": (
        "transport:\n  memory_gb: 20",
        2,
        "transport.memory_gb",
        "Give each 29 GB, add nodes, or offer fewer services",
    ),
    "too large a service": (
        "service_classes: [{}, {}, {memory_gb: {high: 70}}]",
        1,
        "transport.memory_gb",
        "70 GB each",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_whatever_is_wrong_is_named(case: tuple[str, int, str, str], tmp_path: Path) -> None:
    text, line, field, reason = case
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}, field {field}: "), message
    assert reason in message


def test_a_mistake_in_the_base_names_the_base(tmp_path: Path) -> None:
    below = written(tmp_path, "load: 3\nzipf: steep\n", "below.yaml")
    with pytest.raises(ConfigurationError, match=r"line 2, field zipf") as caught:
        load_scenario(written(tmp_path, "base: below.yaml\n"))
    assert str(caught.value).startswith(below)


@pytest.mark.parametrize(
    "text", ["cells: [", "a: &a [*a]", "- 1", "just words", "\x00", "{1: 2}: 3"]
)
def test_what_is_no_scenario_is_refused(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError, match=r"own\.yaml"):
        load_scenario(path)


def test_binary_files_folders_and_absent_files(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    for wrong in (path, tmp_path, tmp_path / "absent.yaml"):
        with pytest.raises(ConfigurationError, match=str(wrong)):
            load_scenario(str(wrong))


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(ConfigurationError, match="no scenario 'papr'; use germany50, large, paper"):
        load_scenario("papr")


def test_aliases_of_aliases_are_counted_not_written_out(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    with pytest.raises(ConfigurationError, match=r"more than 200,000 values"):
        load_scenario(written(tmp_path, "\n".join(lines)))
