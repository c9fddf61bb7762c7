"""A transport network as an undirected graph with places, lengths and capacities.

Readers collect nodes and links as their file says them; `transport_graph` makes one connected
graph of it and notes on the way what it had to leave out or assume.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import add

from cnc.environment.topologies.geography import (
    EXTENT_KM,
    LINK_KM,
    drawn_km,
    is_geographic,
    scale_of,
    straight_km,
)
from cnc.errors import ConfigurationError

SHORTEST_KM = 0.001
"""Of a link; two nodes may stand at the same place."""


@dataclass(frozen=True)
class RawNode:
    """A node as a file says it."""

    id: str
    name: str
    x: float | None = None
    """Longitude in degrees, or a coordinate of a drawing."""
    y: float | None = None
    """Latitude in degrees, or a coordinate of a drawing."""


@dataclass(frozen=True)
class RawLink:
    """A link as a file says it."""

    source: str
    target: str
    length_km: float | None = None
    capacity_mbit_s: float | None = None


@dataclass(frozen=True)
class RawTopology:
    """What a file says."""

    label: str
    """Where it is from, for messages: a file, or `topohub sndlib/polska`."""
    nodes: tuple[RawNode, ...]
    links: tuple[RawLink, ...]
    demands: tuple[tuple[str, str, float], ...] = ()
    """(node, node, value) in any unit; only their proportions count."""
    drawing: bool | None = None
    """Coordinates are those of a drawing; None where the file does not say."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """A node of the connected graph; km coordinates where the file has no geography."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Link:
    """An undirected link between two nodes, by their positions in the list of nodes."""

    ends: tuple[int, int]
    length_km: float
    capacity_mbit_s: float | None
    """None where the data does not say."""


@dataclass(frozen=True)
class TransportGraph:
    """A connected network without loops and parallel links."""

    label: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    demand: tuple[float, ...]
    """[nodes] of all demands that begin or end at a node; all 0 where there are none."""
    geographic: bool
    """Coordinates are longitude and latitude; else km of a scaled drawing."""
    notes: tuple[str, ...]
    """What was left out or assumed, in words."""

    def neighbours(self) -> list[list[tuple[int, int]]]:
        """Of every node, (neighbour, link) in the order of the links."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for at, link in enumerate(self.links):
            one, other = link.ends
            found[one].append((other, at))
            found[other].append((one, at))
        return found

    def straight_km(self, one: int, other: int) -> float:
        """Distance of two nodes as the crow flies."""
        a, b = self.nodes[one], self.nodes[other]
        return straight_km((a.x, a.y), (b.x, b.y), self.geographic)


def transport_graph(raw: RawTopology, extent_km: float | None = None) -> TransportGraph:
    """One connected graph of what a file says.

    Loops are dropped, parallel links become one (the shortest length, the sum of capacities),
    and of several components the largest stays.

    Args:
        raw: nodes and links of the file.
        extent_km: how far the farthest nodes are apart, where the coordinates are those of a
            drawing.

    Raises:
        ConfigurationError: there are not two nodes with a link between them, or a link names a
            node that is not there.
    """
    notes = list(raw.notes)
    names = [node.id for node in raw.nodes]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigurationError(f"{raw.label}: node {twice[0]!r} is there more than once")
    known = set(names)
    joined = _joined(raw, known, notes)
    kept = _largest_component(names, joined, raw.label, notes)
    nodes = [node for node in raw.nodes if node.id in kept]
    joined = {pair: link for pair, link in joined.items() if pair[0] in kept}
    position = {node.id: at for at, node in enumerate(nodes)}
    places, geographic = _places(raw, nodes, joined, extent_km, notes)
    links = []
    for (one, other), link in joined.items():
        length = link.length_km
        if length is None or (not geographic and extent_km is not None):
            length = straight_km(places[one], places[other], geographic)
        ends = (position[one], position[other])
        links.append(Link(ends, max(length, SHORTEST_KM), link.capacity_mbit_s))
    demand = [0.0] * len(nodes)
    for one, other, value in raw.demands:
        for end in (one, other):
            if end in position and one != other:
                demand[position[end]] += value
    shown = _distinct([node.name for node in nodes])
    return TransportGraph(
        raw.label,
        tuple(Node(name, *places[n.id]) for name, n in zip(shown, nodes, strict=True)),
        tuple(links),
        tuple(demand),
        geographic,
        tuple(notes),
    )


def _distinct(names: list[str]) -> list[str]:
    """Names, those that occur again with a number."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _joined(raw: RawTopology, known: set[str], notes: list[str]) -> dict[tuple[str, str], RawLink]:
    """One link for each pair of nodes that has any.

    Parallel links add up their capacities. Where every link is there in both directions, these are
    the two directions of one link, and the lesser capacity counts.
    """
    arcs: dict[tuple[str, str], RawLink] = {}
    loops = parallel = 0
    for link in raw.links:
        missing = [end for end in (link.source, link.target) if end not in known]
        if missing:
            raise ConfigurationError(
                f"{raw.label}: a link from {link.source!r} to {link.target!r}, but there is no "
                f"node {missing[0]!r}"
            )
        if link.source == link.target:
            loops += 1
            continue
        before = arcs.get((link.source, link.target))
        parallel += before is not None
        arcs[link.source, link.target] = link if before is None else _both(before, link, add)
    directed = all(pair[::-1] in arcs for pair in arcs)
    joined: dict[tuple[str, str], RawLink] = {}
    for pair, link in arcs.items():
        if pair[::-1] not in joined:
            joined[pair] = link
            continue
        parallel += not directed
        joined[pair[::-1]] = _both(joined[pair[::-1]], link, min if directed else add)
    if loops:
        notes.append(f"links from a node to itself are left out ({loops})")
    if parallel:
        notes.append(f"parallel links are joined with others of the same two nodes ({parallel})")
    return joined


