"""What holds for a whole slot, however its requests are routed.

E2E improves its decision several times in a slot, and a domain twice; what does not depend on the
routing is worked out once, and what depends on the replicas alone once for as long as they stay.
`Layout` changes with the traffic classes only, `Standing` with the replicas too; `Conditions` are
what is reported of a slot, `Situation` is all of it and what follows. numpy or torch.
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
class Standing:
    """Layout and ready replicas, and what follows from them. P pairs, Q spots."""

    layout: Layout
    pairs: Pairs
    size_mbit: Array
    """[…, P]"""
    here: Array
    """[…, Q] 1 where a replica is ready."""
    work_gc: Array
    """[…, Q] of a request."""
    per_gc: Array
    """[…, N] utilisation by one Gc."""
    granted: Array
    """[…, Q] of a node's capacity to a service's replicas."""
    per_granted_gc: Array
    """[…, Q] utilisation of replicas by one Gc."""
    exponent: Array
    """[…, Q] of the wait probability."""
    rate: Array
    """[…, P] 1/s, of all servers of the class at the end of the route, without load."""
    unloaded_s: Array
    """[…, P] what the deadline leaves where nothing waits, and nothing is transmitted."""
    node_j: Array
    """[…, Q] energy of a request's work at full load, in units of cost."""


@dataclass(frozen=True, eq=False)
class Situation:
    """What holds for a slot. P pairs, Q spots."""

    standing: Standing
    now: Conditions
    requests: Array
    """[…, P] of the route's origin: those that could come and, times the routing, that do."""
    spare: Array
    """[…, N] what background leaves of the utilisation."""
    slack_s: Array
    """[…, P] what the deadline leaves, but for waiting."""
    transfer_j: Array
    """[…, P] energy of a request on the way, in units of cost; None without links."""

    @property
    def layout(self) -> Layout:
        """Of the world or worlds, or of a domain."""
        return self.standing.layout

    @property
    def pairs(self) -> Pairs:
        """Of classes and routes that count."""
        return self.standing.pairs


def standing_of(xp: ModuleType, ready: Array, pairs: Pairs) -> Standing:
    """What slots with the same replicas have in common.

    Args:
        xp: numpy or torch.
        ready: […, S, N] ready replicas.
        pairs: of classes and routes that count.
    """
    layout = pairs.layout
    tau, capacity = layout.slot_s, layout.capacity_gc_s
    ready = pairs.spots_of_grid(ready)
    replicas = pairs.spots_of_nodes(layout.replica_gc_s) * ready
    servers = pairs.spots_of_nodes(layout.servers) * ready
    work = pairs.spots_of_services(layout.work_gc)
    per_gc_j = layout.dynamic_w / (capacity * layout.unit_j)
    return Standing(
        layout=layout,
        pairs=pairs,
        size_mbit=pairs.of_classes(layout.size_mbit),
        here=(ready > 0) * 1.0,
        work_gc=work,
        per_gc=1.0 / (capacity * tau),
        granted=replicas / pairs.spots_of_nodes(capacity),
        per_granted_gc=1.0 / at_least(replicas * tau, 1e-6),
        exponent=xp.sqrt(2.0 * (servers + 1.0)) - 1.0,
        rate=pairs.of_spots(servers * pairs.spots_of_grid(layout.per_server_hz)),
        unloaded_s=pairs.of_grid(layout.slack_s),
        node_j=work * pairs.spots_of_nodes(per_gc_j),
    )


def situation(
    xp: ModuleType,
    layout: Layout,
    now: Conditions,
    requests: Array,
    standing: Standing | None = None,
) -> Situation:
    """What the routings of a slot have in common.

    Args:
        xp: numpy or torch.
        layout: of the world or worlds, or of a domain.
        now: the slot.
        requests: […, C, D*R] of each route's origin.
        standing: of the slot's replicas; None takes all pairs.
    """
    standing = standing_of(xp, now.ready, AllPairs(layout)) if standing is None else standing
    pairs = standing.pairs
    spare = 1.0 - now.background
    queue = at(now.backlog_gc / (layout.capacity_gc_s * spare), layout.route_node)
    slack = standing.unloaded_s - pairs.of_routes(queue)
    transfer = None
    if layout.onto_link.shape[-1] > 0:
        size = standing.size_mbit
        transfer = size * pairs.of_links(now.link_j_mbit / layout.unit_j)
        if not layout.nominal:
            slack = slack - size * pairs.of_links(1.0 / now.link_mbit_s)
    return Situation(
        standing=standing,
        now=now,
        requests=pairs.of_grid(requests),
        spare=spare,
        slack_s=slack,
        transfer_j=transfer,
    )
