"""What the heads see of a text: its meaning, its letters, names of services, signs of a job."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnc.embedding import Embedder, VectorCache
from cnc.intents.lexicon import Lexicon
from cnc.intents.masking import mask
from cnc.intents.operations import operation_strength
from cnc.intents.slots import Stated, read_stated

Matrix = NDArray[np.float32]
LETTER_BINS = 2048
"""Hashed pieces of words; they keep a word recognisable when one of its letters is wrong."""
LETTER_WEIGHT = 0.7
NAME_WEIGHT = 0.5
JOB_WEIGHT = 1.0


def prepare(text: str, stated: Stated | None = None) -> str:
    """The text as the embedding model sees it: masked and in small letters."""
    if stated is None:
        stated = read_stated(text)
    return mask(stated.text, stated.spans).lower()


def letters(texts: Sequence[str]) -> Matrix:
    """[text, bin] share of word pieces of three to five letters, each row of length one."""
    result = np.zeros((len(texts), LETTER_BINS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()):
            padded = f"<{word}>"
            for size in (3, 4, 5):
                for at in range(max(1, len(padded) - size + 1)):
                    piece = padded[at : at + size]
                    result[row, zlib.crc32(piece.encode()) % LETTER_BINS] += 1.0
    np.sqrt(result, out=result)
    norms = np.linalg.norm(result, axis=1, keepdims=True)
    return result / np.maximum(norms, 1e-6)


class FeatureMap:
    """Computes the features of prepared texts."""

    def __init__(self, embedder: Embedder, lexicon: Lexicon, cache: VectorCache | None = None) -> None:
        """Use this model, this lexicon and, for fixed texts, this cache."""
        self._embedder = embedder
        self._lexicon = lexicon
        self._cache = cache or VectorCache(None)

    def of(self, texts: Sequence[str], raw: Sequence[str], *, fixed: bool = False) -> Matrix:
        """[text, feature] of prepared texts and the same texts before masking."""
        vectors = (
            self._cache.encode(self._embedder, texts) if fixed else self._embedder.encode(texts)
        )
        names = np.array([self._lexicon.scores(text) for text in texts], dtype=np.float32)
        jobs = np.zeros((len(texts), 4), dtype=np.float32)
        for row, text in enumerate(raw):
            jobs[row, operation_strength(text)] = JOB_WEIGHT
        strongest = names.max(axis=1, keepdims=True, initial=0.0)
        return np.concatenate(
            [
                vectors,
                LETTER_WEIGHT * letters(texts),
                NAME_WEIGHT * names,
                NAME_WEIGHT * strongest,
                jobs,
            ],
            axis=1,
        )
