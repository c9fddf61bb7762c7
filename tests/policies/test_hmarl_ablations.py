"""HMARL's ablations: each differs by its one idea, on any size, within what is possible."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.sites import Floats
from cnc.errors import UsageError
from cnc.policies.hmarl.ablations.distributed import UncoordinatedEndToEnd
from cnc.policies.hmarl.policy import HmarlPolicy, shipped
from cnc.policies.registry import ABLATIONS, check_distributed, policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World
from cnc.training.evaluation_cells import is_learned
from cnc.training.rollout import rollout


@pytest.mark.parametrize("name", ABLATIONS)
@pytest.mark.parametrize(("cells", "services"), [(1, 3), (3, 9), (5, 12)])
def test_the_same_weights_run_on_other_sizes(name: str, cells: int, services: int) -> None:
    world = generate_world(ScenarioParameters(cells=cells, services=services), 1)
    policy = policy_named(name)
    assert policy.name == name
    # the infrastructure refuses flows to nodes without a ready replica, and too many replicas
    for outcome in islice(rollout(world, policy, 1, 40.0 * cells), 12):
        assert 0.0 < outcome.satisfied_share <= 1.0


def test_each_decides_otherwise_than_hmarl_and_has_training_seeds() -> None:
    world = generate_world(load_scenario("small"), 3)

    def costs(name: str) -> list[float]:
        return [slot.cost for slot in islice(rollout(world, policy_named(name), 3, 250.0), 13)]

    whole = costs("hmarl")
    for name in ABLATIONS:
        assert costs(name) != whole, name
        assert is_learned(name)


@pytest.mark.parametrize("name", ABLATIONS)
def test_none_runs_on_the_bus(name: str) -> None:
    with pytest.raises(UsageError, match="comparisons in the simulator"):
        check_distributed(name)


def test_an_origin_alone_knows_nothing_of_what_others_ask_or_of_idle_nodes() -> None:
    world = generate_world(load_scenario("small"), 2)
    infrastructure = Infrastructure(world, 2, 200.0, measure_quality=False)
    first = observe_all(infrastructure.measure(), world)
    whole = HmarlPolicy().end_to_end(world, 0)
    placed = whole.replicas(first)
    infrastructure.route(_nothing(first.requests, world), placed)
    seen = observe_all(infrastructure.measure(), world)
    stranger = world.node_domain == 2
    elsewhere = replace(
        seen,
        requests=seen.requests * np.array([[1.0], [5.0], [0.0]]),
        background=np.where(stranger, 0.69, seen.background),
        backlog_gc=np.where(stranger, 5.0, seen.backlog_gc),
        ready=np.where(world.node_domain > 0, 3 * seen.ready, seen.ready),
    )
    alone = UncoordinatedEndToEnd(world, shipped(0)).distribute(seen)[0]
    again = UncoordinatedEndToEnd(world, shipped(0)).distribute(elsewhere)[0]
    np.testing.assert_array_equal(alone, again)
    together, changed = (
        HmarlPolicy().end_to_end(world, 0).distribute(x)[0] for x in (seen, elsewhere)
    )
    assert np.abs(together - changed).max() > 0.01


def test_an_origin_alone_learns_how_busy_others_keep_the_nodes_that_serve_it() -> None:
    world = generate_world(load_scenario("small"), 2)
    infrastructure = Infrastructure(world, 2, 200.0, measure_quality=False)
    first = observe_all(infrastructure.measure(), world)
    infrastructure.route(
        _nothing(first.requests, world), HmarlPolicy().end_to_end(world, 0).replicas(first)
    )
    seen = observe_all(infrastructure.measure(), world)
    transport = world.node_domain == len(world.domain_ids) - 1

    def after(busy: float) -> float:
        """Part of origin 0 that goes to transport once its nodes were that busy."""
        end_to_end = UncoordinatedEndToEnd(world, shipped(0))
        end_to_end.distribute(seen)
        used = np.where(transport, busy, seen.background)
        later = replace(seen, slot=1, utilisation=used)
        kept = json.loads(json.dumps(end_to_end.snapshot()))
        restored = UncoordinatedEndToEnd(world, shipped(0))
        restored.restore(kept)
        delta = end_to_end.distribute(later)
        np.testing.assert_array_equal(delta, restored.distribute(later))
        asked = seen.requests[0]
        return float((delta[0, :, -1] * asked).sum() / asked.sum())

    assert after(0.94) < 0.8 * after(0.2)


def _nothing(requests: Floats, world: World) -> torch.Tensor:
    return torch.zeros((*requests.shape, world.route_node.shape[1]), dtype=torch.float64)
