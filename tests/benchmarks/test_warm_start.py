"""`benchmarks/warm_start.py`: how slots are counted, and what a regime is."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from warm_start import MIX, WRONG, Run, figures_of, slots_to
from warm_start_figure import draw, moving, read_costs, write_costs

from cnc.environment.scenario import load_scenario
from cnc.policies.hmarl.policy import HmarlPolicy
from cnc.simulator.generator import generate_world


def test_slots_count_until_the_moving_gain_reaches_the_goal() -> None:
    assert moving(np.arange(12.0)) == pytest.approx([4.5, 5.5, 6.5])
    gain = np.concatenate([np.zeros(20), np.ones(30)])
    assert slots_to(gain, 0.95) == 20.0  # the mean of slots 20 to 29
    assert slots_to(np.ones(30), 0.95) == 0.0
    assert slots_to(gain, 2.0) == 50.0


def test_the_goal_is_what_no_knowledge_gains_in_the_end() -> None:
    still, none = np.full((2, 60), 10.0), np.full((2, 60), 10.0)
    none[:, 25:] = 8.0
    costs = {"still": still, "none": none, "right": np.full((2, 60), 8.0)}
    assert figures_of(costs, "none", [0, 1]) == (10.0, 25.0, 8.0)
    assert figures_of(costs, "right", [0, 1]) == (8.0, 0.0, 8.0)


def test_the_figure_can_be_drawn_again_from_what_it_was_drawn_from(tmp_path: Path) -> None:
    stream = np.random.default_rng(0)
    arms = ("still", "none", "right", "wrong")
    every = {
        name: {arm: stream.uniform(90.0, 100.0, (3, 15)).round(3) for arm in arms}
        for name in ("mix", "lost")
    }
    write_costs(tmp_path / "costs.csv", every)
    again = read_costs(tmp_path / "costs.csv")
    assert list(again) == list(every)
    for name, costs in every.items():
        for arm, rows in costs.items():
            np.testing.assert_array_equal(again[name][arm], rows)
    for name, costs in (("one", every), ("two", again)):
        draw(tmp_path / f"{name}.png", costs)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_lost_domains_hold_and_decide_nothing() -> None:
    world = generate_world(load_scenario("small"), 3)
    assert (MIX.of(world).popularity == world.popularity[::-1]).all()
    regime = next(regime for regime in WRONG if regime.lost)
    run = Run(world, regime, HmarlPolicy(), 5).slots(3)
    assert len(run.costs) == 3 and np.isfinite(run.costs).all()
    lost = world.domain_index(regime.lost[0])
    placed = run.infrastructure.measure().placed
    assert placed[:, world.node_domain == lost].sum() == 0 < placed.sum()
    assert run.sent.sum() > 0
