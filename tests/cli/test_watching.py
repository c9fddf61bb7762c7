"""Looking at a running system: status, tail, recordings and their replay, slots of `up`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from cli.conftest import Emulator
from cli.running import run_cnc

pytestmark = pytest.mark.e2e
SMALL = {"terminal-0", "terminal-1", "terminal-2", "ran-0", "ran-1", "ran-2", "transport"}


def test_status(emulator: Emulator) -> None:
    told = emulator("status", "--json").good().row
    assert told["broker"] == emulator.broker
    assert told["slot"] > 0
    components = {row["id"]: row for row in told["components"] if row["state"] != "exit"}
    assert {"service", "e2e", "infrastructure", *SMALL} <= set(components)
    for row in components.values():
        if row["layer"] != "client":
            assert row["state"] in ("birth", "alive") and row["pid"] == emulator.up.process.pid
            assert datetime.fromisoformat(row["since"]).tzinfo is not None
    assert {row["domain"] for row in told["domains"]} == SMALL
    assert told["services"] and isinstance(told["intents"], list)
    last = told["last_slot"]
    assert last["energy_j"] > 0 and 0 <= last["satisfied_share"] <= 1 and last["requests"] > 0


def test_status_for_people(emulator: Emulator) -> None:
    out = emulator("status").good().out
    for word in ("in time", "transport", "ran-2", "policy hmarl", "live"):
        assert word in out


def test_status_of_an_empty_broker(emulator: Emulator) -> None:
    emulator("status", "--topic-root", "nobody/here").fails(1, "cnc up")
    told = emulator("status", "--topic-root", "nobody/here", "--json").good().row
    assert told["components"] == [] and told["last_slot"] is None


def test_tail(emulator: Emulator) -> None:
    rows = emulator("tail", "--json", "--count", "12").good().rows
    assert len(rows) == 12
    for row in rows:
        assert set(row) >= {"received_at", "topic", "retained", "message"}
        assert row["topic"].startswith("cnc/v1/")
        message = row["message"]
        for name in ("schema", "kind", "id", "sender", "incarnation", "sequence", "sent_at"):
            assert name in message


def test_tail_filters(emulator: Emulator) -> None:
    kind = emulator("tail", "--json", "--count", "3", "--kind", "domain_directive").good().rows
    assert {row["message"]["kind"] for row in kind} == {"domain_directive"}
    domain = emulator("tail", "--json", "--count", "4", "--domain", "ran-1").good().rows
    for row in domain:
        assert "ran-1" in (row["message"]["sender"], *row["topic"].split("/"))
    topics = emulator("tail", "--json", "--count", "2", "domains/+/report").good().rows
    assert all(row["topic"].endswith("/report") for row in topics)
    line = emulator("tail", "--count", "1", "--kind", "clock_tick").good().out
    assert "infrastructure" in line and "clock_tick" in line
    raw = emulator("tail", "--count", "1", "--raw", "--kind", "clock_tick").good().out
    assert '"schema"' in raw
    emulator("tail", "--kind", "gossip").fails(1, "gossip", "domain_report")


def test_a_recording_replays_to_the_same_decisions(emulator: Emulator) -> None:
    told = emulator("replay", str(emulator.recording), "--json").good().row
    assert told["decisions"] > 0
    assert told["different"] == 0
    assert told["domains"] == 7
    assert "the same" in emulator("replay", str(emulator.recording)).good().out


def test_a_changed_recording_is_found_out(emulator: Emulator, tmp_path: Path) -> None:
    lines = emulator.recording.read_text().splitlines()
    changed = []
    for line in lines:
        row = json.loads(line)
        if row["message"]["kind"] == "domain_actuation":
            body = row["message"]["body"]
            body["split"] = [[share / 2 for share in shares] for shares in body["split"]]
        changed.append(json.dumps(row))
    file = tmp_path / "changed.jsonl"
    file.write_text("\n".join(changed) + "\n")
    result = emulator("replay", str(file), "--json")
    assert result.code == 1 and result.row["different"] > 0, result


def test_what_is_no_recording(home: Path, tmp_path: Path) -> None:
    run_cnc("replay", str(tmp_path / "none"), home=home).fails(1, "none")
    run_cnc("replay", str(tmp_path), home=home).fails(1, str(tmp_path))
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\n")
    result = run_cnc("replay", str(file), home=home)
    result.fails(result.code, "notes.txt", "line 1")
    assert result.code in (1, 2)
    file.write_text("")
    run_cnc("replay", str(file), home=home).fails(1, "clock tick", "cnc tail --record")


def test_a_recording_that_cannot_be_written(emulator: Emulator, tmp_path: Path) -> None:
    there = str(tmp_path / "no" / "such" / "folder.jsonl")
    emulator("tail", "--count", "1", "--record", there).fails(1, there)


def test_up_for_a_few_slots(home: Path) -> None:
    """Also where snapshots of an earlier run are damaged: they are passed over."""
    (home / "state" / "cnc_v1").mkdir(parents=True)
    for name in ("ran-0", "e2e", "transport"):
        (home / "state" / "cnc_v1" / f"{name}.json").write_text("{ half a snapshot")
    result = run_cnc("up", "--scenario", "small", "--slots", "5", "--json", home=home).good()
    rows = result.rows
    assert [row["slot"] for row in rows] == [0, 1, 2, 3, 4]
    for row in rows:
        for name in ("energy_j", "satisfied_share", "requests", "cost", "duration_ms"):
            assert isinstance(row[name], int | float)


def test_up_for_people(home: Path) -> None:
    result = run_cnc("up", "--scenario", "small", "--slots", "3", home=home).good()
    for word in ("embedded broker", "in time", "transport", "intent"):
        assert word in result.out + result.err
