"""What holds for a whole slot, however its requests are routed.

E2E improves its decision several times in a slot, and a domain twice; what does not depend on the
routing is worked out once. `Layout` changes with the traffic classes only, `Conditions` are what
is reported of a slot, `Situation` is both and what follows from them. numpy or torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at, at_least
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.pairs import AllPairs, Pairs


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is known of a slot."""

    background: Array
    """[…, N]"""
    backlog_gc: Array
    """[…, N]"""
    ready: Array
    """[…, S, N]"""
    link_mbit_s: Array
    """[…, L]"""
    link_j_mbit: Array
    """[…, L]"""


@dataclass(frozen=True, eq=False)
class Situation:
    """Layout, conditions and requests of a slot, and what follows from them. P pairs."""

    layout: Layout
    now: Conditions
    pairs: Pairs
    requests: Array
    """[…, P] of the route's origin: those that could come and, times the routing, that do."""
    size_mbit: Array
    """[…, P]"""
    here: Array
    """[…, S, N] 1 where a replica is ready."""
    spare: Array
    """[…, N] what background leaves of the utilisation."""
    per_gc: Array
    """[…, N] utilisation by one Gc."""
    granted: Array
    """[…, S, N] of a node's capacity to a service's replicas."""
    per_granted_gc: Array
    """[…, S, N] utilisation of replicas by one Gc."""
    exponent: Array
    """[…, S, N] of the wait probability."""
    rate: Array
    """[…, P] 1/s, of all servers of the class at the end of the route, without load."""
    slack_s: Array
    """[…, P] what the deadline leaves, but for waiting."""
    node_j: Array
    """[…, S, N] energy of a request's work at full load, in units of cost."""
    transfer_j: Array
    """[…, P] energy of a request on the way, in units of cost; None without links."""


def situation(
    xp: ModuleType, layout: Layout, now: Conditions, requests: Array, pairs: Pairs | None = None
) -> Situation:
    """What the routings of a slot have in common.

    Args:
        xp: numpy or torch.
        layout: of the world or worlds, or of a domain.
        now: the slot.
        requests: […, C, D*R] of each route's origin.
        pairs: of classes and routes that count; None takes all.
    """
    pairs = AllPairs(layout) if pairs is None else pairs
    tau, capacity = layout.slot_s, layout.capacity_gc_s
    spare = 1.0 - now.background
    replicas = layout.replica_gc_s[..., None, :] * now.ready
    servers = layout.servers[..., None, :] * now.ready
    queue = at(now.backlog_gc / (capacity * spare), layout.route_node)
    slack = pairs.of_grid(layout.slack_s) - pairs.of_routes(queue)
    size = pairs.of_classes(layout.size_mbit)
    transfer = None
    if layout.onto_link.shape[-1] > 0:
        along = layout.onto_link.T
        transfer = size * pairs.of_routes((now.link_j_mbit / layout.unit_j) @ along)
        if not layout.nominal:
            slack = slack - size * pairs.of_routes((1.0 / now.link_mbit_s) @ along)
    per_gc_j = layout.dynamic_w / (capacity * layout.unit_j)
    return Situation(
        layout=layout,
        now=now,
        pairs=pairs,
        requests=pairs.of_grid(requests),
        size_mbit=size,
        here=(now.ready > 0) * 1.0,
        spare=spare,
        per_gc=1.0 / (capacity * tau),
        granted=replicas / capacity[..., None, :],
        per_granted_gc=1.0 / at_least(replicas * tau, 1e-6),
        exponent=xp.sqrt(2.0 * (servers + 1.0)) - 1.0,
        rate=pairs.of_nodes(servers * layout.per_server_hz),
        slack_s=slack,
        node_j=layout.work_gc[..., None] * per_gc_j[..., None, :],
        transfer_j=transfer,
    )
