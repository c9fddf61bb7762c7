"""Vectors of fixed texts, kept on disk so that each text is computed once a model."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnc.embedding.interface import Embedder, Vectors


class VectorCache:
    """A folder with one file a model; whatever cannot be read or written is computed again."""

    def __init__(self, folder: Path | None) -> None:
        """Keep vectors in `folder`; None keeps nothing."""
        self._folder = folder

    def encode(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, from disk where they are known, [text, dimension]."""
        if self._folder is None or not texts:
            return embedder.encode(texts)
        path = self._folder / f"{_digest(embedder.model_id)}.npz"
        known = self._read(path, embedder.dimension)
        keys = [_digest(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            computed = embedder.encode(list(missing.values()))
            known.update(zip(missing, computed, strict=True))
            self._write(path, known)
        return np.stack([known[key] for key in keys])

    def _read(self, path: Path, dimension: int) -> dict[str, Vectors]:
        try:
            with path.open("rb") as file, np.load(file) as archive:
                keys = [str(key) for key in archive["keys"]]
                vectors = np.asarray(archive["vectors"], dtype=np.float32)
                checksum = str(archive["checksum"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return {}
        if vectors.shape != (len(keys), dimension) or checksum != _checksum(vectors):
            return {}
        return dict(zip(keys, vectors, strict=True))

    def _write(self, path: Path, known: dict[str, Vectors]) -> None:
        vectors = np.stack(list(known.values()))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
                np.savez(
                    part,
                    keys=np.array(list(known)),
                    vectors=vectors,
                    checksum=np.str_(_checksum(vectors)),
                )
            os.replace(part.name, path)  # noqa: PTH105
        except OSError:
            return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _checksum(vectors: Vectors) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()
