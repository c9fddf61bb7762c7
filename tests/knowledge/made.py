"""Entries and an embedding model for tests."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cnc.messages.knowledge import KnowledgeEntry
from cnc.processes.blueprint import SystemConfig
from cnc.processes.librarian import Librarian


def entry(entry_id: str, text: str = "some text", **fields: object) -> KnowledgeEntry:
    return KnowledgeEntry.model_validate(
        {"entry_id": entry_id, "title": f"About {entry_id}", "text": text, **fields}
    )


class WordModels:
    """Instead of `Models`: texts that share words are similar; nothing is loaded."""

    def __init__(self, model_id: str = "words@1", dimension: int = 256) -> None:
        self.model_id, self.dimension = model_id, dimension
        self.encoded: list[str] = []

    def embedder(self) -> SimpleNamespace:
        return SimpleNamespace(model_id=self.model_id, dimension=self.dimension)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        self.encoded += texts
        rows = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[crc32(f"{self.model_id} {word}".encode()) % self.dimension] += 1.0
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def librarian(
    home: Path, models: WordModels | None = None, told: list[str] | None = None
) -> Librarian:
    """One over the database of a home folder; what it tells people is appended to `told`."""
    say = (told if told is not None else []).append
    return Librarian(SystemConfig("", home=home), models or WordModels(), say)  # type: ignore[arg-type]
