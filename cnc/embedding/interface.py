"""What the rest of the system knows of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""[text, dimension], each row of length one."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is a similarity."""

    @property
    def model_id(self) -> str:
        """Names the model and its version; equal ids give equal vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, [text, dimension], float32 and L2-normalised."""
        ...
