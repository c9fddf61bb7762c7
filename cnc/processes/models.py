"""The embedding model and the recogniser, loaded once a process and away from the loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cnc.embedding.interface import Embedder
    from cnc.intents.recogniser import Recogniser
    from cnc.messages.intents import Recognition
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
                from cnc.intents.recogniser import load_recogniser

                self._recogniser = load_recogniser(
                    self._config.embedder, home=self._config.home, embedder=self.embedder()
                )
            return self._recogniser

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """[n, d] unit vectors; one model call at a time."""
        with self._lock:
            return np.asarray(self.embedder().encode(texts), dtype=np.float32)

    def recognise(
        self, text: str, service: str | None = None, accept_first: bool = False
    ) -> Recognition:
        """Recognise one text; a chosen service, or the first of an ask, is taken as meant.

        Raises:
            NotFoundError: the chosen service is not in the catalogue.
            IntentError: the text's numbers cannot be meant.
        """
        with self._lock:
            recogniser = self.recogniser()
            found = recogniser.recognise(text)
            chosen = service
            if chosen is None and found.outcome == "ask" and accept_first:
                chosen = found.choices[0].service
            return found if chosen is None else recogniser.recognise_as(text, chosen, found)
