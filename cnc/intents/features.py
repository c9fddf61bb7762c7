"""What the heads see of a text: its meaning, its letters, names of services, signs of a request."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnc.embedding import Embedder, VectorCache
from cnc.intents.lexicon import Lexicon
from cnc.intents.prepared import Prepared

Matrix = NDArray[np.float32]
LETTER_BINS = 2048
"""Hashed pieces of words; they keep a word recognisable when one of its letters is wrong."""
_PIECES, _IDEOGRAM_PIECES = (3, 4, 5), (1, 2, 3)
"""Letters of a piece; in Chinese, where words are not set apart, ideograms of one."""
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")
LETTER_WEIGHT = 0.7
NAME_WEIGHT = 0.3
SIGN_WEIGHT = 1.0
JOB_WEIGHT = 1.0
NARROW = 3.0
"""E5 vectors lie within a narrow cone; stretched, they weigh as much as MiniLM's."""
VERSION = 9
"""To be raised when features of the same text change."""


def letters(texts: Sequence[str]) -> Matrix:
    """[text, bin] share of word pieces, each row of length one."""
    result = np.zeros((len(texts), LETTER_BINS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in _WORD.findall(text):
            ideograms = "\u3400" <= word[0] <= "\u9fff"
            padded = word if ideograms else f"<{word}>"
            for size in _IDEOGRAM_PIECES if ideograms else _PIECES:
                for at in range(max(1, len(padded) - size + 1)):
                    piece = padded[at : at + size]
                    result[row, zlib.crc32(piece.encode()) % LETTER_BINS] += 1.0
    np.sqrt(result, out=result)
    norms = np.linalg.norm(result, axis=1, keepdims=True)
    scaled: Matrix = result / np.maximum(norms, np.float32(1e-6))
    return scaled


class FeatureMap:
    """Computes the features of prepared texts with one model, or two side by side."""

    def __init__(
        self, embedders: Sequence[Embedder], lexicon: Lexicon, cache: VectorCache | None = None
    ) -> None:
        """Use these models, this lexicon and, for fixed texts, this cache."""
        self._embedders = tuple(embedders)
        self._lexicon = lexicon
        self._cache = cache or VectorCache(None)

    @property
    def model_id(self) -> str:
        """The ids of the models, joined."""
        return "+".join(embedder.model_id for embedder in self._embedders)

    def foresee(self, prepared: Sequence[Prepared]) -> None:
        """Embed texts at once whose features will be asked for; for models that remember."""
        for embedder in self._embedders:
            embedder.encode(_texts(prepared))

    def of(self, prepared: Sequence[Prepared], *, fixed: bool = False) -> Matrix:
        """[text, feature]; `fixed` texts come from the cache where they are known."""
        texts = _texts(prepared)
        parts: list[Matrix] = []
        for embedder in self._embedders:
            encode = self._cache.encode(embedder, texts) if fixed else embedder.encode(texts)
            parts.append(encode * np.float32(NARROW if "e5" in embedder.model_id else 1.0))
        names = np.array([self._lexicon.scores(text) for text in texts], dtype=np.float32)
        jobs = np.zeros((len(texts), 4), dtype=np.float32)
        jobs[np.arange(len(texts)), [p.job for p in prepared]] = JOB_WEIGHT
        signs = np.array([p.signs for p in prepared], dtype=np.float32)
        strongest = names.max(axis=1, keepdims=True, initial=0.0)
        parts += [LETTER_WEIGHT * letters(texts), NAME_WEIGHT * names, NAME_WEIGHT * strongest]
        return np.concatenate([*parts, jobs, SIGN_WEIGHT * signs], axis=1)


def _texts(prepared: Sequence[Prepared]) -> list[str]:
    return [p.masked or "service" for p in prepared]
