"""From decisions to one actuation: nothing is lost, and nothing goes where nothing is ready."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.infrastructure import Actuation, Infrastructure, Measurement
from cnc.environment.observations import demand_of
from cnc.environment.sites import Site, site_of
from cnc.environment.views import order_for
from cnc.errors import SimulationError
from cnc.policies.registry import distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.routing import compose_routing
from cnc.simulator.world import World

WORLD = generate_world(ScenarioParameters(cells=3, services=9, load=90.0), 5)
SITES = [site_of(WORLD, domain) for domain in range(len(WORLD.domain_ids))]
TRANSPORT = len(SITES) - 1
SEEDS = st.integers(0, 2**31)
SILENT = st.sets(st.integers(0, TRANSPORT))
CHECKED = settings(max_examples=60, deadline=None)


def decide(
    measured: Measurement, policy: str, seed: int, world: World = WORLD, sites: list[Site] = SITES
) -> dict[int, DomainPart]:
    """What all domains decide, and accept."""
    chosen = distributed_policy(policy)
    observation = observe_all(measured, world)
    end_to_end = chosen.end_to_end(world, seed)
    hosts = end_to_end.hosts(observation) if measured.frame_start else None
    delta = end_to_end.distribute(observation)
    parts = {}
    for site in sites:
        order = order_for(site, observation, delta, hosts)
        agent = chosen.domain(site, seed)
        agent.observe(order)
        seen = observe_domain(measured, site)
        replicas = agent.deploy(seen, order) if measured.frame_start else None
        parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
    return parts


def started(seed: int, policy: str = "rand") -> Infrastructure:
    infrastructure = Infrastructure(WORLD, seed, 90.0)
    measured = infrastructure.measure()
    infrastructure.actuate(assemble(WORLD, SITES, measured, decide(measured, policy, seed)))
    return infrastructure


def routing_of(actuation: Actuation, measured: Measurement) -> np.ndarray:
    """[D, C, R]"""
    parts = (actuation.delta, actuation.sigma, actuation.local, actuation.backhaul, actuation.core)
    tensors = [torch.from_numpy(part) for part in parts]
    service = torch.from_numpy(measured.classes.service)
    return np.asarray(compose_routing(WORLD, *tensors, service=service).numpy())


def check(actuation: Actuation, measured: Measurement) -> np.ndarray:
    """Laws of every actuation; returns the served share [D, C]."""
    assert (actuation.delta >= 0).all() and (actuation.sigma >= 0).all()
    assert (actuation.delta.sum(-1) <= 1.0 + 1e-9).all()
    assert (actuation.sigma[measured.ready == 0] == 0).all()
    routing = routing_of(actuation, measured)
    unready = (measured.ready == 0)[measured.classes.service][:, WORLD.route_node]
    assert (routing.transpose(1, 0, 2)[unready] == 0).all()
    return np.asarray(routing.sum(-1))


@CHECKED
@given(SEEDS, st.sampled_from(["grd", "grd-plus", "rand"]))
def test_with_everyone_answering_all_requests_are_routed(seed: int, policy: str) -> None:
    measured = started(seed, policy).measure()
    actuation = assemble(WORLD, SITES, measured, decide(measured, policy, seed))
    np.testing.assert_allclose(check(actuation, measured), 1.0, atol=1e-9)
    assert actuation.replicas is not None


@CHECKED
@given(SEEDS, SILENT, st.booleans())
def test_silent_domains_lose_and_invent_nothing(
    seed: int, silent: set[int], remembered: bool
) -> None:
    """Served shares stay within what was asked, whoever is silent; X holds every service."""
    infrastructure = started(seed)
    measured = infrastructure.measure()
    parts = decide(measured, "rand", seed)
    answered = {index: part for index, part in parts.items() if index not in silent}
    actuation = assemble(WORLD, SITES, measured, answered, parts if remembered else None)
    served = check(actuation, measured)
    asked = sum(part.inflow.sum() for part in parts.values())
    assert asked == pytest.approx(served.size, abs=1e-6)
    lost = 1.0 - actuation.delta.sum(-1)
    assert (lost < 1e-9).all() or (np.isclose(lost, 0.0) | np.isclose(lost, 1.0)).all()
    if TRANSPORT in silent or not silent:
        np.testing.assert_allclose(served, 1.0, atol=1e-9)
    outcome = infrastructure.actuate(actuation)
    assert outcome is not None and outcome.satisfied <= outcome.requests + 1e-9


@CHECKED
@given(SEEDS, SILENT)
def test_what_answering_domains_accepted_stays_with_them(seed: int, silent: set[int]) -> None:
    measured = started(seed).measure()
    parts = decide(measured, "rand", seed)
    answered = {index: part for index, part in parts.items() if index not in silent}
    actuation = assemble(WORLD, SITES, measured, answered)
    for index in answered:
        site = SITES[index]
        accepted = actuation.delta[site.origins, :, site.candidate]
        assert (accepted >= parts[index].inflow - 1e-9).all()
        np.testing.assert_array_equal(actuation.sigma[:, site.nodes], parts[index].split.sigma)


@CHECKED
@given(SEEDS, st.integers(0, TRANSPORT))
def test_a_silent_domain_keeps_its_replicas_and_last_split(seed: int, index: int) -> None:
    measured = started(seed).measure()
    parts = decide(measured, "rand", seed)
    answered = {k: part for k, part in parts.items() if k != index}
    actuation = assemble(WORLD, SITES, measured, answered, parts)
    site = SITES[index]
    assert actuation.replicas is not None
    np.testing.assert_array_equal(actuation.replicas[:, site.nodes], measured.placed[:, site.nodes])
    np.testing.assert_allclose(actuation.sigma[:, site.nodes], parts[index].split.sigma)


def test_a_last_split_is_masked_to_what_is_still_ready() -> None:
    measured = started(2).measure()
    parts = decide(measured, "rand", 2)
    site = SITES[TRANSPORT]
    ready = measured.ready.copy()
    gone = int(site.nodes[0])
    ready[:, gone] = 0
    after = replace(measured, ready=ready)
    answered = {
        k: DomainPart(
            replace(p.split, sigma=np.where(ready[:, SITES[k].nodes] > 0, p.split.sigma, 0)),
            p.inflow,
            p.replicas,
        )
        for k, p in parts.items()
        if k != TRANSPORT
    }
    actuation = assemble(WORLD, SITES, after, answered, parts)
    assert (actuation.sigma[:, gone] == 0).all()
    rows = actuation.sigma[:, site.nodes].sum(1)
    np.testing.assert_allclose(rows, (ready[:, site.nodes] > 0).any(1).astype(float))


def test_with_nobody_answering_the_rest_of_the_system_goes_on() -> None:
    infrastructure = started(4)
    for _ in range(3):
        measured = infrastructure.measure()
        actuation = assemble(WORLD, SITES, measured, {})
        np.testing.assert_allclose(check(actuation, measured), 1.0, atol=1e-9)
        assert infrastructure.actuate(actuation) is not None


def test_orders_hold_each_domains_part_of_the_demand() -> None:
    measured = started(6).measure()
    observation = observe_all(measured, WORLD)
    delta = distributed_policy("grd-plus").end_to_end(WORLD, 6).distribute(observation)
    total = np.zeros_like(measured.requests)
    for site in SITES:
        order = order_for(site, observation, delta, None)
        assert order.allowed.all()
        np.add.at(total, site.origins, demand_of(site, order))
    np.testing.assert_allclose(total, measured.requests, atol=1e-9)


def test_impossible_actuations_change_nothing() -> None:
    infrastructure = started(8)
    measured = infrastructure.measure()
    good = assemble(WORLD, SITES, measured, decide(measured, "rand", 8))
    everywhere = np.full_like(good.sigma, 1.0 / good.sigma.shape[1])
    assert good.replicas is not None
    for wrong in (
        replace(good, sigma=everywhere),
        replace(good, replicas=good.replicas + 9),
        replace(good, delta=2.0 * good.delta),
    ):
        with pytest.raises(SimulationError):
            infrastructure.actuate(wrong)
        assert infrastructure.slot == 0
    assert infrastructure.actuate(good) is not None
    with pytest.raises(SimulationError, match="frame starts"):
        infrastructure.actuate(good)
