"""Shortest paths, and two that share as little as possible."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from cnc.environment.topologies.graph import TransportGraph
from cnc.simulator.world import Floats

SHARED = 1e6
"""A shared km counts as so many; sharing is then the last resort, and as short as possible."""

SEARCHED = 200
"""Nodes up to which all distances are searched for here; beyond, importing scipy is worth it."""


@dataclass(frozen=True)
class Path:
    """A walk without circles from a node to another."""

    nodes: tuple[int, ...]
    links: tuple[int, ...]
    length_km: float

    @property
    def end(self) -> int:
        """Where it leads."""
        return self.nodes[-1]


class Paths:
    """Paths through one network; ties are broken by the order of nodes, so runs agree."""

    def __init__(self, graph: TransportGraph) -> None:
        self._graph = graph
        self._near = graph.neighbours()
        self._length = [link.length_km for link in graph.links]

    def all_lengths(self) -> Floats:
        """[nodes, nodes] km of the shortest paths."""
        if len(self._near) <= SEARCHED:
            return np.array([self._search(at, {})[0] for at in range(len(self._near))])
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import dijkstra

        ends = [link.ends for link in self._graph.links]
        rows, columns = zip(*ends, strict=True)
        shape = (len(self._near), len(self._near))
        matrix = coo_array((self._length, (rows, columns)), shape=shape).tocsr()
        return np.asarray(dijkstra(matrix, directed=False), dtype=np.float64)

    def shortest(self, source: int, targets: Collection[int]) -> Path:
        """The shortest path to the nearest target."""
        return self._path(source, targets, {})

    def second(self, first: Path, targets: Collection[int]) -> tuple[Path, Path]:
        """The first path and another to a target: edge-disjoint wherever the network allows it.

        If the first path blocks every other one though a disjoint pair exists, the pair of least
        total length takes its place (Bhandari 1999); if none exists, the second path shares as
        few km as possible.
        """
        source = first.nodes[0]
        without = self._path_or_none(source, targets, dict.fromkeys(first.links, math.inf))
        if without is not None:
            return first, without
        pair = self._pair(first, set(targets))
        if pair is not None:
            return pair
        dear = {link: self._length[link] * SHARED + SHARED for link in first.links}
        return first, self._path(source, targets, dear)

    def _path(self, source: int, targets: Collection[int], instead: dict[int, float]) -> Path:
        found = self._path_or_none(source, targets, instead)
        assert found is not None, "the network is connected"
        return found

    def _path_or_none(
        self, source: int, targets: Collection[int], instead: dict[int, float]
    ) -> Path | None:
        cost, before = self._search(source, instead)
        end = min(targets, key=lambda node: (cost[node], node))
        if math.isinf(cost[end]):
            return None
        return self._walked(source, end, before)

    def _walked(self, source: int, end: int, before: list[tuple[int, int] | None]) -> Path:
        nodes, links = [end], []
        while nodes[-1] != source:
            step = before[nodes[-1]]
            assert step is not None
            nodes.append(step[0])
            links.append(step[1])
        length = sum(self._length[link] for link in reversed(links))
        return Path(tuple(reversed(nodes)), tuple(reversed(links)), float(length))

    def _search(
        self, source: int, instead: dict[int, float]
    ) -> tuple[list[float], list[tuple[int, int] | None]]:
        """Dijkstra's distances and predecessors (node, link), with other costs of some links."""
        cost = [math.inf] * len(self._near)
        before: list[tuple[int, int] | None] = [None] * len(self._near)
        cost[source] = 0.0
        queue = [(0.0, source)]
        while queue:
            so_far, node = heapq.heappop(queue)
            if so_far > cost[node]:
                continue
            for other, link in self._near[node]:
                new = so_far + instead.get(link, self._length[link])
                if new < cost[other]:
                    cost[other], before[other] = new, (node, link)
                    heapq.heappush(queue, (new, other))
        return cost, before

    def _pair(self, first: Path, targets: set[int]) -> tuple[Path, Path] | None:
        """Two disjoint paths of least total length to targets, or None: one augmentation in the
        residual network, in which the first path can be undone at a gain (Bellman and Ford)."""
        source = first.nodes[0]
        forward = dict(
            zip(first.nodes, zip(first.nodes[1:], first.links, strict=False), strict=False)
        )
        count = len(self._near)
        cost = [math.inf] * count
        before: list[tuple[int, int] | None] = [None] * count
        cost[source] = 0.0
        undone = {link: (two, one) for one, (two, link) in forward.items()}
        for _ in range(count):
            changed = False
            for at, link in enumerate(self._graph.links):
                steps = (link.ends, link.ends[::-1])
                length = self._length[at]
                if at in undone:
                    steps, length = (undone[at],), -length  # type: ignore[assignment]
                for one, two in steps:
                    if cost[one] + length < cost[two] - 1e-9:
                        cost[two], before[two] = cost[one] + length, (one, at)
                        changed = True
            if not changed:
                break
        end = min(targets, key=lambda node: (cost[node], node))
        if math.isinf(cost[end]):
            return None
        used = set(first.links)
        node, steps_left = end, count
        while node != source and steps_left:
            step = before[node]
            assert step is not None
            used ^= {step[1]}
            node, steps_left = step[0], steps_left - 1
        return self._apart(source, targets, used)

    def _apart(self, source: int, targets: set[int], used: set[int]) -> tuple[Path, Path] | None:
        """Two paths out of the links of both, the shorter one first."""
        found = []
        for _ in range(2):
            closed = {at: math.inf for at in range(len(self._length)) if at not in used}
            path = self._path_or_none(source, targets, closed)
            if path is None:
                return None
            used = used - set(path.links)
            found.append(path)
        one, other = sorted(found, key=lambda path: path.length_km)
        return one, other
