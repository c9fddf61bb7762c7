"""What holds for a whole slot, however its requests are routed.

E2E improves its decision several times in a slot, and a domain twice; what does not depend on the
routing is worked out once. `Layout` changes with the traffic classes only, `Conditions` are what
is reported of a slot, `Situation` is both and what follows from them. numpy or torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at, at_least


@dataclass(frozen=True, eq=False)
class Layout:
    """What does not change between slots. N nodes, L links, D origins, C classes, R routes."""

    capacity_gc_s: Array
    """[…, N]"""
    speed_gc_s: Array
    servers: Array
    """Of one replica."""
    replica_gc_s: Array
    dynamic_w: Array
    fixed_s: Array
    """[…, D*R] latency of a route that depends on nothing: two-way propagation."""
    per_mbit_s: Array
    """[…, D*R] transmission at nominal capacities; None takes those of the slot."""
    work_gc: Array
    """[…, C] of a request."""
    size_mbit: Array
    """[…, C] both ways."""
    deadline_s: Array
    slack_s: Array
    """[…, C, D*R] what the deadline leaves after `fixed_s`, `per_mbit_s` and processing."""
    per_server_hz: Array
    """[…, C, N] requests that one server finishes in a second."""
    service: Array
    """[C]"""
    to_service: Array
    """[S, C] 1 where the class is of the service."""
    class_is_service: bool
    """There is one class a service, in their order, so that nothing is to be summed."""
    route_node: Array
    """[D*R]"""
    along: Array
    """[D*R, 3] links, L where there is none (or none that is known)."""
    onto_node: Array
    """[D*R, N] 1 where a route ends at a node."""
    onto_link: Array
    """[D*R, L] 1 where a route uses a link."""
    route_choice: Array
    """[D*R] position in D x (K + 1) of the origin and candidate; the last choice is unserved."""
    onto_candidate: Array
    """[R, K + 1] 1 where a route leads to a candidate, alike for each origin."""
    choices: int
    """Of an origin, K + 1."""
    route_side: Array
    """[D*R, 2] up to two sides of pairs of parallel links (2 x pair + side); 2 G where none."""
    onto_side: Array
    """[D*R, 2 G]"""
    weight: Array
    """[D*R] part of a choice's traffic on a node that takes this route, beside the pairs."""
    onto_domain: Array
    """[N, domains]"""
    energy_floor: float
    clip: float
    unit_j: float
    penalty: float
    slot_s: float

    def of_classes(self, per_service: Array) -> Array:
        """[…, S, n] to […, C, n]."""
        return per_service if self.class_is_service else per_service[..., self.service, :]

    def of_services(self, per_class: Array) -> Array:
        """[…, C, n] to […, S, n], summed."""
        return per_class if self.class_is_service else self.to_service @ per_class

    def of_choices(self, per_route: Array) -> Array:
        """[…, C, D*R] to […, C, D x (K + 1)], summed."""
        onto = self.onto_candidate
        by_origin = per_route.reshape(*per_route.shape[:-1], -1, onto.shape[0])
        return (by_origin @ onto).reshape(*per_route.shape[:-1], -1)


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
    """Layout, conditions and requests of a slot, and what follows from them."""

    layout: Layout
    now: Conditions
    requests: Array
    """[…, C, D*R] of the route's origin: those that could come and, times the routing, that do."""
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
    """[…, C, D*R] 1/s, of all servers of the class at the end of the route, without load."""
    slack_s: Array
    """[…, C, D*R] what the deadline leaves, but for waiting."""
    node_j_gc: Array
    """[…, N] energy of one Gc at full load, in units of cost."""
    transfer_j: Array
    """[…, C, D*R] energy of a request on the way, in units of cost; None without links."""


def situation(xp: ModuleType, layout: Layout, now: Conditions, requests: Array) -> Situation:
    """What the routings of a slot have in common.

    Args:
        xp: numpy or torch.
        layout: of the world or worlds, or of a domain.
        now: the slot.
        requests: […, C, D*R] of each route's origin.
    """
    tau, node = layout.slot_s, layout.route_node
    capacity = layout.capacity_gc_s
    spare = 1.0 - now.background
    replicas = layout.replica_gc_s[..., None, :] * now.ready
    servers = layout.servers[..., None, :] * now.ready
    queue = now.backlog_gc / (capacity * spare)
    slack = layout.slack_s - at(queue, node)[..., None, :]
    transfer = None
    if layout.onto_link.shape[-1] > 0:
        along = layout.onto_link.T
        size = layout.size_mbit[..., None]
        transfer = size * ((now.link_j_mbit / layout.unit_j) @ along)[..., None, :]
        if layout.per_mbit_s is None:
            slack = slack - size * ((1.0 / now.link_mbit_s) @ along)[..., None, :]
    return Situation(
        layout=layout,
        now=now,
        requests=requests,
        here=(now.ready > 0) * 1.0,
        spare=spare,
        per_gc=1.0 / (capacity * tau),
        granted=replicas / capacity[..., None, :],
        per_granted_gc=1.0 / at_least(replicas * tau, 1e-6),
        exponent=xp.sqrt(2.0 * (servers + 1.0)) - 1.0,
        rate=at(layout.of_classes(servers) * layout.per_server_hz, node),
        slack_s=slack,
        node_j_gc=layout.dynamic_w / capacity / layout.unit_j,
        transfer_j=transfer,
    )
