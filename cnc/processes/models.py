"""The embedding model and the recogniser, loaded once a process and away from the loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cnc.embedding.interface import Embedder
    from cnc.intents.recogniser import Recogniser
    from cnc.processes.blueprint import SystemConfig


class Models:
    """Loads on first use; safe to call from several threads."""

    def __init__(self, config: SystemConfig) -> None:
        self._config = config
        self._lock = threading.RLock()
        self._embedder: Embedder | None = None
        self._recogniser: Recogniser | None = None

    def embedder(self) -> Embedder:
        """The embedding model.

        Raises:
            ConfigurationError: the named model cannot be loaded.
        """
        with self._lock:
            if self._embedder is None:
                from cnc.embedding.loading import load_embedder

                self._embedder = load_embedder(self._config.embedder)
            return self._embedder

    def recogniser(self) -> Recogniser:
        """The intent recogniser over the packaged catalogue."""
        with self._lock:
            if self._recogniser is None:
                from cnc.intents.catalogue import load_catalogue
                from cnc.intents.recogniser import Recogniser

                self._recogniser = Recogniser(load_catalogue(), self.embedder())
            return self._recogniser

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """[n, d] unit vectors; one model call at a time."""
        with self._lock:
            return np.asarray(self.embedder().encode(texts), dtype=np.float32)

    def recognise(self, **arguments: Any) -> Any:
        """Recognise one text, one at a time."""
        with self._lock:
            return self.recogniser().recognise(**arguments)
