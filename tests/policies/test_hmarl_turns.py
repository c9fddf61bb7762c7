"""Turns of a slot: fewer where nothing is left to gain, more in a crowd, never a worse decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.observations import EndToEndObservation
from cnc.environment.scenario import load_scenario
from cnc.policies.hmarl import turns
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.turns import Patience
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World

TRAINED = len(shipped(0)["e2e.steps"])


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(load_scenario("small"), 5)


class Counted:
    """Counts turns, and keeps the costs that they found.

    Args:
        monkeypatch: puts it in the place of what numbers turns, and of what finds costs.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._numbers, self._weighed = turns._turns, turns.weighed
        self.steps: list[int] = []
        self.costs: list[float] = []
        self.improved = 0
        monkeypatch.setattr(turns, "_turns", self.numbers)
        monkeypatch.setattr(turns, "weighed", self.weighed)
        self._improved = turns.improved
        monkeypatch.setattr(turns, "improved", self.improvement)

    def numbers(self, *arguments: Any) -> Any:
        for turn in self._numbers(*arguments):
            self.steps.append(turn)
            yield turn

    def weighed(self, *arguments: Any) -> Any:
        found = self._weighed(*arguments)
        self.costs.append(float(np.sum(found.cost)))
        return found

    def improvement(self, *arguments: Any) -> Any:
        self.improved += 1
        return self._improved(*arguments)


def observed(world: World, load: float) -> EndToEndObservation:
    """The first slot that serves, with the replicas that E2E wishes for."""
    infrastructure = Infrastructure(world, 5, load, measure_quality=False)
    first = observe_all(infrastructure.measure(), world)
    placed = HmarlPolicy().end_to_end(world, 0).replicas(first)
    nothing = np.zeros((*first.requests.shape, world.route_node.shape[1]))
    infrastructure.route(torch.from_numpy(nothing), placed)
    return observe_all(infrastructure.measure(), world)


def test_the_last_trained_steps_are_taken_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = QDistribution(world, shipped(0))
    agent._patience = Patience(most=TRAINED + 6, enough=0.0)
    seen = observed(world, 500.0)
    counted = Counted(monkeypatch)
    agent.distribute(seen)
    again = [TRAINED - 4, TRAINED - 3, TRAINED - 2, TRAINED - 1]
    assert counted.steps == [*range(TRAINED), *again, *again[:2]]


def test_a_quiet_slot_takes_fewer_turns_than_a_crowded_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, counts = generate_world(load_scenario("paper"), 3), []
    for load in (300.0, 1600.0):
        seen, agent = observed(world, load), QDistribution(world, shipped(0))
        for slot in range(3):
            counted = Counted(monkeypatch)
            agent.distribute(replace(seen, slot=slot))
            monkeypatch.undo()
        counts.append(len(counted.steps))
    assert counts[0] < TRAINED < counts[1]


def test_a_turn_that_costs_more_is_not_improved(monkeypatch: pytest.MonkeyPatch) -> None:
    world = generate_world(load_scenario("paper"), 3)
    seen, agent = observed(world, 1600.0), QDistribution(world, shipped(0))
    counted = Counted(monkeypatch)
    agent.distribute(seen)
    costs = np.array(counted.costs[: len(counted.steps)])
    worse = costs[1:] > np.minimum.accumulate(costs)[:-1]
    assert worse.any()
    assert counted.improved == len(counted.steps) - worse.sum()


def test_with_patience_the_decision_costs_no_more_than_after_the_trained_turns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = observed(world, 700.0)
    lowest = {}
    for name, patience in (("trained", None), ("patient", Patience(most=30, enough=0.0))):
        agent = QDistribution(world, shipped(0))
        agent._patience = patience
        counted = Counted(monkeypatch)
        agent.distribute(seen)
        lowest[name] = min(counted.costs)
        monkeypatch.undo()
    assert lowest["patient"] < lowest["trained"]


def test_it_ends_where_turns_gain_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = observed(world, 300.0)
    agent = QDistribution(world, shipped(0))
    agent._patience = Patience(most=50, enough=1.0, over=3)
    counted = Counted(monkeypatch)
    agent.distribute(seen)
    accepted = np.diff(np.minimum.accumulate(counted.costs)) < 0
    assert accepted.sum() == 3 and len(counted.steps) < 50
