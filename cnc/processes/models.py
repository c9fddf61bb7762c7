"""The embedding model and the recogniser, loaded once a process and away from the loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnc.errors import IntentError
from cnc.messages.envelope import now

if TYPE_CHECKING:
    from cnc.embedding.interface import Embedder
    from cnc.intents.recogniser import Recogniser
    from cnc.messages.intents import Correction, Recognition
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

    def correct(
        self, action: str, text: str = "", service: str = "", correction_id: str = ""
    ) -> tuple[Correction, ...]:
        """Keep, forget or list what texts are to be understood as.

        Args:
            action: correct (`text` as `service`), forget (`correction_id`) or corrections.
            text: of a request.
            service: catalogue id.
            correction_id: which to forget.

        Raises:
            NotFoundError: no such service or correction.
            IntentError: there is no text.
            StorageError: the file of corrections cannot be used.
        """
        from cnc.intents.catalogue import load_catalogue
        from cnc.intents.corrections import CorrectionFile

        file = CorrectionFile(self._config.home)
        if action == "corrections":
            return file.entries()
        if action == "forget":
            return (file.remove(correction_id),)
        load_catalogue().by_id(service)
        if not text.strip():
            raise IntentError("there are no words to correct: the intent came as a document")
        return (file.add(text[:2_000], service, now().isoformat(timespec="seconds")),)
