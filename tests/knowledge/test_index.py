from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.errors import KnowledgeError, StorageError
from cnc.knowledge.derive import catch_up, disagreement, open_index
from cnc.knowledge.index import KnowledgeIndex
from cnc.knowledge.index_file import read, write
from cnc.knowledge.store import KnowledgeStore
from cnc.knowledge.vectors import Vectors, unit
from cnc.messages.knowledge import KnowledgeEntry, VectorRecord
from knowledge.made import entry

MODEL = "test/model@1"
DIMENSION = 8


def vector(seed: int) -> list[float]:
    return np.random.default_rng(seed).normal(size=DIMENSION).tolist()


def upsert(
    generation: int, entry_id: str, seed: int | None = None, model: str = MODEL, text: str = "t"
) -> VectorRecord:
    return VectorRecord(
        generation=generation,
        action="upsert",
        entry_id=entry_id,
        entry=entry(entry_id, text),
        vector=() if seed is None else tuple(vector(seed)),
        model_id=model,
    )


def removal(generation: int, entry_id: str) -> VectorRecord:
    return VectorRecord(generation=generation, action="remove", entry_id=entry_id)


def ids(index: KnowledgeIndex, seed: int, k: int = 10) -> list[str]:
    return [found.entry_id for found, _ in index.search(vector(seed), k)]


@pytest.fixture
def index() -> KnowledgeIndex:
    made = KnowledgeIndex(DIMENSION, MODEL)
    made.apply([upsert(n + 1, f"e{n}", n) for n in range(20)])
    return made


def test_the_nearest_comes_first(index: KnowledgeIndex) -> None:
    found = index.search(vector(7), 3)
    assert found[0][0].entry_id == "e7"
    assert found[0][1] == pytest.approx(1.0, abs=1e-6)
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    assert len(index.search(vector(7), 100)) == len(index) == 20
    assert index.search(vector(7), 0) == []
    assert KnowledgeIndex(DIMENSION, MODEL).search(vector(7), 5) == []


@pytest.mark.parametrize("exact_limit", [1000, 10])
def test_one_kind_is_found_among_many_of_another(exact_limit: int) -> None:
    index = KnowledgeIndex(DIMENSION, MODEL, exact_limit)
    rules = [upsert(n + 1, f"rule-{n}", n) for n in range(4)]
    near = np.asarray(vector(100))
    histories = [
        VectorRecord(
            generation=n + 5,
            action="upsert",
            entry_id=f"history-{n}",
            entry=entry(f"history-{n}", kind="runtime_history"),
            vector=tuple((near + 0.001 * np.asarray(vector(n))).tolist()),
            model_id=MODEL,
        )
        for n in range(50)
    ]
    index.apply([*rules, *histories])
    assert all(found.startswith("history") for found in ids(index, 100, 20))
    only = [e.entry_id for e, _ in index.search(vector(100), 20, "expert_rule")]
    assert sorted(only) == ["rule-0", "rule-1", "rule-2", "rule-3"]
    each = index.search_each_kind(vector(100), 3)
    assert [e.kind for e, _ in each] == ["runtime_history"] * 3 + ["expert_rule"] * 3
    assert [s for _, s in each] == sorted((s for _, s in each), reverse=True)
    assert index.search(vector(100), 5, "trained_policy") == []
    index.apply([removal(55, "rule-1"), upsert(56, "rule-9", 9)])
    assert len(index.search(vector(100), 20, "expert_rule")) == 4


def test_changes_replace_and_remove(index: KnowledgeIndex) -> None:
    index.apply([upsert(21, "e7", 100), removal(22, "e3"), upsert(23, "new", 7)])
    assert (index.generation, len(index)) == (23, 20)
    assert ids(index, 7, 1) == ["new"]
    assert ids(index, 100, 1) == ["e7"]
    assert "e3" not in ids(index, 3, 100)


def test_old_and_repeated_changes_change_nothing(index: KnowledgeIndex) -> None:
    index.apply([removal(21, "e3")])
    index.apply([removal(21, "e3"), upsert(4, "e3", 3), upsert(2, "e1", 99)])
    assert (index.generation, len(index)) == (21, 19)
    assert "e3" not in ids(index, 3, 100)
    assert ids(index, 1, 1) == ["e1"]


