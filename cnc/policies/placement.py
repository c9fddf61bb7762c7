"""Greedy packing of replicas into a domain's memory, shared by the heuristics."""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Booleans, Floats, Integers


def pack(
    weights: Floats,
    memory_gb: Floats,
    node_memory_gb: Floats,
    usable: Booleans,
    replica_gc_s: Floats,
    keep_one: bool,
    most_replicas: int,
) -> Integers:
    """Add replicas one by one to the service that is short of them most, until none fits.

    Args:
        weights: [S] demand of each service; 0 asks for none.
        memory_gb: [S] of a replica.
        node_memory_gb: [n].
        usable: [S, n] where a replica could serve someone in time.
        replica_gc_s: [n] what a replica gives; larger nodes are preferred when memory is equal.
        keep_one: first place one replica of every service (the transport domain).
        most_replicas: of one service on one node.

    Returns:
        [S, n] replicas within both limits.
    """
    services, nodes = usable.shape
    replicas = np.zeros((services, nodes), dtype=np.int64)
    free = node_memory_gb.astype(np.float64).copy()
    if keep_one:
        for service in np.argsort(-memory_gb, kind="stable"):
            everywhere = np.ones(nodes, dtype=bool)
            _place(int(service), replicas, free, memory_gb, everywhere, most_replicas)
    open_services = [int(s) for s in np.flatnonzero((weights > 0) & usable.any(axis=1))]
    given = replicas @ (replica_gc_s / replica_gc_s.mean())
    while open_services:
        shortage = [weights[s] / (given[s] + 1.0) for s in open_services]
        at = int(np.argmax(shortage))
        service = open_services[at]
        node = _place(service, replicas, free, memory_gb, usable[service], most_replicas)
        if node < 0:
            open_services.pop(at)
        else:
            given[service] += replica_gc_s[node] / replica_gc_s.mean()
    return replicas


def _place(
    service: int,
    replicas: Integers,
    free: Floats,
    memory_gb: Floats,
    usable: Booleans,
    most_replicas: int,
) -> int:
    """Put one replica on the usable node with most free memory; -1 when none fits."""
    fits = usable & (free >= memory_gb[service] - 1e-9) & (replicas[service] < most_replicas)
    if not fits.any():
        return -1
    node = int(np.argmax(np.where(fits, free, -np.inf)))
    replicas[service, node] += 1
    free[node] -= memory_gb[service]
    return node
