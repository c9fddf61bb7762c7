"""From E2E's shares of candidates to flows on routes.

Nodes and paths inside a domain are the domain's to choose; assumed is a split by the capacity
that is left, of nodes and of each pair of parallel links, as the product of both.
"""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.orchestrators.end_to_end.loads import Situation
from cnc.simulator.world import LINK_KINDS, World

LEAST_LEFT = 0.01
"""Of a capacity; a full node or link is unattractive, not impossible."""


def over_usable(world: World, usable: Booleans, delta: Floats) -> Floats:
    """[D, K] the policy's wish on candidates with a usable route; equal where it has none."""
    possible = np.zeros_like(delta, dtype=bool)
    for k in range(delta.shape[1]):
        possible[:, k] = usable[:, world.route_candidate == k].any(axis=1)
    wish = np.where(possible, delta, 0.0)
    wish = np.where(wish.sum(1, keepdims=True) > 0, wish, possible.astype(np.float64))
    total = wish.sum(1, keepdims=True)
    return np.asarray(np.divide(wish, total, out=np.zeros_like(wish), where=total > 0))


def spread(
    world: World,
    observation: EndToEndObservation,
    at: Situation,
    delta: Floats,
    usable: Booleans,
) -> Floats:
    """[D, R] delta [D, K] over each candidate's usable routes, by node and link capacity left."""
    node = world.node_capacity_gc_s * np.maximum(1.0 - at.node, LEAST_LEFT)
    left = observation.link_capacity_mbit_s * np.maximum(1.0 - at.link, LEAST_LEFT)
    kinds = len(LINK_KINDS)
    parallel = world.link_domain * kinds + world.link_kind
    of_all = left / np.bincount(parallel, weights=left)[parallel]
    paths = np.append(of_all, 1.0)[world.route_links].prod(axis=-1)
    weight = np.where(usable, node[world.route_node] * paths, 0.0)
    routing = np.zeros_like(weight)
    for k in range(delta.shape[1]):
        routes = world.route_candidate == k
        total = weight[:, routes].sum(axis=1, keepdims=True)
        share = np.divide(
            weight[:, routes], total, out=np.zeros_like(weight[:, routes]), where=total > 0
        )
        routing[:, routes] = share * delta[:, k : k + 1]
    total = routing.sum(1, keepdims=True)
    return np.asarray(np.divide(routing, total, out=np.zeros_like(routing), where=total > 0))
