"""Lists, exports and imports that take more than one message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from knowledge.made import entry, librarian

from cli.running import call_cnc
from cnc.cli import knowledge, knowledge_bus, knowledge_pages
from cnc.cli.knowledge_entry import entry_of
from cnc.cli.knowledge_pages import PAGE, pages
from cnc.cli.knowledge_situation import situation
from cnc.errors import KnowledgeError, UsageError
from cnc.knowledge.change import PAGE_BYTES
from cnc.knowledge.exchange import read_jsonl, write_jsonl
from cnc.messages.knowledge import KnowledgeRequest
from cnc.processes.librarian import Librarian

LONG = "x" * 9_000


class Desk:
    """Answers requests of commands in this process, and keeps them."""

    def __init__(self, home: Path) -> None:
        self.librarian: Librarian = librarian(home)
        self.requests: list[KnowledgeRequest] = []
        self.refuse_from: int | None = None

    @asynccontextmanager
    async def bus(self, _config: object) -> AsyncIterator[Desk]:
        yield self

    async def answer(self, _bus: object, **fields: Any) -> Any:
        request = KnowledgeRequest(**fields)
        self.requests.append(request)
        if self.refuse_from is not None and len(self.requests) > self.refuse_from:
            raise KnowledgeError("the disk is full; free some space")
        return await asyncio.to_thread(self.librarian.answer, request)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    for module in (knowledge, knowledge_pages, knowledge_bus):
        monkeypatch.setattr(module, "service_bus", made.bus)
    for module in (knowledge_pages, knowledge_bus):
        monkeypatch.setattr(module, "request_on", made.answer)
    yield made
    made.librarian.close()


def ids(prefix: str, number: int) -> list[str]:
    return [f"{prefix}-{n:04}" for n in range(number)]


def test_a_list_goes_on_until_it_has_so_many(desk: Desk, tmp_path: Path) -> None:
    """150 entries of 9 kB are 1.4 MB: the first answer ends long before them."""
    many = [(entry(name, LONG, kind="runtime_history"), None) for name in ids("h", 150)]
    desk.librarian.open().add_all(many, "")

    def listed(*args: str) -> list[str]:
        desk.requests.clear()
        command = ("knowledge", "list", "--kind", "runtime_history", "--json", *args)
        return [row["entry_id"] for row in call_cnc(*command, home=tmp_path).good().rows]

    every = listed("--limit", "100000")
    assert [name for name in every if name.startswith("h-")] == ids("h", 150)
    assert every == sorted(set(every))
    assert listed("--limit", "120") == every[:120]
    assert 2 <= len(desk.requests) <= 4
    assert listed("--limit", "100", "--offset", "30") == every[30:130]
    assert [r.offset for r in desk.requests] == [30] + [0] * (len(desk.requests) - 1)
    assert listed("--limit", "5", "--offset", "9999") == []
    people = call_cnc("knowledge", "list", "--limit", "120", home=tmp_path).good()
    assert "go on with --offset 120" in people.err


def test_an_export_comes_back_whole(desk: Desk, tmp_path: Path) -> None:
    desk.librarian.open().add_all([(entry(name, LONG), None) for name in ids("e", 130)], "")
    file = tmp_path / "all.jsonl"
    exported = call_cnc("knowledge", "export", str(file), "--json", home=tmp_path).good().row
    assert exported["exported"] == len(read_jsonl(file)) == desk.librarian.open().list()[1] > 130
    again = call_cnc("knowledge", "import", str(file), "--json", home=tmp_path).good().row
    assert again == {"imported": exported["exported"], "changed": 0, "file": str(file)}
    desk.librarian.open().remove("e-0007")
    again = call_cnc("knowledge", "import", str(file), "--json", home=tmp_path).good().row
    assert (again["imported"], again["changed"]) == (exported["exported"], 1)


def test_pages_fit_into_messages() -> None:
    small = list(pages([entry(name) for name in ids("s", 2 * PAGE + 1)]))
    assert [len(page) for page in small] == [PAGE, PAGE, 1]
    large = list(pages([entry(name, "é" * 9_000) for name in ids("l", 100)]))
    assert [e.entry_id for page in large for e in page] == ids("l", 100)
    for page in large:
        request = KnowledgeRequest(action="add", entries=page)
        assert PAGE_BYTES / 2 < len(request.model_dump_json().encode()) < 1.1 * PAGE_BYTES or (
            page is large[-1]
        )
    assert list(pages([])) == []


def test_an_import_that_breaks_off_says_how_far_it_came(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    write_jsonl(file, [entry(name) for name in ids("e", PAGE + 50)])
    desk.refuse_from = 1
    call_cnc("knowledge", "import", str(file), home=tmp_path).fails(
        1, "disk is full", f"{PAGE} of {PAGE + 50} entries", "doubles none"
    )
    desk.refuse_from = None
    done = call_cnc("knowledge", "import", str(file), "--json", home=tmp_path).good().row
    assert (done["imported"], done["changed"]) == (PAGE + 50, 50)


def test_an_import_with_wrong_lines_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "wrong.jsonl"
    lines = [entry(name).model_dump_json() for name in ids("e", 30)]
    for number in range(0, 30, 2):
        lines[number] = json.dumps({"entry_id": f"wrong-{number}", "title": "t"})
    file.write_text("\n".join(lines))
    for command in (["import", str(file)], ["add", "--file", str(file)]):
        call_cnc("knowledge", *command, home=tmp_path).fails(
            1, "15 lines are wrong", "wrong.jsonl:1: text", "wrong.jsonl:19: text", "and 5 more"
        )
    assert desk.requests == []


def test_a_large_entry_is_refused_before_it_is_sent(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "large.jsonl"
    file.write_text(entry("a", provenance="y" * 2_000_000).model_dump_json())
    call_cnc("knowledge", "import", str(file), home=tmp_path).fails(
        1, "large.jsonl:1", "shorten its provenance"
    )
    for args in (["x" * 10_001], ["text", "--source", "y" * 110_000], ["t", "--title", "z" * 201]):
        told = call_cnc("knowledge", "add", *args, home=tmp_path).fails(2, "shorten")
        assert len(told.err) < 500
    assert desk.requests == []


def test_the_same_again_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    rule = ("knowledge", "add", "Whales like depth", "--prefer", "ran=0.5", "--load-min", "3")
    first = call_cnc(*rule, "--json", home=tmp_path).good().row
    before = desk.librarian.open().generation
    assert call_cnc(*rule, "--json", home=tmp_path).good().row == first
    assert "unchanged, as known already: 1" in call_cnc(*rule, home=tmp_path).good().out
    assert desk.librarian.open().generation == before
    other = call_cnc(*rule, "--source", "zoo", "--json", home=tmp_path).good().row
    assert other["entry_id"] != first["entry_id"]


def test_an_id_follows_from_the_content() -> None:
    def made(text: str = "a", **options: Any) -> str:
        told = {"title": None, "service": None, "domain": None, "load_min": None, "kind": ""}
        told |= {"load_max": None, "prefer": None, "source": "", "kind": "expert_rule"} | options
        return entry_of(text, **told).entry_id  # type: ignore[arg-type]

    different = [
        made(), made("b"), made(title="b"), made(service=["voice-call"]), made(domain=["ran"]),
        made(load_min=1.0), made(load_max=1.0), made(prefer=["ran=1"]), made(source="zoo"),
        made(kind="runtime_history"),
    ]  # fmt: skip
    assert len(set(different)) == len(different)
    assert made() == made(title="a") == made(service=[]) == different[0]


def test_a_situation_from_options() -> None:
    assert situation(None, None, None, None, None, None) is None
    asked = situation("voice-call", "ran-3", ["transport", "ran-1"], 1200.0, 5, 20.0)
    assert asked is not None
    assert asked.model_dump() == {
        "service": "voice-call", "hotspot": "ran-3", "lost_domains": ("transport", "ran-1"),
        "load": 1200.0, "users": 5, "latency_ms": 20.0,
    }  # fmt: skip
    for wrong in (("no id!", None, None), (None, "core", None), (None, None, ["ran", "moon-1"])):
        with pytest.raises(UsageError):
            situation(*wrong, None, None, None)


def test_a_search_in_a_situation(desk: Desk, tmp_path: Path) -> None:
    rules = [
        ("light", {"services": ["voice-call"], "load_max": 300}),
        ("heavy", {"services": ["voice-call"], "load_min": 1000}),
        ("other", {"services": ["model-training"]}),
        ("site", {"domains": ["ran"], "load_min": 1000}),
        ("gone", {"lost": ["ran"]}),
    ]
    desk.librarian.open().add_all(
        [(entry(name, "Penguins prefer ice", applies_to=to), None) for name, to in rules], ""
    )

    def found(*args: str) -> list[str]:
        command = ("knowledge", "search", "penguins prefer ice", "--json", *args)
        rows = call_cnc(*command, "--limit", "4", home=tmp_path).good().rows
        return [row["entry_id"] for row in rows if "Penguins" in row["text"]]

    assert found("--service", "voice-call", "--load", "1200")[0] == "heavy"
    assert found("--service", "voice-call", "--load", "200")[0] == "light"
    assert "other" not in found("--service", "voice-call")
    assert "other" in found("--load", "600") and "gone" not in found("--load", "600")
    assert found("--domain", "ran-3", "--load", "1500")[0] == "site"
    assert found("--lost", "ran-2")[0] == "gone"
    policies = ("--kind", "trained_policy", "--load", "3")
    call_cnc("knowledge", "search", "x", *policies, home=tmp_path).fails(2, "whole system")
