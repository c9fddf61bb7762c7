"""Measure the knowledge base at 100 000 entries: adding, rebuilding, searching, loading.

    python benchmarks/knowledge_search.py [--entries N] [--dimension D] [--seed S]

Vectors are random directions in clusters; texts are of the length of the shipped entries. The
database lies in a temporary folder, with the settings that the system uses.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from provenance import commit
from sqlalchemy import insert, update

from cnc.knowledge import tables
from cnc.knowledge.index import KnowledgeIndex
from cnc.knowledge.store import KnowledgeStore
from cnc.messages.knowledge import KnowledgeEntry

MODEL = "benchmark"
SEARCHES = 500
ADDS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"command  python {' '.join(sys.argv)}")
    print(f"seed     {given.seed}")
    print(f"commit   {commit()}")
    print(f"machine  {platform.machine()}, Python {platform.python_version()}")
    rng = np.random.default_rng(given.seed)
    vectors = directions(rng, given.entries + SEARCHES, given.dimension)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cnc.db"
        KnowledgeStore(f"sqlite:///{path}").close()
        store = KnowledgeStore(f"sqlite:///{path}")
        bulk = vectors[: given.entries - ADDS]
        print(f"fill     {timed(lambda: fill(store, bulk)):8.1f} s in bulk")
        added = vectors[given.entries - ADDS : given.entries]
        many = [(entry(f"e{n}"), bulk[n + 1].tolist()) for n in range(ADDS)]
        together = timed(lambda: store.add_all(many, MODEL)) / ADDS * 1e3
        print(f"add_all  {together:8.2f} ms an entry, {ADDS} in one transaction")
        report("add", [timed(lambda n=n, v=v: add(store, n, v)) for n, v in enumerate(added)])
        index = KnowledgeIndex(given.dimension, MODEL)
        print(f"rebuild  {timed(lambda: catch_up(index, store)):8.1f} s from the change feed")
        assert index.generation == store.generation
        queries = vectors[-SEARCHES:]
        report("search", [timed(lambda q=q: index.search(q, 20)) for q in queries])
        report("by kind", [timed(lambda q=q: index.search_each_kind(q, 20)) for q in queries])
        report("words", [timed(lambda n=n: store.find_words(f"happened new{n}")) for n in range(3)])
        report("outcome", [timed(lambda n=n: outcome(index, store, n)) for n in range(100)])
        report("replace", [timed(lambda n=n: replace(index, store, n, added)) for n in range(100)])
        file = Path(folder) / "index"
        print(f"save     {timed(lambda: index.save(file)):8.1f} s")
        print(f"load     {timed(lambda: KnowledgeIndex.load(file, given.dimension, MODEL)):8.1f} s")
        print(f"exact    {index.exact}, {len(index)} vectors")
        print(f"on disk  {path.stat().st_size / 1e6:8.0f} MB database, ", end="")
        print(f"{file.stat().st_size / 1e6:.0f} MB index")
        store.close()
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:8.0f} MB at most")


def directions(rng: np.random.Generator, count: int, dimension: int) -> NDArray[np.float32]:
    """Unit vectors around two hundred centres."""
    centres = rng.normal(size=(200, dimension)).astype(np.float32)
    rows = centres[rng.integers(0, 200, count)]
    rows += rng.normal(size=rows.shape).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def entry(name: str) -> KnowledgeEntry:
    """One in ten is an expert rule, the others are histories."""
    return KnowledgeEntry(
        entry_id=name,
        title=f"Entry {name}",
        text="what happened " * 25,
        kind="expert_rule" if name.endswith("0") else "runtime_history",
    )


def fill(store: KnowledgeStore, vectors: NDArray[np.float32]) -> None:
    """Rows as `add` writes them, in large transactions."""
    with store._change() as connection:
        for start in range(0, len(vectors), 5_000):
            part = vectors[start : start + 5_000]
            names = [f"e{start + n}" for n in range(len(part))]
            connection.execute(
                insert(tables.changes),
                [
                    {"entry_id": name, "generation": start + n + 1, "action": "upsert"}
                    for n, name in enumerate(names)
                ],
            )
            connection.execute(
                insert(tables.entries),
                [
                    tables.entry_row(entry(name), tables.to_blob(vector), MODEL)
                    for name, vector in zip(names, part, strict=True)
                ],
            )
        connection.execute(update(tables.counters).values(value=len(vectors)))


def add(store: KnowledgeStore, number: int, vector: NDArray[np.float32]) -> None:
    store.add(entry(f"new{number}"), vector.tolist(), MODEL)


def catch_up(index: KnowledgeIndex, store: KnowledgeStore) -> None:
    while changes := store.changes_since(index.generation):
        index.apply(changes)


def outcome(index: KnowledgeIndex, store: KnowledgeStore, number: int) -> None:
    index.apply(store.record_outcome([f"e{number}"], number % 2 == 0))


def replace(
    index: KnowledgeIndex, store: KnowledgeStore, number: int, vectors: NDArray[np.float32]
) -> None:
    index.apply([store.set_vector(f"e{number}", vectors[number].tolist(), MODEL)])


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report(name: str, seconds: list[float]) -> None:
    p50, p99 = np.percentile(np.asarray(seconds) * 1e3, (50, 99))
    print(f"{name:8} {p50:8.2f} ms p50, {p99:.2f} ms p99, {len(seconds)} times")


if __name__ == "__main__":
    main()
