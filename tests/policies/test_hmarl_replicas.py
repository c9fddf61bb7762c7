"""E2E's search for replicas: values equal the kernel's, every set fits, and the best one counts."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.shifts import NodeLoss
from cnc.environment.sites import Floats, Integers
from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.deployment import realised
from cnc.policies.hmarl.improvement import Shares, routing
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.replica_values import Holding, ReplicaValues, replica_values
from cnc.policies.hmarl.situation import Conditions, situation
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import trace
from cnc.training.rollout import episode, rollout

WORLD = generate_world(ScenarioParameters(cells=3, services=9), 2)


class Case:
    """A random slot of a small world with replicas everywhere."""

    def __init__(self, load: float) -> None:
        stream = np.random.default_rng(int(load))
        seen = trace(WORLD, 1, load, 2)
        services, nodes = WORLD.keepalive_w.shape
        origins, candidates = WORLD.candidates.shape
        self.layout = layout_of(WORLD, WORLD.classes)
        self.replicas = stream.integers(1, 4, (services, nodes))
        choice = normalised(stream.random((services, origins, candidates + 1)))
        node = normalised(stream.random((services, nodes)), self.layout.onto_domain)
        pairs = normalised(stream.random((services, 2 * origins + 1, 2)))
        side = np.concatenate([pairs.reshape(services, -1), np.ones((services, 1))], -1)
        self.shares = Shares(choice.reshape(services, -1), node, side)
        self.slot = ExogenousTensors(
            *(
                torch.from_numpy(array[1])
                for array in (
                    seen.requests,
                    seen.node_background,
                    seen.link_capacity_mbit_s,
                    seen.link_energy_j_mbit,
                )
            )
        )
        self.backlog = stream.random(nodes)

    def cost(self, replicas: Integers) -> float:
        """By the kernel."""
        y = routing(self.layout, self.shares)[0]
        y = y.reshape(len(y), len(WORLD.candidates), -1).transpose(1, 0, 2)
        standing = torch.from_numpy(replicas.astype(np.float64))
        state = State(torch.from_numpy(self.backlog), standing, standing)
        routed = torch.from_numpy(np.ascontiguousarray(y))
        return float(Kernel.of(WORLD).step(state, self.slot, routed)[1].cost)

    def values(self) -> ReplicaValues:
        """In closed form."""
        parameters = WORLD.parameters
        requests = np.repeat(self.slot.requests.numpy().T, WORLD.route_node.shape[1], axis=1)
        now = Conditions(
            self.slot.node_background.numpy(),
            self.backlog,
            self.replicas.astype(np.float64),
            self.slot.link_capacity.numpy(),
            self.slot.link_energy.numpy(),
        )
        given = situation(np, self.layout, now, requests)
        return replica_values(
            given,
            given,
            self.shares,
            np.ones_like(self.shares.choice),
            np.ones(requests.shape, dtype=bool),
            Holding(
                WORLD.keepalive_w * parameters.slot_s / parameters.reference_j,
                np.zeros(len(WORLD.node_domain)),
            ),
        )


@pytest.mark.parametrize("load", [60.0, 200.0])
def test_a_replica_more_or_less_is_worth_what_the_kernel_says(load: float) -> None:
    case = Case(load)
    values, before = case.values(), case.cost(case.replicas)
    parameters = WORLD.parameters
    keep = WORLD.keepalive_w * parameters.slot_s / parameters.reference_j
    stream = np.random.default_rng(3)
    for _ in range(25):
        service, node = (int(stream.integers(n)) for n in case.replicas.shape)
        more, less = case.replicas.copy(), case.replicas.copy()
        more[service, node] += 1
        gain = before - case.cost(more)
        wanted = parameters.penalty * values.gained[service, node] - keep[service, node]
        assert gain == pytest.approx(wanted, abs=1e-8)
        assert values.add[service, node] >= wanted - 1e-9
        if less[service, node] > 1:
            less[service, node] -= 1
            loss = case.cost(less) - before
            assert loss == pytest.approx(values.remove[service, node], abs=1e-8)


def within_memory(replicas: Integers, memory: Floats, nodes: Floats) -> bool:
    return bool((memory @ replicas <= nodes + 1e-9).all())


def test_the_search_finds_a_better_set_that_fits() -> None:
    world = generate_world(load_scenario("paper"), 5)
    measured = Infrastructure(world, 5, 1000.0, measure_quality=False).measure()
    observation = observe_all(measured, world)
    agent = QDistribution(world, shipped(0))
    found = agent.replicas(observation)
    assert within_memory(found, world.memory_gb, world.node_memory_gb)
    transport = world.nodes_of(len(world.domain_ids) - 1)
    assert (found[:, transport].sum(1) >= 1).all()
    assert found.max() <= world.parameters.most_replicas
    wish = agent.hosts(observation).prior
    np.testing.assert_array_equal(wish.sum(0), found.sum(1))


def test_asked_twice_it_answers_alike() -> None:
    world = generate_world(load_scenario("small"), 5)
    measured = Infrastructure(world, 5, 200.0, measure_quality=False).measure()
    agent = QDistribution(world, shipped(0))
    observation = observe_all(measured, world)
    np.testing.assert_array_equal(agent.replicas(observation), agent.replicas(observation))


def test_wishes_are_worth_more_than_deploying_alone() -> None:
    from cnc.environment.sites import Site
    from cnc.policies.hmarl.deployment import Deployment
    from cnc.policies.hmarl.domain import HmarlDomain

    class Alone(HmarlPolicy):
        def domain(self, site: Site, seed: int) -> HmarlDomain:
            alone = Deployment(site, shipped(0), coordinated=False)
            return HmarlDomain(site, shipped(0), deployment=alone)

    world = generate_world(load_scenario("paper"), 6)

    def cost(policy: HmarlPolicy) -> float:
        slots = islice(rollout(world, policy, 6, 1000.0), 10, 20)
        return float(np.mean([slot.cost for slot in slots]))

    assert cost(HmarlPolicy()) < cost(Alone())


def test_wishes_are_realised_within_memory_and_keep_what_stands() -> None:
    stream = np.random.default_rng(1)
    for _ in range(50):
        memory = stream.uniform(0.5, 3.0, 8)
        nodes = stream.uniform(6.0, 12.0, 3)
        usable = stream.random((8, 3)) < 0.8
        worth = stream.random((8, 3)) * usable
        placed = np.zeros((8, 3), dtype=np.int64)
        for service in range(8):
            node = int(stream.integers(3))
            fits = memory[service] <= nodes[node] - memory @ placed[:, node]
            if fits and usable[service, node]:
                placed[service, node] = 1
        wish = stream.integers(0, 4, 8).astype(float)
        got = realised(wish, worth, usable, placed, memory, nodes, 8, keep_one=False)
        assert within_memory(got, memory, nodes)
        assert (got.sum(1) <= np.maximum(wish, 0)).all()
        same = wish == placed.sum(1)
        np.testing.assert_array_equal(got[same], placed[same])
        assert ((got > placed) <= usable).all()


def test_lost_nodes_get_no_replicas() -> None:
    world = generate_world(load_scenario("small"), 5)
    lost = [int(n) for n in np.flatnonzero(world.node_domain == len(world.candidates))[:2]]

    def disturb(infrastructure: Infrastructure) -> None:
        if infrastructure.slot == 12:
            infrastructure.shift(NodeLoss(tuple(lost)))

    steps = list(islice(episode(world, HmarlPolicy(), 5, 200.0, disturb=disturb), 32))
    assert steps[11].measured.placed[:, lost].any()
    assert not steps[31].measured.placed[:, lost].any()
    assert steps[31].measured.placed.any()
