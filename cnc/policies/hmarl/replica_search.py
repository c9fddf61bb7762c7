"""E2E's search for better replicas: a sequence of add and remove actions by their values.

At a frame start E2E tries, in its view of the coming frame, what the domains could do: every round
the domains of one colour take the actions of the highest value on each of their nodes, then
requests are routed anew, so that the next round sees what the last one did. Neighbours never act in
the same round, since both would answer the same shortage. The best set of all rounds counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cnc.environment.sites import Booleans, Floats, Integers
from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.marginal import Layout
from cnc.policies.hmarl.networks import Single
from cnc.policies.hmarl.pairs_listed import ReadyPairs
from cnc.policies.hmarl.replica_values import Holding, ReplicaValues, replica_values
from cnc.policies.hmarl.situation import Conditions, Situation, situation, standing_of
from cnc.policies.hmarl.start import node_start
from cnc.policies.hmarl.turns import improved_by_turns
from cnc.simulator.world import World

SETTLING = 4
"""Turns of routing after a round, the last ones of a slot."""
ACTIONS = 4
"""Tried on each node in a round."""
COLOURS = 2
RETURNING = 2e-3
"""Share of a choice that has just become possible."""
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Expected:
    """What E2E expects of the coming frame."""

    layout: Layout
    conditions: Conditions
    """With the replicas in place as `ready`."""
    requests: Floats
    """[C, D*R] of each route's origin."""
    admissible: Booleans
    """[C, D*R]"""
    usable: Booleans
    """[S, N] where a replica may be added."""
    preference: Floats
    """[S, N] factor on what replicas are worth, from knowledge and triggers."""


