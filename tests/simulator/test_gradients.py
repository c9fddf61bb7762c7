from __future__ import annotations

import pytest
import torch

from cnc.simulator.kernel import Kernel

from .drawing import Slot, draw_slot, draw_world, kernel_of


def shares(logits: torch.Tensor, slot: Slot) -> torch.Tensor:
    """Routing by softmax over the routes in use."""
    usable = slot.routing > 0
    return torch.softmax(logits.masked_fill(~usable, -torch.inf), dim=-1)


@pytest.mark.parametrize("load", [60.0, 600.0], ids=["light", "heavy"])
@pytest.mark.parametrize("term", ["cost", "satisfied", "energy_total_j", "energy_network_j"])
def test_gradients_are_those_of_finite_differences(load: float, term: str) -> None:
    world = draw_world(1)
    slot = draw_slot(world, 1, load)
    kernel = kernel_of(world)

    def value(logits: torch.Tensor) -> torch.Tensor:
        routing = shares(logits, slot)
        outcome = kernel.step(slot.state, slot.exogenous, routing, slot.replicas)[1]
        found: torch.Tensor = getattr(outcome, term)
        return found

    stream = torch.Generator().manual_seed(0)
    logits = torch.randn(slot.routing.shape, generator=stream, dtype=torch.float64)
    logits.requires_grad_()
    value(logits).backward()
    gradient = logits.grad
    assert gradient is not None and float(gradient.abs().max()) > 0
    for _ in range(8):
        way = torch.randn(logits.shape, generator=stream, dtype=torch.float64)
        with torch.no_grad():
            change = (value(logits + 1e-6 * way) - value(logits - 1e-6 * way)) / 2e-6
        # A clipped or overloaded place has a kink, which a difference may straddle.
        assert float((gradient * way).sum()) == pytest.approx(float(change), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("load", [0.0, 1.0, 100.0, 10_000.0])
def test_gradients_are_finite_at_any_load(load: float) -> None:
    world = draw_world(2)
    slot = draw_slot(world, 2, load)
    routing = slot.routing.clone().requires_grad_()
    outcome = kernel_of(world).step(slot.state, slot.exogenous, routing, slot.replicas)[1]
    outcome.cost.backward()
    assert routing.grad is not None
    assert bool(torch.isfinite(routing.grad).all())


def test_gradients_go_back_through_the_backlog() -> None:
    """Overload in one slot costs in the next."""
    world = draw_world(3)
    slot = draw_slot(world, 3, load=3_000.0)
    kernel = Kernel.of(world)
    routing = slot.routing.clone().requires_grad_()
    state, _ = kernel.step(slot.state, slot.exogenous, routing)
    assert float(state.backlog_gc.detach().max()) > 0
    _, outcome = kernel.step(state, slot.exogenous, slot.routing)
    outcome.cost.backward()
    assert routing.grad is not None and float(routing.grad.abs().max()) > 0


def test_a_downhill_step_lowers_the_cost() -> None:
    world = draw_world(4)
    slot = draw_slot(world, 4, load=200.0)
    kernel = kernel_of(world)
    logits = torch.zeros(slot.routing.shape, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.Adam([logits], lr=0.1)
    costs = []
    for _ in range(30):
        outcome = kernel.step(slot.state, slot.exogenous, shares(logits, slot))[1]
        descent.zero_grad()
        outcome.cost.backward()
        descent.step()
        costs.append(float(outcome.cost.detach()))
    assert costs[-1] < 0.9 * costs[0]
