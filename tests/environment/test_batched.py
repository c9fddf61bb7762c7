"""The batch: each member is an infrastructure of its own, and looking ahead changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.batched import BatchedEnvironment, BatchedObservation, BatchedOutcome
from cnc.environment.infrastructure import Actuation, Infrastructure, Measurement
from cnc.environment.sites import site_of
from cnc.environment.views import order_for
from cnc.errors import SimulationError
from cnc.policies.registry import distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World

PARAMETERS = ScenarioParameters(cells=3, services=9)
WORLDS = tuple(generate_world(PARAMETERS, seed) for seed in (1, 2))
SLOTS = 23
SHARES = ("delta", "sigma", "local", "backhaul", "core")


class Decider:
    """One policy's 22 agents on one world."""

    def __init__(self, world: World, policy: str, seed: int) -> None:
        chosen = distributed_policy(policy)
        self.world = world
        self.sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
        self.end_to_end = chosen.end_to_end(world, seed)
        self.agents = [chosen.domain(site, seed) for site in self.sites]

    def __call__(self, measured: Measurement) -> Actuation:
        seen = observe_all(measured, self.world)
        hosts = self.end_to_end.hosts(seen) if measured.frame_start else None
        delta = self.end_to_end.distribute(seen)
        parts = {}
        for site, agent in zip(self.sites, self.agents, strict=True):
            order, own = order_for(site, seen, delta, hosts), observe_domain(measured, site)
            agent.observe(order)
            replicas = agent.deploy(own, order) if measured.frame_start else None
            parts[site.index] = DomainPart(agent.split(own, order), order.inflow, replicas)
        return assemble(self.world, self.sites, measured, parts)


def tensors(actuations: Sequence[Actuation]) -> list[torch.Tensor]:
    return [
        torch.as_tensor(np.stack([getattr(each, name) for each in actuations])) for name in SHARES
    ]


def replicas_of(actuations: Sequence[Actuation]) -> torch.Tensor | None:
    if actuations[0].replicas is None:
        return None
    return torch.as_tensor(np.stack([each.replicas for each in actuations if each is not None]))


def assert_same_view(found: BatchedObservation, at: int, wanted: Measurement) -> None:
    assert (found.slot, found.frame_start) == (wanted.slot, wanted.frame_start)
    for each in fields(BatchedObservation)[2:]:
        np.testing.assert_allclose(
            getattr(found, each.name)[at].numpy(),
            getattr(wanted, each.name),
            rtol=1e-9,
            atol=1e-9,
            err_msg=each.name,
        )


@pytest.mark.parametrize("members", [3, 9])
def test_members_equal_infrastructures_of_their_own(members: int) -> None:
    worlds = [WORLDS[at % 2] for at in range(members)]
    seeds, loads = list(range(members)), [60.0 + 40.0 * at for at in range(members)]
    environment = BatchedEnvironment(worlds, seeds, loads)
    policies = ("rand", "grd-plus", "grd-work")
    deciders = [Decider(w, policies[at % 3], at) for at, w in enumerate(worlds)]
    alone = [Infrastructure(*each, False) for each in zip(worlds, seeds, loads, strict=True)]
    for _ in range(SLOTS + 1):
        measured = [each.measure() for each in alone]
        seen = environment.observe()
        for at, each in enumerate(measured):
            assert_same_view(seen, at, each)
        decided = [decide(each) for decide, each in zip(deciders, measured, strict=True)]
        wanted = [each.actuate(one) for each, one in zip(alone, decided, strict=True)]
        if environment.slot < 0:
            first = replicas_of(decided)
            assert first is not None
            environment.place(first)
            continue
        found = environment.step(*tensors(decided), replicas_of(decided))
        for at, each in enumerate(wanted):
            assert each is not None
            assert found.slot == each.slot
            assert float(found.reward[at]) == pytest.approx(-each.cost, rel=1e-9)
            assert float(found.satisfied[at]) == pytest.approx(each.satisfied, rel=1e-9)
            assert float(found.energy_j[at]) == pytest.approx(each.energy_j, rel=1e-9)
            assert float(found.requests[at]) == each.requests
            assert float(found.satisfied_per_origin[at].sum()) == pytest.approx(each.satisfied)


