"""The benchmark of decisions: every slot is counted once, and agents are told apart."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from decision_time import SEED, Taken, measure
from shared_domains import measured_slots

from cnc.environment.scenario import load_scenario
from cnc.policies.registry import policy_named
from cnc.simulator.generator import generate_world
from cnc.training.rollout import rollout

WORLD = generate_world(load_scenario("small"), 0)


def test_agents_take_a_part_of_what_all_take() -> None:
    every, end_to_end, slowest = measure(WORLD, "hmarl", 60, slots=4, warm_up=2)
    assert [taken.label for taken in (every, end_to_end, slowest)] == [
        "hmarl", "hmarl, E2E", "hmarl, slowest domain",
    ]  # fmt: skip
    for all_ms, first_ms, domain_ms in zip(
        every.wall_ms, end_to_end.wall_ms, slowest.wall_ms, strict=True
    ):
        assert first_ms > 0.0 and domain_ms > 0.0
        assert first_ms + domain_ms < all_ms


@pytest.mark.parametrize("name", ["grd-plus", "opt-causal"])
def test_other_policies_are_timed_as_a_whole(name: str) -> None:
    (taken,) = measure(WORLD, name, 60, slots=1, warm_up=0)
    assert taken.label == name
    assert len(taken.wall_ms) == len(taken.processor_ms) == 1
    assert taken.wall_ms[0] > 0.0 and taken.processor_ms[0] > 0.0


def test_domains_in_two_processes_decide_a_slot() -> None:
    slots = measured_slots(WORLD, 60, slots=2, warm_up=1)
    alone = islice(rollout(WORLD, policy_named("hmarl"), SEED, 60), 1, 3)
    assert [slot.cost for slot in slots] == pytest.approx([slot.cost for slot in alone])
    assert all(slot.wall_ms > 0.0 and slot.processor_ms > 0.0 for slot in slots)


def test_a_row_says_mean_median_quantile_and_least() -> None:
    wall_ms = [100.0, *(float(at) for at in range(1, 21))]
    cells = Taken("some", wall_ms, [2.0] * 21).row(400).split()
    assert cells == ["400", "some", "14.76", "11.00", "20.00", "1.00", "2.00", "21"]
