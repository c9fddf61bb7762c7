"""The learners that the training curves compare: what each of them sees, and the figure."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from training_curves import VARIANTS, curve, draw, read_rows, table, write_rows
from training_variants import ExploringTraffic, SelfishTraffic

from cnc.environment.scenario import load_scenario
from cnc.policies.hmarl.arrays import normalised
from cnc.training.hmarl.demonstrations import Demonstration, drawn


@cache
def frames() -> tuple[Demonstration, ...]:
    """Two frames with as many replicas as there is room for one of each, and no plan."""
    found = []
    for number in (6, 7):
        world, slots = drawn(load_scenario("small"), 0, number)
        one = np.ones((len(world.work_gc), len(world.node_domain)), dtype=np.int64)
        found.append(Demonstration(world, slots, one, cost=100.0))
    return tuple(found)


def sets() -> list[np.ndarray]:
    return [frame.replicas * 1.0 for frame in frames()]


def test_the_score_function_points_where_the_gradient_does() -> None:
    draws = 20_000
    joint = ExploringTraffic([frames()[0].world], torch.Generator().manual_seed(0))
    joint.log_probability = torch.zeros(draws)
    theta = torch.tensor([0.3, -0.2, 0.0], requires_grad=True)
    prices = torch.tensor([1.0, 2.0, 4.0])
    share = theta.softmax(0)
    tried = normalised(joint._explored(share.expand(draws, 1, 3)))
    advantage = ((tried * prices).sum((1, 2)) - (share * prices).sum()).detach()
    estimate = torch.autograd.grad(
        (advantage * joint.log_probability).mean(), theta, retain_graph=True
    )[0]
    true = torch.autograd.grad((share * prices).sum(), theta)[0]
    torch.testing.assert_close(estimate, true, atol=0.02, rtol=0.05)


def test_exploration_keeps_to_what_is_possible_and_is_left_out_of_measurements() -> None:
    learner = VARIANTS["centralised"](0, 1)
    played = next(iter(learner._slots(frames(), sets())))
    joint = played.joint
    assert isinstance(joint, ExploringTraffic) and joint.quiet is not None
    tried, quiet = played.routing.detach(), joint.quiet
    assert (tried - quiet).abs().max() > 1e-3
    assert ((tried > 0) <= (quiet > 0)).all()
    assert tried.sum(-1).max() <= 1.0 + 1e-5
    assert learner.measured(frames(), sets()) == learner.measured(frames(), sets())


def test_a_selfish_share_is_not_moved_by_what_it_takes_from_others() -> None:
    learner = VARIANTS["distributed"](0, 1)
    played = next(iter(learner._slots(frames(), sets())))
    joint = played.joint
    assert isinstance(joint, SelfishTraffic)
    routing = played.routing.detach().requires_grad_(True)
    played = type(played)(**{**vars(played), "routing": routing})
    own = torch.autograd.grad(joint.own_cost(played).sum(), routing)[0]
    _, outcome = played.kernel.step(played.state, played.now, routing, check=False)
    whole = torch.autograd.grad(outcome.cost.sum(), routing)[0]
    beyond = whole - own
    assert beyond.min() > -1e-3 * whole.abs().max()
    assert beyond.max() > 0.05 * whole.abs().max()


def test_curves_are_drawn_alike_from_what_was_kept(tmp_path: Path) -> None:
    rows = []
    for variant in VARIANTS:
        for seed in range(1):
            learner = VARIANTS[variant](seed, 1)
            points = curve(learner, frames()[:1], frames()[:1], 1, seed)
            assert [at for at, _ in points] == [0, 1]
            assert points[0][1] != points[1][1]
            rows += [
                {"variant": variant, "seed": seed, "episode": at, "cost_over_plan": cost}
                for at, cost in points
            ]
    write_rows(rows, tmp_path / "rows.csv")
    again = read_rows(tmp_path / "rows.csv")
    assert table(again) == table(rows)
    first = draw(rows, tmp_path / "one").read_bytes()
    assert first == draw(again, tmp_path / "two").read_bytes()