def started(count: int = 3, seed: int = 0, dtype: torch.dtype = torch.float64) -> Running:
    worlds = [WORLDS[at % 2] for at in range(count)]
    environment = BatchedEnvironment(worlds, range(seed, seed + count), 150.0, dtype=dtype)
    return Running(environment)


class Running:
    """A batch in slot 0, with replicas by `grd-work` and decisions drawn at random."""

    def __init__(self, environment: BatchedEnvironment) -> None:
        self.environment = environment
        self.replicas = self._deploy()
        environment.place(self.replicas)

    def _deploy(self) -> torch.Tensor:
        found = []
        for world, seed in zip(self.environment.worlds, self.environment.seeds, strict=True):
            measured = Infrastructure(world, seed, 150.0).measure()
            found.append(Decider(world, "grd-work", 0)(measured).replicas)
        return torch.as_tensor(np.stack([each for each in found if each is not None]))

    def shares(self, seed: int) -> list[torch.Tensor]:
        """Random feasible decisions of every member."""
        drawn = torch.Generator().manual_seed(seed)
        world, batch = self.environment.worlds[0], len(self.environment)
        services, cells = len(world.work_gc), world.parameters.cells

        def weights(*shape: int) -> torch.Tensor:
            return torch.rand(batch, *shape, generator=drawn, dtype=torch.float64) + 0.01

        ready = self.environment.observe().ready > 0
        sigma = weights(*ready.shape[1:]) * ready
        domain = torch.as_tensor(world.node_domain)
        total = torch.zeros(batch, services, len(world.domain_ids), dtype=torch.float64)
        total.index_add_(2, domain, sigma)
        sigma = sigma / total.clamp(min=1e-12)[..., domain]
        open_ = (total > 0)[..., torch.as_tensor(world.candidates)].transpose(1, 2)
        delta = weights(cells, services, 5) * open_
        delta = delta / delta.sum(-1, keepdim=True).clamp(min=1e-12)
        pairs = [weights(*axes, 2) for axes in ((cells, services), (cells, services), (services,))]
        shares = [delta, sigma, *(pair / pair.sum(-1, keepdim=True) for pair in pairs)]
        return [each.to(self.environment.dtype) for each in shares]

    def run(self, slots: int, seed: int) -> list[BatchedOutcome]:
        found = []
        for at in range(slots):
            replicas = self.replicas if self.environment.frame_start else None
            found.append(self.environment.step(*self.shares(seed + at), replicas))
        return found


def rewards(outcomes: Sequence[BatchedOutcome]) -> torch.Tensor:
    return torch.stack([each.reward for each in outcomes])


def test_evaluating_is_what_stepping_gives_and_changes_nothing() -> None:
    running = started()
    environment = running.environment
    running.run(4, 0)
    shares = running.shares(77)
    before = environment.observe()
    expected = environment.evaluate(*shares)
    after = environment.observe()
    for each in fields(BatchedObservation)[2:]:
        assert torch.equal(getattr(before, each.name), getattr(after, each.name))
    torch.testing.assert_close(environment.step(*shares).reward, expected.reward)


