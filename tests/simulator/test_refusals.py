from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from cnc.errors import SimulationError

from .drawing import Slot, draw_slot, draw_world, kernel_of, stack

Change = Callable[[Slot], Slot]


def changed(part: str, name: str, edit: Callable[[torch.Tensor], object]) -> Change:
    """A slot in which one tensor is edited in place, or replaced by what `edit` returns."""

    def change(slot: Slot) -> Slot:
        owner = getattr(slot, part) if part else slot
        tensor = getattr(owner, name).clone()
        found = edit(tensor)
        value = found if isinstance(found, torch.Tensor) else tensor
        new = replace(owner, **{name: value})
        return replace(slot, **{part: new}) if part else new

    return change


def put(*place: int, value: float) -> Callable[[torch.Tensor], object]:
    def edit(tensor: torch.Tensor) -> None:
        tensor[place] = value

    return edit


CASES = {
    "negative share": (
        changed("", "routing", put(1, 2, 3, value=-0.1)),
        "origin 1, class 2, route 3: routing is negative",
    ),
    "nan share": (
        changed("", "routing", put(0, 4, 5, value=float("nan"))),
        "origin 0, class 4, route 5: routing is not finite",
    ),
    "row above 1": (
        changed("", "routing", lambda y: y * 1.00001),
        "origin 0, class 0: routing sends more than all",
    ),
    "wrong routing": (
        changed("", "routing", lambda y: y[..., :-1]),
        r"routing has shape .* must be \(3, 6, 33\) \(origins, classes, routes\)",
    ),
    "wrong requests": (changed("exogenous", "requests", lambda n: n[:2]), "requests has shape"),
    "negative requests": (
        changed("exogenous", "requests", put(2, 1, value=-1.0)),
        "origin 2, class 1: requests is negative",
    ),
    "nan requests": (
        changed("exogenous", "requests", put(2, 1, value=float("nan"))),
        "origin 2, class 1: requests is not finite",
    ),
    "wrong background": (
        changed("exogenous", "node_background", lambda b: b[:-1]),
        "node background has shape",
    ),
    "full background": (
        changed("exogenous", "node_background", put(5, value=1.0)),
        "node 5: the background leaves nothing",
    ),
    "dead link": (
        changed("exogenous", "link_capacity", put(7, value=0.0)),
        "link 7: a link has no capacity",
    ),
    "infinite link energy": (
        changed("exogenous", "link_energy", put(7, value=float("inf"))),
        "link 7: link energy is not finite",
    ),
    "nan backlog": (
        changed("state", "backlog_gc", put(3, value=float("nan"))),
        "node 3: backlog is not finite",
    ),
    "wrong state": (changed("state", "ready", lambda r: r[:-1]), "ready replicas has shape"),
    "part of a replica": (
        changed("", "replicas", put(1, 20, value=0.5)),
        "service 1, node 20: 0.5 replicas; whole numbers from 0 to 8",
    ),
    "negative replicas": (changed("", "replicas", put(1, 20, value=-1.0)), "-1 replicas"),
    "nine replicas": (
        changed("", "replicas", put(0, 22, value=9.0)),
        "service 0, node 22: 9 replicas",
    ),
    "nan replicas": (changed("", "replicas", put(0, 22, value=float("nan"))), "nan replicas"),
    "memory": (
        changed("", "replicas", put(slice(None), 0, value=8.0)),
        r"node 0: the replicas need [\d.]+ GB of memory, and it has 3.000 GB",
    ),
    "wrong replicas": (changed("", "replicas", lambda r: r.T), "replicas has shape"),
}


@pytest.mark.parametrize("change, message", CASES.values(), ids=CASES.keys())
def test_the_impossible_is_refused_by_place(change: Change, message: str) -> None:
    world = draw_world()
    slot = change(draw_slot(world, 0))
    with pytest.raises(SimulationError, match=message):
        kernel_of(world).step(slot.state, slot.exogenous, slot.routing, slot.replicas)


def test_flow_to_a_node_without_a_ready_replica_is_refused() -> None:
    world = draw_world()
    slot = draw_slot(world, 0)
    origin, service = 1, 2
    busy = slot.exogenous.requests.clone()
    busy[origin, service] = 10.0
    exogenous = replace(slot.exogenous, requests=busy)
    missing = np.flatnonzero(slot.state.ready[service].numpy()[world.route_node[origin]] == 0)
    routing = slot.routing.clone()
    routing[origin, service] = 0.0
    routing[origin, service, missing[0]] = 1.0
    node = world.route_node[origin, missing[0]]
    with pytest.raises(SimulationError, match=f"service {service}, node {node}: .*no ready rep"):
        kernel_of(world).step(slot.state, exogenous, routing)
    # Nobody asks: nothing flows, nothing is wrong.
    busy[origin, service] = 0.0
    kernel_of(world).step(slot.state, exogenous, routing)


def test_a_new_replica_may_not_serve_in_its_start_up_slot() -> None:
    world = draw_world()
    kernel = kernel_of(world)
    slot = draw_slot(world, 0)
    requests = torch.ones_like(slot.exogenous.requests)
    exogenous = replace(slot.exogenous, requests=requests)
    transport = torch.zeros_like(slot.replicas)
    transport[:, world.nodes_of(6)[0]] = 1.0
    route = int(np.flatnonzero(world.route_node[0] == world.nodes_of(6)[0])[0])
    routing = torch.zeros_like(slot.routing)
    routing[..., route] = 1.0
    empty = kernel.initial_state()
    with pytest.raises(SimulationError, match="no ready replica"):
        kernel.step(empty, exogenous, routing, transport)
    state, _ = kernel.step(empty, exogenous, torch.zeros_like(routing), transport)
    kernel.step(state, exogenous, routing)


def test_the_batch_position_is_named() -> None:
    world = draw_world()
    slots = [draw_slot(world, seed) for seed in range(3)]
    wrong = stack([*slots[:2], CASES["negative share"][0](slots[2])])
    with pytest.raises(SimulationError, match=r"batch \[2\], origin 1, class 2, route 3"):
        kernel_of(world).step(wrong.state, wrong.exogenous, wrong.routing)


def test_place_initial_checks_memory() -> None:
    world = draw_world()
    kernel = kernel_of(world)
    with pytest.raises(SimulationError, match="GB of memory"):
        kernel.place_initial(kernel.initial_state(), torch.full((6, kernel.nodes), 8.0))


def test_nothing_is_refused_without_checks() -> None:
    world = draw_world()
    slot = draw_slot(world, 0)
    kernel_of(world).step(slot.state, slot.exogenous, slot.routing * 1.5, check=False)
