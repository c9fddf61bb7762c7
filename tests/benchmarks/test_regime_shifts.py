"""The benchmark of regime shifts: a small run of it, regret, and the figure from what is kept."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from regime_shifts import (
    POLICIES,
    REFERENCE,
    TITLES,
    Costs,
    complete,
    costs_of,
    draw,
    read_costs,
    reference_costs,
    regret,
    shift_named,
    table,
    write_costs,
)

from cnc.environment.scenario import load_scenario
from cnc.environment.shifts import HotspotJump, NodeLoss, RadioFade
from cnc.simulator.generator import generate_world


def made_up() -> Costs:
    stream = np.random.default_rng(0)
    return {
        (shift, seed, policy): (stream.uniform(100, 200, 140) + 50 * (policy != REFERENCE)).tolist()
        for shift in TITLES
        for seed in (7, 8)
        for policy in (*POLICIES, REFERENCE)
    }


def test_shifts_meet_the_hotspot() -> None:
    world = generate_world(load_scenario("paper"), 7)
    assert shift_named("jump", world, 0) == HotspotJump(5)
    loss = shift_named("loss", world, 4)
    assert isinstance(loss, NodeLoss)
    assert {world.domain_ids[world.node_domain[node]] for node in loss.nodes} == {"ran-4"}
    assert shift_named("fade", world, 0) == RadioFade((0, 1, 9))


def test_the_reference_branches_where_the_shift_is() -> None:
    world = generate_world(load_scenario("small"), 7)
    shifts = {name: shift_named(name, world, 1) for name in ("mix", "loss")}
    found = reference_costs(world, 7, 90.0, 3, 6, shifts)
    assert found["mix"][:3] == found["loss"][:3]
    assert found["mix"][3] != found["loss"][3]
    whole = costs_of("grd-plus", world, 7, 90.0, 3, 6, shifts["mix"])
    assert len(whole) == len(found["mix"]) == 6


def test_the_figure_comes_again_from_what_is_kept(tmp_path: Path) -> None:
    costs = made_up()
    write_costs(costs, tmp_path / "costs.csv")
    again = read_costs(tmp_path / "costs.csv")
    np.testing.assert_allclose(
        regret(again, "mix", "hmarl"), regret(costs, "mix", "hmarl"), atol=0.02
    )
    assert regret(costs, "mix", "hmarl").shape == (2, 140)
    assert len(table(again, 60).splitlines()) == 2 + len(TITLES) * (len(POLICIES) + 1)
    first = draw(again, 60, tmp_path / "one").read_bytes()
    assert first == draw(again, 60, tmp_path / "two").read_bytes()
    assert read_costs(tmp_path / "nothing.csv") == {}


def test_a_policy_without_all_runs_is_left_out(tmp_path: Path) -> None:
    costs = made_up()
    del costs["mix", 8, "hmarl-learn"]
    assert complete(costs) == ["grd-plus", "hmarl"]
    assert "hmarl-learn" not in table(costs, 60)
    assert draw(costs, 60, tmp_path).stat().st_size > 0
