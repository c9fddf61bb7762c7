"""What E2E expects of domains: they begin there and decide; without it they still do."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Expectation,
    Order,
    Split,
)
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import Site, site_of
from cnc.environment.views import order_for
from cnc.messages.directives import MOST_SHARES
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.traffic import Traffic
from cnc.policies.hmarl.warm_agents import WarmEndToEnd
from cnc.policies.interface import expectation_of
from cnc.policies.registry import distributed_policy, policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World
from cnc.training.rollout import rollout

SLOTS = 3


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(load_scenario("small"), 6)


class Slot:
    """A slot some way into a run, before E2E and the domains decide."""

    def __init__(self, world: World) -> None:
        policy = HmarlPolicy()
        infrastructure = Infrastructure(world, 6, 260.0, measure_quality=False)
        self.sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
        self.end_to_end = policy.end_to_end(world, 0)
        agents = [policy.domain(site, 0) for site in self.sites]
        for _ in range(SLOTS + 1):
            measured = infrastructure.measure()
            self.observation = observe_all(measured, world)
            hosts = self.end_to_end.hosts(self.observation) if measured.frame_start else None
            delta = self.end_to_end.distribute(self.observation)
            self.expected = expectation_of(self.end_to_end)
            parts = {}
            for site, agent in zip(self.sites, agents, strict=True):
                order = order_for(site, self.observation, delta, hosts, self.expected)
                seen = observe_domain(measured, site)
                agent.observe(order)
                replicas = agent.deploy(seen, order) if measured.frame_start else None
                parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
            if measured.slot < 0:
                assert self.expected is None
            infrastructure.actuate(assemble(world, self.sites, measured, parts))
        self._measured, self.delta = measured, delta

    def at(self, site: Site) -> tuple[DomainObservation, Order]:
        """What a domain sees and is asked."""
        order = order_for(site, self.observation, self.delta, None, self.expected)
        return observe_domain(self._measured, site), order


@pytest.fixture(scope="module")
def slot(world: World) -> Slot:
    return Slot(world)


def test_it_is_a_split_of_every_domain_over_what_is_ready(world: World, slot: Slot) -> None:
    expected, ready = slot.expected, slot.observation.ready > 0
    assert expected is not None
    assert not expected.sigma[~ready].any()
    for site in slot.sites:
        split = expected.of(site)
        assert split is not None
        some = ready[:, site.nodes].any(1)
        np.testing.assert_allclose(split.sigma.sum(1), some, atol=1e-4)
        np.testing.assert_allclose(split.paths.sum(1), 1.0, atol=1e-4)
        np.testing.assert_array_equal(split.sigma, split.sigma.round(5))


def test_a_question_in_the_same_slot_does_not_change_it(slot: Slot) -> None:
    before = slot.end_to_end.expected()
    other = replace(slot.observation, requests=3.0 * slot.observation.requests[::-1])
    slot.end_to_end.distribute(other)
    after = slot.end_to_end.expected()
    assert before is not None and after is not None
    np.testing.assert_array_equal(before.sigma, after.sigma)


def test_domains_begin_there_and_do_not_stay_there(slot: Slot) -> None:
    moved = begun = 0.0
    for site in slot.sites:
        seen, order = slot.at(site)
        assert order.expected is not None
        split = Traffic(site, shipped(0)).split(seen, order)
        moved = max(moved, float(np.abs(split.sigma - order.expected.sigma).max()))
        turned = replace(order, expected=_turned(order.expected))
        other = Traffic(site, shipped(0)).split(seen, turned)
        begun = max(begun, float(np.abs(split.sigma - other.sigma).max()))
        for one in (split, other):  # whatever is expected, only ready nodes get anything
            assert not one.sigma[seen.ready == 0].any()
            np.testing.assert_allclose(one.sigma.sum(1), (seen.ready > 0).any(1), atol=1e-9)
    assert moved > 0.01 and begun > 0.2


def test_a_ran_domain_splits_what_passes_through_it_as_expected(slot: Slot) -> None:
    ran = next(site for site in slot.sites if site.kind == "ran")
    seen, order = slot.at(ran)
    assert order.expected is not None
    paths = np.tile([0.3, 0.7], (len(ran.work_gc), 1))
    told = replace(order, expected=Split(order.expected.sigma, paths))
    np.testing.assert_allclose(Traffic(ran, shipped(0)).split(seen, told).paths, paths)
    alone = Traffic(ran, shipped(0)).split(seen, replace(order, expected=None)).paths
    np.testing.assert_allclose(alone.sum(1), 1.0)
    assert np.abs(alone - paths).max() > 0.01


def test_without_it_a_domain_begins_with_its_last_split(slot: Slot) -> None:
    transport = slot.sites[-1]
    seen, order = slot.at(transport)
    alone = replace(order, expected=None)
    fresh, after = Traffic(transport, shipped(0)), Traffic(transport, shipped(0))
    after.split(seen, order)
    assert np.abs(fresh.split(seen, alone).sigma - after.split(seen, alone).sigma).max() > 1e-3


def test_what_a_directive_cannot_carry_is_not_expected(world: World) -> None:
    site = site_of(world, 0)
    services = MOST_SHARES // len(site.nodes) + 1
    nodes, domains = len(world.node_domain), len(world.domain_ids)
    large = Expectation(np.zeros((services, nodes)), np.zeros((domains, services, 2)))
    assert large.of(site) is None


def test_who_does_not_say_what_it_expects_expects_nothing(world: World, slot: Slot) -> None:
    greedy = distributed_policy("grd").end_to_end(world, 0)
    greedy.distribute(slot.observation)
    assert expectation_of(greedy) is None
    warm = WarmEndToEnd(QDistribution(world, shipped(0)))
    assert _expects(warm, slot.observation)
    for name in ("hmarl-distributed", "hmarl-grd-distribution", "hmarl-no-expectation"):
        policy = policy_named(name)
        assert hasattr(policy, "end_to_end")
        assert not _expects(policy.end_to_end(world, 0), slot.observation), name


def test_it_lowers_the_cost_where_there_is_a_crowd() -> None:
    world = generate_world(load_scenario("paper"), 3)

    def cost(name: str) -> float:
        slots = islice(rollout(world, policy_named(name), 0, 1400.0), 5, 17)
        return float(np.mean([slot.cost for slot in slots]))

    assert cost("hmarl") < 0.985 * cost("hmarl-no-expectation")


def _turned(split: Split) -> Split:
    """The same shares in the reverse order of nodes."""
    return Split(split.sigma[:, ::-1], split.paths)


def _expects(agent: QDistribution | WarmEndToEnd, observation: EndToEndObservation) -> bool:
    agent.distribute(observation)
    return expectation_of(agent) is not None
