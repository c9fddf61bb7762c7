from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cnc.errors import KnowledgeError, NotFoundError, StorageError
from cnc.knowledge.store import KnowledgeStore
from knowledge.made import entry

Opener = Callable[[str], KnowledgeStore]
MODEL = "test/model@1"


def test_an_entry_comes_back_as_it_was_added(store: KnowledgeStore) -> None:
    added = entry("a", kind="expert_rule", effect={"kind": "candidate_prior", "prior": {"ran": 1}})
    record = store.add(added, [1.0, 0.5], MODEL)
    assert (record.generation, record.action, record.entry) == (1, "upsert", added)
    assert store.get("a") == added
    assert store.generation == 1


def test_the_same_again_changes_nothing(store: KnowledgeStore) -> None:
    first = store.add(entry("a"), [1.0, 0.5], MODEL)
    again = store.add(entry("a"), [1.0, 0.5], MODEL)
    without = store.add(entry("a"), None, "")
    assert first == again == without
    assert store.generation == 1
    assert store.set_vector("a", [1.0, 0.5], MODEL).generation == 1


def test_only_what_was_never_there_is_added_unseen(store: KnowledgeStore) -> None:
    store.add_all([(entry("kept", "as the user has it"), [1.0]), (entry("gone"), None)], MODEL)
    store.remove("gone")
    shipped = [entry("kept", "as it ships"), entry("gone"), entry("new")]
    before = store.generation
    assert store.add_unseen(shipped) == [entry("new")]
    assert store.generation == before + 1
    assert store.add_unseen(shipped) == []
    assert store.generation == before + 1
    assert [one.entry_id for one in store.list()[0]] == ["kept", "new"]
    assert store.get("kept").text == "as the user has it"


def test_a_database_has_one_name(store: KnowledgeStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: store.identity, range(8)))
    assert len(names) == 1 and int(names.pop(), 16) > 0
    assert store.generation == 0


