"""The derived FAISS index: rebuilt from the change feed whenever it cannot be trusted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from cnc.errors import KnowledgeError, StorageError
from cnc.messages.knowledge import KnowledgeEntry, VectorRecord

EXACT_UP_TO = 100_000
"""Entries; beyond it vectors are scalar-quantised to 8 bits."""


@dataclass(frozen=True)
class Loaded:
    """An index from disk, or why there is none."""

    index: KnowledgeIndex | None
    reason: str = ""


class KnowledgeIndex:
    """Inner-product search over the entries' unit vectors.

    Args:
        dimension: of the vectors.
        model_id: whose vectors these are; others are skipped and counted.
    """

    def __init__(self, dimension: int, model_id: str) -> None:
        self.dimension = dimension
        self.model_id = model_id
        self.generation = 0
        self.skipped = 0
        self._entries: dict[int, KnowledgeEntry] = {}
        self._numbers: dict[str, int] = {}
        self._last = 0
        self._quantised = False
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def apply(self, records: Sequence[VectorRecord]) -> None:
        """Follow the change feed; records that were applied before change nothing.

        Raises:
            KnowledgeError: a vector has another dimension than the model's.
        """
        fresh = [record for record in records if record.generation > self.generation]
        newest = {record.entry_id: record for record in fresh}
        gone = [self._numbers[e] for e in newest if e in self._numbers]
        added = []
        for entry_id, record in newest.items():
            number = self._numbers.pop(entry_id, None)
            if number is not None:
                del self._entries[number]
            if record.action == "remove":
                continue
            if record.entry is None or record.model_id != self.model_id or not record.vector:
                self.skipped += 1
                continue
            if len(record.vector) != self.dimension:
                raise KnowledgeError(
                    f"entry {entry_id!r} has a vector of {len(record.vector)} numbers; the model "
                    f"{self.model_id} has {self.dimension}. Add the entry again"
                )
            self._last += 1
            self._numbers[entry_id] = self._last
            self._entries[self._last] = record.entry
            added.append((self._last, record.vector))
        if gone:
            self._index.remove_ids(np.array(gone, dtype=np.int64))
        if added:
            numbers = np.array([number for number, _ in added], dtype=np.int64)
            vectors = np.array([vector for _, vector in added], dtype=np.float32)
            self._index.add_with_ids(vectors, numbers)
        if fresh:
            self.generation = max(record.generation for record in fresh)
        if not self._quantised and len(self) > EXACT_UP_TO:
            self._quantise()

    def _quantise(self) -> None:
        flat = faiss.downcast_index(self._index.index)
        vectors = flat.reconstruct_n(0, flat.ntotal)
        numbers = faiss.vector_to_array(self._index.id_map)
        inner = faiss.IndexScalarQuantizer(
            self.dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        inner.train(vectors)
        self._index = faiss.IndexIDMap2(inner)
        self._index.add_with_ids(vectors, numbers)
        self._quantised = True

    def search(
        self, vector: Sequence[float] | np.ndarray, k: int
    ) -> list[tuple[KnowledgeEntry, float]]:
        """The k nearest entries with their similarity, best first."""
        if len(self) == 0 or k < 1:
            return []
        query = np.asarray(vector, dtype=np.float32).reshape(1, -1)
        if query.shape[1] != self.dimension:
            raise KnowledgeError(
                f"the query has {query.shape[1]} numbers; the index has {self.dimension}"
            )
        scores, numbers = self._index.search(query, min(k, len(self)))
        return [
            (self._entries[int(number)], float(score))
            for number, score in zip(numbers[0], scores[0], strict=True)
            if number >= 0
        ]

    def save(self, path: Path) -> None:
        """Write the index beside its entries, whole or not at all.

        Raises:
            StorageError: it cannot be written.
        """
        payload = faiss.serialize_index(self._index).tobytes()
        entries = {str(n): entry.model_dump(mode="json") for n, entry in self._entries.items()}
        header = {
            "model_id": self.model_id,
            "dimension": self.dimension,
            "generation": self.generation,
            "quantised": self._quantised,
            "entries": entries,
        }
        text = json.dumps(header).encode()
        body = len(text).to_bytes(8, "big") + text + payload
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(hashlib.sha256(body).digest() + body)
            temporary.replace(path)
        except OSError as error:
            raise StorageError(f"the index {path} cannot be written: {error}") from error

    @staticmethod
    def load(path: Path, dimension: int, model_id: str) -> Loaded:
        """Read an index; with a reason instead where it must be rebuilt."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return Loaded(None, "there is no index yet")
        except OSError as error:
            return Loaded(None, f"the index cannot be read ({error})")
        if len(data) < 40 or hashlib.sha256(data[32:]).digest() != data[:32]:
            return Loaded(None, "the index is damaged (checksum)")
        length = int.from_bytes(data[32:40], "big")
        header = json.loads(data[40 : 40 + length])
        if header["model_id"] != model_id or header["dimension"] != dimension:
            return Loaded(None, f"the index was built with the model {header['model_id']}")
        index = KnowledgeIndex(dimension, model_id)
        payload = np.frombuffer(data[40 + length :], dtype=np.uint8)
        index._index = faiss.deserialize_index(payload)
        index.generation = int(header["generation"])
        index._quantised = bool(header["quantised"])
        index._entries = {
            int(n): KnowledgeEntry.model_validate(entry) for n, entry in header["entries"].items()
        }
        index._numbers = {entry.entry_id: n for n, entry in index._entries.items()}
        index._last = max(index._entries, default=0)
        return Loaded(index)
