"""An index over the knowledge base, derived from its change feed and rebuilt at will."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from cnc.errors import KnowledgeError
from cnc.knowledge.change import Change, Standing, of_record
from cnc.knowledge.vectors import EXACT_LIMIT, Vectors, unit
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, VectorRecord

KINDS: tuple[KnowledgeKind, ...] = get_args(KnowledgeKind)
Hit = tuple[KnowledgeEntry, float]


@dataclass(slots=True)
class Held:
    """What the index knows of one entry."""

    generation: int
    kind: KnowledgeKind | None = None
    """None once it was removed; the generation stays, so that an old change cannot revive it."""
    body: str = ""
    """The entry as JSON: most entries are never looked at."""
    number: int | None = None
    """Its number among the vectors of its kind; None without a vector of this model."""
    checksum: str = ""
    """Of its vector, of whatever model."""


class KnowledgeIndex:
    """Entries by similarity to a vector; every method may be called from any thread."""

    def __init__(self, dimension: int, model_id: str, exact_limit: int = EXACT_LIMIT) -> None:
        """An empty index.

        Args:
            dimension: length of the vectors.
            model_id: the embedding model whose vectors it takes.
            exact_limit: number of vectors of one kind up to which the search is exact.
        """
        self.dimension = dimension
        self.model_id = model_id
        self.database = ""
        """Identity of the database that it was derived from; empty where that is not known."""
        self.skipped = 0
        """Changes so far that carried another model's vector; those entries cannot be found."""
        self._exact_limit = exact_limit
        self._lock = threading.RLock()
        self._generation = 0
        self._held: dict[str, Held] = {}
        self._names: dict[int, str] = {}
        self._next = 0
        self._vectors = {kind: Vectors(dimension, exact_limit) for kind in KINDS}

    def __len__(self) -> int:
        return len(self._names)

    @property
    def generation(self) -> int:
        """The newest change that was applied."""
        return self._generation

    @property
    def exact(self) -> bool:
        """Whether every search compares with the vectors themselves."""
        return all(vectors.exact for vectors in self._vectors.values())

    def apply(self, records: Sequence[VectorRecord]) -> None:
        """Take in changes as the bus carries them; see `take`.

        Raises:
            KnowledgeError: as `take`.
        """
        self.take([of_record(record) for record in records])

    def take(self, changes: Sequence[Change]) -> None:
        """Take in changes; those that are known already (or are older) change nothing.

        An entry without a vector, or with one of another model, cannot be found by `search`.

        Raises:
            KnowledgeError: a vector has another length or does not match its checksum; none of
                the changes was applied: resync from the store.
        """
        with self._lock:
            vectors = [self._checked(change) for change in changes]
            newest: dict[str, tuple[Change, NDArray[np.float32] | None]] = {}
            for change, vector in zip(changes, vectors, strict=True):
                held = self._held.get(change.entry_id)
                known = newest.get(change.entry_id)
                least = known[0].generation if known else held.generation if held else 0
                if change.generation > least:
                    newest[change.entry_id] = (change, vector)
                    self.skipped += int(bool(change.vector) and vector is None)
                self._generation = max(self._generation, change.generation)
            self._put(newest)

    def apply_live(self, records: Sequence[VectorRecord]) -> bool:
        """Take in changes that were pushed as they happened, unless some before them were missed.

        A page of `changes_since` may leave generations out, as the log keeps the newest change of
        each entry; changes as they happen may not. So `apply` is for pages, this for pushes.

        Returns:
            False when a generation is missing; nothing was applied then: resync with
            `changes_since(index.generation)`.

        Raises:
            KnowledgeError: as `take`.
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
        with self._lock:
            return self._nearest(vector, k, KINDS if kind is None else (kind,), k)

    def search_each_kind(self, vector: Sequence[float] | NDArray[Any], k: int) -> list[Hit]:
        """The k most similar entries of every kind, best first: what `retrieve` ranks.

        Each intent leaves a runtime history much like the next request of its sort, so among
        all kinds the nearest would soon be histories alone.

        Raises:
            KnowledgeError: the vector has another length than the index.
        """
        with self._lock:
            return self._nearest(vector, k, KINDS, k * len(KINDS))

    def standing(self) -> dict[str, Standing]:
        """How every entry stands here, removed ones included; compare with the store's."""
        with self._lock:
            return {
                entry_id: Standing(
                    held.generation,
                    hashlib.sha256(held.body.encode()).hexdigest() if held.body else "",
                    held.checksum,
                )
                for entry_id, held in self._held.items()
            }

    # -- inside ----------------------------------------------------------------------------------

    def _nearest(
        self,
        vector: Sequence[float] | NDArray[Any],
        k: int,
        kinds: Iterable[KnowledgeKind],
        most: int,
    ) -> list[Hit]:
        """The k best of each kind, and of these so many at most."""
        query = unit(np.asarray(vector, dtype=np.float32).reshape(1, -1))
        if query.shape[1] != self.dimension:
            raise KnowledgeError(
                f"the query has {query.shape[1]} components and the index {self.dimension}; "
                f"embed it with {self.model_id}"
            )
        found = [
            (self._names[number], score)
            for kind in kinds
            for number, score in self._vectors[kind].search(query, k)
        ]
        found.sort(key=lambda hit: (-hit[1], hit[0]))
        parse = KnowledgeEntry.model_validate_json
        return [(parse(self._held[name].body), score) for name, score in found[: max(0, most)]]

    def _checked(self, change: Change) -> NDArray[np.float32] | None:
        """The change's vector, when it is one of this model."""
        if change.kind is None or not change.vector or change.model_id != self.model_id:
            return None
        vector = np.frombuffer(change.vector, dtype="<f4")
        if len(vector) != self.dimension:
            raise KnowledgeError(
                f"the vector of {change.entry_id} has {len(vector)} components and the index "
                f"{self.dimension}; rebuild the index with a model of that size (resync)"
            )
        if change.checksum and hashlib.sha256(change.vector).hexdigest() != change.checksum:
            raise KnowledgeError(
                f"the vector of {change.entry_id} does not match its checksum; ask the store for "
                "its changes again (resync)"
            )
        return vector

    def _put(self, newest: dict[str, tuple[Change, NDArray[np.float32] | None]]) -> None:
        """Apply the newest change of each entry with one removal and one addition a kind."""
        gone: dict[KnowledgeKind, list[int]] = {kind: [] for kind in KINDS}
        fresh: dict[KnowledgeKind, list[int]] = {kind: [] for kind in KINDS}
        rows: dict[KnowledgeKind, list[NDArray[np.float32]]] = {kind: [] for kind in KINDS}
        for entry_id, (change, vector) in newest.items():
            before = self._held.get(entry_id)
            number = before.number if before is not None else None
            if before is not None and before.kind is not None and number is not None:
                if vector is not None and _same(before, change):
                    before.generation, before.body = change.generation, change.body
                    continue
                gone[before.kind].append(number)
                del self._names[number]
                number = None
            if vector is not None and change.kind is not None:
                number, self._next = self._next, self._next + 1
                self._names[number] = entry_id
                fresh[change.kind].append(number)
                rows[change.kind].append(vector)
            self._held[entry_id] = Held(
                generation=change.generation,
                kind=change.kind,
                body=change.body,
                number=number,
                checksum=change.checksum,
            )
        for kind in KINDS:
            if gone[kind]:
                self._vectors[kind].remove(np.asarray(gone[kind], dtype=np.int64))
            if fresh[kind]:
                numbers = np.asarray(fresh[kind], dtype=np.int64)
                self._vectors[kind].add(numbers, unit(np.stack(rows[kind])))


def _same(before: Held, change: Change) -> bool:
    """Whether the vector is the one the index has, so that only the entry changes."""
    return (
        bool(change.checksum) and before.checksum == change.checksum and before.kind == change.kind
    )