def test_a_database_that_cannot_be_written_has_no_name(
    sqlite_url: str, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(sqlite_url)

    def refuse(_: object) -> None:
        raise StorageError("attempt to write a readonly database")

    monkeypatch.setattr("cnc.knowledge.rows.name_database", refuse)
    assert store.identity == ""


def test_many_are_added_in_one_transaction_or_none(store: KnowledgeStore) -> None:
    records = store.add_all([(entry("a"), [1.0]), (entry("b"), None), (entry("a"), None)], MODEL)
    assert [(r.entry_id, r.generation, r.vector) for r in records] == [
        ("a", 1, (1.0,)),
        ("b", 2, ()),
        ("a", 1, (1.0,)),
    ]
    assert store.add_all([], MODEL) == []
    with pytest.raises(KnowledgeError, match="embed"):
        store.add_all([(entry("c"), [1.0]), (entry("d"), [0.0])], MODEL)
    assert (store.generation, store.list()[1]) == (2, 2)


def test_words_are_found_without_vectors(store: KnowledgeStore) -> None:
    store.add(entry("title", "nothing", title="Cooling of the core"), None, "")
    store.add(entry("text", "The CORE is cooled. 100% of it"), None, "")
    store.add(entry("weak", "the core", title="Cooling of the core", weight=0.2), None, "")
    store.add(entry("vr", "x", title="x", applies_to={"services": ["vr-streaming"]}), None, "")
    store.add(entry("old", "the core, cooling", kind="runtime_history"), None, "")
    store.add(entry("umlaut", "Kühlung der Zelle, 冷却"), None, "")

    def found(query: str, **how: object) -> list[tuple[str, float]]:
        hits = store.find_words(query, **how)  # type: ignore[arg-type]
        return [(hit.entry.entry_id, round(hit.score, 3)) for hit in hits]

    assert found("Core, cooling!") == [("title", 1), ("old", 0.5), ("text", 0.25), ("weak", 0.2)]
    assert found("core", kind="runtime_history") == [("old", 0.5)]
    assert found("core", limit=1) == [("title", 1.0)]
    assert found("vr streaming") == [("vr", 0.5)]
    assert found("KÜHLUNG") == found("冷却") == [("umlaut", 0.5)]
    assert found("100%") == [("text", 0.5)]
    assert found("provenance") == found("body_checksum") == found("%") == found("") == []


def test_a_new_text_without_a_vector_drops_the_old_one(store: KnowledgeStore) -> None:
    store.add(entry("a", "old"), [1.0, 0.5], MODEL)
    assert store.without_vectors(MODEL) == []
    changed = store.add(entry("a", "new"), None, "")
    assert (changed.vector, changed.model_id, changed.checksum) == ((), "", "")
    assert [e.text for e in store.without_vectors(MODEL)] == ["new"]


def test_entries_of_another_model_want_a_vector(store: KnowledgeStore) -> None:
    store.add(entry("a"), [1.0], "old model")
    store.add(entry("b"), None, "")
    store.add(entry("c"), [1.0], MODEL)
    assert [e.entry_id for e in store.without_vectors(MODEL)] == ["a", "b"]
    assert store.set_vector("a", [2.0], MODEL).generation == 4
    assert [e.entry_id for e in store.without_vectors(MODEL)] == ["b"]


def test_what_nobody_knows_is_not_found(store: KnowledgeStore) -> None:
    for call in (
        lambda: store.get("x"),
        lambda: store.remove("x"),
        lambda: store.set_vector("x", [1.0], MODEL),
        lambda: store.record_outcome(["x"], True),
    ):
        with pytest.raises(NotFoundError, match="cnc knowledge list"):
            call()
    assert store.generation == 0


def test_pages_by_kind(store: KnowledgeStore) -> None:
    for number in range(7):
        kind = "runtime_history" if number % 2 else "expert_rule"
        store.add(entry(f"e{number}", kind=kind), None, "")
    page, total = store.list(limit=3, offset=2)
    assert ([e.entry_id for e in page], total) == (["e2", "e3", "e4"], 7)
    page, total = store.list(kind="runtime_history")
    assert ([e.entry_id for e in page], total) == (["e1", "e3", "e5"], 3)
    assert store.list(offset=99) == ([], 7)


def test_the_feed_carries_the_newest_state_of_each_entry(store: KnowledgeStore) -> None:
    store.add(entry("a"), [1.0], MODEL)
    store.add(entry("b"), [2.0], MODEL)
    store.add(entry("a", "newer"), [3.0], MODEL)
    store.remove("b")
    feed = store.changes_since(0)
    assert [(r.generation, r.action, r.entry_id) for r in feed] == [
        (3, "upsert", "a"),
        (4, "remove", "b"),
    ]
    assert feed[0].entry == entry("a", "newer")
    assert feed[0].vector == (3.0,)
    assert store.changes_since(3) == feed[1:]
    assert store.changes_since(4) == []
    store.add(entry("b"), None, "")
    assert [r.action for r in store.changes_since(4)] == ["upsert"]


def test_a_page_of_the_feed_fits_into_one_message(store: KnowledgeStore) -> None:
    values = np.random.default_rng(0).normal(size=(150, 384))
    for number, vector in enumerate(values):
        store.add(entry(f"e{number}", "x" * 3000), vector.tolist(), MODEL)
    seen, at = 0, 0
    while page := store.changes_since(at):
        assert sum(len(r.model_dump_json()) for r in page) < 1_000_000
        assert page[0].generation == at + 1
        seen, at = seen + len(page), page[-1].generation
    assert (seen, at) == (150, 150)
    assert len(store.changes_since(0, limit=10)) == 10


def test_a_useless_vector_is_refused(store: KnowledgeStore) -> None:
    for vector in ([0.0, 0.0], [1.0, float("nan")], [float("inf")]):
        with pytest.raises(KnowledgeError, match="embed"):
            store.add(entry("a"), vector, MODEL)
    assert store.generation == 0


def test_outcomes_move_the_weight(store: KnowledgeStore) -> None:
    store.add(entry("a"), [1.0], MODEL)
    store.add(entry("b", weight=0.5), None, "")
    records = store.record_outcome(["a", "b", "a"], False)
    assert [(r.entry_id, r.generation) for r in records] == [("a", 3), ("b", 4)]
    assert records[0].vector == (1.0,)
    assert store.get("a").outcome.model_dump() == {"uses": 1, "compliant": 0, "degraded": 1}
    assert store.get("a").weight == pytest.approx(5 / 6)
    assert store.get("b").weight == pytest.approx(0.5 * 5 / 6)
    for _ in range(9):
        store.record_outcome(["a"], False)
    assert store.get("a").weight == pytest.approx(4 / 15 / 0.8)
    for _ in range(60):
        store.record_outcome(["a", "b"], True)
    assert store.get("a").weight > 0.95
    assert store.get("b").weight == pytest.approx(0.5, abs=1e-6)
    for _ in range(60):
        store.record_outcome(["b"], False)
    assert 0 < store.get("b").weight < 0.35


def test_an_outcome_with_one_unknown_entry_changes_none(store: KnowledgeStore) -> None:
    store.add(entry("a"), None, "")
    with pytest.raises(NotFoundError):
        store.record_outcome(["a", "gone"], True)
    assert store.get("a").outcome.uses == 0
    assert store.generation == 1


def test_many_threads_lose_no_change(store: KnowledgeStore) -> None:
    store.add(entry("shared"), None, "")

    def work(thread: int) -> None:
        for number in range(10):
            store.add(entry(f"t{thread}-{number}"), [1.0], MODEL)
            store.record_outcome(["shared"], True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert store.generation == 81
    assert store.get("shared").outcome.uses == 40
    assert len({r.generation for r in store.changes_since(0)}) == 41


def test_two_stores_on_one_file_wait_for_each_other(sqlite_url: str, opened: Opener) -> None:
    stores = [opened(sqlite_url), opened(sqlite_url)]

    def work(which: int) -> None:
        for number in range(25):
            stores[which].add(entry(f"s{which}-{number}"), None, "")

    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].generation == stores[1].generation == 50
    assert [r.generation for r in stores[0].changes_since(0)] == list(range(1, 51))


def test_a_closed_store_opens_again_with_everything(sqlite_url: str, opened: Opener) -> None:
    opened(sqlite_url).add(entry("a"), [1.0], MODEL)
    assert opened(sqlite_url).changes_since(0)[0].vector == (1.0,)


# -- trouble -------------------------------------------------------------------------------------

ADDER = """
import sys
from cnc.knowledge.store import KnowledgeStore
from cnc.messages.knowledge import KnowledgeEntry
store = KnowledgeStore(sys.argv[1])
for number in range(100000):
    entry = KnowledgeEntry(entry_id=f"e{number}", title="t", text="x" * 2000)
    store.add(entry, [float(number + 1)] * 64, "m")
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_loses_and_doubles_nothing(sqlite_url: str, opened: Opener) -> None:
    confirmed = -1
    for pause in (0.05, 0.13, 0.31):
        child = subprocess.Popen(
            [sys.executable, "-c", ADDER, sqlite_url], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(pause)
        os.kill(child.pid, signal.SIGKILL)
        lines = [first, *child.stdout.readlines()]
        child.stdout.close()
        child.wait()
        complete = [int(line) for line in lines if line.endswith("\n")]
        confirmed = max(confirmed, complete[-1])
    store = opened(sqlite_url)
    total = store.list(limit=1)[1]
    assert total in (confirmed + 1, confirmed + 2)
    assert store.generation == total
    generations = []
    while page := store.changes_since(generations[-1] if generations else 0):
        generations += [record.generation for record in page]
        for record in page:
            assert record.vector[0] == float(record.entry_id[1:]) + 1
    assert generations == list(range(1, total + 1))


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="CNC_DATABASE"):
        KnowledgeStore(f"sqlite:///{tmp_path / 'file' / 'cnc.db'}")


def test_a_read_only_database_reads_and_says_why_it_does_not_write(
    sqlite_url: str, opened: Opener
) -> None:
    store = opened(sqlite_url)
    store.add(entry("a"), [1.0], MODEL)
    store.close()
    path = sqlite_url.removeprefix("sqlite:///")
    reading = opened(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert reading.get("a") == entry("a")
    with pytest.raises(StorageError, match="change its rights"):
        reading.add(entry("b"), None, "")
    with pytest.raises(StorageError, match="folder exists"):
        KnowledgeStore(f"sqlite:///file:{path}.missing?mode=ro&uri=true")


def test_a_full_disk_is_said(sqlite_url: str, opened: Opener) -> None:
    store = opened(sqlite_url)
    store.add(entry("a"), None, "")
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="free some space"):
        for number in range(50):
            store.add(entry(f"big{number}", "x" * 9000), None, "")
    assert store.get("a") == entry("a")
    assert store.generation == store.list(limit=1)[1]


@pytest.mark.parametrize(
    "content", [b"no database at all " * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_corrupt_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cnc.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="left as it was"):
        KnowledgeStore(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_truncated_database_is_an_error(sqlite_url: str, opened: Opener) -> None:
    store = opened(sqlite_url)
    for number in range(60):
        store.add(entry(f"e{number}", "x" * 3000), None, "")
    store.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StorageError):
        opened(sqlite_url).list(limit=1000)


@pytest.mark.parametrize(
    ("column", "change"),
    [("vector", "x'0000803f00000040'"), ("body", "replace(body, 'some', 'same')")],
)
def test_a_changed_byte_is_noticed(
    sqlite_url: str, opened: Opener, column: str, change: str
) -> None:
    store = opened(sqlite_url)
    store.add(entry("a"), [1.0, 1.0], MODEL)
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute(f"UPDATE knowledge_entries SET {column} = {change}")
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match=r"checksum.*backup"):
        store.changes_since(0)
    store.remove("a")
    assert store.add(entry("a"), [1.0, 1.0], MODEL).generation == 3


@pytest.mark.parametrize("url", ["nonsense", "unknown://x", "mysql://h/db"])
def test_a_wrong_url_is_said(url: str) -> None:
    with pytest.raises(StorageError, match="sqlite:///FILE"):
        KnowledgeStore(url)


def test_a_server_that_is_away_is_said_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError, match="server runs") as caught:
        KnowledgeStore("postgresql://me:secret@127.0.0.1:1/cnc")
    assert "secret" not in str(caught.value)
