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
from cnc.policies.hmarl.improvement import CAP, Shares, routing
from cnc.policies.hmarl.marginal import Layout, LinkState, link_state, marginal_cost_in
from cnc.policies.hmarl.situation import Conditions, Situation, situation

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
    layout: Layout,
    now: Conditions,
    requests: Floats,
    shares: Shares,
    possible: Floats,
    admissible: Booleans,
    holding: Holding,
) -> ReplicaValues:
    """The values of all pairs of a service and a node.

    Args:
        layout: of the world.
        now: conditions with the tentative replicas as `ready`.
        requests: [C, D*R] expected requests of each route's origin.
        shares: how they are routed.
        possible: [C, D x (K + 1)] 1 where a choice is possible.
        admissible: [C, D*R] routes that are in time at zero load.
        holding: what replicas cost by themselves.
    """
    given = situation(np, layout, now, requests)
    y, at_node, path = routing(layout, shares)
    found = marginal_cost_in(np, given, y)
    flow = requests * y
    links = link_state(given, flow)
    meets = _Meets(given, links, flow)
    replicas = now.ready
    energy, penalty = found.energy, layout.penalty
    met = meets.met(replicas)
    served = given.pairs.onto_nodes(flow * met)
    gained = given.pairs.onto_nodes(flow * meets.met(replicas + 1.0)) - served
    lost = served - given.pairs.onto_nodes(flow * meets.met(np.maximum(replicas - 1.0, 0.0)))
    # what requests cost at their choices now, and on average
    shape = (len(y), -1, layout.choices)
    value = np.minimum(found.total, CAP)
    q = given.pairs.onto_choices(value * at_node * path).reshape(shape)
    q[..., -1] = penalty
    price = (q * shares.choice.reshape(shape)).sum(-1)
    drawn = _drawn(given, meets, price, energy, admissible)
    add = np.maximum(penalty * gained, drawn) - holding.keep - holding.start
    # a node's last replica: its requests go to the next best choice
    costs = np.where(possible.reshape(shape) > 0, q, np.inf)
    costs[..., -1] = penalty
    two = np.partition(costs, 1, -1)
    other = np.where(costs == two[..., :1], two[..., 1:2], two[..., :1])
    other = np.minimum(other, penalty).reshape(len(y), -1)[:, layout.route_choice]
    moved = given.pairs.onto_nodes(flow * np.maximum(other - energy - penalty * (1.0 - met), 0.0))
    remove = penalty * lost
    remove = np.where(replicas == 1.0, np.minimum(remove, moved), remove) - holding.keep
    routes = len(layout.route_node) // (shares.choice.shape[-1] // layout.choices)
    asked = requests[:, ::routes].sum()
    cost = (flow * energy).sum() + (holding.keep * replicas).sum()
    cost += penalty * (asked - served.sum())
    return ReplicaValues(add, remove, gained, lost, float(cost))


class _Meets:
    """Shares served in time on every pair of class and route, with any number of replicas."""

    def __init__(self, given: Situation, links: LinkState, flow: Floats) -> None:
        layout = given.layout
        self._given, self._layout = given, layout
        work = given.pairs.onto_nodes(flow) * layout.work_gc[:, None]
        own = (work.sum(0) + given.now.backlog_gc) * given.per_gc
        self._work, self.rho = work, given.now.background + own
        wait = links.wait_s @ layout.onto_link.T
        self._slack = given.slack_s - given.pairs.of_routes(wait)
        passed = given.pairs.of_routes(links.kept(np, layout))
        self._kept = passed * (self._slack > 0)
        self._spare = (given.spare / np.maximum(own, given.spare))[None, :]

    def met(self, replicas: Floats) -> Floats:
        """[C, D*R] with the work that nodes have now."""
        granted = np.maximum(self._layout.replica_gc_s * replicas * self._layout.slot_s, 1e-6)
        pressure = self._work / granted
        kept = (replicas > 0) * self._spare / np.maximum(pressure, 1.0)
        return self._at(replicas, np.maximum(pressure, self.rho), kept)

    def met_by_new(self) -> Floats:
        """[C, D*R] by one replica that is moderately used."""
        one = np.ones_like(self._work)
        return self._at(one, np.maximum(CALM, self.rho) * one, self._spare * one)

    def _at(self, replicas: Floats, pressure: Floats, kept: Floats) -> Floats:
        layout, pairs = self._layout, self._given.pairs
        pressure = np.minimum(pressure, layout.clip)
        servers = layout.servers * replicas
        exponent = np.sqrt(2.0 * (servers + 1.0)) - 1.0
        waiting = pairs.of_nodes(exponent * np.log(np.maximum(pressure, 1e-9)))
        drain = pairs.of_nodes((1.0 - pressure) * servers * layout.per_server_hz)
        tail = np.exp(waiting - np.maximum(self._slack, 0.0) * drain)
        return np.asarray((1.0 - tail) * pairs.of_nodes(kept) * self._kept)


def _drawn(
    given: Situation, meets: _Meets, price: Floats, energy: Floats, admissible: Booleans
) -> Floats:
    """[S, N] gain by the requests that a new replica would draw, as far as it can take them.

    Args:
        given: the slot.
        meets: the shares that are in time.
        price: [C, D] what a request costs now.
        energy: [C, D*R] of a request.
        admissible: [C, D*R]
    """
    layout = given.layout
    routes = len(layout.route_node) // price.shape[1]
    here = energy + layout.penalty * (1.0 - meets.met_by_new())
    gain = np.maximum(np.repeat(price, routes, axis=1) - here, 0.0) * admissible
    requests = given.requests / _parallel(layout, routes)
    total = given.pairs.onto_nodes(gain * requests)
    work = given.pairs.onto_nodes((gain > 0) * requests) * layout.work_gc[:, None]
    room = np.maximum(BUSY - meets.rho, 0.0) * layout.capacity_gc_s * layout.slot_s
    takes = np.minimum(FILLED * layout.replica_gc_s * layout.slot_s, room)
    return np.asarray(total * np.minimum(1.0, takes / np.maximum(work, 1e-9)))


def _parallel(layout: Layout, routes: int) -> Floats:
    """[D*R] routes from the same origin to the same node."""
    origin = np.arange(len(layout.route_node)) // routes
    key = origin * len(layout.capacity_gc_s) + layout.route_node
    counts: Floats = np.bincount(key)[key].astype(np.float64)
    return counts
