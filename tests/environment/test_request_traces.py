"""Traces of requests: read in every form, replayed exactly, refused where they are too short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.errors import ConfigurationError
from cnc.processes.blueprint import Blueprint, SystemConfig
from cnc.simulator.generator import generate_world
from cnc.simulator.inputs import RequestTrace
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import TrafficGenerator, trace

DATA = Path(__file__).parent.parent / "data" / "topologies"


def loaded(folder: Path, fields: str, rows: str | None = None, **others: object) -> RequestTrace:
    found = parameters(folder, fields, rows, **others).traffic
    assert found is not None
    return found


def parameters(
    folder: Path, fields: str, rows: str | None = None, **others: object
) -> ScenarioParameters:
    path = folder / "own.yaml"
    if rows is not None:
        (folder / "requests.csv").write_text(rows, encoding="utf-8")
    lines = [f"{key}: {value}" for key, value in {"base": "small", **others}.items()]
    lines.append(f"traffic: {{source: csv, {fields}}}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_scenario(str(path))


def test_services_by_number(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"file: {DATA / 'requests.csv'}")
    assert (found.columns, found.slots, found.width) == ("service", 4, 9)
    assert found.counts()[:, :3].tolist() == [[1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 2, 0]]
    assert found.counts()[:, 3:].sum() == 0
    assert found.mean == 1.5


@pytest.mark.parametrize(
    ("times", "slots"),
    [
        (("2024-05-01T12:00:00Z", "2024-05-01 12:00:02+00:00"), 3),
        (("2024-05-01 12:00:00", "2024/05/01 12:00:01.5"), 2),
        (("1714564800", "1714564802"), 3),
        (("1714564800000", "1714564802500"), 3),
        (("1714564800000000", "1714564801000000"), 2),
        (("0,0", "2,5"), 3),
        (("3.0", "0"), 4),
    ],
)
def test_times(times: tuple[str, str], slots: int, tmp_path: Path) -> None:
    rows = "time;service\r\n" + "".join(f"{time};1\r\n\r\n" for time in times)
    assert loaded(tmp_path, "file: requests.csv", rows).slots == slots


def test_names_by_how_often_they_occur_or_as_given(tmp_path: Path) -> None:
    rows = "ts,app\n0,b\n0,a\n0,b\n1,c\n"
    ranked = loaded(tmp_path, "file: requests.csv", rows)
    assert ranked.counts()[:, :3].tolist() == [[2, 1, 0], [0, 0, 1]]
    given = loaded(tmp_path, "file: requests.csv, services: {a: 8, b: 0, c: 8}", rows)
    assert given.counts()[:, [0, 8]].tolist() == [[2, 1], [0, 1]]
    many = "ts,app\n" + "".join(f"0,s{at}\n" for at in range(20))
    assert loaded(tmp_path, "file: requests.csv", many).counts().sum() == 20
    numbers = loaded(tmp_path, "file: requests.csv, by: rank", "ts,app\n0,7\n0,7\n0,1\n")
    assert numbers.counts()[0, :2].tolist() == [2, 1]


def test_sizes_tell_the_class(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"file: {DATA / 'sizes.csv'}")
    assert (found.columns, found.width) == ("class", 3)
    assert found.counts().tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 1]]
    stated = loaded(tmp_path, f"file: {DATA / 'sizes.csv'}, size_limits: [5000, 20000]")
    assert stated.counts().sum(axis=0).tolist() == [4, 1, 1]


def test_counted_rows_and_longer_slots(tmp_path: Path) -> None:
    rows = "t,service,count\n0,0,5\n59,1,\n60,1,2\n"
    found = loaded(tmp_path, "file: requests.csv, slot_s: 60", rows)
    assert found.counts()[:, :2].tolist() == [[5, 0], [0, 2]]


def test_a_trace_is_replayed_request_by_request(tmp_path: Path) -> None:
    own = parameters(tmp_path, f"file: {DATA / 'requests.csv'}")
    assert own.load == 1.5 and own.traffic is not None
    world = generate_world(own, 0)
    for seed in (0, 1):
        replayed = trace(world, seed, own.load, 4).requests
        assert np.array_equal(replayed.sum(axis=1), own.traffic.counts())
    counts = own.traffic.counts().sum(axis=0) + 0.5
    assert world.popularity == pytest.approx(counts / counts.sum())
    infrastructure = Infrastructure(world, 0, own.load)
    assert infrastructure.measure().requests.sum() == pytest.approx(1.5)


def test_another_load_scales_the_trace(tmp_path: Path) -> None:
    rows = "t,service\n" + "0,0\n" * 30 + "1,3\n" * 50
    own = parameters(tmp_path, "file: requests.csv", rows, load=20)
    assert own.load == 20
    world = generate_world(own, 0)
    found = trace(world, 3, own.load, 2).requests.sum(axis=1)
    assert found[0, 0] == 15 and found[1, 3] == 25
    odd = [trace(world, seed, 10.0, 1).requests.sum() for seed in range(40)]
    assert set(odd) <= {7.0, 8.0} and 6.5 < np.mean(odd) < 8.5
    assert trace(world, 0, 0.0, 2).requests.sum() == 0


def test_classes_are_spread_over_their_services(tmp_path: Path) -> None:
    own = parameters(tmp_path, f"file: {DATA / 'sizes.csv'}")
    world = generate_world(own, 0)
    assert own.traffic is not None
    assert world.popularity.sum() == pytest.approx(1.0)
    found = trace(world, 0, own.load, 3).requests.sum(axis=1)
    per_class = np.stack([found[:, world.service_class == k].sum(axis=1) for k in range(3)], 1)
    assert np.array_equal(per_class, own.traffic.counts())


def test_a_short_trace_ends_or_repeats(tmp_path: Path) -> None:
    own = parameters(tmp_path, f"file: {DATA / 'requests.csv'}")
    world = generate_world(own, 0)
    with pytest.raises(ConfigurationError, match=r"has 4 slots, and slot 5 .*--slots 4"):
        trace(world, 0, own.load, 5)
    again = parameters(tmp_path, f"file: {DATA / 'requests.csv'}, repeat: true")
    found = trace(generate_world(again, 0), 0, again.load, 8).requests.sum(axis=(1, 2))
    assert np.array_equal(found[:4], found[4:])


def test_a_system_says_at_once_that_the_trace_is_short(tmp_path: Path) -> None:
    parameters(tmp_path, f"file: {DATA / 'requests.csv'}")
    file = str(tmp_path / "own.yaml")
    assert Blueprint(SystemConfig("", scenario=file, slots=4)).world
    with pytest.raises(ConfigurationError, match="repeat: true"):
        _ = Blueprint(SystemConfig("", scenario=file, slots=9)).world


def test_snapshots_go_on_in_the_trace(tmp_path: Path) -> None:
    own = parameters(tmp_path, f"file: {DATA / 'requests.csv'}")
    world = generate_world(own, 0)
    slots = TrafficGenerator(world, 0, own.load)
    slots.next()
    kept = slots.snapshot()
    wanted = slots.next().requests
    other = TrafficGenerator(world, 9, own.load)
    other.restore(kept)
    assert np.array_equal(other.next().requests, wanted)


@pytest.mark.parametrize(
    ("fields", "rows", "says"),
    [
        ("file: requests.csv", "a,b\n1,2\n", "line 1: no column with the time"),
        ("file: requests.csv", "time,b\n1,2\n", "line 1: no column with the service"),
        ("file: requests.csv", "time,service\n", "no rows below"),
        ("file: requests.csv", "time,service\n\n1,2\nnoon,2\n", "line 4, column time: 'noon'"),
        ("file: requests.csv", "time,service\n1,\n", "line 2, column service: no service"),
        ("file: requests.csv", "time,size\n1,big\n", "line 2, column size: 'big'"),
        ("file: requests.csv", "time,service,n\n1,2,x\n", "line 2, column n: 'x'"),
        ("file: requests.csv", "time,service,n\n1,2,0\n", "there is no request"),
        ("file: requests.csv", "time,service\n0,1\n1714564800,1\n", "line 3: the trace is"),
        ("file: requests.csv, by: index", "time,service\n0,9\n", "numbered 0 to 8"),
        ("file: requests.csv, services: {a: 1}", "time,service\n0,b\n", "which has a"),
        ("file: requests.csv, services: {a: 9}", "time,service\n0,a\n", "a is number 9"),
        ("file: requests.csv, size_limits: [2, 1]", "time,size\n0,1\n", "rise from the first"),
        ("file: requests.csv, slot_s: 0", "time,size\n0,1\n", "field traffic.slot_s"),
        ("file: requests.csv, slots: 0", "time,size\n0,1\n", "field traffic.slots: unknown"),
        ("repeat: true", "time,size\n0,1\n", "field traffic.file: missing"),
        ("file: none.csv", "time,size\n0,1\n", "none.csv cannot be read"),
    ],
)
def test_bad_traces_are_named(fields: str, rows: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parameters(tmp_path, fields, rows)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'own.yaml'}, line 2, field traffic")
    assert says in message, message


def test_too_few_services_for_sizes(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sizes tell 3 classes"):
        parameters(tmp_path, f"file: {DATA / 'sizes.csv'}", services=2)


def test_a_base_may_bring_the_trace(tmp_path: Path) -> None:
    parameters(tmp_path, f"file: {DATA / 'requests.csv'}")
    above = tmp_path / "above.yaml"
    above.write_text("base: own.yaml\ncells: 4\n")
    found = load_scenario(str(above))
    assert found.load == 1.5 and found.cells == 4 and found.traffic is not None
    above.write_text("base: own.yaml\nload: 30\ntraffic: {repeat: true}\n")
    changed = load_scenario(str(above))
    assert changed.load == 30 and changed.traffic is not None and changed.traffic.repeat
