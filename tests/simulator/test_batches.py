from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from cnc.errors import SimulationError
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.outcome import Flows

from .drawing import Slot, draw_slot, draw_world, kernel_of, outcome_arrays, stack

MANY = 35
"""Members: more than the kernel steps at a time, and not a multiple of that."""
Arrays = dict[str, torch.Tensor]


def step(kernel: Kernel, slot: Slot, gradients: bool = False) -> Arrays:
    routing = slot.routing.clone().requires_grad_(gradients)
    return outcome_arrays(*kernel.step(slot.state, slot.exogenous, routing, slot.replicas))


def same(found: Arrays, wanted: Arrays) -> None:
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(
            found[name].detach(),
            tensor.detach(),
            rtol=1e-11,
            atol=1e-11,
            msg=lambda text, name=name: f"{name}: {text}",
        )


def part(arrays: Arrays, *at: int) -> Arrays:
    return {name: tensor[at] for name, tensor in arrays.items()}


@pytest.mark.parametrize("gradients", [False, True], ids=["plain", "gradients"])
def test_a_batch_of_one_world_equals_its_members(gradients: bool) -> None:
    world = draw_world()
    kernel = kernel_of(world)
    slots = [draw_slot(world, seed, load=30.0 * 10 ** (seed % 3)) for seed in range(MANY)]
    together = step(kernel, stack(slots), gradients)
    for at, slot in enumerate(slots):
        same(part(together, at), step(kernel, slot))


@pytest.mark.parametrize("gradients", [False, True], ids=["plain", "gradients"])
def test_a_batch_of_worlds_equals_its_members(gradients: bool) -> None:
    worlds = [draw_world(seed) for seed in range(MANY)]
    slots = [draw_slot(world, seed) for seed, world in enumerate(worlds)]
    together = step(Kernel.of(worlds), stack(slots), gradients)
    for at, (world, slot) in enumerate(zip(worlds, slots, strict=True)):
        same(part(together, at), step(kernel_of(world), slot))


def test_batch_axes_in_front_of_the_worlds() -> None:
    worlds = [draw_world(seed) for seed in range(3)]
    rows = [[draw_slot(w, 10 * row + at) for at, w in enumerate(worlds)] for row in range(2)]
    together = step(Kernel.of(worlds), stack([stack(row) for row in rows]))
    assert together["cost"].shape == (2, 3)
    for row, slots in enumerate(rows):
        for at, slot in enumerate(slots):
            same(part(together, row, at), step(kernel_of(worlds[at]), slot))


def test_classes_beyond_the_services_in_a_batch() -> None:
    world = draw_world()
    classes = world.with_class(2, 0.8, 0.1, 0.3)
    kernel = kernel_of(world, classes)
    slots = [draw_slot(world, seed, classes=classes) for seed in range(4)]
    together = step(kernel, stack(slots))
    assert together["satisfied_per_origin_class"].shape == (4, 3, 7)
    assert together["replica_utilisation"].shape[-2] == 6
    for at, slot in enumerate(slots):
        same(part(together, at), step(kernel, slot))


def test_one_state_meets_many_actions() -> None:
    """Batch axes are broadcast: one state and slot, a batch of routings."""
    world = draw_world()
    kernel = kernel_of(world)
    slot = draw_slot(world, 1)
    shares = torch.stack([slot.routing * kept for kept in (1.0, 0.5, 0.0)])
    state, outcome = kernel.step(slot.state, slot.exogenous, shares, slot.replicas)
    assert outcome.cost.shape == outcome.total_requests.shape == (3,)
    assert state.backlog_gc.shape == (3, kernel.nodes)
    for at in range(3):
        _, alone = kernel.step(slot.state, slot.exogenous, shares[at], slot.replicas)
        torch.testing.assert_close(outcome.cost[at], alone.cost)
        torch.testing.assert_close(outcome.energy_idle_j[at], alone.energy_idle_j)


def test_flows_without_gradients_are_those_with(seed: int = 3) -> None:
    world = draw_world()
    slot = draw_slot(world, seed)
    kernel = kernel_of(world)
    _, plain = kernel.step(slot.state, slot.exogenous, slot.routing)
    _, graph = kernel.step(slot.state, slot.exogenous, slot.routing.clone().requires_grad_())
    for each in fields(Flows):
        found, wanted = getattr(plain.flows, each.name), getattr(graph.flows, each.name)
        torch.testing.assert_close(found, wanted.detach(), rtol=1e-12, atol=1e-12)


def test_a_step_leaves_its_inputs_alone_and_can_be_repeated() -> None:
    world = draw_world()
    kernel = kernel_of(world)
    slot, other = draw_slot(world, 5), draw_slot(world, 6)
    values = (*vars(slot.state).values(), *vars(slot.exogenous).values(), slot.routing)
    copies = [x.clone() for x in values]
    first = step(kernel, slot)
    kept = {name: x.clone() for name, x in first.items()}
    step(kernel, other)
    assert all(torch.equal(a, b) for a, b in zip(values, copies, strict=True))
    assert all(torch.equal(first[name], kept[name]) for name in kept)
    same(step(kernel, slot), first)


def test_worlds_of_different_layouts_are_refused() -> None:
    with pytest.raises(SimulationError, match="same layout"):
        Kernel.of([draw_world(cells=3), draw_world(cells=4)])
    with pytest.raises(SimulationError, match="at least one world"):
        Kernel.of([])


def test_a_first_placement_is_free_and_ready() -> None:
    world = draw_world()
    kernel = kernel_of(world)
    slot = draw_slot(world, 2)
    state = kernel.place_initial(kernel.initial_state((2,)), torch.stack([slot.replicas] * 2))
    assert isinstance(state, State) and state.backlog_gc.shape == (2, kernel.nodes)
    quiet = ExogenousTensors(
        torch.zeros_like(slot.exogenous.requests), *list(vars(slot.exogenous).values())[1:]
    )
    _, outcome = kernel.step(state, quiet, torch.zeros_like(slot.routing))
    assert outcome.energy_start_j.tolist() == [0.0, 0.0]
    assert bool((outcome.energy_keepalive_j > 0).all())
