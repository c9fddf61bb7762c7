"""Running a policy offline: deterministic, complete, and better than chance."""

from __future__ import annotations

from itertools import islice
from statistics import fmean

import numpy as np
import pytest

from cnc.environment.infrastructure import SlotOutcome
from cnc.policies.registry import DISTRIBUTED, distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World
from cnc.training.rollout import rollout

SMALL = generate_world(ScenarioParameters(cells=3, services=9), 1)


def slots(
    policy: str, load: float, count: int, world: World = SMALL, seed: int = 4, quality: bool = False
) -> list[SlotOutcome]:
    return list(islice(rollout(world, distributed_policy(policy), seed, load, quality), count))


def numbers(outcomes: list[SlotOutcome]) -> list[tuple[float, ...]]:
    return [(x.energy_j, x.satisfied, x.requests, x.cost) for x in outcomes]


@pytest.mark.parametrize("policy", DISTRIBUTED)
def test_the_same_seed_gives_the_same_run(policy: str) -> None:
    first = slots(policy, 90.0, 13)
    assert [x.slot for x in first] == list(range(13))
    assert numbers(first) == numbers(slots(policy, 90.0, 13))
    assert numbers(first) != numbers(slots(policy, 90.0, 13, seed=5))


@pytest.mark.parametrize("policy", DISTRIBUTED)
@pytest.mark.parametrize("load", [0.0, 1.0, 90.0, 2_000.0])
def test_any_load_runs_and_adds_up(policy: str, load: float) -> None:
    for outcome in slots(policy, load, 12):
        terms = (outcome.computing_j, outcome.network_j, outcome.idle_j)
        terms += (outcome.keepalive_j, outcome.start_j)
        assert min(terms) >= -1e-9
        assert outcome.energy_j == pytest.approx(sum(terms))
        assert -1e-9 <= outcome.satisfied <= outcome.requests + 1e-9
        assert 0.9 * load - 1 <= outcome.requests <= 1.1 * load + 1
        per_node = sum(values.sum() for values in outcome.node_energy_j.values())
        assert per_node + outcome.link_energy_j.sum() == pytest.approx(outcome.energy_j)


def test_every_policy_meets_the_same_requests() -> None:
    asked = [[x.requests for x in slots(policy, 90.0, 12)] for policy in DISTRIBUTED]
    assert all(requests == asked[0] for requests in asked)


def test_quality_attributes_requests_and_energy() -> None:
    for outcome in slots("grd-plus", 90.0, 11, quality=True):
        quality = outcome.quality
        assert quality is not None
        assert quality.requests.sum() == pytest.approx(outcome.requests)
        assert quality.satisfied.sum() == pytest.approx(outcome.satisfied)
        assert (quality.satisfied + quality.lost <= quality.requests + 1e-9).all()
        served = quality.lost < quality.requests
        latency = quality.latency_ms[served & (quality.requests > 0)]
        assert np.isfinite(latency).all() and (np.diff(latency, axis=-1) >= -1e-9).all()
        used = outcome.computing_j + outcome.network_j
        assert used - 1e-6 <= quality.energy_j.sum() <= used + outcome.keepalive_j + 1e-6


def test_greedy_beats_random_at_800_requests() -> None:
    """The case study's ranking, on its own world (satisfaction .89 against .55 there)."""
    world = generate_world(ScenarioParameters(), 0)
    shares = {}
    energy = {}
    for policy in ("grd", "rand"):
        run = slots(policy, 800.0, 20, world, seed=0)
        shares[policy] = fmean(x.satisfied_share for x in run)
        energy[policy] = fmean(x.energy_j for x in run)
    assert shares["grd"] > shares["rand"] + 0.2
    assert energy["grd"] < energy["rand"]


@pytest.mark.parametrize("cells", [1, 2])
def test_the_smallest_worlds_run(cells: int) -> None:
    world = generate_world(ScenarioParameters(cells=cells, services=3), 0)
    for policy in DISTRIBUTED:
        assert len(slots(policy, 30.0, 11, world)) == 11
