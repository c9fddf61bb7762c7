from __future__ import annotations

import pytest
import torch

from cnc.simulator import incidence
from cnc.simulator.incidence import Incidence
from cnc.simulator.kernel import Kernel

from .drawing import draw_slot, draw_world, outcome_arrays, stack

USED = torch.tensor([[0, 2, 5], [1, 5, 5], [0, 1, 2], [4, 5, 5]])
"""Four routes over five links; 5 is none, and nothing uses link 3."""


@pytest.fixture(params=[0, 10**9], ids=["gathered", "matrix"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Incidence:
    monkeypatch.setattr(incidence, "DENSE", request.param)
    return Incidence(USED, 5, torch.float64)


def test_routes_add_up_on_what_they_use(either: Incidence) -> None:
    flow = torch.tensor([[1.0, 2.0, 4.0, 8.0], [1.0, 0.0, 0.0, 1.0]]).double()
    assert either.onto(flow).tolist() == [[5, 6, 5, 0, 8], [1, 0, 1, 0, 1]]


def test_what_is_used_adds_up_along_routes(either: Incidence) -> None:
    values = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0]).double()
    assert either.along(values).tolist() == [5, 2, 7, 16]
    assert either.along(values.expand(2, 3, 5)).shape == (2, 3, 4)


def test_both_are_differentiable(either: Incidence) -> None:
    flow = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    values = torch.rand(3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(either.onto, flow)
    assert torch.autograd.gradcheck(either.along, values)


@pytest.mark.parametrize("size", [1, 9], ids=["alone", "blocks"])
@pytest.mark.parametrize("gradients", [False, True], ids=["plain", "gradients"])
def test_a_kernel_does_not_depend_on_it(
    size: int, gradients: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [draw_world(seed) for seed in range(size)]
    batch = stack([draw_slot(world, 1, 300.0) for world in worlds])
    results = []
    for entries in (0, 10**9):
        monkeypatch.setattr(incidence, "DENSE", entries)
        routing = batch.routing.clone().requires_grad_(gradients)
        after, outcome = Kernel.of(worlds).step(
            batch.state, batch.exogenous, routing, batch.replicas
        )
        arrays = outcome_arrays(after, outcome)
        if gradients:
            outcome.cost.sum().backward()
            assert routing.grad is not None
            arrays["gradient"] = routing.grad
        results.append(arrays)
    for name, tensor in results[0].items():
        torch.testing.assert_close(tensor, results[1][name], rtol=1e-11, atol=1e-10)


def test_a_thousand_cells_are_stepped() -> None:
    world = draw_world(0, cells=1000, services=3)
    kernel = Kernel.of(world)
    slot = draw_slot(world, 0, load=20_000.0)
    _, outcome = kernel.step(slot.state, slot.exogenous, slot.routing, slot.replicas)
    assert 0 < float(outcome.satisfied) < float(outcome.total_requests)
