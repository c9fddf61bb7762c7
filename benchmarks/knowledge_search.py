"""Measure the knowledge base at 100 000 entries, through what answers a user's request.

    python benchmarks/knowledge_search.py [--entries N] [--dimension D] [--seed S]

Searches, adds and outcomes go through the librarian: the database with the settings that the
system uses, the index, the answer. Vectors are random directions in clusters and stand ready; what
the packaged model takes to embed a query is measured apart. Texts are of the length of the shipped
entries. Everything lies in a temporary folder.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from provenance import commit
from sqlalchemy import insert, update

from cnc.embedding import load_embedder
from cnc.knowledge import tables
from cnc.knowledge.derive import open_index
from cnc.knowledge.index_file import write
from cnc.knowledge.store import KnowledgeStore
from cnc.knowledge.vectors import Vectors
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, KnowledgeRequest, SearchContext
from cnc.processes.blueprint import SystemConfig
from cnc.processes.librarian import Librarian
from cnc.processes.models import Models

MODEL = "benchmark"
SEARCHES = 1000
ADDS = 500
FEWER = 100


@dataclass
class Prepared:
    """Stands in for the models: the next text gets the next of the vectors."""

    vectors: NDArray[np.float32]
    dimension: int
    model_id: str = MODEL
    taken: int = 0

    def embedder(self) -> Prepared:
        """Names model and dimension."""
        return self

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """[text, dimension]."""
        self.taken += len(texts)
        return self.vectors[self.taken - len(texts) : self.taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"command  python {' '.join(sys.argv)}")
    print(f"seed     {given.seed}")
    print(f"commit   {commit()}")
    print(f"machine  {platform.machine()}, Python {platform.python_version()}", flush=True)
    rng = np.random.default_rng(given.seed)
    vectors = directions(rng, given.entries + 2 * SEARCHES + 2 * ADDS, given.dimension)
    held, later = vectors[: given.entries], vectors[given.entries :]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = KnowledgeStore(f"sqlite:///{home / 'cnc.db'}")
        print(f"fill     {timed(lambda: fill(store, held)):8.2f} s in bulk", flush=True)
        starts(home, store, given.dimension)
        store.close()
        config = SystemConfig(broker="", home=home)
        librarian = Librarian(config, cast(Models, Prepared(later, given.dimension)), print)
        requests(librarian)
        librarian.close()
        for file in sorted(home.iterdir()):
            print(f"on disk  {file.stat().st_size / 1e6:8.0f} MB {file.name}")
    recall(held, later[:SEARCHES])
    embedding()
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:8.0f} MB at most")


def starts(home: Path, store: KnowledgeStore, dimension: int) -> None:
    """What a start costs without a saved index, and with one."""
    path = home / "knowledge.index"
    began = time.perf_counter()
    index, _ = open_index(store, path, dimension, MODEL)
    print(f"rebuild  {time.perf_counter() - began:8.2f} s from the database")
    print(f"save     {timed(lambda: write(path, index)):8.2f} s")
    began = time.perf_counter()
    _, why = open_index(store, path, dimension, MODEL)
    assert not why, why
    print(f"load     {time.perf_counter() - began:8.2f} s, compared with the database", flush=True)


def requests(librarian: Librarian) -> None:
    def ask(**fields: object) -> None:
        assert librarian.answer(KnowledgeRequest.model_validate(fields)).ok

    situation = SearchContext(service="ar-split-rendering", load=900)
    found = {"action": "search", "limit": 5}
    ask(**found, query="first")
    report("search", SEARCHES, lambda n: ask(**found, query=f"q{n}"))
    report("context", FEWER, lambda n: ask(**found, query=f"q{n}", context=situation))
    report("add", ADDS, lambda n: ask(action="add", entries=[entry(f"new{n}")]))
    used = {"action": "record_outcome", "compliant": False}
    report("outcome", FEWER, lambda n: ask(**used, entry_ids=[f"e{7 * n}", f"e{7 * n + 1}"]))
    changed = "it happened otherwise " * 20
    report("replace", FEWER, lambda n: ask(action="add", entries=[entry(f"e{n}", changed)]))
    report("remove", FEWER, lambda n: ask(action="remove", entry_id=f"e{200 + n}"))
    report("list", FEWER, lambda n: ask(action="list", limit=100, offset=100 * n))
    words = librarian.open().find_words
    report("words", 3, lambda n: words(f"happened new{n}"))


def recall(held: NDArray[np.float32], queries: NDArray[np.float32]) -> None:
    """Of the five nearest, by comparing with every vector, how many the lists find."""
    listed, full = (Vectors(held.shape[1], limit) for limit in (1, len(held)))
    for index in (listed, full):
        index.add(np.arange(len(held)), held)
    shared = sum(
        len({n for n, _ in listed.search(q, 5)} & {n for n, _ in full.search(q, 5)})
        for q in queries
    )
    print(f"recall   {shared / 5 / len(queries):8.4f} at 5, {len(queries)} queries, all in lists")
    for name, index in (("lists", listed), ("all", full)):
        report(f"  {name}", len(queries), lambda n, i=index: i.search(queries[n], 5))


def embedding() -> None:
    """The packaged model on queries of a dozen words."""
    model = load_embedder()
    model.encode(["warm"])
    report(
        "embed", FEWER, lambda n: model.encode([f"where to run heavy training jobs of {n} users"])
    )


def directions(rng: np.random.Generator, count: int, dimension: int) -> NDArray[np.float32]:
    """Unit vectors around two hundred centres."""
    centres = rng.normal(size=(200, dimension)).astype(np.float32)
    rows = centres[rng.integers(0, 200, count)]
    rows += rng.normal(size=rows.shape).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def entry(name: str, text: str = "what happened " * 25) -> KnowledgeEntry:
    """One in ten is an expert rule, the others are histories."""
    kind: KnowledgeKind = "expert_rule" if name.endswith("0") else "runtime_history"
    return KnowledgeEntry(entry_id=name, title=f"Entry {name}", text=text, kind=kind, created="now")


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


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report(name: str, times: int, work: Callable[[int], object]) -> None:
    taken = [timed(lambda n=n: work(n)) for n in range(times)]
    p50, p99, most = np.percentile(np.asarray(taken) * 1e3, (50, 99, 100))
    print(f"{name:8} {p50:8.2f} ms p50, {p99:.2f} p99, {most:.2f} most, {times} times", flush=True)


if __name__ == "__main__":
    main()
