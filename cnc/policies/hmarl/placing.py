"""Which nodes of a domain get the replicas: whole numbers of them, within memory.

Replicas of a service stand together where they can: servers that share a queue wait less than the
same servers apart, so that two on one node serve more in time than one on each of two.
"""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Booleans, Floats, Integers

TINY = 1e-9
GONE = 0.95
"""Background from which a node is taken to be lost: other tenants leave more than that."""
SUITS, SPARE = 0.5, 0.5
"""Weight of a node's suitability and of its free memory, next to 1 for replicas already there."""


class Room:
    """Memory that is left while replicas are placed.

    Args:
        worth: [S, n] how well services suit nodes.
        usable: [S, n] where they can be in time.
        memory_gb: [S] of a replica.
        node_memory_gb: [n]
        most: replicas of a service on a node.
        replicas: [S, n] in place to begin with; None for none.
    """

    def __init__(
        self,
        worth: Floats,
        usable: Booleans,
        memory_gb: Floats,
        node_memory_gb: Floats,
        most: int,
        replicas: Integers | None = None,
    ) -> None:
        best = np.maximum(worth.max(1, keepdims=True), TINY)
        self._suits = SUITS * worth / best
        self._usable, self._most = usable, most
        self._memory_gb, self._node_memory_gb = memory_gb, node_memory_gb.astype(np.float64)
        self.replicas = np.zeros(worth.shape, dtype=np.int64) if replicas is None else replicas
        self._free = self._node_memory_gb - memory_gb @ self.replicas

    def place(self, service: int, anywhere: bool = False) -> bool:
        """Add a replica where it suits best; False where none fits.

        Args:
            service: of which.
            anywhere: also where nobody could be served in time, if it fits nowhere else.
        """
        given = self.replicas[service]
        fits = (self._free >= self._memory_gb[service] - TINY) & (given < self._most)
        fits &= self._usable[service] | (anywhere & ~(self._usable[service] & fits).any())
        if not fits.any():
            return False
        value = (given > 0) + self._suits[service] + SPARE * self._free / self._node_memory_gb
        node = int(np.argmax(np.where(fits, value, -np.inf)))
        self.replicas[service, node] += 1
        self._free[node] -= self._memory_gb[service]
        return True

    def take(self, service: int) -> None:
        """Take a replica away where fewest are."""
        given = self.replicas[service]
        node = int(np.argmin(np.where(given > 0, given - self._suits[service], np.inf)))
        self.replicas[service, node] -= 1
        self._free[node] += self._memory_gb[service]


def standing(
    placed: Integers, usable: Booleans, memory_gb: Floats, node_memory_gb: Floats, most: int
) -> Integers:
    """[S, n] what may stay of the replicas in place: useful, not too many, and within memory."""
    kept = np.minimum(np.where(usable, placed, 0), most)
    for node in np.flatnonzero(memory_gb @ kept > node_memory_gb + TINY):
        for service in np.argsort(-memory_gb, kind="stable"):
            over = memory_gb @ kept[:, node] - node_memory_gb[node]
            if over <= TINY:
                break
            fewer = int(np.ceil(over / memory_gb[service]))
            kept[service, node] = max(0, kept[service, node] - fewer)
    return kept
