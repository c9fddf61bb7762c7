"""What does not change between slots, as arrays (`layout` makes them)."""

from __future__ import annotations

from dataclasses import dataclass

from cnc.policies.hmarl.arrays import Array


@dataclass(frozen=True, eq=False)
class Layout:
    """What does not change between slots. N nodes, L links, D origins, C classes, R routes."""

    capacity_gc_s: Array
    """[…, N]"""
    servers: Array
    """Of one replica."""
    replica_gc_s: Array
    dynamic_w: Array
    work_gc: Array
    """[…, S] of a request."""
    size_mbit: Array
    """[…, C] both ways."""
    deadline_s: Array
    slack_s: Array
    """[…, C, D*R] what the deadline leaves after two-way propagation and processing and, where
    nominal, after transmission."""
    nominal: bool
    """Transmission is at nominal capacities, not at those of the slot."""
    per_server_hz: Array
    """[…, S, N] requests that one server finishes in a second."""
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
    origins: int
    choices: int
    """Of an origin, K + 1."""
    route_side: Array
    """[D*R, 2] up to two sides of pairs of parallel links (2 x pair + side); 2 G where none."""
    onto_side: Array
    """[D*R, 2 G]"""
    weight: Array
    """[D*R] part of a choice's traffic on a node that takes this route, beside the pairs."""
    domain: Array
    """[N] of each node."""
    onto_domain: Array
    """[N, domains]"""
    energy_floor: float
    clip: float
    unit_j: float
    penalty: float
    slot_s: float
    others: bool = True
    """Values count what a request takes from others; without, each agent looks to its own alone."""
