"""The vectors of the last texts, so that one text is embedded once however often it is judged."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from cnc.embedding.interface import Embedder, Vectors


class RememberingEmbedder:
    """An embedder that keeps the vectors of its last texts in memory; safe between threads."""

    def __init__(self, embedder: Embedder, size: int = 256) -> None:
        """Remember the last `size` texts of `embedder`."""
        self._embedder = embedder
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        """Name of the model in caches."""
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, [text, dimension], float32 and L2-normalised."""
        if not texts or len(texts) > self._size:
            return self._embedder.encode(texts)
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found.update(zip(missing, self._embedder.encode(missing), strict=True))
        with self._lock:
            for text in texts:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return np.stack([found[text] for text in texts])
