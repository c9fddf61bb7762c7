"""`cnc knowledge` and `cnc service`, alone and beside a running system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from knowledge.made import WordModels

from cli.conftest import Emulator
from cli.running import Result, call_cnc, run_cnc

pytestmark = pytest.mark.e2e
RULE = "Holograms of whales need the deep water lab"
SERVICE = """\
service: whale-holograms
name: Whale holograms
service_class: interactive
scenario: Immersive Communication
level: {latency_ms: 80}
work_gc: 0.5
uplink_mbit: 0.4
downlink_mbit: 0.8
memory_gb: 1.5
"""


def test_an_entry_survives(home: Path) -> None:
    """Each command has a service orchestrator of its own: only the home folder connects them."""
    added = run_cnc("knowledge", "add", RULE, "--json", home=home).good().row
    found = run_cnc("knowledge", "search", "whales in deep water", "--json", home=home).good().rows
    assert found[0]["entry_id"] == added["entry_id"] and 0 < found[0]["score"] <= 1
    assert [row["score"] for row in found] == sorted((r["score"] for r in found), reverse=True)


def test_a_damaged_or_stale_index_is_built_anew(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnc.embedding.loading.load_embedder", lambda name: WordModels())

    def search() -> Result:
        query = ("knowledge", "search", "whales in deep water", "--json", "--limit", "3")
        return call_cnc(*query, home=home).good()

    name = call_cnc("knowledge", "add", RULE, "--json", home=home).good().row["entry_id"]
    right = search()
    assert right.rows[0]["entry_id"] == name and "built anew" not in right.err
    index = home / "knowledge.index"
    whole = index.read_bytes()
    index.write_bytes(whole[: len(whole) // 2])
    damaged = search()
    assert damaged.rows == right.rows
    assert "built anew" in damaged.err and str(index) in damaged.err
    for file in (home / "cnc.db", *home.glob("cnc.db-*")):
        file.unlink()
    stale = search()
    assert name not in {row["entry_id"] for row in stale.rows} and len(stale.rows) == 3
    assert "built anew" in stale.err and "replaced or restored" in stale.err


def test_beside_a_running_system(emulator: Emulator, tmp_path: Path) -> None:
    added = emulator(
        "knowledge", "add", "Penguins stream from the core", "--json", "--prefer", "ran=0.8",
        "--service", "holographic-call", "--domain", "ran", "--load-min", "100", "--source", "zoo",
    ).good().row  # fmt: skip
    name = added["entry_id"]
    assert added["kind"] == "expert_rule"
    found = emulator("knowledge", "search", "penguins streaming", "--json").good().rows
    assert found[0]["entry_id"] == name
    listed = emulator("knowledge", "list", "--json", "--limit", "1000").good().rows
    assert name in {row["entry_id"] for row in listed}
    shown = emulator("knowledge", "show", name, "--json").good().row
    assert shown["applies_to"]["services"] == ["holographic-call"]
    assert shown["effect"]["prior"] == {"ran": 0.8} and shown["provenance"] == "zoo"
    people = emulator("knowledge", "show", name).good().out
    assert "Penguins" in people and "expert_rule" in people

    file = tmp_path / "all.jsonl"
    exported = emulator("knowledge", "export", str(file), "--json").good().row
    assert exported["exported"] == len(file.read_text().splitlines()) > 1
    removed = emulator("knowledge", "remove", name, "--json").good().row
    assert removed == {"entry_id": name, "removed": True}
    emulator("knowledge", "remove", name).fails(1, name)
    emulator("knowledge", "show", name).fails(1, name, "cnc knowledge list")
    imported = emulator("knowledge", "import", str(file), "--json").good().row
    assert imported["imported"] == exported["exported"]
    assert emulator("knowledge", "show", name, "--json").good().row["provenance"] == "zoo"
    emulator("knowledge", "remove", name).good()


def test_an_entry_is_for_services_that_there_are(emulator: Emulator, tmp_path: Path) -> None:
    def add(*services: str) -> Result:
        named = [word for service in services for word in ("--service", service)]
        return emulator("knowledge", "add", "Narwhals call far", "--json", *named)

    add("cloud-gaming", "narwhal-calls").fails(1, "no service 'narwhal-calls'", "cnc service list")
    add("cloud-gamin").fails(1, "no service 'cloud-gamin'; nearest: cloud-gaming;")
    add("gaming").fails(1, "nearest: cloud-gaming")
    assert "Narwhals" not in emulator("knowledge", "list", "--limit", "1000").good().out
    file = tmp_path / "calls.yaml"
    file.write_text(SERVICE.replace("whale-holograms", "narwhal-calls"))
    emulator("service", "register", str(file)).good()
    added = add("cloud-gaming", "narwhal-calls").good().row
    assert added["applies_to"]["services"] == ["cloud-gaming", "narwhal-calls"]
    emulator("knowledge", "remove", added["entry_id"]).good()
    wrong = ("knowledge", "add", "Narwhals", "--domain", "mars")
    emulator(*wrong).fails(2, "--domain 'mars' is no domain", "terminal, ran, transport")


@pytest.mark.parametrize("text", ['"; DROP TABLE entries; --', "\x1b[31mred\x07", "🐳 汉字 ñ"])
def test_odd_entries_are_kept_as_they_are(text: str, emulator: Emulator) -> None:
    added = emulator("knowledge", "add", text, "--json").good().row
    shown = emulator("knowledge", "show", added["entry_id"], "--json").good().row
    assert shown["text"] == text
    for command in (["show", added["entry_id"]], ["search", text], ["list", "--limit", "1000"]):
        out = emulator("knowledge", *command).good().out
        assert "\x1b[31m" not in out and "\x07" not in out
    emulator("knowledge", "remove", added["entry_id"]).good()


@pytest.mark.parametrize(
    "args",
    [
        ["knowledge", "show", "no id!"],
        ["knowledge", "add", "x" * 1_000_000],
        ["knowledge", "add", "text", "--prefer", "ran=many"],
        ["knowledge", "add", "text", "--prefer", "ran=99"],
        ["knowledge", "add", "text", "--service", "no id!"],
        ["service", "show", "no id!"],
        ["service", "retire", "../../etc"],
    ],
    ids=lambda args: " ".join(args)[:40],
)
def test_wrong_words(args: list[str], emulator: Emulator) -> None:
    if len(args[2]) > 120_000:
        args = ["knowledge", "add", "x" * 120_000]  # more does not fit on a command line
    result = emulator(*args)
    result.fails(result.code, " ")
    assert result.code in (1, 2)
    assert len(result.err) < 2_000


def test_files_of_entries_that_are_wrong(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "entries.jsonl"
    file.write_text('{"entry_id": "a"}\n')
    for command in (["import", str(file)], ["add", "--file", str(file)]):
        result = run_cnc("knowledge", *command, home=home)
        result.fails(result.code, "entries.jsonl:1", "title")
        assert result.code in (1, 2)
    file.write_bytes(b"\xff\xfe")
    assert run_cnc("knowledge", "import", str(file), home=home).code in (1, 2)
    run_cnc("knowledge", "import", str(tmp_path), home=home).fails(1, str(tmp_path))


def test_services(emulator: Emulator, tmp_path: Path) -> None:
    before = {row["descriptor"]["service"] for row in emulator("service", "list", "--json").rows}
    assert "ar-split-rendering" in before
    file = tmp_path / "whales.yaml"
    file.write_text(SERVICE)
    made = emulator("service", "register", str(file), "--json").good().row
    assert made["state"] == "registered"
    for action, state in (("deploy", "deployed"), ("retire", "retired")):
        row = emulator("service", action, "whale-holograms", "--json").good().row
        assert row["state"] == state
    shown = emulator("service", "show", "whale-holograms", "--json").good().row
    assert shown["descriptor"]["level"]["latency_ms"] == 80
    assert "Whale holograms" in emulator("service", "list").good().out
    assert "whale-holograms" in emulator("service", "show", "whale-holograms").good().out
    emulator("service", "show", "narwhals").fails(1, "narwhals", "cnc service list")


def test_descriptors_that_are_wrong(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    for text, word in (
        (SERVICE.replace("work_gc: 0.5", "work_gc: -1"), "work_gc"),
        (SERVICE + "colour: blue\n", "colour"),
        ("- a list\n", "whole file"),
        ("a: [\n", "cannot be read"),
    ):
        file.write_text(text)
        run_cnc("service", "register", str(file), home=home).fails(2, "service.yaml", word)
    run_cnc("service", "register", str(tmp_path / "none"), home=home).fails(2, "none")


@pytest.mark.broker
def test_the_check_of_a_good_broker(broker: str, home: Path) -> None:
    rows = run_cnc("broker", "check", "--json", home=home, broker=broker).good().rows
    assert all(row["ok"] for row in rows if row["required"])
    assert {"check", "ok", "required", "detail"} <= set(rows[0])
    json.dumps(rows)
