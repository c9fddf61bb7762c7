"""What requests meet on their routes, without gradients: a row of all classes per route.

The same equations as `Kernel._flows`, in the layout [D*R, C], where a node's values are gathered
by copying rows, in place, in buffers that are used again. `Kernel.step` takes this way for blocks
of worlds that fit the processor's cache when nothing asks for a gradient.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import torch
from torch.nn.functional import embedding_bag

from cnc.simulator.outcome import Tensor


@dataclass(frozen=True, eq=False)
class Conditions:
    """What classes meet on nodes [..., C, N] and all meet on routes [..., D*R] in a slot."""

    route_s: Tensor
    """Propagation and waiting for links."""
    per_mbit_s: Tensor
    """Transmission."""
    path_kept: Tensor
    """Share that links do not lose."""
    service_s: Tensor
    """Processing and backlog."""
    kept: Tensor
    """Share that node and replicas do not lose."""
    pressure: Tensor
    """Utilisation, clipped; to the power of `exponent` the probability of waiting."""
    exponent: Tensor
    rate: Tensor
    """1/s"""


class _Scratch(threading.local):
    """One buffer a thread, kept between slots: fresh memory costs more than the arithmetic."""

    buffer: Tensor | None = None

    def take(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        if self.buffer is None or self.buffer.shape != shape or self.buffer.dtype != dtype:
            with torch.inference_mode(False):
                self.buffer = torch.empty(shape, dtype=dtype)
        return self.buffer


_scratch = _Scratch()


class Rows:
    """Index tables of one layout for blocks of `size` worlds.

    Args:
        route_node: [D*R].
        origins: D.
        nodes: N.
        size: worlds in a block.
    """

    def __init__(self, route_node: Tensor, origins: int, nodes: int, size: int) -> None:
        self._node = route_node
        self._origins, self._nodes = origins, nodes
        routes = len(route_node)
        offset = torch.arange(size)[:, None]
        counts = torch.bincount(route_node, minlength=nodes)
        order = torch.argsort(route_node, stable=True)
        self._order = (offset * routes + order).reshape(-1)
        self._start = (offset * routes + counts.cumsum(0) - counts).reshape(-1)

    def flow(self, requests: Tensor, routing: Tensor) -> tuple[Tensor, Tensor]:
        """Requests on routes [B, D*R, C] (in scratch memory) and on nodes [B, C, N].

        Args:
            requests: [B, D, C].
            routing: [B, D, C, R].
        """
        size, origins, classes, routes = routing.shape
        buffers = _scratch.take((4, size, origins * routes, classes), routing.dtype)
        flow = buffers[0]
        torch.mul(
            routing.transpose(-1, -2),
            requests[..., None, :],
            out=flow.view(size, origins, routes, classes),
        )
        sums = embedding_bag(self._order, flow.view(-1, classes), self._start, mode="sum")
        return flow, sums.view(size, self._nodes, classes).transpose(-1, -2)

    def satisfied(
        self, flow: Tensor, conditions: Conditions, deadline: Tensor, size: Tensor
    ) -> Tensor:
        """Requests served in time per origin and class [B, D, C].

        Args:
            flow: [B, D*R, C], as `flow` gave it last.
            conditions: of the slot.
            deadline: [..., C] s.
            size: [..., C] Mbit up and down.
        """
        count, _, classes = flow.shape
        _, late, in_time, other = _scratch.take((4, *flow.shape), flow.dtype)
        self._gather(deadline[..., None] - conditions.service_s, late)
        late.baddbmm_(
            torch.stack((conditions.route_s, conditions.per_mbit_s), -1).expand(count, -1, -1),
            torch.stack((torch.ones_like(size), size), -2).expand(count, -1, -1),
            alpha=-1.0,
        )
        late.clamp_(min=0.0)
        torch.sign(late, out=in_time)
        self._gather(conditions.rate, other)
        late.mul_(other)
        self._gather(conditions.pressure.clamp(min=1e-12).log() * conditions.exponent, other)
        tail = other.sub_(late).exp_()
        in_time.addcmul_(in_time, tail, value=-1.0)
        self._gather(conditions.kept, other)
        in_time.mul_(other).mul_(flow).mul_(conditions.path_kept[..., None])
        met: Tensor = in_time.view(count, self._origins, -1, classes).sum(-2)
        return met

    def _gather(self, per_node: Tensor, out: Tensor) -> None:
        """[B, C, N] to [B, D*R, C]."""
        rows = per_node.transpose(-1, -2).contiguous()
        torch.index_select(rows, -2, self._node, out=out)