def test_pushed_changes_may_not_leave_a_generation_out(index: KnowledgeIndex) -> None:
    for gap in ([upsert(22, "x", 50)], [upsert(21, "x", 50), upsert(23, "y", 51)]):
        assert not index.apply_live(gap)
        assert (index.generation, len(index)) == (20, 20)
    assert index.apply_live([upsert(22, "y", 51), upsert(21, "x", 50)])
    assert index.apply_live([upsert(22, "y", 51), removal(23, "x")])
    assert index.apply_live([upsert(3, "e2", 99)]) and index.apply_live([])
    assert (index.generation, len(index)) == (23, 21)


def test_a_replica_that_missed_a_push_heals_from_the_store() -> None:
    store = KnowledgeStore("sqlite://")
    replica = KnowledgeIndex(DIMENSION, MODEL)
    assert replica.apply_live([store.add(entry("a"), vector(1), MODEL)])
    store.add(entry("b"), vector(2), MODEL)
    assert not replica.apply_live([store.add(entry("c"), vector(3), MODEL)])
    replica.apply(store.changes_since(replica.generation))
    assert sorted(ids(replica, 2)) == ["a", "b", "c"]
    store.close()


def test_only_the_entry_changes_when_the_vector_is_the_same() -> None:
    store = KnowledgeStore("sqlite://")
    store.add(entry("a"), vector(1), MODEL)
    index = KnowledgeIndex(DIMENSION, MODEL)
    index.apply(store.changes_since(0))
    index.apply(store.record_outcome(["a"], False))
    assert index.search(vector(1), 1)[0][0].outcome.degraded == 1
    assert (len(index), index.generation) == (1, 2)
    store.close()


def test_other_models_are_counted_and_not_found(index: KnowledgeIndex) -> None:
    index.apply([upsert(21, "other", 1, model="else"), upsert(22, "e5", 5, model="else")])
    index.apply([upsert(23, "bare")])
    assert (index.skipped, len(index), index.generation) == (2, 19, 23)
    assert "e5" not in ids(index, 5, 100)


def test_wrong_lengths_and_checksums_ask_for_a_resync(index: KnowledgeIndex) -> None:
    short = upsert(21, "x", 1).model_copy(update={"vector": (1.0, 2.0)})
    flipped = upsert(22, "y", 1).model_copy(update={"checksum": "0" * 64})
    for bad in (short, flipped):
        with pytest.raises(KnowledgeError, match="resync"):
            index.apply([upsert(21, "fine", 3), bad])
    assert (index.generation, len(index)) == (20, 20)
    with pytest.raises(KnowledgeError, match="components"):
        index.search([1.0, 2.0], 3)


def test_beyond_the_limit_vectors_are_quantised(tmp_path: Path) -> None:
    exact = KnowledgeIndex(DIMENSION, MODEL)
    small = KnowledgeIndex(DIMENSION, MODEL, exact_limit=50)
    for start in range(0, 120, 40):
        records = [upsert(n + 1, f"e{n}", n) for n in range(start, start + 40)]
        exact.apply(records)
        small.apply(records)
    assert exact.exact and not small.exact
    small.apply([removal(121, "e5"), upsert(122, "e6", 500)])
    exact.apply([removal(121, "e5"), upsert(122, "e6", 500)])
    for seed in (1, 50, 119, 500):
        assert ids(small, seed, 1) == ids(exact, seed, 1)
        near, true = small.search(vector(seed), 5), exact.search(vector(seed), 5)
        assert [s for _, s in near] == pytest.approx([s for _, s in true], abs=0.002)
    write(tmp_path / "index", small)
    again = read(tmp_path / "index", DIMENSION, MODEL)
    assert isinstance(again, KnowledgeIndex) and not again.exact
    assert again.search(vector(1), 5) == small.search(vector(1), 5)


