"""Laws that hold for every world, state and action (docs/system-model.md, "What must hold")."""

from __future__ import annotations

from dataclasses import fields, replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.world import World

from .drawing import Slot, draw_slot, draw_world, kernel_of

SEEDS = st.integers(0, 2**31)
LOADS = st.sampled_from([0.0, 1.0, 40.0, 300.0, 3_000.0])
CELLS = st.integers(1, 5)
CHECKED = settings(max_examples=25, deadline=None)
TERMS = ("computing", "network", "idle", "keepalive", "start")


def step(world: World, slot: Slot, routing: torch.Tensor | None = None):  # type: ignore[no-untyped-def]
    shares = slot.routing if routing is None else routing
    return kernel_of(world).step(slot.state, slot.exogenous, shares, slot.replicas)


@CHECKED
@given(SEEDS, LOADS, CELLS)
def test_flows_add_up_to_the_requests(seed: int, load: float, cells: int) -> None:
    world = draw_world(seed, cells)
    slot = draw_slot(world, seed, load)
    _, outcome = step(world, slot)
    flow = outcome.flows.flow.unflatten(-1, slot.routing.shape[::2]).sum(-1).T
    torch.testing.assert_close(flow, slot.exogenous.requests, rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(outcome.total_requests, slot.exogenous.requests.sum())


@CHECKED
@given(SEEDS, LOADS, CELLS)
def test_energy_terms_are_positive_and_add_up(seed: int, load: float, cells: int) -> None:
    world = draw_world(seed, cells)
    slot = draw_slot(world, seed, load)
    _, outcome = step(world, slot)
    terms = [getattr(outcome, f"energy_{term}_j") for term in TERMS]
    assert all(float(term) >= -1e-9 for term in terms)
    torch.testing.assert_close(sum(terms), outcome.energy_total_j, rtol=1e-12, atol=1e-9)
    for term in ("computing", "idle", "keepalive", "start"):
        per_node = getattr(outcome, f"node_{term}_j")
        assert float(per_node.min()) >= -1e-9
        torch.testing.assert_close(per_node.sum(), getattr(outcome, f"energy_{term}_j"))
    torch.testing.assert_close(outcome.link_energy_j.sum(), outcome.energy_network_j)
    missed = outcome.total_requests - outcome.satisfied
    cost = (outcome.energy_total_j - outcome.energy_idle_j) / 8.0 + 4.0 * missed
    torch.testing.assert_close(outcome.cost, cost)


@CHECKED
@given(SEEDS, LOADS, CELLS)
def test_nobody_is_satisfied_who_did_not_ask(seed: int, load: float, cells: int) -> None:
    world = draw_world(seed, cells)
    slot = draw_slot(world, seed, load)
    _, outcome = step(world, slot)
    met = outcome.satisfied_per_origin_class
    assert bool((met >= 0).all())
    assert bool((met <= slot.exogenous.requests + 1e-9).all())
    torch.testing.assert_close(met.sum(), outcome.satisfied)


@CHECKED
@given(SEEDS, LOADS, st.floats(0.0, 1.0))
def test_what_is_left_unserved_costs_no_energy(seed: int, load: float, kept: float) -> None:
    world = draw_world(seed)
    slot = draw_slot(world, seed, load)
    _, whole = step(world, slot)
    _, part = step(world, slot, slot.routing * kept)
    assert float(part.satisfied) <= kept * float(whole.total_requests) + 1e-9
    expected = kept * whole.energy_network_j
    torch.testing.assert_close(part.energy_network_j, expected, rtol=1e-9, atol=1e-9)
    assert float(part.energy_computing_j) <= float(whole.energy_computing_j) + 1e-9


@CHECKED
@given(SEEDS, LOADS)
def test_backlog_stays_within_its_limit_and_keeps_the_work(seed: int, load: float) -> None:
    world = draw_world(seed)
    slot = draw_slot(world, seed, load)
    after, outcome = step(world, slot)
    capacity = torch.as_tensor(world.node_capacity_gc_s)
    assert bool((after.backlog_gc >= 0).all())
    assert bool((after.backlog_gc <= capacity * world.parameters.backlog_limit_s + 1e-9).all())
    left = (outcome.node_utilisation - 1.0) * capacity
    torch.testing.assert_close(after.backlog_gc, left.clamp(min=0.0).minimum(capacity))


@CHECKED
@given(SEEDS, LOADS)
def test_a_rolling_update_pays_for_both_sets(seed: int, load: float) -> None:
    world = draw_world(seed)
    slot = draw_slot(world, seed, load)
    after, outcome = step(world, slot)
    watts = torch.as_tensor(world.keepalive_w)
    both = torch.maximum(slot.replicas, slot.state.ready)
    torch.testing.assert_close(outcome.energy_keepalive_j, (watts * both).sum())
    added = (slot.replicas - slot.state.placed).clamp(min=0.0).sum(0)
    starts = (added * torch.as_tensor(world.node_start_energy_j)).sum()
    torch.testing.assert_close(outcome.energy_start_j, starts)
    assert torch.equal(after.ready, slot.replicas) and torch.equal(after.placed, slot.replicas)


@CHECKED
@given(SEEDS, LOADS, CELLS)
def test_doubling_every_capacity_never_lowers_satisfaction(
    seed: int, load: float, cells: int
) -> None:
    world = draw_world(seed, cells)
    slot = draw_slot(world, seed, load)
    _, before = step(world, slot)
    names = ("capacity_gc_s", "speed_gc_s", "memory_gb", "replica_capacity_gc_s")
    twice = replace(world, **{f"node_{n}": 2.0 * getattr(world, f"node_{n}") for n in names})
    links = replace(slot.exogenous, link_capacity=2.0 * slot.exogenous.link_capacity)
    _, after = step(twice, replace(slot, exogenous=links))
    met = after.satisfied_per_origin_class - before.satisfied_per_origin_class
    assert bool((met >= -1e-9).all())


@CHECKED
@given(SEEDS, LOADS, st.integers(0, 20))
def test_no_requests_leave_idle_and_replicas_alone(seed: int, load: float, extra: int) -> None:
    world = draw_world(seed)
    slot = draw_slot(world, seed, load)
    none = replace(slot.exogenous, requests=torch.zeros_like(slot.exogenous.requests))
    _, outcome = step(world, replace(slot, exogenous=none))
    assert float(outcome.energy_computing_j) == float(outcome.energy_network_j) == 0.0
    assert float(outcome.satisfied) == 0.0
    assert float(outcome.energy_idle_j) == float(torch.as_tensor(world.node_idle_w).sum())


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(2, 5))
def test_float32_stays_close_to_float64(seed: int, cells: int) -> None:
    world = draw_world(seed, cells)
    results = []
    for dtype in (torch.float64, torch.float32):
        slot = draw_slot(world, seed, 200.0, dtype=dtype)
        kernel = Kernel.of(world, dtype=dtype)
        results.append(kernel.step(slot.state, slot.exogenous, slot.routing, slot.replicas)[1])
    assert results[1].cost.dtype == torch.float32
    torch.testing.assert_close(results[1].cost.double(), results[0].cost, rtol=1e-4, atol=1e-3)


def test_states_and_inputs_have_the_documented_parts() -> None:
    assert [f.name for f in fields(State)] == ["backlog_gc", "placed", "ready"]
    assert [f.name for f in fields(ExogenousTensors)] == [
        "requests",
        "node_background",
        "link_capacity",
        "link_energy",
    ]