def test_alternatives_have_axes_of_their_own() -> None:
    running = started()
    running.run(3, 0)
    several = [running.shares(seed) for seed in range(4)]
    delta = torch.stack([each[0] for each in several]).reshape(2, 2, *several[0][0].shape)
    rest = several[0][1:]
    together = running.environment.evaluate(delta, *rest)
    assert together.reward.shape == (2, 2, 3)
    assert together.satisfied_per_origin.shape == (2, 2, 3, 3, 9)
    for at in range(4):
        one = running.environment.evaluate(several[at][0], *rest)
        torch.testing.assert_close(together.reward[at // 2, at % 2], one.reward)


def test_alternative_deployments_cost_their_starts() -> None:
    running = started()
    running.run(10, 0)
    shares = running.shares(5)
    fewer = running.replicas.clone()
    fewer[..., 0] = 0
    outcome = running.environment.evaluate(*shares, torch.stack([running.replicas, fewer]))
    assert outcome.reward.shape == (2, 3)
    assert bool((outcome.details.energy_start_j == 0).all())
    kept = running.environment.evaluate(*shares)
    torch.testing.assert_close(kept.reward, outcome.reward[0])


def test_gradients_reach_decisions_and_not_the_state() -> None:
    running = started()
    running.run(2, 0)
    delta, *rest = running.shares(9)
    delta.requires_grad_()
    running.environment.evaluate(delta, *rest).reward.sum().backward()
    assert delta.grad is not None
    assert float(delta.grad.abs().sum()) > 0
    assert not running.environment.step(delta, *rest).reward.requires_grad


def test_a_snapshot_is_a_place_to_return_to() -> None:
    running = started()
    running.run(7, 0)
    moment = running.environment.snapshot()
    first = rewards(running.run(8, 100))
    other = rewards(running.run(5, 200))
    running.environment.restore(moment)
    assert running.environment.slot == 7
    torch.testing.assert_close(rewards(running.run(8, 100)), first, rtol=0, atol=0)
    torch.testing.assert_close(rewards(running.run(5, 200)), other, rtol=0, atol=0)
    running.environment.reset(seeds=[7, 8, 9])
    with pytest.raises(SimulationError, match="traces"):
        running.environment.restore(moment)


def test_reset_begins_the_same_traces_or_others() -> None:
    running = started()
    environment = running.environment
    first = rewards(running.run(4, 0))
    assert environment.reset().slot == -1
    environment.place(running.replicas)
    torch.testing.assert_close(rewards(running.run(4, 0)), first, rtol=0, atol=0)
    environment.reset(seeds=np.array([5, 6, 7]), load=np.array([10.0, 20.0, 300.0]))
    assert environment.loads == (10.0, 20.0, 300.0)
    environment.place(running.replicas)
    asked = environment.observe().requests.sum((1, 2))
    assert bool((asked >= torch.tensor([9.0, 18.0, 270.0])).all())
    assert bool((asked <= torch.tensor([11.0, 22.0, 330.0])).all())


def test_single_precision_is_close() -> None:
    exact, rough = started().run(12, 0), started(dtype=torch.float32).run(12, 0)
    assert rough[0].reward.dtype == torch.float32
    torch.testing.assert_close(rewards(rough).double(), rewards(exact), rtol=1e-3, atol=1e-2)


def test_what_is_impossible_is_refused() -> None:
    running = started()
    environment = running.environment
    shares = running.shares(0)
    with pytest.raises(SimulationError, match="right after `reset`"):
        environment.place(running.replicas)
    environment.step(*shares, running.replicas)
    with pytest.raises(SimulationError, match="frame starts only"):
        environment.step(*shares, running.replicas)
    wrong = [torch.ones_like(shares[0]), *shares[1:]]
    with pytest.raises(SimulationError, match="more than all"):
        environment.step(*wrong)
    with pytest.raises(SimulationError, match="more than all"):
        environment.evaluate(*wrong)
    assert environment.slot == 1
    environment.reset()
    with pytest.raises(SimulationError, match="call `place` before"):
        environment.step(*shares)


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(SimulationError, match="2 seeds and one load"):
        BatchedEnvironment(WORLDS, [0], 100.0)
    with pytest.raises(SimulationError, match="2 seeds and one load"):
        BatchedEnvironment(WORLDS, [0, 1], [100.0])
    with pytest.raises(SimulationError, match="at least one world"):
        BatchedEnvironment([], [], 100.0)
    other = generate_world(replace(PARAMETERS, frame_slots=5), 1)
    with pytest.raises(SimulationError, match="another frame_slots"):
        BatchedEnvironment([WORLDS[0], other], [0, 1], 100.0)
