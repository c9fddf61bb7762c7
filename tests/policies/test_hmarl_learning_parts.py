"""The parts of learning: hindsight, guard, replay, optimiser, packing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cnc.errors import StorageError
from cnc.policies.hmarl.improvement import Shares, routing
from cnc.policies.hmarl.joint import stacked
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.learning.guard import Guard
from cnc.policies.hmarl.learning.hindsight import of_routes, slot_cost
from cnc.policies.hmarl.learning.packing import packed, unpacked
from cnc.policies.hmarl.learning.replay import Replay
from cnc.policies.hmarl.learning.settings import LearningSettings
from cnc.policies.hmarl.learning.trainable import Trainable
from cnc.policies.hmarl.marginal import Conditions, marginal_cost
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import trace

SETTINGS = LearningSettings(window=4, early=2)


@pytest.mark.parametrize("load", [40.0, 160.0, 400.0])
def test_hindsight_is_what_the_kernel_says(load: float) -> None:
    world = generate_world(ScenarioParameters(cells=3, services=9), 2)
    stream = np.random.default_rng(int(load))
    seen = trace(world, 1, load, 2)
    services, nodes = world.keepalive_w.shape
    ready = torch.tensor(stream.integers(1, 4, (services, nodes)), dtype=torch.float64)
    backlog = torch.tensor(stream.random(nodes) * (stream.random(nodes) < 0.3))
    now = ExogenousTensors(
        *(
            torch.from_numpy(array[1])
            for array in (
                seen.requests,
                seen.node_background,
                seen.link_capacity_mbit_s,
                seen.link_energy_j_mbit,
            )
        )
    )
    met = Conditions(
        now.node_background[None], backlog[None], ready[None],
        now.link_capacity[None], now.link_energy[None],
    )  # fmt: skip
    layout = stacked([layout_of(world, world.classes)], torch.float64)
    asked = now.requests.T[None]

    def costs(seed: int) -> tuple[float, float]:
        draw = np.random.default_rng(seed)
        origins, candidates = world.candidates.shape
        choice = draw.random((services, origins, candidates + 1))
        choice /= choice.sum(-1, keepdims=True)
        node = draw.random((services, nodes))
        node /= (node @ layout.onto_domain.numpy()) @ layout.onto_domain.numpy().T
        side = np.ones((services, layout.onto_side.shape[-1] + 1))
        first = draw.random((services, layout.onto_side.shape[-1] // 2))
        side[:, :-1:2], side[:, 1:-1:2] = first, 1.0 - first
        flat = choice.reshape(services, -1)
        shares = Shares(*(torch.tensor(array)[None] for array in (flat, node, side)))
        y = routing(layout, shares)[0][0].reshape(services, origins, -1).transpose(0, 1)
        _, outcome = Kernel.of(world).step(State(backlog, ready, ready), now, y)
        return float(slot_cost(layout, met, asked, shares)), float(outcome.cost)

    found = np.array([costs(seed) for seed in range(6)])
    # both leave out or hold in common what routing does not move, so differences agree
    np.testing.assert_allclose(np.ptp(found[:, 1] - found[:, 0]), 0.0, atol=1e-6)
    assert np.ptp(found[:, 1]) > 1.0


def test_its_gradient_is_the_marginal_cost() -> None:
    world = generate_world(ScenarioParameters(cells=3, services=9), 2)
    seen = trace(world, 1, 160.0, 2)
    services, nodes = world.keepalive_w.shape
    layout = stacked([layout_of(world, world.classes)], torch.float64)
    met = Conditions(
        torch.from_numpy(seen.node_background[1])[None],
        torch.zeros(1, nodes, dtype=torch.float64),
        torch.full((1, services, nodes), 2.0, dtype=torch.float64),
        torch.from_numpy(seen.link_capacity_mbit_s[1])[None],
        torch.from_numpy(seen.link_energy_j_mbit[1])[None],
    )
    origins, candidates = world.candidates.shape
    choice = torch.full(
        (1, services, origins * (candidates + 1)), 1.0 / (candidates + 1), dtype=torch.float64
    ).requires_grad_(True)
    domains = layout.onto_domain.sum(0)
    node = (layout.onto_domain @ (1.0 / domains)).expand(1, services, -1)
    side = torch.full((1, services, layout.onto_side.shape[-1] + 1), 0.5, dtype=torch.float64)
    side[..., -1] = 1.0
    asked = torch.from_numpy(seen.requests[1]).T[None]
    shares = Shares(choice, node, side)
    (gradient,) = torch.autograd.grad(slot_cost(layout, met, asked, shares).sum(), choice)
    y, at_node, path = routing(layout, shares)
    found = marginal_cost(torch, layout, met, of_routes(layout, asked), y.detach())
    wanted = torch.zeros_like(choice).index_add(
        -1, layout.route_choice, found.total * at_node * path
    )
    wanted = wanted.detach().reshape(services, origins, -1)
    wanted[..., -1] = world.parameters.penalty
    got = gradient.reshape(services, origins, -1) / asked[0][..., None].clamp(min=1e-9)
    real = asked[0] > 0
    # the closed form leaves out how a request changes the mean size on its links
    torch.testing.assert_close(got[real], wanted[real], atol=0.3, rtol=0.0)
    assert float((got - wanted)[real].abs().median()) < 0.01


def told(guard: Guard, *slots: tuple[float, float, float]) -> list[str]:
    return [guard.compare(*slot) for slot in slots]


def test_better_weights_are_promoted_at_the_end_of_a_window() -> None:
    guard = Guard(SETTINGS)
    assert told(guard, *[(9.0, 10.0, 11.0)] * 4) == ["none", "none", "none", "promote"]
    assert (guard.promotions, guard.reverts, guard.slots) == (1, 0, 0)


def test_better_weights_stay_even_where_the_heuristic_is_better_still() -> None:
    assert told(Guard(SETTINGS), *[(9.0, 10.0, 5.0)] * 4)[-1] == "promote"


@pytest.mark.parametrize(
    ("slot", "verdict"),
    [
        ((10.1, 10.0, 11.0), "none"),  # hardly worse: goes on
        ((10.1, 10.0, 10.05), "revert"),  # worse than the heuristic too
        ((10.3, 10.0, 20.0), "revert"),  # more than 2 % worse than the last good weights
    ],
)
def test_worse_weights_are_taken_back_at_the_end_of_a_window(
    slot: tuple[float, float, float], verdict: str
) -> None:
    guard = Guard(SETTINGS)
    assert told(guard, *[slot] * 4)[-1] == verdict
    assert guard.slots == 0


def test_far_worse_weights_are_taken_back_early_and_no_numbers_at_once() -> None:
    assert told(Guard(SETTINGS), *[(12.0, 10.0, 20.0)] * 2) == ["none", "revert"]
    assert told(Guard(SETTINGS), (math.nan, 10.0, 20.0)) == ["revert"]


def test_the_replay_is_bounded_and_always_gives_the_newest() -> None:
    replay = Replay(3)
    for number in range(5):
        replay.add({"slot": np.array([number])})
    drawn = [int(s["slot"][0]) for s in replay.draw(2, np.random.default_rng(0))]
    assert drawn[0] == 4 and sorted(drawn[1:]) == [2, 3]
    assert len(replay.draw(9, np.random.default_rng(1))) == 3
    again = Replay(3)
    again.restore(unpacked(packed(replay.snapshot())))
    assert again.draw(2, np.random.default_rng(0))[1] == replay.draw(2, np.random.default_rng(0))[1]
    one = Replay(3)
    one.add({"slot": np.array([7])})
    assert len(one.draw(2, np.random.default_rng(0))) == 1


def made(settings: LearningSettings) -> Trainable:
    base = {
        "e2e.w1": np.arange(6.0).reshape(2, 3),
        "e2e.steps": np.array([[0.5, 0.0, 1.0]]),
        "node.w1": np.ones((2, 2)),
    }
    return Trainable(base, ("e2e.",), settings)


def loss_of(trainable: Trainable) -> torch.Tensor:
    tensors = trainable.tensors()
    return (tensors["e2e.w1"] ** 2).sum() * 1e-2 + (tensors["e2e.steps"] - 2.0).pow(2).sum()


def test_it_descends_as_torch_does() -> None:
    settings = LearningSettings(rate=0.02, step_rate=0.05, clip=0.7)
    mine = made(settings)
    raw = torch.tensor(np.arange(6.0).reshape(2, 3)).requires_grad_(True)
    steps = torch.tensor([[0.5, 1e-3, 1.0]], dtype=torch.float64).log().requires_grad_(True)
    theirs = torch.optim.Adam([{"params": [raw], "lr": 0.02}, {"params": [steps], "lr": 0.05}])
    for _ in range(7):
        assert mine.descend(loss_of(mine))
        theirs.zero_grad()
        loss = (raw**2).sum() * 1e-2 + (steps.exp() - 2.0).pow(2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([raw, steps], 0.7)
        theirs.step()
    np.testing.assert_allclose(mine.arrays()["e2e.w1"], raw.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(mine.arrays()["e2e.steps"], steps.exp().detach().numpy(), rtol=1e-6)
    np.testing.assert_array_equal(mine.arrays()["node.w1"], np.ones((2, 2)))


def test_weights_and_moments_come_back_exactly() -> None:
    first, second = made(LearningSettings()), made(LearningSettings())
    for _ in range(3):
        first.descend(loss_of(first))
    second.restore(unpacked(packed(first.snapshot())))
    for _ in range(3):
        first.descend(loss_of(first))
        second.descend(loss_of(second))
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(second.arrays()[name], array)
    assert second.steps == 6


def test_a_gradient_that_is_no_number_moves_nothing() -> None:
    mine = made(LearningSettings())
    before = mine.arrays()
    assert not mine.descend(loss_of(mine) * float("nan"))
    for name, array in mine.arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_damaged_snapshot_says_what_to_do() -> None:
    for text in ("%%%", packed({"a": np.ones(3)})[:-8]):
        with pytest.raises(StorageError, match="move the snapshot away"):
            unpacked(text)
