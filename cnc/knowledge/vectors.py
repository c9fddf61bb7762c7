"""The vectors of one kind of entry in FAISS: compared one by one, in lists once there are many."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Numbers = NDArray[np.int64]

EXACT_LIMIT = 20_000
"""Vectors of one kind up to which a search compares with each of them, in about 2 ms."""
LISTS = 256
"""Beyond, vectors lie in lists around so many centres, as 16-bit floats."""
PROBED = 64
"""Lists that a search looks through, those of the nearest centres: in made-up clusters an
eighth of that finds as much, and texts may be spread over more lists."""
TRAINED_ON = 50
"""Vectors a list from which the centres are learnt."""
THREADS = 1
"""For one search; set per calling thread. More wait for one another on a busy machine: with two
busy cores two threads took five times as long as one."""


class Vectors:
    """Unit vectors by number, searched by inner product; not safe for several threads."""

    def __init__(self, dimension: int, exact_limit: int = EXACT_LIMIT) -> None:
        self._dimension = dimension
        self._limit = exact_limit
        self._faiss: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._faiss.ntotal)

    @property
    def exact(self) -> bool:
        """Whether a search compares with every vector itself."""
        return isinstance(self._faiss, faiss.IndexIDMap2)

    def add(self, numbers: Numbers, rows: Rows) -> None:
        """Add unit rows [n, d] under new numbers [n]."""
        if self.exact and len(self) + len(rows) > self._limit:
            self._move_to_lists(rows)
        self._faiss.add_with_ids(rows, numbers)

    def remove(self, numbers: Numbers) -> None:
        """Remove the vectors of these numbers."""
        self._faiss.remove_ids(numbers)

    def search(self, row: Rows, k: int) -> list[tuple[int, float]]:
        """The numbers of the k best rows with their inner products, best first."""
        k = min(k, len(self))
        if k < 1:
            return []
        faiss.omp_set_num_threads(THREADS)
        scores, numbers = self._faiss.search(row.reshape(1, -1), k)
        pairs = zip(numbers[0].tolist(), scores[0].tolist(), strict=True)
        return [(number, score) for number, score in pairs if number >= 0]

    def dump(self) -> bytes:
        """All of it as bytes."""
        return bytes(faiss.serialize_index(self._faiss).tobytes())

    @classmethod
    def parse(cls, content: bytes, dimension: int, exact_limit: int) -> Vectors:
        """What `dump` gave.

        Raises:
            ValueError: the content is something else.
            RuntimeError: FAISS cannot read it.
        """
        made = cls(dimension, exact_limit)
        found = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        if found.d != dimension:
            raise ValueError(f"its vectors have {found.d} components, not {dimension}")
        if isinstance(found, faiss.IndexIVF):
            found.nprobe = PROBED
        made._faiss = found
        return made

    def _move_to_lists(self, coming: Rows) -> None:
        """Learn centres from what is there and what comes, and move there."""
        flat, numbers = self._faiss.index, faiss.vector_to_array(self._faiss.id_map)
        kept = flat.reconstruct_n(0, flat.ntotal) if flat.ntotal else coming[:0]
        known = np.concatenate([kept, coming])
        lists = max(1, min(LISTS, len(known) // TRAINED_ON))
        chosen = np.random.default_rng(0).permutation(len(known))[: lists * TRAINED_ON]
        moved = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self._dimension),
            self._dimension,
            lists,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
        )
        moved.cp.max_points_per_centroid = TRAINED_ON
        faiss.omp_set_num_threads(THREADS)
        moved.train(known[chosen])
        moved.nprobe = PROBED
        if len(kept):
            moved.add_with_ids(kept, numbers.astype(np.int64))
        self._faiss = moved


def unit(rows: Rows) -> Rows:
    """Rows of length one, so that the inner product is the cosine."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
