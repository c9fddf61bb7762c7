"""Blocks of worlds give what the equations give, links have no names, autograd is checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.simulator import blocks
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import Kernel
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World

from .drawing import Slot, Tensor, draw_slot, draw_world, outcome_arrays, stack

SEEDS = st.integers(0, 2**31)
CHECKED = settings(max_examples=20, deadline=None)
LARGE_TRANSPORT = replace(ScenarioParameters().transport, nodes=16)
CLOSE = {"rtol": 1e-11, "atol": 1e-9}


def run(world: World, slot: Slot) -> dict[str, Tensor]:
    kernel = Kernel.of(world)
    return outcome_arrays(*kernel.step(slot.state, slot.exogenous, slot.routing, slot.replicas))


def compare(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, **CLOSE, msg=lambda m, n=name: f"{n}: {m}")


@CHECKED
@given(SEEDS)
def test_permuting_links_permutes_the_outcome(seed: int) -> None:
    world = draw_world(seed)
    slot = draw_slot(world, seed, 200.0)
    order = np.random.default_rng(seed).permutation(len(world.link_domain))
    place = np.append(np.argsort(order), -1)
    links = [n for n in vars(world) if n.startswith("link_")]
    other = replace(
        world,
        **{n: getattr(world, n)[order] for n in links},
        route_links=place[world.route_links],
    )
    exogenous = replace(
        slot.exogenous,
        link_capacity=slot.exogenous.link_capacity[order],
        link_energy=slot.exogenous.link_energy[order],
    )
    before, after = run(world, slot), run(other, replace(slot, exogenous=exogenous))
    for name in ("link_utilisation", "link_energy_j"):
        before[name] = before[name][order]
    compare(after, before)


@pytest.mark.parametrize("elements", [1, 5_000, 10**9])
def test_blocks_of_any_size_equal_the_equations_with_gradients(
    elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "ELEMENTS", elements)
    worlds = [draw_world(seed) for seed in range(3)]
    slots = [stack([draw_slot(w, 10 * k + w.seed, 300.0) for w in worlds]) for k in range(4)]
    batch = stack(slots)
    kernel = Kernel.of(worlds)
    assert batch.routing.shape[:2] == (4, 3)
    with torch.inference_mode():
        kernel.step(batch.state, batch.exogenous, batch.routing, batch.replicas)
    after, found = kernel.step(batch.state, batch.exogenous, batch.routing, batch.replicas)
    routing = batch.routing.clone().requires_grad_()
    _, wanted = kernel.step(batch.state, batch.exogenous, routing, batch.replicas)
    assert wanted.cost.requires_grad and not found.cost.requires_grad
    for name, tensor in outcome_arrays(after, found).items():
        if name != "backlog":
            torch.testing.assert_close(tensor, getattr(wanted, name).detach(), **CLOSE)
    for name, tensor in vars(found.flows).items():
        torch.testing.assert_close(tensor, getattr(wanted.flows, name).detach(), **CLOSE)


def test_gradients_in_the_routing_are_right() -> None:
    world = draw_world(1, cells=2, services=3)
    slot = draw_slot(world, 1, 30.0)
    kernel = Kernel.of(world)

    def cost(routing: Tensor) -> tuple[Tensor, ...]:
        _, outcome = kernel.step(slot.state, slot.exogenous, routing, check=False)
        return outcome.cost, outcome.energy_total_j, outcome.satisfied

    inner = (0.9 * slot.routing + 0.1 * (slot.routing > 0) / 33).requires_grad_()
    used = slot.routing > 0

    def masked(routing: Tensor) -> tuple[Tensor, ...]:
        return cost(torch.where(used, routing, torch.zeros_like(routing)))

    assert torch.autograd.gradcheck(masked, (inner,), eps=1e-7, atol=1e-4, rtol=1e-3)


def test_a_large_world_alone_runs_in_a_block_and_equals_the_equations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = generate_world(ScenarioParameters(cells=40, transport=LARGE_TRANSPORT), 5)
    slot = draw_slot(world, 5, 1_200.0)
    kernel = Kernel.of(world)
    assert blocks.pay(kernel, ()) and not blocks.pay(Kernel.of(draw_world(1)), ())
    found = run(world, slot)
    monkeypatch.setattr(blocks, "WIDE", 10**12)
    compare(found, run(world, slot))
