"""Any sentence-transformers model, by name or folder, offline."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnc.embedding.interface import Vectors
from cnc.errors import ConfigurationError


class SentenceEmbedder:
    """Wraps a `SentenceTransformer`; slow to import, so only used when asked for."""

    def __init__(self, name_or_path: str, *, model_id: str, threads: int | None = 1) -> None:
        """Load the model without any network attempt.

        Raises:
            ConfigurationError: the library is missing or the model is not on this machine.
        """
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ["TRANSFORMERS_OFFLINE"] = "1"
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            notices: Any = importlib.import_module("transformers.utils.logging")
        except ImportError as error:
            raise ConfigurationError(
                f"the embedding model {name_or_path!r} needs sentence-transformers, which cannot "
                f"be imported ({error}); install it, or use the packaged model"
            ) from error
        if threads is not None:
            torch.set_num_threads(threads)
        notices.disable_progress_bar()
        try:
            self._model: Any = SentenceTransformer(name_or_path, device="cpu")
        except Exception as error:
            raise ConfigurationError(
                f"the embedding model {name_or_path!r} cannot be loaded ({_brief(error)}); models "
                "are never downloaded: name a folder that holds one, or a model that is already "
                "in the local Hugging Face cache"
            ) from error
        self._model_id = model_id
        self._dimension = len(self._model.encode("x", show_progress_bar=False))

    @property
    def model_id(self) -> str:
        """Name of the model in caches."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, [text, dimension], float32 and L2-normalised."""
        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        result: Vectors = np.asarray(
            self._model.encode(
                list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=32
            ),
            dtype=np.float32,
        )
        return result


def _brief(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
