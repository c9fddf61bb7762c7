"""Cells, data centres and their paths on a transport network (decision 0006)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnc.environment.topologies.geography import propagation_s, straight_km, tour
from cnc.environment.topologies.graph import TransportGraph
from cnc.environment.topologies.paths import Path, Paths
from cnc.environment.topologies.stations import Cluster
from cnc.simulator.inputs import TopologyParameters
from cnc.simulator.world import Floats


@dataclass(frozen=True)
class PlacedCell:
    """One origin: a cell and the terminals in it."""

    name: str
    x: float
    y: float
    node: int
    """Of the network, to which it is attached."""
    access_km: float
    """From the cell to that node."""
    weight: float
    """Of its traffic; the mean of all cells is 1."""
    paths: tuple[Path, Path] | None = None
    """To data centres, as its two backhaul links."""


@dataclass(frozen=True)
class PlacedTopology:
    """A network with everything on it."""

    graph: TransportGraph
    cells: tuple[PlacedCell, ...]
    """In the order of the ring."""
    data_centres: tuple[int, ...]
    """Nodes of the network, in the order in which they were chosen."""
    parameters: TopologyParameters


def place(
    graph: TransportGraph,
    cells: int | None,
    groups: Sequence[Cluster],
    data_centres: int,
    transport_nodes: int,
    capacity_scale: float,
    weighted: bool,
) -> PlacedTopology:
    """Place cells and data centres, and measure what lies between them.

    Args:
        graph: the network.
        cells: how many, at most as many as there are nodes; None is one at every node.
        groups: stations' clusters, each of which is a cell then; none otherwise.
        data_centres: how many sites.
        transport_nodes: computing nodes of the transport domain, spread over the sites in turn.
        capacity_scale: share of the links' capacities that these cells may use.
        weighted: cells weigh by demands or stations, else alike.
    """
    paths = Paths(graph)
    apart = paths.all_lengths()
    chosen = _attached(graph, groups) if groups else _busiest(graph, apart, cells)
    if not weighted:
        chosen = [_weighing(cell, 1.0) for cell in chosen]
    mean = sum(cell.weight for cell in chosen) / len(chosen)
    chosen = [_weighing(cell, cell.weight / mean if mean > 0 else 1.0) for cell in chosen]
    sites = _central(graph, apart, min(data_centres, len(graph.nodes)))
    ring = _ring(graph, chosen)
    placed = tuple(_routed(cell, paths, sites) for cell in ring)
    return PlacedTopology(
        graph,
        placed,
        tuple(sites),
        _parameters(graph, paths, apart, placed, sites, transport_nodes, capacity_scale),
    )


def _weighing(cell: PlacedCell, weight: float) -> PlacedCell:
    return PlacedCell(cell.name, cell.x, cell.y, cell.node, cell.access_km, weight)


def _busiest(graph: TransportGraph, apart: Floats, cells: int | None) -> list[PlacedCell]:
    """At the nodes of most demand; where there are no demands, at the most central ones."""
    count = len(graph.nodes)
    demand = np.array(graph.demand)
    order = np.argsort(-demand if demand.any() else apart.sum(axis=1), kind="stable")
    chosen = sorted(int(node) for node in order[: count if cells is None else cells])
    return [
        PlacedCell(
            graph.nodes[node].name,
            graph.nodes[node].x,
            graph.nodes[node].y,
            node,
            0.0,
            float(demand[node]) if demand.any() else 1.0,
        )
        for node in chosen
    ]


def _attached(graph: TransportGraph, groups: Sequence[Cluster]) -> list[PlacedCell]:
    """Clusters of stations, each attached to the nearest node."""
    found = []
    for at, group in enumerate(groups):
        here = (group.x, group.y)
        away = [straight_km(here, (node.x, node.y)) for node in graph.nodes]
        node = int(np.argmin(away))
        found.append(PlacedCell(f"cluster-{at}", *here, node, away[node], float(group.stations)))
    return found


def _central(graph: TransportGraph, apart: Floats, sites: int) -> list[int]:
    """The most central node, then each time the one that brings data centres closest to all.

    Greedy k-median over path lengths (Cornuejols, Fisher and Nemhauser 1977), weighted by demand.
    """
    demand = np.array(graph.demand)
    weight = demand if demand.any() else np.ones(len(demand))
    nearest = np.full(len(weight), np.inf)
    chosen: list[int] = []
    for _ in range(sites):
        total = weight @ np.minimum(nearest[:, None], apart)
        total[chosen] = np.inf
        best = int(np.argmin(np.round(total, 6)))
        chosen.append(best)
        nearest = np.minimum(nearest, apart[:, best])
    return chosen


def _ring(graph: TransportGraph, cells: Sequence[PlacedCell]) -> list[PlacedCell]:
    """Cells in the order of a short tour from the westernmost."""
    first = min(range(len(cells)), key=lambda at: (cells[at].x, cells[at].y))

    def distance(one: int, other: int) -> float:
        a, b = cells[one], cells[other]
        return straight_km((a.x, a.y), (b.x, b.y), graph.geographic)

    return [cells[at] for at in tour(len(cells), distance, first)]


def _routed(cell: PlacedCell, paths: Paths, sites: Sequence[int]) -> PlacedCell:
    first = paths.shortest(cell.node, sites)
    if not first.links and len(sites) > 1:
        both = first, paths.shortest(cell.node, [site for site in sites if site != cell.node])
    elif not first.links:
        both = first, first
    else:
        both = paths.second(first, sites)
    return PlacedCell(cell.name, cell.x, cell.y, cell.node, cell.access_km, cell.weight, both)


def _parameters(
    graph: TransportGraph,
    paths: Paths,
    apart: Floats,
    cells: Sequence[PlacedCell],
    sites: Sequence[int],
    transport_nodes: int,
    capacity_scale: float,
) -> TopologyParameters:
    walked = [cell.paths for cell in cells if cell.paths is not None]
    uses = Counter(link for both in walked for path in both for link in path.links)

    def capacity(path: Path) -> float | None:
        known = [
            capacity * capacity_scale / uses[link]
            for link in path.links
            if (capacity := graph.links[link].capacity_mbit_s) is not None
        ]
        return min(known, default=None)

    after = [*cells[1:], cells[0]]
    return TopologyParameters(
        label=graph.label,
        places=tuple(cell.name for cell in cells),
        data_centres=tuple(graph.nodes[site].name for site in sites),
        backhaul_propagation_s=tuple(
            (
                propagation_s(cell.access_km + both[0].length_km),
                propagation_s(cell.access_km + both[1].length_km),
            )
            for cell, both in zip(cells, walked, strict=True)
        ),
        backhaul_capacity_mbit_s=tuple((capacity(one), capacity(two)) for one, two in walked),
        xn_propagation_s=tuple(
            0.0
            if one is two
            else propagation_s(one.access_km + float(apart[one.node, two.node]) + two.access_km)
            for one, two in zip(cells, after, strict=True)
        ),
        core_propagation_s=_core(paths, sites, transport_nodes),
        origin_weights=tuple(cell.weight for cell in cells),
    )


def _core(paths: Paths, sites: Sequence[int], transport_nodes: int) -> tuple[float, float]:
    """Mean propagation from where traffic enters to the node that serves it, on both core links.

    Every transport node is as likely to be at the entry as to be the one that serves.
    """
    share = Counter(sites[node % len(sites)] for node in range(transport_nodes))
    means = [0.0, 0.0]
    for one in share:
        for other in share:
            if one == other:
                continue
            part = share[one] * share[other] / transport_nodes**2
            both = paths.second(paths.shortest(one, [other]), [other])
            for link, path in enumerate(both):
                means[link] += part * propagation_s(path.length_km)
    return means[0], means[1]
