"""E2E: distributes tasks by a Q-function (docs/hmarl.md, "Distribution").

Q(origin, class, candidate) is what one more request costs the whole infrastructure: the
difference reward of a chunk, given what the joint decision already sends everywhere. The softmax
policy over Q is improved a few times in a slot, from where the last slot left it. To know what a
candidate domain would do with the traffic, E2E predicts the splits of all domains with the same
shared networks that the domains use.

Deviations from the paper, which gives no equations: values are marginal costs of chunks instead of
returns (slots hardly depend on each other, gamma 0); they start from the closed form and the
network learns what is left; a share may stay unserved where serving costs more than the penalty.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation, Hosts
from cnc.environment.sites import Floats
from cnc.policies.hmarl.backhaul import backhaul_shares
from cnc.policies.hmarl.improvement import KEPT, Shares, Weights, improved_in, normalised, routing
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.marginal import marginal_cost
from cnc.policies.hmarl.pairs import AllPairs, ReadyPairs
from cnc.policies.hmarl.situation import Conditions, situation
from cnc.policies.hmarl.start import UNSERVED, node_start, pair_start, warmed, with_fixed
from cnc.policies.shares import Candidates
from cnc.simulator.world import BACKHAUL, CORE, LOCAL, TrafficClasses, World


class QDistribution:
    """The E2E agent.

    Args:
        world: its inventory.
        weights: of the networks.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        self._world = world
        self._candidates = Candidates(world)
        self._weights = weights
        self._pairs = pair_links(world)
        self._backhaul = backhaul_sides(world)
        self._key: bytes = b""
        self._layout: Layout | None = None
        self._last: Shares | None = None

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain may host every service; the prior is what a service's requests cost now."""
        prior = observation.hosts_prior + self._price_of_services(observation)
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]; rows sum to at most 1, the rest stays unserved."""
        world = self._world
        layout = self._layout_for(observation.classes)
        origins, candidates = world.candidates.shape
        classes = len(observation.classes)
        usable = self._candidates.usable(observation)
        usable = usable & (observation.prior > -50.0)[None]
        possible = np.ones((origins, classes, candidates + 1))
        possible[..., :-1] = usable
        # what nobody can serve in time goes to X all the same (system model, "Decisions")
        hopeless = ~self._candidates.admissible_routes(observation).any(-1)
        possible[..., -1] = ~(hopeless & usable.any(-1))
        shape = (classes, origins * (candidates + 1))
        flat = possible.transpose(1, 0, 2).reshape(shape)
        now = _conditions(observation)
        requests = observation.requests.T[:, layout.route_choice // (candidates + 1)]
        pairs = ReadyPairs(layout, now.ready, flat)
        given = situation(np, layout, now, requests, pairs)
        shares = start = self._start(observation, layout, now, possible)
        for turn in range(len(self._weights["e2e.steps"])):
            shares = improved_in(np, given, shares, flat, self._weights, turn, fixed_choice=False)
            side = with_fixed(np, shares.side, start.side, self._backhaul)
            shares = Shares(shares.choice, shares.node, side)
        choice = np.where(shares.choice < KEPT, 0.0, shares.choice)
        choice = normalised(choice.reshape(classes, origins, candidates + 1))
        if observation.slot >= 0:  # before slot 0 nothing serves yet
            self._last = Shares(choice.reshape(shape), shares.node, shares.side)
        return np.ascontiguousarray(choice.transpose(1, 0, 2)[..., :-1])

    # -- what it starts from ---------------------------------------------------------------------

    def _layout_for(self, classes: TrafficClasses) -> Layout:
        key = classes.key
        if self._layout is None or key != self._key:
            self._layout, self._key = layout_of(self._world, classes), key
        return self._layout

    def _start(
        self, observation: EndToEndObservation, layout: Layout, now: Conditions, possible: Floats
    ) -> Shares:
        """The last decision where it is still possible, mixed with an even spread."""
        classes = len(observation.classes)
        bias = np.exp(np.clip(observation.prior, -50.0, 5.0))
        spread = possible.copy()
        spread[..., :-1] *= bias[None]
        spread[..., -1] *= UNSERVED
        choice = normalised(spread).transpose(1, 0, 2)
        last, side = self._last, self._sides(observation)
        node = node_start(layout, now, None if last is None else last.node)
        if last is not None:
            known = last.choice.shape[0]
            before = choice.copy()
            before[:known] = last.choice[:classes].reshape(choice[:known].shape)
            choice = normalised(warmed(before * possible.transpose(1, 0, 2), choice))
            side = with_fixed(np, warmed(last.side, side), side, self._backhaul)
        return Shares(choice.reshape(classes, -1), node, side)

    def _sides(self, observation: EndToEndObservation) -> Floats:
        """[S, 2 G + 1] by what is left of the links; backhauls as RAN domains split them."""
        world, services = self._world, len(self._world.work_gc)
        pair = self._pairs
        side = np.ones((services, 2 * len(pair) + 1))
        side[:, :-1] = pair_start(
            observation.link_capacity_mbit_s[pair], observation.link_utilisation[pair]
        ).reshape(1, -1)
        origins = len(world.candidates)
        backhaul = pair[origins : 2 * origins]
        classes = world.classes
        shares = backhaul_shares(
            np,
            self._weights,
            observation.link_capacity_mbit_s[backhaul],
            observation.link_utilisation[backhaul],
            observation.link_energy_j_mbit[backhaul],
            world.link_propagation_s[backhaul],
            (classes.uplink_mbit + classes.downlink_mbit)[:services],
            classes.deadline_s[:services],
            1.0 / (world.parameters.reference_j * world.parameters.penalty),
        )
        side[:, self._backhaul] = shares.transpose(1, 0, 2).reshape(services, -1)
        return side

    def _price_of_services(self, observation: EndToEndObservation) -> Floats:
        """[domains, S] what a request of a domain's origins costs now, over the penalty."""
        world = self._world
        domains, services = len(world.domain_ids), len(world.work_gc)
        if self._last is None or self._last.choice.shape[0] != len(observation.classes):
            return np.zeros((domains, services))
        layout = self._layout_for(observation.classes)
        origins, candidates = world.candidates.shape
        requests = observation.requests.T[:, layout.route_choice // (candidates + 1)]
        here = (observation.ready > 0) * 1.0
        shares = Shares(
            self._last.choice,
            normalised(here * self._last.node, layout.onto_domain),
            self._last.side,
        )
        flow, at_node, path = routing(layout, shares)
        found = marginal_cost(np, layout, _conditions(observation), requests, flow)
        value = np.clip(found.total, 0.0, layout.penalty)
        served = AllPairs(layout).onto_choices(value * at_node * path)
        shape = (len(observation.classes), origins, candidates + 1)
        q = served.reshape(shape)
        q[..., -1] = layout.penalty
        price = (q * shares.choice.reshape(shape)).sum(-1) / layout.penalty
        weight = observation.requests.T + 0.01
        total = np.zeros((domains, services))
        mass = np.zeros((domains, services))
        for k in range(candidates):
            at = world.candidates[:, k]
            np.add.at(total, at, (layout.to_service @ (price * weight)).T)
            np.add.at(mass, at, (layout.to_service @ weight).T)
        return np.asarray(total / np.maximum(mass, 1e-9))

    # -- remembering -----------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The last decision."""
        last = self._last
        if last is None:
            return {}
        return {name: getattr(last, name).tolist() for name in ("choice", "node", "side")}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the last decision."""
        self._last = None
        if snapshot:
            self._last = Shares(
                *(np.array(snapshot[name], dtype=np.float64) for name in ("choice", "node", "side"))
            )


def _conditions(observation: EndToEndObservation) -> Conditions:
    return Conditions(
        background=observation.background,
        backlog_gc=observation.backlog_gc,
        ready=observation.ready.astype(np.float64),
        link_mbit_s=observation.link_capacity_mbit_s,
        link_j_mbit=observation.link_energy_j_mbit,
    )


def pair_links(world: World) -> Any:
    """[G, 2] links of each pair: local by origin, backhaul by origin, core."""
    origins = len(world.candidates)
    kinds, owners = world.link_kind, world.link_domain
    wanted = [(LOCAL, i) for i in range(origins)]
    wanted += [(BACKHAUL, origins + i) for i in range(origins)]
    wanted += [(CORE, 2 * origins)]
    return np.array(
        [np.flatnonzero((kinds == kind) & (owners == owner))[:2] for kind, owner in wanted]
    )


def backhaul_sides(world: World) -> slice:
    """Columns of the sides […, 2 G + 1] that RAN domains decide by what they saw last."""
    origins = len(world.candidates)
    return slice(2 * origins, 4 * origins)