Combine = Callable[[float, float], float]


def _both(one: RawLink, other: RawLink, capacity: Combine) -> RawLink:
    return RawLink(
        one.source,
        one.target,
        _either(min, one.length_km, other.length_km),
        _either(capacity, one.capacity_mbit_s, other.capacity_mbit_s),
    )


def _either(both: Combine, one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return both(one, other)


def _largest_component(
    names: list[str],
    joined: dict[tuple[str, str], RawLink],
    label: str,
    notes: list[str],
) -> set[str]:
    near: dict[str, list[str]] = {name: [] for name in names}
    for one, other in joined:
        near[one].append(other)
        near[other].append(one)
    seen: set[str] = set()
    largest: set[str] = set()
    for name in names:
        if name in seen:
            continue
        reached, queue = {name}, [name]
        while queue:
            for other in near[queue.pop()]:
                if other not in reached:
                    reached.add(other)
                    queue.append(other)
        seen |= reached
        if len(reached) > len(largest):
            largest = reached
    if len(largest) < 2:
        raise ConfigurationError(
            f"{label}: {len(names)} nodes and no link between two of them; a transport network "
            "has at least two nodes that are linked"
        )
    if len(largest) < len(names):
        notes.append(
            f"the network is not connected: of {len(names)} nodes the {len(largest)} of the "
            "largest part stay"
        )
    return largest


def _places(
    raw: RawTopology,
    nodes: list[RawNode],
    joined: dict[tuple[str, str], RawLink],
    extent_km: float | None,
    notes: list[str],
) -> tuple[dict[str, tuple[float, float]], bool]:
    """Where each node lies, and whether that is longitude and latitude."""
    stated = {
        node.id: (node.x, node.y)
        for node in nodes
        if node.x is not None
        and node.y is not None
        and math.isfinite(node.x)
        and math.isfinite(node.y)
    }
    if not stated:
        notes.append(
            "no node has coordinates: the map is drawn from the lengths of the links, and a link "
            f"without a length counts as {LINK_KM:g} km"
        )
        lengths = {pair: link.length_km or LINK_KM for pair, link in joined.items()}
        return drawn_km([node.id for node in nodes], lengths), False
    geographic = raw.drawing is not True and is_geographic(list(stated.values()))
    places: dict[str, tuple[float, float]] = dict(stated)
    if not geographic:
        extent = EXTENT_KM if extent_km is None else extent_km
        scale = scale_of(list(stated.values()), extent)
        places = {name: (x * scale, y * scale) for name, (x, y) in places.items()}
        if extent_km is None:
            notes.append(
                f"the coordinates are those of a drawing; it counts as {EXTENT_KM:g} km across "
                "(extent_km says another)"
            )
    _between_neighbours(nodes, joined, places, notes)
    return places, geographic


def _between_neighbours(
    nodes: list[RawNode],
    joined: dict[tuple[str, str], RawLink],
    places: dict[str, tuple[float, float]],
    notes: list[str],
) -> None:
    """Place nodes without coordinates in the middle of their neighbours, outwards from those."""
    missing = [node for node in nodes if node.id not in places]
    if not missing:
        return
    notes.append(
        f"nodes without coordinates, such as {missing[0].name!r}, are placed between their "
        f"neighbours ({len(missing)})"
    )
    near: dict[str, list[str]] = {node.id: [] for node in nodes}
    for one, other in joined:
        near[one].append(other)
        near[other].append(one)
    while missing:
        step = {
            node.id: [places[other] for other in near[node.id] if other in places]
            for node in missing
        }
        for name, around in step.items():
            if around:
                places[name] = (
                    sum(x for x, _ in around) / len(around),
                    sum(y for _, y in around) / len(around),
                )
        missing = [node for node in missing if node.id not in places]
