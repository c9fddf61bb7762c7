"""Which routes use which nodes or links: summing routes onto them, and them along routes."""

from __future__ import annotations

import torch

from cnc.simulator.outcome import Tensor

DENSE = 100_000
"""Entries up to which a matrix is used, which suits batches of small worlds (`paper` has 24,000).
It grows with the square of the cells: at 210 cells, gathering and scattering take a hundredth of
the time of its 10 million entries."""


class Incidence:
    """Routes and what they use, as a matrix while that is small; differentiable.

    Args:
        used: [D*R, most] numbers of what each route uses, `count` where there is nothing.
        count: how many nodes or links there are.
        dtype: of the values.
    """

    def __init__(self, used: Tensor, count: int, dtype: torch.dtype) -> None:
        self._used, self._count = used, count
        self._matrix: Tensor | None = None
        if len(used) * count <= DENSE:
            matrix = torch.zeros(len(used), count + 1, dtype=dtype, device=used.device)
            matrix.scatter_add_(1, used, torch.ones_like(used, dtype=dtype))
            self._matrix = matrix[:, :count].contiguous()

    def onto(self, per_route: Tensor) -> Tensor:
        """Sums of routes […, D*R] on what they use […, count]."""
        if self._matrix is not None:
            return per_route @ self._matrix
        sums = per_route.new_zeros((*per_route.shape[:-1], self._count + 1))
        for column in self._used.unbind(-1):
            sums = sums.index_add(-1, column, per_route)
        return sums[..., : self._count]

    def rows_onto(self, per_route: Tensor) -> Tensor:
        """`onto` with routes as rows: […, D*R, C] to […, count, C]."""
        if self._matrix is not None:
            return self._matrix.T @ per_route
        shape = (*per_route.shape[:-2], self._count + 1, per_route.shape[-1])
        sums = per_route.new_zeros(shape)
        for column in self._used.unbind(-1):
            sums = sums.index_add(-2, column, per_route)
        return sums[..., : self._count, :]

    def along(self, values: Tensor) -> Tensor:
        """Sums along routes […, D*R] of what they use […, count]."""
        if self._matrix is not None:
            return values @ self._matrix.T
        padded = torch.cat([values, torch.zeros_like(values[..., :1])], dim=-1)
        return padded[..., self._used].sum(-1)