class ReplicaSearch:
    """Search in one world.

    Args:
        world: its inventory.
        weights: of the networks that route.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        self._world, self.weights = world, weights
        self._single = Single("e2e", "node")
        parameters = world.parameters
        frame = parameters.frame_slots
        tau, unit = parameters.slot_s, parameters.reference_j
        self._holding = Holding(
            keep=world.keepalive_w * tau / unit, start=world.node_start_energy_j / (frame * unit)
        )
        cells = parameters.cells
        self._colour = np.arange(len(world.domain_ids)) % cells % COLOURS
        self._transport = world.node_domain == len(world.domain_ids) - 1

    def searched(
        self, replicas: Integers, expected: Expected, shares: Shares, rounds: int
    ) -> tuple[Integers, float]:
        """[S, N] the best replicas found, and what a slot is expected to cost with them.

        Args:
            replicas: [S, N] to begin with.
            expected: the coming frame.
            shares: routing to begin with.
            rounds: of actions.
        """
        placed = expected.conditions.ready
        now = best = replicas.astype(np.float64)
        lowest = np.inf
        everywhere = situation(np, expected.layout, expected.conditions, expected.requests)
        for turn in range(rounds + 1):
            given, shares, possible = self._routed(now, expected, shares, turn == 0)
            values = replica_values(
                given, everywhere, shares, possible, expected.admissible, self._holding
            )
            started = (np.maximum(now - placed, 0.0) * self._holding.start).sum()
            if values.cost + started < lowest:
                lowest, best = values.cost + started, now
            if turn < rounds:
                now = self._acted(now, values, expected, self._colour == turn % COLOURS)
        return best.astype(np.int64), float(lowest)

    def _routed(
        self, replicas: Floats, expected: Expected, shares: Shares, first: bool
    ) -> tuple[Situation, Shares, Floats]:
        """The slot, shares after a few turns, and [C, D x (K + 1)] which choices are possible."""
        layout = expected.layout
        there = (replicas > 0)[layout.service][:, layout.route_node] & expected.admissible
        shape = (len(layout.service), -1, layout.choices)
        routes = len(layout.onto_candidate)
        open_ = (there.reshape(len(there), -1, routes) @ layout.onto_candidate) > 0
        open_[..., -1] = True
        possible = open_.astype(np.float64).reshape(len(there), -1)
        returning = RETURNING * possible.reshape(shape)
        returning[..., -1] = 0.0
        choice = shares.choice.reshape(shape) * possible.reshape(shape) + returning
        choice = normalised(choice + TINY * possible.reshape(shape)).reshape(len(there), -1)
        conditions = replace(expected.conditions, ready=replicas)
        node = node_start(layout, conditions, shares.node)
        shares = Shares(choice, node, shares.side)
        standing = standing_of(np, replicas, ReadyPairs(layout, replicas, possible))
        given = situation(np, layout, conditions, expected.requests, standing)
        begin = 0 if first else len(self.weights["e2e.steps"]) - SETTLING
        weights = self._single.of(self.weights)
        shares = improved_by_turns(np, given, shares, possible, weights, False, max(0, begin))
        return given, shares, possible

    def _acted(
        self, replicas: Floats, values: ReplicaValues, expected: Expected, active: Booleans
    ) -> Floats:
        """[S, N] after actions on the nodes of the active domains."""
        world = self._world
        memory = world.memory_gb
        add = values.add * expected.preference
        can = expected.usable & (replicas < world.parameters.most_replicas)
        add = np.where(can, add, -np.inf)
        remove = np.where(replicas > 0, values.remove * expected.preference, np.inf)
        after = replicas.copy()
        free = world.node_memory_gb - memory @ replicas
        nodes = np.flatnonzero(active[world.node_domain] & (add.max(0) > 0))
        plain = nodes[~self._transport[nodes]]
        actions = _Actions(add[:, plain], remove[:, plain], memory)
        for at, node in enumerate(plain.tolist()):
            actions.take(at, after[:, node], free[node])
        for node in nodes[self._transport[nodes]]:  # it keeps one replica of every service
            remove[after[:, self._transport].sum(1) <= 1, node] = np.inf
            _Actions(add[:, [node]], remove[:, [node]], memory).take(0, after[:, node], free[node])
        return after


class _Actions:
    """What could be done on several nodes, in the order of its worth.

    Another replica is added where it gains most for its memory. Where there is no room, those
    make it that lose least for theirs, if all of them lose less than the new one gains.

    Args:
        add: [S, n] what another replica gains.
        remove: [S, n] what one less loses, infinite where there is none.
        memory: [S] of a replica.
    """

    def __init__(self, add: Floats, remove: Floats, memory: Floats) -> None:
        rate, loss = add / memory[:, None], remove / memory[:, None]
        self._wanted = np.argsort(-rate, axis=0, kind="stable").T.tolist()
        self._cheapest = np.argsort(loss, axis=0, kind="stable").T.tolist()
        self._gaining = np.count_nonzero(rate > 0.0, axis=0).tolist()
        self._removable = np.count_nonzero(np.isfinite(loss), axis=0).tolist()
        # a few numbers, one at a time, are quicker out of numpy
        self._gains, self._losses, self._sizes = add.T.tolist(), remove.T.tolist(), memory.tolist()

    def take(self, at: int, replicas: Floats, free: float) -> None:
        """Take the best on one node.

        Args:
            at: which of the nodes.
            replicas: [S] there, changed in place.
            free: memory that is left there.
        """
        gains, losses, sizes = self._gains[at], self._losses[at], self._sizes
        cheapest = self._cheapest[at][: self._removable[at]]
        gone: set[int] = set()
        tried = 0
        for service in self._wanted[at][: self._gaining[at]]:
            if service in gone:
                continue
            if tried == ACTIONS:
                break
            tried += 1
            needed, gain = sizes[service] - TINY, gains[service]
            leaving, room, lost = [], free, 0.0
            for other in cheapest:
                if room >= needed or lost >= gain:
                    break
                if other != service and other not in gone:
                    leaving.append(other)
                    room += sizes[other]
                    lost += losses[other]
            if room >= needed and lost < gain:
                replicas[leaving] -= 1.0
                replicas[service] += 1.0
                free = room - sizes[service]
                gone.update(leaving)
