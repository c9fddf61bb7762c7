"""Refusing what no infrastructure could do, with what and where.

A flow to a node without a ready replica is a bug of whoever decided it (docs/system-model.md,
"Decisions"); so are shares that do not add up, and memory that does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from cnc.errors import SimulationError
from cnc.simulator.outcome import ExogenousTensors, State, Tensor

if TYPE_CHECKING:
    from cnc.simulator.kernel import Kernel

TOLERANCE = 1e-6
"""Of shares and requests; float32 sums of shares get `LOOSE`."""
LOOSE = 1e-4


def check_routing(
    kernel: Kernel, state: State, exogenous: ExogenousTensors, routing: Tensor
) -> None:
    """Shapes, finite and possible values, and flow only to nodes with a ready replica.

    Raises:
        SimulationError: names the first offence.
    """
    shares = (kernel.origins, kernel.classes, kernel.routes)
    nodes = (kernel.nodes,)
    replicas = (kernel.services, kernel.nodes)
    _check_shape("routing", routing, shares, "origins, classes, routes")
    _check_shape("requests", exogenous.requests, shares[:2], "origins, classes")
    _check_shape("node background", exogenous.node_background, nodes, "nodes")
    for name, links in (
        ("link capacity", exogenous.link_capacity),
        ("link energy", exogenous.link_energy),
    ):
        _check_shape(name, links, (kernel.links,), "links")
        _check_values(name, links, ("link",))
    _check_shape("backlog", state.backlog_gc, nodes, "nodes")
    _check_shape("ready replicas", state.ready, replicas, "services, nodes")
    _check_shape("placed replicas", state.placed, replicas, "services, nodes")
    _check_values("requests", exogenous.requests, ("origin", "class"))
    _check_values("node background", exogenous.node_background, ("node",))
    _check_values("backlog", state.backlog_gc, ("node",))
    _refuse(exogenous.link_capacity <= 0, ("link",), "a link has no capacity")
    _refuse(
        exogenous.node_background >= 1, ("node",), "the background leaves nothing of a node free"
    )
    _check_values("routing", routing, ("origin", "class", "route"), slack=TOLERANCE)
    most = 1.0 + (TOLERANCE if routing.dtype == torch.float64 else LOOSE)
    _refuse(
        routing.sum(-1) > most,
        ("origin", "class"),
        "routing sends more than all requests (its row sums to more than 1)",
    )
    # Rows of classes, as routing is composed: in large worlds twice as fast as rows of routes.
    rows = (exogenous.requests[..., None, :] * routing.transpose(-1, -2)).flatten(-3, -2)
    used = kernel._per_service(kernel.on_node.rows_onto(rows).transpose(-1, -2))
    _refuse(
        (used > TOLERANCE) & (state.ready < 0.5),
        ("service", "node"),
        "requests are sent to a node that has no ready replica of their service",
    )


def check_replicas(kernel: Kernel, replicas: Tensor) -> None:
    """Whole replicas, within memory and the limit per service and node.

    Raises:
        SimulationError: names the first offence.
    """
    shape = (kernel.services, kernel.nodes)
    _check_shape("replicas", replicas, shape, "services, nodes")
    most = kernel.parameters.most_replicas
    whole = (replicas >= 0) & (replicas <= most) & (replicas == replicas.round())
    if not bool(whole.all()):
        place = _first(~whole)
        raise SimulationError(
            f"{_where(place, ('service', 'node'))}: {float(replicas[tuple(place)]):g} replicas; "
            f"whole numbers from 0 to {most} are allowed"
        )
    used = (kernel.memory_gb[..., None] * replicas).sum(-2)
    memory = kernel.memory.expand_as(used)
    over = used > memory + (TOLERANCE if used.dtype == torch.float64 else LOOSE)
    if bool(over.any()):
        place = _first(over)
        raise SimulationError(
            f"{_where(place, ('node',))}: the replicas need {float(used[tuple(place)]):.3f} GB of "
            f"memory, and it has {float(memory[tuple(place)]):.3f} GB"
        )


def _check_shape(name: str, tensor: Tensor, wanted: tuple[int, ...], axes: str) -> None:
    found = tuple(tensor.shape[-len(wanted) :])
    if found != wanted:
        raise SimulationError(
            f"{name} has shape {tuple(tensor.shape)}; its last axes must be {wanted} ({axes})"
        )


def _check_values(name: str, tensor: Tensor, axes: Sequence[str], slack: float = 0.0) -> None:
    if tensor.numel():
        least, most = torch.aminmax(tensor.detach())  # nan where any is
        if bool((least >= -slack) & torch.isfinite(most)):
            return
    _refuse(~torch.isfinite(tensor), axes, f"{name} is not finite")
    _refuse(tensor < -slack, axes, f"{name} is negative")


def _refuse(wrong: Tensor, axes: Sequence[str], problem: str) -> None:
    if bool(wrong.any()):
        raise SimulationError(f"{_where(_first(wrong), axes)}: {problem}")


def _first(wrong: Tensor) -> list[int]:
    place: list[int] = torch.nonzero(wrong)[0].tolist()
    return place


def _where(place: Sequence[int], axes: Sequence[str]) -> str:
    """`service 3, node 12`, with the batch position in front where there is one."""
    own = place[len(place) - len(axes) :]
    batch = list(place[: len(place) - len(axes)])
    named = [f"{axis} {at}" for axis, at in zip(axes, own, strict=True)]
    return ", ".join([*([f"batch {batch}"] if batch else []), *named])
