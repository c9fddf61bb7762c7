"""Which origins reach which nodes over which routes, in equal-sized groups of nodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cnc.simulator.world import World

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class NodeGroup:
    """Nodes that are reached by the same number of origins, over the same number of routes."""

    nodes: Tensor
    """[n]"""
    origin: Tensor
    """[n, A] origins that reach the node."""
    route: Tensor
    """[n, A, P] routes, as indices into D*R; 0 where there is none."""
    there: Tensor
    """[n, A, P] whether the route exists."""


def node_groups(world: World) -> list[NodeGroup]:
    """All nodes that some origin reaches; terminal, RAN and transport nodes form groups."""
    origins, routes = world.route_node.shape
    reached: dict[int, dict[int, list[int]]] = {}
    for origin in range(origins):
        for route in range(routes):
            by_origin = reached.setdefault(int(world.route_node[origin, route]), {})
            by_origin.setdefault(origin, []).append(origin * routes + route)
    alike: dict[tuple[int, int], list[int]] = {}
    for node, by_origin in reached.items():
        shape = (len(by_origin), max(len(indices) for indices in by_origin.values()))
        alike.setdefault(shape, []).append(node)
    return [_group(nodes, shape, reached) for shape, nodes in sorted(alike.items())]


def _group(
    nodes: list[int], shape: tuple[int, int], reached: dict[int, dict[int, list[int]]]
) -> NodeGroup:
    origin = torch.zeros(len(nodes), shape[0], dtype=torch.int64)
    route = torch.full((len(nodes), *shape), -1, dtype=torch.int64)
    for row, node in enumerate(nodes):
        for column, (source, indices) in enumerate(sorted(reached[node].items())):
            origin[row, column] = source
            route[row, column, : len(indices)] = torch.tensor(indices)
    return NodeGroup(torch.tensor(nodes), origin, route.clamp(min=0), route >= 0)
