"""HMARL learns while it runs: what it descends, and that it survives restarts and bad weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.infrastructure import Infrastructure, SlotOutcome
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import site_of
from cnc.environment.views import order_for
from cnc.errors import UsageError
from cnc.policies.hmarl.learning.agents import learning_end_to_end
from cnc.policies.hmarl.learning.end_to_end import LearningDistribution
from cnc.policies.hmarl.learning.hindsight import slot_cost
from cnc.policies.hmarl.learning.learner import Learner
from cnc.policies.hmarl.learning.loss import actor_loss, decided
from cnc.policies.hmarl.learning.samples import SHARES, Batch
from cnc.policies.hmarl.learning.traffic import LearningTraffic
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.interface import expectation_of
from cnc.policies.registry import distributed_policy, learning_name
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World

LOAD = 160.0


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(load_scenario("small"), 4)


class Run:
    """All agents of one world, slot by slot, within reach of a test."""

    def __init__(self, world: World, learn: bool = True, load: float = LOAD) -> None:
        self.world = world
        self.policy = HmarlPolicy(learn=learn)
        self.infrastructure = Infrastructure(world, 4, load, measure_quality=False)
        self.sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
        self.renew()

    def renew(self) -> None:
        """Agents as after a start."""
        self.end_to_end = self.policy.end_to_end(self.world, 0)
        self.agents = [self.policy.domain(site, 0) for site in self.sites]

    @property
    def learners(self) -> list[Learner]:
        """E2E's, and those of the domains."""
        assert isinstance(self.end_to_end, LearningDistribution)
        found = [self.end_to_end.learner]
        for agent in self.agents:
            assert isinstance(agent.traffic, LearningTraffic)
            found.append(agent.traffic.learner)
        return found

    def slots(self) -> Iterator[SlotOutcome]:
        while True:
            measured = self.infrastructure.measure()
            observation = observe_all(measured, self.world)
            hosts = self.end_to_end.hosts(observation) if measured.frame_start else None
            delta = self.end_to_end.distribute(observation)
            expected = expectation_of(self.end_to_end)
            parts = {}
            for site, agent in zip(self.sites, self.agents, strict=True):
                order = order_for(site, observation, delta, hosts, expected)
                seen = observe_domain(measured, site)
                agent.observe(order)
                replicas = agent.deploy(seen, order) if measured.frame_start else None
                parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
            outcome = self.infrastructure.actuate(assemble(self.world, self.sites, measured, parts))
            if outcome is not None:
                yield outcome

    def costs(self, count: int) -> list[float]:
        return [outcome.cost for outcome in islice(self.slots(), count)]

    def snapshots(self) -> list[dict[str, Any]]:
        agents = [self.end_to_end, *self.agents]
        return [json.loads(json.dumps(agent.snapshot())) for agent in agents]


def test_the_decision_that_is_descended_is_the_one_that_was_taken(world: World) -> None:
    run = Run(world)
    assert isinstance(run.end_to_end, LearningDistribution)
    run.end_to_end._patience = None  # the loss follows the trained turns
    run.costs(4)
    learners = run.learners
    for learner in (learners[0], *learners[1:4], learners[-1]):
        assert learner._pending is not None and learner._layout is not None
        _, sample, compared = learner._pending
        tensors = learner.trainable.tensors()
        batch = Batch([{**sample, "measured": sample["background"]}])
        with torch.no_grad():
            again = decided(learner._layout, learner._role, batch, tensors)
        for name in SHARES:
            # small choices are left out of a decision, and replay is kept in float32
            wanted, found = compared[name][0], getattr(again, name)[0].numpy()
            np.testing.assert_allclose(found, wanted, atol=0.02 if name == "choice" else 1e-5)


def cost_in_hindsight(learner: Learner, batch: Batch) -> float:
    layout = learner._layout
    assert layout is not None
    with torch.no_grad():
        shares = decided(layout, learner._role, batch, learner.trainable.tensors())
        return float(slot_cost(layout, batch.met, batch.asked, shares))


def test_steps_lower_what_the_slot_would_have_cost(world: World) -> None:
    run = Run(world, load=300.0)
    run.costs(6)
    lowered = []
    for learner in run.learners:
        assert learner._layout is not None
        batch = Batch([learner._replay._slots[-1]])
        costs = [cost_in_hindsight(learner, batch)]
        for _ in range(10):
            tensors = learner.trainable.tensors()
            learner.trainable.descend(actor_loss(learner._layout, learner._role, batch, tensors))
            costs.append(cost_in_hindsight(learner, batch))
        lowered.append(min(costs) < costs[0])
        assert costs[-1] < 1.02 * costs[0]
    # a domain may do best to leave its only step out, and then there is nothing to follow
    assert lowered[0] and sum(lowered) > len(lowered) / 2


def test_learning_moves_the_own_weights_only(world: World) -> None:
    run = Run(world)
    run.costs(4)
    first, *others = run.learners
    shipped_weights = shipped(0)
    for learner, own in ((first, ("e2e.",)), (others[0], ("node.", "domain."))):
        moved = {
            name.split(".")[0] + "."
            for name, array in learner.weights.items()
            if not np.allclose(array, shipped_weights[name], atol=1e-9, rtol=1e-9)
        }
        assert moved <= set(own) and moved
    assert not np.allclose(others[0].weights["node.w1"], others[1].weights["node.w1"], atol=1e-12)