def test_lists_find_almost_all_that_a_full_comparison_finds() -> None:
    rng = np.random.default_rng(0)
    rows = unit((rng.normal(size=(40, 24))[rng.integers(0, 40, 14_000)]
                 + rng.normal(size=(14_000, 24))).astype(np.float32))  # fmt: skip
    listed, full = Vectors(24, exact_limit=1_000), Vectors(24)
    for vectors in (listed, full):
        vectors.add(np.arange(14_000), rows)
        vectors.remove(np.arange(0, 14_000, 7))
    assert (listed.exact, full.exact, len(listed), len(full)) == (False, True, 12_000, 12_000)
    shared = 0
    for row in unit(rows[:200] + 0.1 * rng.normal(size=(200, 24)).astype(np.float32)):
        near, true = listed.search(row, 5), full.search(row, 5)
        assert all(number % 7 for number, _ in near)
        shared += len({n for n, _ in near} & {n for n, _ in true})
    assert shared > 0.97 * 1_000
    again = Vectors.parse(listed.dump(), 24, 1_000)
    assert again.search(rows[1], 9) == listed.search(rows[1], 9)
    with pytest.raises(ValueError, match="24 components, not 8"):
        Vectors.parse(listed.dump(), 8, 1_000)


def test_the_first_batch_may_exceed_the_limit() -> None:
    index = KnowledgeIndex(DIMENSION, MODEL, exact_limit=10)
    index.apply([upsert(n + 1, f"e{n}", n) for n in range(40)])
    assert not index.exact
    assert ids(index, 3, 1) == ["e3"]


# -- the file ------------------------------------------------------------------------------------


def test_a_saved_index_goes_on_where_it_was(index: KnowledgeIndex, tmp_path: Path) -> None:
    index.apply([removal(21, "e3")])
    path = tmp_path / "new folder" / "index"
    write(path, index)
    again = read(path, DIMENSION, MODEL)
    assert isinstance(again, KnowledgeIndex)
    assert (again.generation, len(again)) == (21, 19)
    assert again.search(vector(4), 10) == index.search(vector(4), 10)
    again.apply([upsert(4, "e3", 3), upsert(22, "e4", 300), upsert(23, "z", 4)])
    assert (len(again), ids(again, 4, 1)) == (20, ["z"])
    assert [p.name for p in path.parent.iterdir()] == ["index"]


def test_every_flipped_byte_is_noticed(index: KnowledgeIndex, tmp_path: Path) -> None:
    path = tmp_path / "index"
    write(path, index)
    good = path.read_bytes()
    for position in range(0, len(good), 97):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert isinstance(read(path, DIMENSION, MODEL), str), position


