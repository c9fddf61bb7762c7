"""`cnc scenario`: what a scenario holds, as a table, as JSON, and as a map."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.running import run_cnc
from cnc.cli.application import build

DATA = Path(__file__).parent.parent / "data" / "topologies"
APPLICATION = build()
runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"})


def called(*args: str, code: int = 0) -> str:
    result = runner.invoke(APPLICATION, ["scenario", *args], prog_name="cnc")
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(
        f"base: small\ntopology: {{source: graphml, file: {DATA / 'zoo.graphml'}, cells: 3}}\n"
        f"traffic: {{source: csv, file: {DATA / 'requests.csv'}}}\n"
    )
    return str(path)


def test_list_names_what_ships() -> None:
    rows = [json.loads(line) for line in called("list", "--json").splitlines()]
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) >= {"paper", "small", "large", "germany50", "polska"}
    assert by_name["paper"] == {
        "name": "paper", "domains": 21, "cells": 10, "nodes": 74, "links": 62, "services": 30,
        "load": 300.0, "topology": None,
    }  # fmt: skip
    assert by_name["polska"]["topology"] == "topohub sndlib/polska"


def test_a_list_has_one_line_a_scenario_on_80_columns() -> None:
    _, _, *rows = called("list").splitlines()
    names = [json.loads(line)["name"] for line in called("list", "--json").splitlines()]
    assert [row.split()[0] for row in rows] == names
    assert all(len(row) <= 80 for row in rows) and "sndlib/germany50" in "\n".join(rows)


def test_show_has_cells_paths_and_latencies() -> None:
    document = json.loads(called("show", "polska", "--json"))
    assert (document["cells"], document["topology"]["nodes"]) == (12, 12)
    assert len(document["topology"]["data_centres"]) == 3
    first = next(cell for cell in document["cell"] if cell["place"] == "Szczecin")
    way = first["backhaul"][0]
    assert way["via"] == ["Szczecin", "Poznan"] and way["to"] == "Poznan"
    assert way["propagation_ms"] == pytest.approx(way["km"] / 199.861639, abs=1e-3)
    table = json.loads(called("show", "paper", "--json"))
    assert table["topology"] is None and table["traffic"] is None
    assert table["cell"][3]["backhaul"][1] == {"propagation_ms": 6.0, "capacity_mbit_s": 150.0}


def test_show_fits_a_terminal() -> None:
    text = called("show", "germany50")
    assert "50 nodes, 88 links" in text and "Hamburg" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "backhaul" in called("show", "small")


def test_own_files_are_checked_and_drawn(own: str, tmp_path: Path) -> None:
    document = json.loads(called("show", own, "--json", "--picture", str(tmp_path / "map.png")))
    assert document["traffic"] == {
        "source": str(DATA / "requests.csv"), "slots": 4, "requests": 6, "mean_requests": 1.5,
        "told_by": "service", "repeat": False,
    }  # fmt: skip
    assert len(document["topology"]["notes"]) == 4
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert "6 in 4 slots" in called("show", own)


def test_what_cannot_be_shown_is_refused(own: str, tmp_path: Path) -> None:
    called("show", "nowhere", code=2)
    called("show", "paper", "--picture", str(tmp_path / "map.png"), code=2)
    called("show", own, "--picture", str(tmp_path / "map.txt"), code=2)
    called("show", own, "--picture", str(tmp_path / "none" / "map.svg"), code=2)


@pytest.mark.e2e
def test_a_system_runs_on_a_real_network_with_a_trace(tmp_path: Path, home: Path) -> None:
    (tmp_path / "requests.csv").write_bytes((DATA / "requests.csv").read_bytes())
    path = tmp_path / "own.yaml"
    path.write_text(
        "base: polska\nservices: 9\ntopology: {cells: 2}\n"
        "traffic: {source: csv, file: requests.csv}\n"
    )
    up = ("up", "--scenario", str(path), "--json", "--slots")
    rows = run_cnc(*up, "4", home=home).good().rows
    assert [row["requests"] for row in rows] == [2, 1, 0, 3]
    assert not any(row["silent"] for row in rows)
    run_cnc(*up, "5", home=home).fails(2, "has 4 slots", "repeat: true")


def test_warnings_go_to_stderr_only(own: str, home: Path) -> None:
    result = run_cnc("scenario", "show", own, "--json", home=home).good()
    assert json.loads(result.out)["cells"] == 3
    assert "largest part" in result.err and "itself" in result.err
