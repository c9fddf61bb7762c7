"""Waits between attempts to connect: exponential, with full jitter in the upper half."""

from __future__ import annotations

import random


class Backoff:
    """Doubles from `first_s` to `most_s` seconds; jitter spreads many returning components."""

    def __init__(self, first_s: float, most_s: float, generator: random.Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._generator = generator
        self._attempt = 0

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling = min(self._most_s, self._first_s * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return ceiling * self._generator.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._attempt = 0
