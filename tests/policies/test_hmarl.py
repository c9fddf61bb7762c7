"""HMARL's agents: batched training decides as they do, sizes do not matter, weights are checked."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import site_of
from cnc.environment.views import order_for
from cnc.errors import ConfigurationError
from cnc.policies.hmarl.deployment import fill
from cnc.policies.hmarl.joint import JointTraffic, View
from cnc.policies.hmarl.layout import layout_at, layout_of
from cnc.policies.hmarl.policy import HmarlPolicy, read_weights, shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.interface import expectation_of
from cnc.policies.registry import distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.routing import compose_routing
from cnc.training.rollout import rollout


def test_training_decides_as_the_agents_do() -> None:
    world = generate_world(load_scenario("small"), 4)
    policy = HmarlPolicy()
    infrastructure = Infrastructure(world, 4, 120.0, measure_quality=False)
    sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
    end_to_end = QDistribution(world, shipped(0))
    end_to_end._patience = None  # a batch takes the turns that are trained
    agents = [policy.domain(site, 0) for site in sites]
    joint = JointTraffic([world], torch.float64)
    weights = {name: torch.as_tensor(array) for name, array in shipped(0).items()}
    remembered = None
    for _ in range(6):
        measured = infrastructure.measure()
        observation = observe_all(measured, world)
        hosts = end_to_end.hosts(observation) if measured.frame_start else None
        delta = end_to_end.distribute(observation)
        expected = expectation_of(end_to_end)
        parts = {}
        for site, agent in zip(sites, agents, strict=True):
            order = order_for(site, observation, delta, hosts, expected)
            seen = observe_domain(measured, site)
            agent.observe(order)
            replicas = agent.deploy(seen, order) if measured.frame_start else None
            parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
        actuation = assemble(world, sites, measured, parts)
        if measured.slot >= 0:
            tensors = (
                torch.as_tensor(array, dtype=torch.float64)[None]
                for array in (
                    measured.requests,
                    measured.background,
                    measured.backlog_gc,
                    measured.ready,
                    measured.link_capacity_mbit_s,
                    measured.link_energy_j_mbit,
                    measured.link_utilisation,
                )
            )
            with torch.no_grad():
                batched, remembered = joint.decide(View(*tensors), weights, remembered)
            shares = (
                torch.as_tensor(array)
                for array in (
                    actuation.delta,
                    actuation.sigma,
                    actuation.local,
                    actuation.backhaul,
                    actuation.core,
                )
            )
            alone = compose_routing(world, *shares, service=torch.as_tensor(world.classes.service))
            # agents leave out shares below 0.2 %, training keeps them
            torch.testing.assert_close(batched[0], alone, atol=0.02, rtol=0.0)
        infrastructure.actuate(actuation)


@pytest.mark.parametrize(("cells", "services"), [(1, 3), (2, 6), (6, 12)])
def test_the_same_weights_run_on_other_sizes(cells: int, services: int) -> None:
    parameters = ScenarioParameters(cells=cells, services=services)
    world = generate_world(parameters, 1)
    load = 30.0 * cells
    for outcome in islice(rollout(world, HmarlPolicy(), 1, load), 12):
        assert 0.0 <= outcome.satisfied_share <= 1.0


def test_it_costs_less_than_every_heuristic() -> None:
    world = generate_world(load_scenario("paper"), 7)

    def cost(name: str) -> float:
        slots = islice(rollout(world, distributed_policy(name), 7, 1000.0), 10, 20)
        return float(np.mean([slot.cost for slot in slots]))

    learned = cost("hmarl")
    for name in ("rand", "grd", "grd-plus", "grd-work", "nearest"):
        assert learned < 0.8 * cost(name), name


def test_a_domain_sees_its_part_of_the_nominal_layout() -> None:
    world = generate_world(load_scenario("small"), 0)
    whole = layout_of(world, world.classes, nominal=True)
    for domain in range(len(world.domain_ids)):
        site = site_of(world, domain)
        part = layout_at(site, world.classes)
        mine = np.isin(world.route_node.reshape(-1), site.nodes)
        order = np.lexsort((part.slack_s[0], part.route_node))
        nodes = whole.route_node[mine] - site.nodes[0]
        wanted = np.lexsort((whole.slack_s[0, mine], nodes))
        np.testing.assert_allclose(part.slack_s[:, order], whole.slack_s[:, mine][:, wanted])
        np.testing.assert_allclose(part.weight.sum(), whole.weight[mine].sum())


def test_filling_keeps_to_memory_and_keeps_one_of_each_in_transport() -> None:
    stream = np.random.default_rng(0)
    for _ in range(50):
        services, nodes = 8, 3
        memory = stream.uniform(0.5, 3.0, services)
        room = stream.uniform(8.0, 12.0, nodes)
        worth = stream.exponential(1.0, (services, nodes)) * (
            stream.random((services, nodes)) < 0.7
        )
        replicas = fill(worth, worth > 0, memory, room, 8, keep_one=True)
        assert (memory @ replicas <= room + 1e-9).all()
        assert (replicas.sum(1) >= 1).all() and (replicas <= 8).all()


def test_weights_that_are_missing_or_damaged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cnc train"):
        HmarlPolicy().trained(898)
    damaged = tmp_path / "seed-0.safetensors"
    damaged.write_bytes(b"not weights")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_weights(damaged)
