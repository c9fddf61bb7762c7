"""What one more request costs: the marginal slot cost of every route, in closed form.

The difference reward of a small chunk of requests (system model, "Outcome of a slot"): the slot's
cost with it less the cost without it, per request. It is the gradient of the kernel's cost in the
flows, written out, so that agents can work it out from reports without a simulator;
tests/policies/test_hmarl_marginal.py holds it to the kernel.

Works on numpy arrays and torch tensors alike: `xp` is the module. Shapes have any leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from cnc.policies.hmarl.arrays import Array, at_least, at_most
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.situation import Conditions, Situation, situation

__all__ = [
    "Array",
    "Conditions",
    "Layout",
    "LinkState",
    "Marginal",
    "Served",
    "link_state",
    "marginal_cost",
    "marginal_cost_in",
]


@dataclass(frozen=True, eq=False)
class Marginal:
    """Per pair of class and route […, P], in units of cost a request, and what it is made of.

    Q spots, as `pairs` says.
    """

    total: Array
    energy: Array
    unsatisfied: Array
    """Of the request itself."""
    others: Array
    """What it takes from the others on nodes and links."""
    utilisation: Array
    """[…, N]"""
    pressure: Array
    """[…, Q] the larger of node's and replicas' utilisation."""
    link_load: Array
    """[…, L]; None without links."""


@dataclass(frozen=True, eq=False)
class LinkState:
    """What a flow does to links, and links to it."""

    load: Array
    """[…, L]"""
    wait_s: Array
    """[…, L] of a request."""
    wait_slope_s: Array
    """[…, L] how the wait grows with the load."""
    per_mbit: Array
    """[…, L] load by one Mbit."""
    most: Array
    """[…, L] load, at least 1."""

    def kept(self, xp: ModuleType, layout: Layout) -> Array:
        """[…, D*R] part of a flow that overloaded links let pass along a route."""
        return xp.exp(-xp.log(self.most) @ layout.onto_link.T)


def link_state(given: Situation, flow: Array) -> LinkState:
    """What flows […, P] do to the links of a situation that has links."""
    layout, link = given.layout, given.now.link_mbit_s
    bits = given.pairs.onto_links(flow * given.standing.size_mbit)
    per_mbit = 1.0 / (link * layout.slot_s)
    load = bits * per_mbit
    mean_size = bits / at_least(given.pairs.onto_links(flow), 1e-9)
    half = 0.5 * mean_size / link
    clipped = at_most(load, layout.clip)
    free = 1.0 - clipped
    return LinkState(
        load=load,
        wait_s=half * clipped / free,
        wait_slope_s=half / free**2 * (load < layout.clip),
        per_mbit=per_mbit,
        most=at_least(load, 1.0),
    )


def marginal_cost(
    xp: ModuleType, layout: Layout, now: Conditions, requests: Array, routing: Array
) -> Marginal:
    """The marginal cost of each class on each route.

    Args:
        xp: numpy or torch.
        layout: of the world or worlds, or of a domain.
        now: the slot.
        requests: […, C, D*R] of each route's origin.
        routing: […, C, D*R] y.
    """
    return marginal_cost_in(xp, situation(xp, layout, now, requests), routing)


@dataclass(frozen=True, eq=False)
class Served:
    """What a routing makes of a slot, before anything is differentiated. P pairs, Q spots."""

    flow: Array
    """[…, P] requests."""
    work: Array
    """[…, Q] Gc."""
    own: Array
    """[…, N] utilisation without background."""
    rho: Array
    """[…, N]"""
    rho_replica: Array
    """[…, Q]"""
    pressure: Array
    clipped: Array
    most: Array
    """[…, N] own utilisation, or what is spare, if that is more."""
    most_replica: Array
    links: LinkState | None
    room: Array
    """[…, P]"""
    free: Array
    tail: Array
    """[…, P] share that waits too long."""
    kept: Array
    """[…, P] share that overload leaves."""
    met: Array
    """[…, P] share served in time."""
    energy: Array
    """[…, P] of one more request, in units of cost."""

    def cost(self, penalty: float) -> Array:
        """[…, P] of what flows: energy at the marginal rate, less the penalty of what is served in
        time."""
        return self.flow * (self.energy - penalty * self.met)


def served_in(xp: ModuleType, given: Situation, routing: Array) -> Served:
    """What becomes of the requests of a slot.

    Args:
        xp: numpy or torch.
        given: the slot.
        routing: […, P] y, of the situation's pairs of class and route.
    """
    stands = given.standing
    layout, pairs = stands.layout, stands.pairs
    flow = given.requests * routing
    # -- loads
    work = pairs.onto_spots(flow) * stands.work_gc
    own = (pairs.spots_onto_nodes(work) + given.now.backlog_gc) * stands.per_gc
    rho = given.now.background + own
    rho_replica = work * stands.per_granted_gc
    pressure = xp.maximum(rho_replica, pairs.spots_of_nodes(rho))
    clipped = at_most(pressure, layout.clip)
    slack = given.slack_s
    links = None
    if layout.onto_link.shape[-1] > 0:
        links = link_state(given, flow)
        slack = slack - pairs.of_links(links.wait_s)
    # -- the share that waits too long
    room = at_least(slack, 0.0) * stands.rate
    free = pairs.of_spots(1.0 - clipped)
    waiting = stands.exponent * xp.log(at_least(clipped, 1e-9))
    tail = xp.exp(pairs.of_spots(waiting) - room * free)
    # -- what an overloaded node or link keeps of the rest
    most = xp.maximum(own, given.spare)
    most_replica = at_least(rho_replica, 1.0)
    node_kept = pairs.spots_of_nodes(given.spare / most) / most_replica
    kept = pairs.of_spots(node_kept) * (slack > 0)
    if links is not None and (xp is not np or (links.most > 1.0).any()):
        kept = kept * pairs.of_routes(links.kept(xp, layout))
    # -- energy of one more request
    energy = pairs.of_spots(stands.node_j * pairs.spots_of_nodes(energy_slope(layout, rho)))
    if links is not None:
        energy = energy + given.transfer_j
    return Served(
        flow, work, own, rho, rho_replica, pressure, clipped, most, most_replica, links, room, free,
        tail, kept, (1.0 - tail) * kept, energy,
    )  # fmt: skip


def energy_slope(layout: Layout, rho: Array) -> Array:
    """[…, N] energy of one more Gc at a utilisation, in units of its mean at full load."""
    return layout.energy_floor + 3.0 * (1.0 - layout.energy_floor) * at_most(rho, 1.0) ** 2


def marginal_cost_in(xp: ModuleType, given: Situation, routing: Array) -> Marginal:
    """The same where the situation is worked out already.

    Args:
        xp: numpy or torch.
        given: the slot.
        routing: […, P] y, of the situation's pairs of class and route.
    """
    return marginal_of(xp, given, served_in(xp, given, routing))


def marginal_of(xp: ModuleType, given: Situation, now: Served) -> Marginal:
    """The same where it is known what becomes of the requests."""
    stands = given.standing
    layout, pairs, penalty = stands.layout, stands.pairs, stands.layout.penalty
    rho, links = now.rho, now.links
    by_pressure = pairs.of_spots(stands.exponent / at_least(now.clipped, 1e-3)) + now.room
    unsatisfied = penalty * (1.0 - now.met)
    # -- what it takes from the others on its node, by utilisation and by overload
    late, in_time = now.flow * now.tail * now.kept, now.flow * now.met
    lost = pairs.onto_spots(late * by_pressure) * (now.pressure < layout.clip)
    served = pairs.onto_spots(in_time)
    by_node = lost * (pairs.spots_of_nodes(rho) >= now.rho_replica)
    full = (now.own > given.spare) / now.most
    overfull = (now.rho_replica > 1.0) / now.most_replica
    onto_nodes = pairs.spots_onto_nodes
    at_node = (onto_nodes(by_node) + full * onto_nodes(served)) * stands.per_gc
    at_replica = (lost - by_node + overfull * served) * stands.per_granted_gc
    by_work = pairs.spots_of_nodes(at_node) + at_replica
    others = pairs.of_spots(penalty * stands.work_gc * by_work)
    if links is not None:
        # -- and on its links, by waiting and by overload
        waits = pairs.onto_links(late * stands.rate * now.free) * links.wait_slope_s
        choked = pairs.onto_links(in_time) * (links.load > 1.0) / links.most
        of_link = penalty * (waits + choked) * links.per_mbit
        others = others + stands.size_mbit * pairs.of_links(of_link)
    alone = now.energy + unsatisfied
    return Marginal(
        total=alone + others if layout.others else alone,
        energy=now.energy,
        unsatisfied=unsatisfied,
        others=others,
        utilisation=rho,
        pressure=now.pressure,
        link_load=None if links is None else links.load,
    )
