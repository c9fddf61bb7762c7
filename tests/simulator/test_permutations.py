from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.simulator.kernel import ExogenousTensors, State
from cnc.simulator.world import World

from .drawing import Slot, draw_slot, draw_world, kernel_of, outcome_arrays

SEEDS = st.integers(0, 2**31)
CHECKED = settings(max_examples=15, deadline=None)
TOTALS = ("satisfied", "total_requests", "cost", "energy_total_j", "energy_network_j")


def results(world: World, slot: Slot) -> dict[str, torch.Tensor]:
    kernel = kernel_of(world)
    return outcome_arrays(*kernel.step(slot.state, slot.exogenous, slot.routing, slot.replicas))


def agree(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-10, atol=1e-10)


def only(arrays: dict[str, torch.Tensor], *more: str) -> dict[str, torch.Tensor]:
    return {name: arrays[name] for name in (*TOTALS, *more)}


@CHECKED
@given(SEEDS)
def test_permuting_nodes_permutes_the_outcome(seed: int) -> None:
    world, order = draw_world(seed), np.random.default_rng(seed)
    slot = draw_slot(world, seed)
    new = order.permutation(len(world.node_domain))
    names = [n for n in vars(world) if n.startswith("node_")]
    other = replace(
        world,
        **{name: getattr(world, name)[new] for name in names},
        keepalive_w=world.keepalive_w[:, new],
        route_node=np.argsort(new)[world.route_node],
    )
    state = State(*(x[..., new] for x in vars(slot.state).values()))
    exogenous = replace(slot.exogenous, node_background=slot.exogenous.node_background[new])
    moved = Slot(state, exogenous, slot.routing, slot.replicas[:, new])
    before, after = results(world, slot), results(other, moved)
    agree(after, only(before, "link_utilisation", "satisfied_per_origin_class"))
    for name in ("node_utilisation", "node_computing_j", "backlog"):
        torch.testing.assert_close(after[name], before[name][new])


@CHECKED
@given(SEEDS)
def test_permuting_services_permutes_the_outcome(seed: int) -> None:
    world, order = draw_world(seed), np.random.default_rng(seed)
    slot = draw_slot(world, seed)
    new = order.permutation(len(world.work_gc))
    classes = replace(
        world.classes,
        uplink_mbit=world.classes.uplink_mbit[new],
        downlink_mbit=world.classes.downlink_mbit[new],
        deadline_s=world.classes.deadline_s[new],
    )
    other = replace(
        world,
        classes=classes,
        work_gc=world.work_gc[new],
        memory_gb=world.memory_gb[new],
        keepalive_w=world.keepalive_w[new],
    )
    state = State(slot.state.backlog_gc, slot.state.placed[new], slot.state.ready[new])
    exogenous = replace(slot.exogenous, requests=slot.exogenous.requests[:, new])
    moved = Slot(state, exogenous, slot.routing[:, new], slot.replicas[new])
    before, after = results(world, slot), results(other, moved)
    agree(after, only(before, "node_utilisation", "link_utilisation", "backlog"))
    for name, axis in (("replica_utilisation", 0), ("satisfied_per_origin_class", 1)):
        torch.testing.assert_close(after[name], before[name].index_select(axis, torch.tensor(new)))


@CHECKED
@given(SEEDS)
def test_permuting_origins_permutes_the_outcome(seed: int) -> None:
    world, order = draw_world(seed, cells=4), np.random.default_rng(seed)
    slot = draw_slot(world, seed)
    new = order.permutation(len(world.candidates))
    other = replace(
        world,
        candidates=world.candidates[new],
        route_node=world.route_node[new],
        route_links=world.route_links[new],
    )
    exogenous = ExogenousTensors(
        slot.exogenous.requests[new], *list(vars(slot.exogenous).values())[1:]
    )
    moved = Slot(slot.state, exogenous, slot.routing[new], slot.replicas)
    before, after = results(world, slot), results(other, moved)
    agree(after, only(before, "node_utilisation", "link_utilisation", "backlog"))
    name = "satisfied_per_origin_class"
    torch.testing.assert_close(after[name], before[name][new])


@CHECKED
@given(SEEDS, st.floats(0.05, 0.95))
def test_splitting_a_class_in_two_changes_nothing(seed: int, share: float) -> None:
    """Classes of one service are one load: work and replicas aggregate per service."""
    world = draw_world(seed)
    slot = draw_slot(world, seed)
    table = world.classes
    classes = world.with_class(
        1, float(table.uplink_mbit[1]), float(table.downlink_mbit[1]), float(table.deadline_s[1])
    )
    counts = slot.exogenous.requests
    requests = torch.cat([counts, (1.0 - share) * counts[:, 1:2]], dim=1)
    requests[:, 1] *= share
    routing = torch.cat([slot.routing, slot.routing[:, 1:2]], dim=1)
    exogenous = replace(slot.exogenous, requests=requests)
    _, split = kernel_of(world, classes).step(slot.state, exogenous, routing, slot.replicas)
    before = results(world, slot)
    torch.testing.assert_close(split.cost, before["cost"])
    torch.testing.assert_close(split.replica_utilisation, before["replica_utilisation"])
    met = split.satisfied_per_origin_class
    torch.testing.assert_close(
        met[:, 1] + met[:, -1], before["satisfied_per_origin_class"][:, 1], rtol=1e-9, atol=1e-9
    )
