"""Nearest tier first, up to the targets."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from statistics import fmean

import numpy as np
import pytest

from cnc.environment.assembly import observe_all
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.observations import EndToEndObservation
from cnc.environment.scenario import load_scenario
from cnc.policies.nearest import NearestEndToEnd
from cnc.policies.registry import distributed_policy
from cnc.simulator.generator import generate_world
from cnc.simulator.world import World
from cnc.training.rollout import rollout

SMALL = generate_world(load_scenario("small"), 0)


def observed(world: World, requests: float, ready: int = 1) -> EndToEndObservation:
    """Idle nodes with replicas everywhere, and the same count of every class and origin."""
    observation = observe_all(Infrastructure(world, 0, 90.0, False).measure(), world)
    return replace(
        observation,
        requests=np.full_like(observation.requests, requests),
        ready=np.full_like(observation.ready, ready),
        background=np.zeros_like(observation.background),
    )


def delta(world: World, requests: float, targets: tuple[float, float, float]) -> np.ndarray:
    return NearestEndToEnd(world, targets).distribute(observed(world, requests))


def test_little_demand_stays_at_the_nearest_admissible_candidate() -> None:
    shares = delta(SMALL, 0.01, (0.5, 0.5, 0.5))
    admissible = SMALL.admissible_routes(SMALL.classes)
    for origin in range(shares.shape[0]):
        for group in range(shares.shape[1]):
            nearest = SMALL.route_candidate[admissible[origin, group]].min()
            assert shares[origin, group, nearest] == pytest.approx(1.0)


def test_more_demand_goes_further_out() -> None:
    used = [
        delta(SMALL, requests, (0.5, 0.5, 0.5)).mean(axis=(0, 1)) for requests in (0.1, 3.0, 40.0)
    ]
    assert used[0][0] > used[1][0] > used[2][0]
    assert used[0][4] <= used[1][4] < used[2][4]


@pytest.mark.parametrize("target", [0.2, 0.5])
def test_no_domain_is_filled_beyond_the_target_while_there_is_room(target: float) -> None:
    shares = delta(SMALL, 1.0, (target, target, target))
    work = shares * SMALL.work_gc[None, :, None]
    for candidate in (0, 1):
        for origin in range(shares.shape[0]):
            nodes = SMALL.nodes_of(int(SMALL.candidates[origin, candidate]))
            room = target * SMALL.node_capacity_gc_s[nodes].sum()
            assert work[origin, :, candidate].sum() <= room + 1e-9


def test_rows_are_shares_whatever_the_demand() -> None:
    for requests in (0.0, 1.0, 1e4):
        shares = delta(SMALL, requests, (0.35, 0.7, 0.6))
        assert shares.min() >= 0
        assert shares.sum(axis=-1) == pytest.approx(np.ones(shares.shape[:2]))


def test_nothing_ready_is_left_unserved() -> None:
    end_to_end = NearestEndToEnd(SMALL, (0.5, 0.5, 0.5))
    assert not end_to_end.distribute(observed(SMALL, 1.0, ready=0)).any()


def test_it_beats_the_greedy_policy_under_load() -> None:
    def cost(name: str) -> float:
        return fmean(x.cost for x in islice(rollout(SMALL, distributed_policy(name), 0, 300.0), 12))

    assert cost("nearest") < cost("grd")
