"""The last slots of an agent."""

from __future__ import annotations

from collections import deque

import numpy as np

from cnc.policies.hmarl.learning.packing import Arrays, taken, under


class Replay:
    """Bounded; the oldest slot leaves first.

    Args:
        room: slots that are kept.
    """

    def __init__(self, room: int) -> None:
        self._slots: deque[Arrays] = deque(maxlen=room)

    def add(self, sample: Arrays) -> None:
        """Keep a slot."""
        self._slots.append(sample)

    def clear(self) -> None:
        """Forget all."""
        self._slots.clear()

    def __len__(self) -> int:
        return len(self._slots)

    def draw(self, count: int, stream: np.random.Generator) -> list[Arrays]:
        """The newest, and at most so many others, each as likely as another."""
        older = len(self._slots) - 1
        chosen = stream.choice(older, min(count, older), replace=False) if older > 0 else ()
        return [self._slots[-1], *(self._slots[int(at)] for at in chosen)]

    def newest(self, most: int) -> list[Arrays]:
        """At most so many, oldest first."""
        return list(self._slots)[-most:]

    def snapshot(self) -> Arrays:
        """All slots, oldest first."""
        arrays: Arrays = {}
        for at, sample in enumerate(self._slots):
            arrays |= under(f"{at:03d}/", sample)
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Take up a snapshot."""
        self.clear()
        for prefix in sorted({name[:4] for name in arrays}):
            self.add(taken(prefix, arrays))