def test_the_same_seed_gives_the_same_numbers(world: World) -> None:
    assert Run(world).costs(8) == Run(world).costs(8)


def test_learning_changes_decisions_and_leaves_the_others_alone(world: World) -> None:
    learning, plain = Run(world), Run(world, learn=False)
    costs = [run.costs(5) for run in (learning, plain)]
    # nothing is known of slot 0 until slot 1; steps pass through a logarithm
    assert costs[0][0] == pytest.approx(costs[1][0], rel=1e-9)
    assert costs[0][-1] != pytest.approx(costs[1][-1], rel=1e-9)


def test_a_restart_goes_on_with_the_same_decisions(world: World) -> None:
    whole = Run(world)
    wanted = whole.costs(24)

    split = Run(world)
    before = split.costs(17)
    kept = split.snapshots()
    split.renew()
    for agent, snapshot in zip([split.end_to_end, *split.agents], kept, strict=True):
        agent.restore(snapshot)
    after = split.costs(7)
    assert before + after == wanted
    assert [a.trainable.steps for a in split.learners] == [
        a.trainable.steps for a in whole.learners
    ]
    assert split.snapshots() == whole.snapshots()


def test_a_snapshot_without_learning_is_taken_up_by_agents_that_learn(world: World) -> None:
    plain = Run(world, learn=False)
    plain.costs(3)
    learning = Run(world)
    for agent, snapshot in zip(
        [learning.end_to_end, *learning.agents], plain.snapshots(), strict=True
    ):
        agent.restore(snapshot)
    assert learning.end_to_end._last is not None
    assert learning.learners[0].trainable.steps == 0


def test_bad_weights_are_taken_back_and_the_cost_recovers(world: World) -> None:
    run, plain = Run(world, load=300.0), Run(world, learn=False, load=300.0)
    run.costs(3)
    plain.costs(3)
    learner = run.learners[0]
    stream = np.random.default_rng(0)
    poison = {
        name: stream.normal(0.0, 3.0, array.shape)
        for name, array in learner.weights.items()
        if name.startswith("e2e.w")
    }
    learner.weights = {**learner.weights, **poison}
    learner.trainable.set(learner.weights)
    worse: list[float] = []
    while learner.guard.reverts == 0:
        worse += run.costs(1)
        assert len(worse) < 20
    usual = plain.costs(len(worse))
    assert np.mean(worse[:-1]) > 1.05 * np.mean(usual[:-1])
    recovered, wanted = run.costs(10), plain.costs(10)
    assert np.mean(recovered) < 1.05 * np.mean(wanted)
    assert run.snapshots()[0]["learning"]["guard"]["reverts"] == 1


def test_weights_that_are_no_numbers_never_reach_a_decision(world: World) -> None:
    run = Run(world)
    run.costs(3)
    for learner in run.learners:
        learner.weights = {name: array * np.nan for name, array in learner.weights.items()}
        learner.trainable.set(learner.weights)
    with np.errstate(invalid="ignore"):
        costs = run.costs(3)
    assert np.isfinite(costs).all()
    assert all(np.isfinite(array).all() for array in run.learners[0].weights.values())


def test_a_question_in_the_same_slot_leaves_no_trace(world: World) -> None:
    asked, plain = Run(world), Run(world)
    asked.costs(3)
    plain.costs(3)
    asked.infrastructure.measure()
    observation = observe_all(asked.infrastructure.measure(), world)
    first = asked.end_to_end.distribute(observation)
    kept = asked.snapshots()[0]
    observation.ready[:] = np.maximum(observation.ready, 1)
    assert not np.array_equal(asked.end_to_end.distribute(observation), first)
    assert asked.snapshots()[0] == kept


def test_only_some_policies_learn() -> None:
    assert learning_name("hmarl") == "hmarl-learn" == distributed_policy("hmarl-learn").name
    assert learning_name("hmarl-learn") == "hmarl-learn"
    with pytest.raises(UsageError, match=r"cannot learn while it runs.*--policy hmarl"):
        learning_name("grd")
    with pytest.raises(UsageError, match="simulator only"):
        learning_name("opt")
    assert HmarlPolicy(learn=True).trained(0).name == "hmarl-learn"


def test_agents_keep_to_one_thread(world: World) -> None:
    torch.set_num_threads(2)
    try:
        learning_end_to_end(world, shipped(0), 0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)


def test_large_worlds_learn_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = Run(world).costs(5)
    monkeypatch.setattr("cnc.policies.hmarl.layout.DENSE", 0)
    assert Run(world).costs(5) == pytest.approx(dense, rel=1e-9)


def test_a_group_of_an_intent_keeps_the_weights_and_drops_the_replay(world: World) -> None:
    run = Run(world)
    run.costs(6)
    learner = run.learners[0]
    steps, kept = learner.trainable.steps, learner.weights
    count = len(world.classes)
    run.infrastructure.start_group(
        "g", count, 0, 1.0, 0.2, 0.2, np.full(len(world.candidates), 2.0)
    )
    run.costs(1)
    assert len(learner._replay) == 0 and learner.weights is kept
    assert learner.trainable.steps == steps
    assert np.isfinite(run.costs(6)).all()
    assert learner.trainable.steps > steps
    run.infrastructure.end_group("g")
    assert np.isfinite(run.costs(3)).all()
