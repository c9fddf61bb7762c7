"""Requests about knowledge, answered with a small model that loads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from knowledge.made import WordModels, entry, librarian

from cnc.errors import NotFoundError, StorageError, UsageError
from cnc.knowledge.entries import ENTRY_BYTES, load_seed_entries
from cnc.knowledge.retrieval import candidate_prior
from cnc.messages.intents import Figures, IntentRequest
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeReply, KnowledgeRequest, SearchContext
from cnc.messages.services import ServiceDescriptor
from cnc.messages.topics import Topics
from cnc.orchestrators.end_to_end.lessons import lessons
from cnc.orchestrators.end_to_end.record import IntentRecord
from cnc.orchestrators.events import ComputedEvent, StartedEvent
from cnc.orchestrators.instructions import Compute, Fail
from cnc.orchestrators.service.orchestrator import ServiceOrchestrator
from cnc.processes import librarian as module
from cnc.processes.blueprint import SystemConfig
from cnc.processes.librarian import Librarian
from cnc.processes.stewardship import Stewardship
from tests.orchestrators.asking import ar

SHIPPED = len(load_seed_entries())
AR = "ar-split-rendering"
WHALES = entry("whales", "Whales sing in deep water")


def ask(desk: Librarian, message_id: str = "", **fields: object) -> KnowledgeReply:
    reply = desk.answer(KnowledgeRequest.model_validate(fields), message_id)
    assert reply.ok
    return reply


def search(desk: Librarian, query: str = "whales in deep water", **fields: object) -> list[str]:
    found = ask(desk, action="search", query=query, limit=5, **fields).results
    return [hit.entry.entry_id for hit in found]


# -- repeated requests ---------------------------------------------------------------------------


def test_the_same_add_again_changes_nothing(tmp_path: Path) -> None:
    models = WordModels()
    desk = librarian(tmp_path, models)
    first = ask(desk, action="add", entries=[WHALES])
    assert (first.total, len(first.changes)) == (1, 1)
    embedded = len(models.encoded)
    again = ask(desk, action="add", entries=[WHALES, WHALES])
    assert (again.total, again.changes, again.generation) == (0, (), first.generation)
    assert [hit.entry for hit in again.results] == [first.results[0].entry] * 2
    assert len(models.encoded) == embedded
    assert desk.open().list()[1] == SHIPPED + 1
    assert search(desk).count("whales") == 1
    desk.close()


def test_the_same_add_again_keeps_what_was_learned(tmp_path: Path) -> None:
    desk = librarian(tmp_path)
    ask(desk, action="add", entries=[WHALES])
    ask(desk, "m", action="record_outcome", entry_ids=["whales"], compliant=False)
    learned = desk.open().get("whales")
    assert learned.weight < 1
    ask(desk, action="add", entries=[WHALES])
    assert desk.open().get("whales") == learned
    ask(desk, action="add", entries=[WHALES.model_copy(update={"text": "Whales sleep"})])
    assert desk.open().get("whales").text == "Whales sleep"
    desk.close()


def test_an_outcome_counts_once_a_message(tmp_path: Path) -> None:
    desk = librarian(tmp_path)
    ask(desk, action="add", entries=[WHALES])
    outcome = {"action": "record_outcome", "entry_ids": ["whales", "gone"], "compliant": True}
    first = ask(desk, "first", **outcome)
    assert (first.total, [r.entry_id for r in first.changes]) == (1, ["whales"])
    assert ask(desk, "first", **outcome).changes == ()
    desk.close()
    desk = librarian(tmp_path)
    assert ask(desk, "first", **outcome).changes == ()
    assert desk.open().get("whales").outcome.uses == 1
    ask(desk, "second", **outcome)
    assert desk.open().get("whales").outcome.uses == 2
    with pytest.raises(UsageError, match="compliant"):
        ask(desk, "third", action="record_outcome", entry_ids=["whales"])
    desk.close()


# -- wrong requests ------------------------------------------------------------------------------


def test_requests_that_lack_something(tmp_path: Path) -> None:
    desk = librarian(tmp_path)
    for fields in ({"action": "add"}, {"action": "show"}, {"action": "search", "query": " "}):
        with pytest.raises(UsageError, match="needs"):
            ask(desk, **fields)
    with pytest.raises(NotFoundError, match="cnc knowledge list"):
        ask(desk, action="remove", entry_id="gone")
    large = entry("large", provenance="x" * ENTRY_BYTES)
    with pytest.raises(UsageError, match=r"large: .*shorten its provenance"):
        ask(desk, action="add", entries=[WHALES, large])
    assert desk.open().list()[1] == SHIPPED
    desk.close()


def test_a_search_answers_what_fits_into_a_message(tmp_path: Path) -> None:
    desk = librarian(tmp_path)
    text = "whales " * 1_400
    ask(desk, action="add", entries=[entry(f"w{n}", text) for n in range(90)])
    reply = ask(desk, action="search", query="whales", limit=80)
    assert reply.total == 80 > len(reply.results) > 40
    assert len(reply.model_dump_json().encode()) < 1_000_000
    desk.close()


# -- another model -------------------------------------------------------------------------------


def test_another_model_embeds_everything_again(tmp_path: Path) -> None:
    first = librarian(tmp_path)
    ask(first, action="add", entries=[WHALES])
    assert search(first)[0] == "whales"
    first.close()

    told: list[str] = []
    other = WordModels("other@2", dimension=128)
    desk = librarian(tmp_path, other, told)
    assert search(desk)[0] == "whales"
    embeds, rebuilt = told
    assert embeds == (
        f"embeds {SHIPPED + 1} knowledge entries with other@2, as they have vectors of words@1"
    )
    assert "built anew" in rebuilt and "vectors of words@1, not of other@2" in rebuilt
    assert len(other.encoded) == SHIPPED + 2
    assert desk.open().without_vectors("other@2") == []
    assert search(desk)[0] == "whales"
    desk.close()

    told.clear()
    after = librarian(tmp_path, WordModels("other@2", dimension=128), told)
    assert search(after)[0] == "whales"
    assert told == []
    after.close()


def test_while_vectors_are_missing_words_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    desk.open().add(WHALES, None, "")
    with monkeypatch.context() as slow:
        slow.setattr(module, "EMBEDDING_S", 0.0)
        assert search(desk)[0] == "whales"
    assert f"found by words only: {SHIPPED + 1} entries still wait" in told[-1]
    assert search(desk)[0] == "whales"
    assert len(told) == 1
    desk.close()


# -- trouble -------------------------------------------------------------------------------------


def test_a_damaged_database_fails_the_start_and_stays_as_it_is(tmp_path: Path) -> None:
    content = b"SQLite format 3\0" + b"\xff" * 5_000
    (tmp_path / "cnc.db").write_bytes(content)
    with pytest.raises(StorageError, match=r"cnc.db.*move it away"):
        librarian(tmp_path).open()

    keeper = Stewardship(SystemConfig("", home=tmp_path), WordModels())  # type: ignore[arg-type]
    offered = (ServiceDescriptor.model_validate(DESCRIPTOR),)
    service = ServiceOrchestrator(offered, Topics())
    (compute,) = service.handle(StartedEvent())
    assert isinstance(compute, Compute)
    with pytest.raises(StorageError) as failed:
        keeper.computations()[compute.name](**compute.arguments)
    came = ComputedEvent(compute.name, compute.token, error=str(failed.value))
    assert service.handle(came) == [Fail(str(failed.value))]
    assert (tmp_path / "cnc.db").read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "byte", "nothing", "text"])
def test_a_damaged_index_is_built_anew_with_a_word(tmp_path: Path, damage: str) -> None:
    desk = librarian(tmp_path)
    ask(desk, action="add", entries=[WHALES])
    right = search(desk)
    desk.close()
    path = tmp_path / "knowledge.index"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(
        {
            "cut": path.read_bytes()[: len(content) // 2],
            "byte": bytes(content),
            "nothing": b"",
            "text": b"not an index",
        }[damage]
    )
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    assert search(desk) == right
    assert len(told) == 1 and "built anew" in told[0] and str(path) in told[0]
    desk.close()
    assert search(librarian(tmp_path, told=told)) == right
    assert len(told) == 1


def test_an_index_of_another_database_is_noticed(tmp_path: Path) -> None:
    """As after a backup is restored: the file knows what the database does not."""
    desk = librarian(tmp_path)
    ask(desk, action="search", query="x")
    backup = (tmp_path / "cnc.db").read_bytes()
    ask(desk, action="add", entries=[entry(f"w{n}", "Whales") for n in range(9)])
    assert search(desk)
    desk.close()
    (tmp_path / "cnc.db").write_bytes(backup)
    for rest in tmp_path.glob("cnc.db-*"):
        rest.unlink()
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    assert not {name for name in search(desk, "Whales") if name.startswith("w")}
    assert len(told) == 1 and "replaced or restored" in told[0]
    desk.close()


def test_an_index_that_is_behind_catches_up_without_a_word(tmp_path: Path) -> None:
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    ask(desk, action="search", query="x")
    saved = (tmp_path / "knowledge.index").read_bytes()
    ask(desk, action="add", entries=[WHALES])
    ask(desk, action="remove", entry_id="agv-own-ran")
    desk.close()
    (tmp_path / "knowledge.index").write_bytes(saved)
    desk = librarian(tmp_path, told=told)
    assert search(desk)[0] == "whales"
    assert "agv-own-ran" not in search(desk, "mobile robots own ran site")
    assert told == []
    desk.close()


# -- what ships with a later version --------------------------------------------------------------


def shipping(monkeypatch: pytest.MonkeyPatch, *entries: KnowledgeEntry) -> None:
    monkeypatch.setattr("cnc.knowledge.entries.load_seed_entries", lambda: entries)


def test_a_home_gets_the_entries_of_a_later_version_and_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping(monkeypatch, entry("kept"), entry("edited"), entry("removed"))
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    ask(desk, action="add", entries=[entry("edited", "as the user has it")])
    ask(desk, action="remove", entry_id="removed")
    desk.close()
    assert told == []

    later = [entry(f"new-{n}", "Whales sing in deep water") for n in range(4)]
    shipping(monkeypatch, entry("kept"), entry("edited"), entry("removed"), *later)
    desk = librarian(tmp_path, told=told)
    found = {one.entry_id: one for one in desk.open().list()[0]}
    assert set(found) == {"kept", "edited", "new-0", "new-1", "new-2", "new-3"}
    assert found["edited"].text == "as the user has it"
    assert told == [
        "the knowledge base got 4 entries that came with this version of cnc: new-0, new-1, new-2 "
        "and 1 more"
    ]
    assert search(desk)[0] == "new-0"
    generation = desk.open().generation
    desk.close()
    desk = librarian(tmp_path, told=told)
    assert desk.open().generation == generation and len(told) == 1
    desk.close()


def test_a_database_that_cannot_take_new_entries_is_still_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping(monkeypatch, entry("kept"))
    librarian(tmp_path).open().close()
    shipping(monkeypatch, entry("kept"), entry("new"))

    def refuse(*_: object) -> None:
        raise StorageError("the database is read-only")

    monkeypatch.setattr("cnc.knowledge.store.KnowledgeStore.add_unseen", refuse)
    told: list[str] = []
    desk = librarian(tmp_path, told=told)
    assert ask(desk, action="list").total == 1
    assert len(told) == 1 and "not added" in told[0] and "read-only" in told[0]
    desk.close()


# -- what outcomes do ----------------------------------------------------------------------------


def test_an_entry_that_hurt_ranks_lower_in_the_next_run(tmp_path: Path) -> None:
    """Two runs on one home: an intent follows two rules, the one that it used alone hurts."""
    rules = [
        entry(
            name,
            "Whale holograms go where there is room",
            title="Whale holograms",
            applies_to={"services": [AR]},
            effect={"kind": "candidate_prior", "prior": {tier: 1.0}},
        )
        for name, tier in (("a-first", "ran"), ("b-second", "transport"))
    ]
    situation = SearchContext(service=AR, load=600)

    def found(desk: Librarian, **fields: object) -> KnowledgeReply:
        reply = ask(desk, action="search", query="whale holograms", context=situation, **fields)
        mine = tuple(hit for hit in reply.results if hit.entry.title == "Whale holograms")
        return reply.model_copy(update={"results": mine})

    def end(desk: Librarian, intent_id: str, used: KnowledgeReply, outcome: str) -> None:
        request = IntentRequest(action="submit", intent_id=intent_id, text="whale holograms")
        record = IntentRecord(request, None, intent=ar(200, 50.0), entries=used.results)
        figures = Figures(satisfied_share=0.5, slots=20)
        for number, body in enumerate(lessons(record, outcome, figures, "late", 600.0)):
            desk.answer(body, f"{intent_id}-{number}")

    first = librarian(tmp_path)
    ask(first, action="add", entries=rules)
    before = found(first)
    assert [hit.entry.entry_id for hit in before.results] == ["a-first", "b-second"]
    alone = before.model_copy(update={"results": before.results[:1]})
    for number in range(2):
        end(first, f"i{number}", alone, "degraded")
        end(first, f"i{number}", alone, "degraded")  # the same messages once more
    first.close()

    second = librarian(tmp_path)
    after = found(second)
    assert [hit.entry.entry_id for hit in after.results] == ["b-second", "a-first"]
    good, hurt = (hit.entry for hit in after.results)
    assert hurt.outcome.model_dump() == {"uses": 2, "compliant": 0, "degraded": 2}
    assert hurt.weight == pytest.approx(5 / 7) and good.weight == 1.0
    lean_before, lean_after = candidate_prior(before.results), candidate_prior(after.results)
    assert lean_before["ran"] == lean_before["transport"]
    assert lean_after["ran"] < 0.6 * lean_after["transport"]
    histories = ask(second, action="list", kind="runtime_history", limit=200).results
    written = [h.entry.title for h in histories if h.entry.entry_id.startswith("history-i")]
    assert len(written) == 2 and all("degraded" in title for title in written)

    again = after.model_copy(update={"results": after.results[1:]})
    for number in range(12):
        end(second, f"j{number}", again, "compliant")
    assert second.open().get("a-first").weight == pytest.approx(1.0)
    assert [hit.entry.entry_id for hit in found(second).results] == ["a-first", "b-second"]
    second.close()


DESCRIPTOR = {
    "service": "whale-holograms",
    "name": "Whale holograms",
    "service_class": "interactive",
    "scenario": "Immersive Communication",
    "level": {"latency_ms": 80},
    "work_gc": 0.5,
    "uplink_mbit": 0.4,
    "downlink_mbit": 0.8,
    "memory_gb": 1.5,
}
