"""What one more, or one less, replica of a service on a node is worth to the whole infrastructure.

The difference rewards of the deployment's two actions, in units of cost a slot, in closed form from
the same equations as `marginal` (docs/hmarl.md, "Deployment"):

- With flows as they are, another replica shortens waiting: the requests that come in time with it,
  less those without. Since routing is near its best, that is what it is worth to first order.
- It also draws requests that are served worse elsewhere, or not at all: what these cost now, less
  what they would cost here. Where a service has no replica yet, only that counts.
- A replica that is taken away costs the opposite of the first; the last one of a node costs what
  its requests would cost at their next best choice, if that is less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.environment.sites import Booleans, Floats
from cnc.policies.hmarl.improvement import CAP, Shares, listed, of_pairs
from cnc.policies.hmarl.marginal import Layout, Served, energy_slope, marginal_of, served_in
from cnc.policies.hmarl.situation import Situation, Standing

FILLED = 0.6
"""Utilisation to which a new replica is filled."""
CALM = 0.5
"""Utilisation at which a new replica is expected to serve, if its node is not busier."""
BUSY = 0.85
"""Utilisation of a node up to which it takes more work."""


@dataclass(frozen=True, eq=False)
class ReplicaValues:
    """Values of a tentative set of replicas, in units of cost a slot."""

    add: Floats
    """[S, N] what another replica gains, its own energy taken off."""
    remove: Floats
    """[S, N] what taking one away loses, its own energy given back; only where there is one."""
    gained: Floats
    """[S, N] requests that would come in time with another replica, flows as they are."""
    lost: Floats
    """[S, N] requests that would no longer, with one less."""
    cost: float
    """Of a slot with these replicas and this routing; idle energy not counted."""


@dataclass(frozen=True, eq=False)
class Holding:
    """What a replica costs for being there, in units of cost a slot."""

    keep: Floats
    """[S, N] of a replica that is up."""
    start: Floats
    """[N] of a replica that has to be started, spread over the frame."""


def replica_values(
    given: Situation,
    everywhere: Situation,
    shares: Shares,
    possible: Floats,
    admissible: Booleans,
    holding: Holding,
) -> ReplicaValues:
    """The values of all pairs of a service and a node.

    Args:
        given: the world with the tentative replicas as `ready`, on all routes that these open, and
            with the requests that are expected.
        everywhere: the same on all routes; what stands does not matter.
        shares: how requests are routed.
        possible: [C, D x (K + 1)] 1 where a choice is possible.
        admissible: [C, D*R] routes that are in time at zero load.
        holding: what replicas cost by themselves.
    """
    layout, pairs, replicas = given.layout, given.pairs, given.now.ready
    of_choice, at_node, path = of_pairs(pairs, listed(pairs, shares))
    now = served_in(np, given, of_choice * at_node * path)
    found = marginal_of(np, given, now)
    meets = _Meets(given, now)
    flow, met, energy, penalty = now.flow, now.met, found.energy, layout.penalty
    there = pairs.spots_of_grid(replicas)
    served = pairs.onto_spots(flow * met)
    gained = pairs.onto_spots(flow * meets.met(there + 1.0)) - served
    lost = served - pairs.onto_spots(flow * meets.met(np.maximum(there - 1.0, 0.0)))
    in_time = served.sum()
    gained, lost = pairs.spots_onto_grid(gained), pairs.spots_onto_grid(lost)
    # what requests cost at their choices now, and on average
    classes = len(shares.choice)
    shape = (classes, -1, layout.choices)
    value = np.minimum(found.total, CAP)
    q = pairs.choices_onto_grid(pairs.onto_choices(value * at_node * path)).reshape(shape)
    q[..., -1] = penalty
    price = (q * shares.choice.reshape(shape)).sum(-1)
    drawn = _drawn(everywhere, now, price, admissible)
    add = np.maximum(penalty * gained, drawn) - holding.keep - holding.start
    # a node's last replica: its requests go to the next best choice
    costs = np.where(possible.reshape(shape) > 0, q, np.inf)
    costs[..., -1] = penalty
    two = np.partition(costs, 1, -1)
    other = np.where(costs == two[..., :1], two[..., 1:2], two[..., :1])
    other = np.minimum(other, penalty).reshape(classes, -1)
    other = pairs.of_choices(pairs.choices_of_grid(other))
    moved = pairs.onto_spots(flow * np.maximum(other - energy - penalty * (1.0 - met), 0.0))
    moved = pairs.spots_onto_grid(moved)
    remove = penalty * lost
    remove = np.where(replicas == 1.0, np.minimum(remove, moved), remove) - holding.keep
    asked = everywhere.requests[:, :: len(layout.onto_candidate)].sum()
    cost = (flow * energy).sum() + (holding.keep * replicas).sum()
    cost += penalty * (asked - in_time)
    return ReplicaValues(add, remove, gained, lost, float(cost))


class _Meets:
    """Shares served in time with other replicas and the work that nodes have now."""

    def __init__(self, given: Situation, now: Served) -> None:
        self._standing, self._now = given.standing, now
        slack, passed = _on_the_way(given, now)
        self._slack = np.maximum(slack, 0.0)
        self._passed = passed * (slack > 0)
        of_nodes = given.pairs.spots_of_nodes
        self._spare, self._rho = of_nodes(given.spare / now.most), of_nodes(now.rho)
        self._replica_gc = of_nodes(given.layout.replica_gc_s * given.layout.slot_s)

    def met(self, replicas: Floats) -> Floats:
        """[…, P] with [Q] replicas."""
        granted = np.maximum(self._replica_gc * replicas, 1e-6)
        pressure = self._now.work / granted
        kept = (replicas > 0) * self._spare / np.maximum(pressure, 1.0)
        pressure = np.maximum(pressure, self._rho)
        return _in_time(self._standing, replicas, pressure, kept, self._slack) * self._passed


def _on_the_way(given: Situation, now: Served) -> tuple[Floats, Floats]:
    """[…, P] what links leave of the deadline, and the part that they let pass."""
    layout, pairs, links = given.layout, given.pairs, now.links
    assert links is not None, "a whole world has links"
    return given.slack_s - pairs.of_links(links.wait_s), pairs.of_routes(links.kept(np, layout))


def _in_time(
    standing: Standing, replicas: Floats, pressure: Floats, kept: Floats, slack: Floats
) -> Floats:
    """[…, P] share that replicas [Q] at a pressure serve within the slack."""
    layout, pairs = standing.layout, standing.pairs
    pressure = np.minimum(pressure, layout.clip)
    servers = pairs.spots_of_nodes(layout.servers) * replicas
    exponent = np.sqrt(2.0 * (servers + 1.0)) - 1.0
    waiting = pairs.of_spots(exponent * np.log(np.maximum(pressure, 1e-9)))
    drain = pairs.of_spots((1.0 - pressure) * servers * pairs.spots_of_grid(layout.per_server_hz))
    return np.asarray((1.0 - np.exp(waiting - slack * drain)) * pairs.of_spots(kept))


def _drawn(given: Situation, now: Served, price: Floats, admissible: Booleans) -> Floats:
    """[S, N] gain by the requests that a new replica would draw, as far as it can take them.

    Args:
        given: the slot, on all routes.
        now: what becomes of the requests.
        price: [C, D] what a request costs now.
        admissible: [C, D*R]
    """
    layout, routes = given.layout, len(given.layout.onto_candidate)
    slack, passed = _on_the_way(given, now)
    # one replica that is moderately used
    standing, pairs = given.standing, given.pairs
    of_nodes = pairs.spots_of_nodes
    one = np.ones_like(standing.here)
    spare = of_nodes(given.spare / now.most)
    calm = of_nodes(np.maximum(CALM, now.rho)) * one
    met = _in_time(standing, one, calm, spare * one, np.maximum(slack, 0.0))
    met *= passed * (slack > 0)
    slope = energy_slope(layout, now.rho)
    energy = pairs.of_spots(standing.node_j * of_nodes(slope)) + given.transfer_j
    here = energy + layout.penalty * (1.0 - met)
    gain = np.maximum(np.repeat(price, routes, axis=1) - here, 0.0) * admissible
    requests = given.requests / _parallel(layout, routes)
    total = pairs.onto_spots(gain * requests)
    work = pairs.onto_spots((gain > 0) * requests) * standing.work_gc
    room = np.maximum(BUSY - now.rho, 0.0) * layout.capacity_gc_s * layout.slot_s
    takes = np.minimum(FILLED * layout.replica_gc_s * layout.slot_s, room)
    return np.asarray(total * np.minimum(1.0, of_nodes(takes) / np.maximum(work, 1e-9)))


def _parallel(layout: Layout, routes: int) -> Floats:
    """[D*R] routes from the same origin to the same node."""
    origin = np.arange(len(layout.route_node)) // routes
    key = origin * len(layout.capacity_gc_s) + layout.route_node
    counts: Floats = np.bincount(key)[key].astype(np.float64)
    return counts