def test_every_truncation_is_noticed(index: KnowledgeIndex, tmp_path: Path) -> None:
    path = tmp_path / "index"
    write(path, index)
    good = path.read_bytes()
    for length in (0, 5, 30, 60, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        assert isinstance(read(path, DIMENSION, MODEL), str)


def test_the_reason_for_a_rebuild_is_told(index: KnowledgeIndex, tmp_path: Path) -> None:
    path = tmp_path / "index"
    assert "does not exist" in str(read(path, DIMENSION, MODEL))
    write(path, index)
    assert "not of other" in str(read(path, DIMENSION, "other"))
    assert "not 9" in str(read(path, 9, MODEL))
    assert "cannot be read" in str(read(tmp_path, DIMENSION, MODEL))


def test_a_file_is_used_as_far_as_it_agrees_with_the_store(
    tmp_path: Path, opened: Callable[[str], KnowledgeStore]
) -> None:
    path = tmp_path / "index"
    store = opened(f"sqlite:///{tmp_path / 'cnc.db'}")
    store.add_all([(entry("a"), vector(1)), (entry("b"), vector(2))], MODEL)
    index, why = open_index(store, path, DIMENSION, MODEL)
    assert "does not exist" in why
    write(path, index)
    store.remove("a")
    store.record_outcome(["b"], False)
    behind, why = open_index(store, path, DIMENSION, MODEL)
    assert (why, behind.generation, ids(behind, 1)) == ("", 4, ["b"])
    behind.database = ""  # as if both had one identity, as after a backup is restored
    write(path, behind)

    def restored(*content: tuple[KnowledgeEntry, list[float]]) -> str:
        other = opened("sqlite://")
        for one, its in content:
            other.add(one, its, MODEL)
        found, why = open_index(other, path, DIMENSION, MODEL)
        assert disagreement(found, other, path) == ""
        assert sorted(ids(found, 1)) == sorted({one.entry_id for one, _ in content})
        return why

    a, b = (entry("a"), vector(1)), (entry("b"), vector(2))
    assert "generation 4 and the database only 2" in restored(a, b)
    assert "otherwise than the database" in restored(
        b, (entry("c"), vector(3)), a, (entry("d"), vector(4))
    )
    later = [(entry("b", text), vector(2)) for text in ("1", "2", "3")]
    assert "otherwise than the database" in restored(a, *later)
    other = [(entry(f"e{n}"), vector(n)) for n in range(9)]
    assert "otherwise than the database" in restored(*other)
    only_b = KnowledgeIndex(DIMENSION, MODEL)
    only_b.apply([upsert(4, "e3", 3)])
    write(path, only_b)
    assert "otherwise than the database" in restored(*other)
    replica = KnowledgeIndex(DIMENSION, MODEL)
    catch_up(replica, store)
    replica._held.pop("a")
    write(path, replica)
    assert "otherwise than the database" in open_index(store, path, DIMENSION, MODEL)[1]


def test_a_file_of_another_home_is_told_from_this_one_although_all_in_it_is_the_same(
    tmp_path: Path, opened: Callable[[str], KnowledgeStore]
) -> None:
    stores = [opened(f"sqlite:///{tmp_path / name}.db") for name in ("here", "there")]
    for store in stores:
        store.add(entry("a"), vector(1), MODEL)
    here, there = stores
    assert here.identity == here.identity != there.identity != ""
    assert opened(f"sqlite:///{tmp_path / 'here'}.db").identity == here.identity
    path = tmp_path / "index"
    write(path, open_index(there, path, DIMENSION, MODEL)[0])
    assert open_index(there, path, DIMENSION, MODEL)[1] == ""
    index, why = open_index(here, path, DIMENSION, MODEL)
    assert "made from another database" in why and ids(index, 1) == ["a"]
    write(path, index)
    assert open_index(here, path, DIMENSION, MODEL)[1] == ""


def test_half_written_files_are_cleared_once_they_are_old(
    index: KnowledgeIndex, tmp_path: Path
) -> None:
    for name, age in ((".index.1.partial", 7200), (".index.2.partial", 0)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    write(tmp_path / "index", index)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".index.2.partial", "index"]


def test_a_place_that_cannot_be_written(index: KnowledgeIndex, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="--home"):
        write(tmp_path / "file" / "index", index)


# -- store and index agree -----------------------------------------------------------------------

actions = st.lists(
    st.tuples(
        st.sampled_from(["add", "bare", "other", "remove", "outcome", "sync", "reload"]),
        st.integers(0, 5),
        st.integers(0, 3),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_index_follows_the_store_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "agreement-index"
    store = KnowledgeStore("sqlite://")
    index = KnowledgeIndex(DIMENSION, MODEL)
    model: dict[str, bool] = {}
    """Entry to whether it has a vector of the model."""
    try:
        for action, which, text in steps:
            name = f"e{which}"
            if action == "add":
                store.add(entry(name, f"t{text}"), vector(10 * which + text), MODEL)
                model[name] = True
            elif action == "other":
                store.add(entry(name, f"t{text}"), vector(which), "else")
                model[name] = False
            elif action == "bare":
                kept = name in model and store.get(name).text == f"t{text}" and model[name]
                store.add(entry(name, f"t{text}"), None, "")
                model[name] = kept
            elif action == "remove" and name in model:
                store.remove(name)
                del model[name]
            elif action == "outcome" and name in model:
                store.record_outcome([name], bool(text))
            elif action == "sync":
                _catch_up(index, store, limit=1 + text)
            elif action == "reload":
                write(path, index)
                loaded = read(path, DIMENSION, MODEL)
                assert isinstance(loaded, KnowledgeIndex)
                index = loaded
        _catch_up(index, store)
        assert index.generation == store.generation
        found = {hit.entry_id: hit for hit, _ in index.search(vector(0), 99)}
        assert found == {name: store.get(name) for name, has in model.items() if has}
        rebuilt = KnowledgeIndex(DIMENSION, MODEL)
        _catch_up(rebuilt, store)
        assert _rounded(rebuilt) == _rounded(index)
    finally:
        store.close()


def _rounded(index: KnowledgeIndex) -> list[tuple[str, float]]:
    return sorted((hit.entry_id, round(s, 5)) for hit, s in index.search(vector(0), 99))


def _catch_up(index: KnowledgeIndex, store: KnowledgeStore, limit: int = 200) -> None:
    while changes := store.changes_since(index.generation, limit):
        index.apply(changes)
