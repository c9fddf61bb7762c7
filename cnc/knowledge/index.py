"""A FAISS index over the knowledge base, derived from its change feed and rebuilt at will."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import faiss
import numpy as np
from numpy.typing import NDArray

from cnc.errors import KnowledgeError
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, VectorRecord

EXACT_LIMIT = 100_000
"""Up to here the search is exact; beyond, vectors are kept in 16 bits a component."""
THREADS = 1
"""For one search; set per calling thread. More wait for one another on a busy machine: with two
busy cores two threads took five times as long as one."""


KINDS: tuple[KnowledgeKind, ...] = get_args(KnowledgeKind)
Hit = tuple[KnowledgeEntry, float]


@dataclass
class Held:
    """What the index knows of one entry."""

    generation: int
    entry: KnowledgeEntry | None = None
    """None once it was removed; the generation stays, so that an old change cannot revive it."""
    number: int | None = None
    """Its id inside FAISS; None without a vector of this model."""
    checksum: str = ""


class KnowledgeIndex:
    """Entries by similarity to a vector; every method may be called from any thread."""

    def __init__(self, dimension: int, model_id: str, exact_limit: int = EXACT_LIMIT) -> None:
        """An empty index.

        Args:
            dimension: length of the vectors.
            model_id: the embedding model whose vectors it takes.
            exact_limit: number of vectors up to which the search is exact.
        """
        self.dimension = dimension
        self.model_id = model_id
        self.skipped = 0
        """Changes so far that carried another model's vector; those entries cannot be found."""
        self._exact_limit = exact_limit
        self._exact = True
        self._lock = threading.RLock()
        self._generation = 0
        self._held: dict[str, Held] = {}
        self._names: dict[int, str] = {}
        self._next = 0
        self._of_kind: dict[KnowledgeKind, tuple[int, Any]] = {}
        self._faiss: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return len(self._names)

    @property
    def generation(self) -> int:
        """The newest change that was applied."""
        return self._generation

    @property
    def exact(self) -> bool:
        """Whether the search compares with the vectors themselves."""
        return self._exact

    def apply(self, records: Sequence[VectorRecord]) -> None:
        """Take in changes; those that are known already (or are older) change nothing.

        An entry without a vector, or with one of another model, cannot be found by `search`.

        Raises:
            KnowledgeError: a vector has another length or does not match its checksum; nothing
                of `records` was applied: resync from the store.
        """
        with self._lock:
            vectors = [self._checked(record) for record in records]
            newest: dict[str, tuple[VectorRecord, NDArray[np.float32] | None]] = {}
            for record, vector in zip(records, vectors, strict=True):
                held = self._held.get(record.entry_id)
                known = newest.get(record.entry_id)
                least = known[0].generation if known else held.generation if held else 0
                if record.generation > least:
                    newest[record.entry_id] = (record, vector)
                    self.skipped += int(bool(record.vector) and vector is None)
                self._generation = max(self._generation, record.generation)
            self._take(newest)

    def apply_live(self, records: Sequence[VectorRecord]) -> bool:
        """Take in changes that were pushed as they happened, unless some before them were missed.

        A page of `changes_since` may leave generations out, as the log keeps the newest change of
        each entry; changes as they happen may not. So `apply` is for pages, this for pushes.

        Returns:
            False when a generation is missing; nothing was applied then: resync with
            `changes_since(index.generation)`.

        Raises:
            KnowledgeError: as `apply`.
        """
        with self._lock:
            fresh = {r.generation for r in records if r.generation > self._generation}
            if fresh and len(fresh) != max(fresh) - self._generation:
                return False
            self.apply(records)
            return True

    def search(
        self, vector: Sequence[float] | NDArray[Any], k: int, kind: KnowledgeKind | None = None
    ) -> list[Hit]:
        """The k entries most similar to a vector, best first, with their cosine similarity.

        Args:
            vector: the query's embedding.
            k: how many at most.
            kind: only entries of this kind.

        Raises:
            KnowledgeError: the vector has another length than the index.
        """
        query = _unit(np.asarray(vector, dtype=np.float32).reshape(1, -1))
        if query.shape[1] != self.dimension:
            raise KnowledgeError(
                f"the query has {query.shape[1]} components and the index {self.dimension}; "
                f"embed it with {self.model_id}"
            )
        with self._lock:
            count, selector = (len(self._names), None) if kind is None else self._only(kind)
            k = min(k, count)
            if k < 1:
                return []
            faiss.omp_set_num_threads(THREADS)
            parameters: Any = faiss.SearchParameters
            only = None if selector is None else parameters(sel=selector)
            scores, numbers = self._faiss.search(query, k, params=only)
            found = []
            for score, number in zip(scores[0].tolist(), numbers[0].tolist(), strict=True):
                entry = self._held[self._names[number]].entry if number >= 0 else None
                if entry is not None:
                    found.append((entry, float(score)))
        return _best_first(found)

    def search_each_kind(self, vector: Sequence[float] | NDArray[Any], k: int) -> list[Hit]:
        """The k most similar entries of every kind, best first: what `retrieve` ranks.

        Each intent leaves a runtime history much like the next request of its sort, so among
        all kinds the nearest would soon be histories alone.

        Raises:
            KnowledgeError: the vector has another length than the index.
        """
        with self._lock:
            found = [hit for kind in KINDS for hit in self.search(vector, k, kind)]
        return _best_first(found)

    def save(self, path: Path) -> None:
        """Write the index to a file, whole or not at all.

        Raises:
            StorageError: the file cannot be written.
        """
        from cnc.knowledge.index_file import write

        with self._lock:
            write(path, self)

    @classmethod
    def load(
        cls, path: Path, dimension: int, model_id: str, newest: int | None = None
    ) -> KnowledgeIndex | None:
        """The index of a file, or None where it must be rebuilt; the log says why.

        Args:
            path: the file.
            dimension: length of the vectors that it must hold.
            model_id: the embedding model that they must be of.
            newest: the store's generation. A file behind it goes on from the change feed; one
                ahead of it belongs to a database that was replaced or restored.

        `cnc.knowledge.index_file.read` returns the reason instead.
        """
        from cnc.knowledge.index_file import load

        return load(path, dimension, model_id, newest)

    # -- inside ----------------------------------------------------------------------------------

    def _only(self, kind: KnowledgeKind) -> tuple[int, Any]:
        """How many entries of a kind can be found, and what selects them in FAISS.

        Nothing needs selecting where all are of that kind. Kept until the next change.
        """
        if kind not in self._of_kind:
            numbers = [
                number
                for number, name in self._names.items()
                if (entry := self._held[name].entry) is not None and entry.kind == kind
            ]
            selector = None
            if len(numbers) < len(self._names):
                marked = np.zeros(self._next, dtype=bool)
                marked[numbers] = True
                bitmap: Any = faiss.IDSelectorBitmap
                selector = bitmap(np.packbits(marked, bitorder="little"))
            self._of_kind[kind] = (len(numbers), selector)
        return self._of_kind[kind]

    def _checked(self, record: VectorRecord) -> NDArray[np.float32] | None:
        """The record's vector, when it is one of this model."""
        if record.action == "remove" or not record.vector or record.model_id != self.model_id:
            return None
        vector = np.asarray(record.vector, dtype="<f4")
        if len(vector) != self.dimension:
            raise KnowledgeError(
                f"the vector of {record.entry_id} has {len(vector)} components and the index "
                f"{self.dimension}; rebuild the index with a model of that size (resync)"
            )
        if record.checksum and hashlib.sha256(vector.tobytes()).hexdigest() != record.checksum:
            raise KnowledgeError(
                f"the vector of {record.entry_id} does not match its checksum; ask the store for "
                "its changes again (resync)"
            )
        return vector

    def _take(self, newest: dict[str, tuple[VectorRecord, NDArray[np.float32] | None]]) -> None:
        """Apply the newest record of each entry with one removal and one addition in FAISS."""
        self._of_kind.clear()
        gone: list[int] = []
        fresh: list[tuple[int, NDArray[np.float32]]] = []
        for entry_id, (record, vector) in newest.items():
            before = self._held.get(entry_id)
            number = before.number if before is not None else None
            same = before is not None and vector is not None and _same(before, record)
            if number is not None and not same:
                gone.append(number)
                del self._names[number]
                number = None
            if vector is not None and number is None:
                number, self._next = self._next, self._next + 1
                self._names[number] = entry_id
                fresh.append((number, vector))
            self._held[entry_id] = Held(
                generation=record.generation,
                entry=record.entry if record.action == "upsert" else None,
                number=number,
                checksum=record.checksum if vector is not None else "",
            )
        if gone:
            self._faiss.remove_ids(np.asarray(gone, dtype=np.int64))
        if fresh:
            if self._exact and len(self._names) > self._exact_limit:
                self._quantise()
            numbers = np.asarray([number for number, _ in fresh], dtype=np.int64)
            self._faiss.add_with_ids(_unit(np.stack([v for _, v in fresh])), numbers)

    def _quantise(self) -> None:
        """Move to 16-bit floats: half the memory, and no ranges that new vectors could leave."""
        flat, numbers = self._faiss.index, faiss.vector_to_array(self._faiss.id_map)
        inner = faiss.IndexScalarQuantizer(
            self.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        quantised = faiss.IndexIDMap2(inner)
        if flat.ntotal:
            stored = flat.reconstruct_n(0, flat.ntotal)
            quantised.add_with_ids(stored, numbers.astype(np.int64))
        self._faiss = quantised
        self._exact = False


def _same(before: Held, record: VectorRecord) -> bool:
    """Whether the vector is the one the index has, so that only the entry changes."""
    return (
        before.number is not None and bool(record.checksum) and (before.checksum == record.checksum)
    )


def _best_first(found: list[Hit]) -> list[Hit]:
    return sorted(found, key=lambda hit: (-hit[1], hit[0].entry_id))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length one, so that the inner product is the cosine."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = rows / np.where(lengths > 0, lengths, 1.0)
    return np.ascontiguousarray(scaled, dtype=np.float32)
