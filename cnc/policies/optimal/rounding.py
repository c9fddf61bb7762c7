"""From fractional replicas to whole ones within memory."""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Floats, Integers
from cnc.errors import SimulationError
from cnc.simulator.world import World

TINY = 1e-9
ALMOST = 1e-3
"""A fraction this close below a whole number is that number."""


def whole(world: World, fractional: Floats, upwards: float) -> Integers:
    """[S, N] whole replicas; the transport domain keeps one of each service.

    Args:
        world: the world.
        fractional: [S, N] within memory.
        upwards: fractions from here on are rounded up, the largest first, while memory lasts.

    Raises:
        SimulationError: the transport domain cannot hold one replica of each service.
    """
    most = world.parameters.most_replicas
    replicas = np.minimum(np.floor(fractional + ALMOST), most).astype(np.int64)
    rest = fractional - replicas
    free = world.node_memory_gb - world.memory_gb @ replicas
    for node in range(len(free)):
        for service in np.argsort(-rest[:, node], kind="stable"):
            if rest[service, node] < upwards:
                break
            if world.memory_gb[service] <= free[node] + TINY and replicas[service, node] < most:
                replicas[service, node] += 1
                free[node] -= world.memory_gb[service]
    keep_one(world, replicas)
    return replicas


def keep_one(world: World, replicas: Integers) -> None:
    """Give the transport domain one replica of each service; in place.

    Where memory is short, second replicas make room, those of the largest services first. Where
    that is not enough, the domain is filled anew, with one replica of each.

    Raises:
        SimulationError: it cannot hold them.
    """
    nodes = world.nodes_of(len(world.domain_ids) - 1)
    own = replicas[:, nodes]
    if not _add_missing(world, nodes, own, make_room=True):
        own[:] = 0
        if not _add_missing(world, nodes, own, make_room=False):
            raise SimulationError(
                f"transport nodes cannot hold one replica of each service: these need "
                f"{world.memory_gb.sum():.2f} GB, and the nodes have "
                f"{', '.join(f'{size:.2f}' for size in world.node_memory_gb[nodes])} GB"
            )
    replicas[:, nodes] = own


def _add_missing(world: World, nodes: Integers, own: Integers, make_room: bool) -> bool:
    """Place one of each service that own [S, n] lacks, the largest first; False if impossible."""
    memory = world.memory_gb
    for service in np.argsort(-memory, kind="stable"):
        while own[service].sum() == 0:
            free = world.node_memory_gb[nodes] - memory @ own
            if free.max() >= memory[service] - TINY:
                own[service, int(np.argmax(free))] += 1
                break
            spare = (own > 0) & (own.sum(axis=1, keepdims=True) > 1)
            if not make_room or not spare.any():
                return False
            largest = np.where(spare, memory[:, None], -1.0)
            own[np.unravel_index(int(np.argmax(largest)), largest.shape)] -= 1
    return True
