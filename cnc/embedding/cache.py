"""Vectors of fixed texts, kept on disk so that they are computed once a model."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnc.embedding.interface import Embedder, Vectors


def content_key(model_id: str, texts: Sequence[str]) -> str:
    """A key that changes with the model or any text."""
    digest = hashlib.sha256(model_id.encode())
    for text in texts:
        digest.update(b"\0" + text.encode())
    return digest.hexdigest()[:32]


class VectorCache:
    """A folder of vectors; whatever cannot be read or written is computed again."""

    def __init__(self, folder: Path | None) -> None:
        """Keep vectors in `folder`; None keeps nothing."""
        self._folder = folder

    def encode(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, from disk where they are known, [text, dimension]."""
        if self._folder is None:
            return embedder.encode(texts)
        path = self._folder / f"{content_key(embedder.model_id, texts)}.npz"
        known = self._read(path, (len(texts), embedder.dimension))
        if known is not None:
            return known
        vectors = embedder.encode(texts)
        self._write(path, vectors)
        return vectors

    def _read(self, path: Path, shape: tuple[int, int]) -> Vectors | None:
        try:
            with path.open("rb") as file, np.load(file) as archive:
                vectors = np.asarray(archive["vectors"], dtype=np.float32)
                checksum = str(archive["checksum"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None
        if vectors.shape != shape or checksum != _checksum(vectors):
            return None
        return vectors

    def _write(self, path: Path, vectors: Vectors) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
                np.savez(part, vectors=vectors, checksum=np.str_(_checksum(vectors)))
            os.replace(part.name, path)  # noqa: PTH105
        except OSError:
            return


def _checksum(vectors: Vectors) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
