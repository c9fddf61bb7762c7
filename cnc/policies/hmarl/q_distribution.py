"""E2E: distributes tasks by a Q-function (docs/hmarl.md, "Distribution").

Q(origin, class, candidate) is what one more request costs the whole infrastructure: the
difference reward of a chunk, given what the joint decision already sends everywhere. The softmax
policy over Q is improved in turns, from where the last slot left it, as long as it gains. To know
what a candidate domain would do with the traffic, E2E predicts the splits of all domains with the
same shared networks that the domains use.

Deviations from the paper, which gives no equations: values are marginal costs of chunks instead of
returns (slots hardly depend on each other, gamma 0); they start from the closed form and the
network learns what is left; a share may stay unserved where serving costs more than the penalty.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation, Expectation, Hosts
from cnc.environment.sites import Booleans, Floats, Integers
from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.backhaul import backhaul_shares
from cnc.policies.hmarl.improvement import KEPT, Shares, Weights
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.networks import Single
from cnc.policies.hmarl.pairs_listed import Kept
from cnc.policies.hmarl.situation import Conditions, situation
from cnc.policies.hmarl.start import UNSERVED, node_start, pair_start, warmed, with_fixed
from cnc.policies.hmarl.turns import Patience, improved_by_turns
from cnc.policies.hmarl.wishes import Wishes
from cnc.policies.shares import Candidates
from cnc.simulator.world import BACKHAUL, CORE, LOCAL, TrafficClasses, World

DIGITS = 5
"""Of the shares that E2E tells domains it expects."""


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
        self._patience: Patience | None = Patience()
        self._pairs = pair_links(world)
        self._backhaul = backhaul_sides(world)
        self._wishes = Wishes(world, weights, self._candidates)
        self._key: bytes = b""
        self._kept, self._single = Kept(), Single("e2e", "node")
        self._can: tuple[tuple[bytes, ...], Floats] = (), np.zeros((0, 0, 0))
        self._layout: Layout | None = None
        self._last: Shares | None = None
        self._decided: int | None = None

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain may host every service; the prior is how many replicas E2E wishes for."""
        prior = self._wishes.of_domains(self.replicas(observation))
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def replicas(self, observation: EndToEndObservation) -> Integers:
        """[S, N] what E2E would deploy for the coming frame."""
        layout, now = self._layout_for(observation.classes), _conditions(observation)
        shares = self._start(observation, layout, now, self._possible(observation))
        return self._wishes.replicas(observation, layout, shares)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]; rows sum to at most 1, the rest stays unserved."""
        choice = self.decide(observation).choice
        origins, candidates = self._world.candidates.shape
        by_origin = choice.reshape(-1, origins, candidates + 1).transpose(1, 0, 2)
        return np.ascontiguousarray(by_origin[..., :-1])

    def decide(self, observation: EndToEndObservation) -> Shares:
        """The whole joint decision: E2E's own choices, and what it expects domains to do.

        Domains begin with what is expected of them (`expected`), and decide.

        What is asked again in the same slot is a question (the plan of an intent, say), not a
        decision, and leaves no trace.
        """
        self._wishes.see(observation)
        layout = self._layout_for(observation.classes)
        origins, candidates = self._world.candidates.shape
        classes = len(observation.classes)
        possible = self._possible(observation)
        shape = (classes, origins * (candidates + 1))
        flat = possible.transpose(1, 0, 2).reshape(shape)
        now = _conditions(observation)
        requests = observation.requests.T[:, layout.route_choice // (candidates + 1)]
        standing = self._kept.standing(layout, now.ready, flat)
        given = situation(np, layout, now, requests, standing)
        shares = self._start(observation, layout, now, possible)

        weights = self._single.of(self._weights)
        shares = improved_by_turns(np, given, shares, flat, weights, False, patience=self._patience)
        choice = np.where(shares.choice < KEPT, 0.0, shares.choice)
        choice = normalised(choice.reshape(classes, origins, candidates + 1))
        decided = Shares(choice.reshape(shape), shares.node, shares.side)
        if observation.slot >= 0 and observation.slot != self._decided:  # before 0 nothing serves
            self._last, self._decided = decided, observation.slot
        return decided

    def expected(self) -> Expectation | None:
        """What it expects the domains to do in the slot that it decided last.

        Rounded, so that a directive stays short: a share's last digits mean nothing.
        """
        if self._last is None:
            return None
        node, side = self._last.node, self._last.side
        paths = side[:, :-1].reshape(len(side), -1, 2).transpose(1, 0, 2)
        return Expectation(sigma=node.round(DIGITS), paths=paths.round(DIGITS))

    def _possible(self, observation: EndToEndObservation) -> Floats:
        """[D, C, K + 1] 1 where a candidate can be chosen, or leaving unserved.

        Kept until replicas, domains, classes or what is ruled out change; nobody may change it.
        """
        ruled_in = observation.prior > -50.0
        parts = (observation.ready, observation.live, ruled_in)
        key = observation.classes.key, *(part.tobytes() for part in parts)
        if key != self._can[0]:
            self._can = key, self._possible_now(observation, ruled_in)
        return self._can[1]

    def _possible_now(self, observation: EndToEndObservation, ruled_in: Booleans) -> Floats:
        usable = self._candidates.usable(observation) & ruled_in[None]
        possible = np.ones((*usable.shape[:-1], usable.shape[-1] + 1))
        possible[..., :-1] = usable
        # what nobody can serve in time goes to X all the same (system model, "Decisions")
        hopeless = ~self._candidates.admissible_routes(observation).any(-1)
        possible[..., -1] = ~(hopeless & usable.any(-1))
        return possible

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
        """[S, 2 G + 1] by what is left of the links; backhauls as RAN domains alone would."""
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

    # -- remembering -----------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The last decision, and the demand seen."""
        last = self._last
        if last is None:
            return {}
        shares = {name: getattr(last, name).tolist() for name in ("choice", "node", "side")}
        return {**shares, "wishes": self._wishes.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        self._last, self._decided = None, None
        if snapshot:
            self._wishes.restore(snapshot["wishes"])
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
    """Columns of the sides […, 2 G + 1] that begin as RAN domains alone would split them."""
    origins = len(world.candidates)
    return slice(2 * origins, 4 * origins)
