"""Regime shifts: they begin when they are told to, and change what they say and nothing else."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.shifts import HotspotJump, MixChange, NodeLoss, RadioFade, Shift
from cnc.errors import SimulationError
from cnc.policies.registry import policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import Exogenous, TrafficGenerator
from cnc.simulator.world import RADIO, World
from cnc.training.rollout import Step, episode

AT = 4


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(load_scenario("small"), 5)


def slot_of(world: World) -> Exogenous:
    return TrafficGenerator(world, 5, 90.0).next()


def test_a_jump_moves_requests_from_origin_to_origin(world: World) -> None:
    slot = slot_of(world)
    after = HotspotJump(1).applied(world, slot)
    np.testing.assert_array_equal(after.requests[1], slot.requests[0])
    np.testing.assert_array_equal(after.requests.sum(0), slot.requests.sum(0))
    assert after.node_background is slot.node_background


def test_a_fade_halves_the_radio_links_of_its_cells_alone(world: World) -> None:
    slot = slot_of(world)
    after = RadioFade((0, 2)).applied(world, slot)
    radio = np.flatnonzero(world.link_kind == RADIO)
    ratio = after.link_capacity_mbit_s / slot.link_capacity_mbit_s
    np.testing.assert_allclose(ratio[radio], [0.5, 1.0, 0.5])
    np.testing.assert_allclose(np.delete(ratio, radio), 1.0)
    power = after.link_capacity_mbit_s * after.link_energy_j_mbit
    np.testing.assert_allclose(power, slot.link_capacity_mbit_s * slot.link_energy_j_mbit)


def test_a_mix_turned_round_twice_is_the_old_one(world: World) -> None:
    slot = slot_of(world)
    once = MixChange().applied(world, slot)
    most, least = np.argmax(world.popularity), np.argmin(world.popularity)
    np.testing.assert_array_equal(once.requests[:, least], slot.requests[:, most])
    np.testing.assert_array_equal(MixChange().applied(world, once).requests, slot.requests)


@pytest.mark.parametrize("shift", [NodeLoss((99,)), RadioFade((3,)), RadioFade((0,), 0.0)])
def test_what_there_is_not_cannot_change(world: World, shift: Shift) -> None:
    infrastructure = Infrastructure(world, 5, 90.0, measure_quality=False)
    infrastructure.slot = 0
    infrastructure.shift(shift)
    with pytest.raises(SimulationError):
        infrastructure.measure()


def run(world: World, shift: Shift | None, policy: str = "grd-plus") -> list[Step]:
    def disturb(infrastructure: Infrastructure) -> None:
        if infrastructure.slot == AT and shift is not None:
            infrastructure.shift(shift)

    steps = episode(world, policy_named(policy), 5, 90.0, disturb=disturb)
    return list(islice(steps, 14))


@pytest.mark.parametrize(
    "shift", [HotspotJump(1), NodeLoss((13, 14)), RadioFade((0, 1)), MixChange()]
)
def test_all_is_as_it_was_until_then_and_dearer_or_other_afterwards(
    world: World, shift: Shift
) -> None:
    calm, shaken = run(world, None), run(world, shift)
    for before, after in zip(calm[:AT], shaken[:AT], strict=True):
        assert before.outcome.cost == after.outcome.cost
    assert calm[AT].outcome.cost != shaken[AT].outcome.cost
    if isinstance(shift, HotspotJump | MixChange):
        for before, after in zip(calm, shaken, strict=True):
            assert before.measured.requests.sum() == after.measured.requests.sum()


@pytest.mark.parametrize("policy", ["hmarl", "grd-work"])
def test_a_lost_node_never_serves_again(world: World, policy: str) -> None:
    lost = tuple(np.flatnonzero(world.node_domain == 3)[:2].tolist())
    for step in run(world, NodeLoss(lost), policy):
        ready = step.measured.ready[:, list(lost)].sum()
        work = step.outcome.node_energy_j["computing"][list(lost)].sum()
        if step.outcome.slot >= AT:
            assert ready == 0 and work == pytest.approx(0.0, abs=1e-6)
            assert (step.background[list(lost)] > 0.99).all()
