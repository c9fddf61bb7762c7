"""Refusing what no infrastructure could do, with what and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from cnc.errors import SimulationError
from cnc.simulator.outcome import ExogenousTensors, State, Tensor

if TYPE_CHECKING:
    from cnc.simulator.kernel import Kernel

TOLERANCE = 1e-6


def check_routing(
    kernel: Kernel, state: State, exogenous: ExogenousTensors, routing: Tensor
) -> None:
    """Shapes, finite shares, and flow only to nodes with a ready replica.

    Raises:
        SimulationError: names the first offence.
    """
    shape = (kernel.origins, kernel.classes, kernel.routes)
    if tuple(routing.shape[-3:]) != shape:
        raise SimulationError(
            f"routing has shape {tuple(routing.shape[-3:])} instead of {shape} (origins, classes, "
            "routes)"
        )
    if tuple(exogenous.requests.shape[-2:]) != shape[:2]:
        raise SimulationError(
            f"requests have shape {tuple(exogenous.requests.shape[-2:])} instead of {shape[:2]}"
        )
    if not bool(torch.isfinite(routing).all()):
        raise SimulationError("routing has shares that are not finite")
    if bool((routing < -TOLERANCE).any()):
        raise SimulationError("routing has negative shares")
    slack = TOLERANCE if routing.dtype == torch.float64 else 1e-4
    if bool((routing.sum(-1) > 1.0 + slack).any()):
        raise SimulationError("routing sends more than all requests of an origin and class")
    if bool((exogenous.requests < 0).any()) or not bool(torch.isfinite(exogenous.requests).all()):
        raise SimulationError("requests are negative or not finite")
    flow = (exogenous.requests[..., None] * routing).transpose(-3, -2).flatten(-2)
    used = kernel._per_service(flow @ kernel.on_node)
    wrong = (used > TOLERANCE) & (state.ready < 0.5)
    if bool(wrong.any()):
        place = torch.nonzero(wrong)[0].tolist()
        raise SimulationError(
            f"service {place[-2]} is sent to node {place[-1]}, which has no ready replica of it"
        )


def check_replicas(kernel: Kernel, replicas: Tensor) -> None:
    """Whole replicas, within memory and the limit per service and node.

    Raises:
        SimulationError: names the first offence.
    """
    if tuple(replicas.shape[-2:]) != (kernel.services, kernel.nodes):
        raise SimulationError(
            f"replicas have shape {tuple(replicas.shape[-2:])} instead of "
            f"{(kernel.services, kernel.nodes)}"
        )
    most = kernel.parameters.most_replicas
    outside = (replicas < 0) | (replicas > most) | (replicas != replicas.round())
    if bool(outside.any()):
        place = torch.nonzero(outside)[0].tolist()
        raise SimulationError(
            f"service {place[-2]} has {float(replicas[tuple(place)]):g} replicas on node "
            f"{place[-1]}; whole numbers from 0 to {most} are allowed"
        )
    used = (kernel.memory_gb[..., None] * replicas).sum(-2)
    over = used > kernel.memory + TOLERANCE
    if bool(over.any()):
        place = torch.nonzero(over)[0].tolist()
        raise SimulationError(
            f"node {place[-1]} would need {float(used[tuple(place)]):.2f} GB, more than it has"
        )
