"""Stepping a batch, or a large world, without gradients, a block of worlds at a time.

A block's intermediate results stay in the processor's cache and in memory that is used again,
which is worth more than larger operations.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import torch

from cnc.simulator.outcome import ExogenousTensors, Outcome, State, Tensor
from cnc.simulator.rows import Rows

if TYPE_CHECKING:
    from cnc.simulator.kernel import Kernel

LEAST = 8
"""Worlds from which on blocks are faster; below, the calls cost more than the numbers."""
WIDE = 80_000
"""Classes x routes of all worlds from which on blocks are faster however few the worlds are: 8
worlds of `paper`, or a single one of 40 cells. At 1050 cells, a slot takes a tenth of the time or
less, and 2.7 GB instead of 7.2."""
ELEMENTS = 640_000
"""Classes x routes of all worlds in a block: 64 worlds of `paper`, 2.5 MB a buffer in float32."""
OWN_AXES = {
    "capacity": 1,
    "speed": 1,
    "memory": 1,
    "idle_w": 1,
    "dynamic_w": 1,
    "servers": 1,
    "replica_gc_s": 1,
    "start_j": 1,
    "keepalive_w": 2,
    "work_gc": 1,
    "memory_gb": 1,
    "propagation": 1,
    "uplink": 1,
    "size": 1,
    "deadline": 1,
}
"""Tensors of a kernel that differ between worlds, and their axes without a batch."""
INPUT_AXES = {"backlog_gc": 1, "placed": 2, "ready": 2, "requests": 2}
"""Axes of states and inputs without a batch; 1 for all others."""


class Blocks:
    """A kernel cut into blocks for one batch shape.

    Args:
        kernel: of one world or several.
        batch: shape of the batch; its last axis is the worlds' where the kernel has several.
    """

    def __init__(self, kernel: Kernel, batch: tuple[int, ...]) -> None:
        self.batch = batch
        self.total = math.prod(batch)
        self.parts: list[tuple[slice, Kernel, Rows]] = []
        rows: dict[int, Rows] = {}
        flat = {}
        for name, axes in OWN_AXES.items():
            tensor: Tensor = getattr(kernel, name)
            if tensor.dim() > axes:
                own = tensor.shape[tensor.dim() - axes :]
                flat[name] = tensor.expand(*batch, *own).reshape(self.total, *own)
        most = max(1, ELEMENTS // (kernel.classes * len(kernel.route_node)))
        for start in range(0, self.total, most):
            part = slice(start, min(start + most, self.total))
            block = copy.copy(kernel)
            for name, tensor in flat.items():
                setattr(block, name, tensor[part])
            size = part.stop - part.start
            if size not in rows:
                rows[size] = Rows(kernel.route_node, kernel.origins, kernel.nodes, size)
            self.parts.append((part, block, rows[size]))

    def flat(self, tensor: Tensor, axes: int) -> Tensor:
        """One batch axis, whatever the batch's shape."""
        own = tensor.shape[tensor.dim() - axes :]
        return tensor.expand(*self.batch, *own).reshape(self.total, *own)

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """The blocks' results in the batch's shape."""
        whole = parts[0] if len(parts) == 1 else torch.cat(list(parts))
        return whole.reshape((*self.batch, *whole.shape[1:]))


def pay(kernel: Kernel, batch: tuple[int, ...]) -> bool:
    """Blocks are faster for such a batch."""
    worlds = math.prod(batch)
    return worlds >= LEAST or worlds * kernel.classes * len(kernel.route_node) >= WIDE


def batch_shape(
    kernel: Kernel, state: State, exogenous: ExogenousTensors, routing: Tensor, placed: Tensor
) -> tuple[int, ...]:
    """The batch that the inputs and the kernel's worlds span together."""
    named = (*vars(state).items(), *vars(exogenous).items())
    shapes = [x.shape[: x.dim() - INPUT_AXES.get(name, 1)] for name, x in named]
    shapes += [routing.shape[:-3], placed.shape[:-2], kernel.capacity.shape[:-1]]
    return np.broadcast_shapes(*shapes)  # torch's own loads sympy, half a second


def step(
    kernel: Kernel,
    batch: tuple[int, ...],
    state: State,
    exogenous: ExogenousTensors,
    routing: Tensor,
    placed: Tensor,
) -> tuple[State, Outcome]:
    """`Kernel.step` for such a batch, without checks and gradients."""
    blocks = kernel.blocks
    if blocks is None or blocks.batch != batch:
        blocks = kernel.blocks = Blocks(kernel, batch)
    with torch.no_grad():
        states = {n: blocks.flat(x, INPUT_AXES.get(n, 1)) for n, x in vars(state).items()}
        inputs = {n: blocks.flat(x, INPUT_AXES.get(n, 1)) for n, x in vars(exogenous).items()}
        routes, wanted = blocks.flat(routing, 3), blocks.flat(placed, 2)
        results = [
            block._slot(
                State(**{name: x[part] for name, x in states.items()}),
                ExogenousTensors(**{name: x[part] for name, x in inputs.items()}),
                routes[part],
                wanted[part],
                rows,
            )
            for part, block, rows in blocks.parts
        ]
        joined = {
            each.name: blocks.join([getattr(outcome, each.name) for _, outcome in results])
            for each in fields(Outcome)
            if each.name not in ("flows_source", "requests")
        }
        backlog = blocks.join([after.backlog_gc for after, _ in results])
    outcome = Outcome(
        **joined,
        requests=exogenous.requests,
        flows_source=lambda: kernel.flows(state, exogenous, routing),
    )
    return State(backlog, placed, placed), outcome
