"""The dual function: for any multipliers, a number that no policy's cost goes below.

docs/bound.md, "The dual function", derives each line.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cnc.policies.bound.tables import GroupTable, Tables

Tensor = torch.Tensor


@dataclass(eq=False)
class Multipliers:
    """Prices in units of cost; the first three must not be negative."""

    request: Tensor
    """[T, D, C] of serving a request."""
    link: Tensor
    """[T, L] of a Mbit."""
    memory: Tensor
    """[G, N] of a GB and slot."""
    work: list[Tensor]
    """Per group of nodes [T, n, J], of a Gc; any sign."""
    timing: list[Tensor]
    """Per group of nodes [T, C, n], logits of how a frame's price of a replica is spread."""

    def leaves(self) -> list[Tensor]:
        """All but the prices of work, which each level has for itself."""
        return [self.request, self.link, self.memory, *self.timing]

    def to(self, dtype: torch.dtype) -> Multipliers:
        """A copy without history."""

        def copy(tensor: Tensor) -> Tensor:
            return tensor.detach().to(dtype).clone()

        return Multipliers(
            copy(self.request),
            copy(self.link),
            copy(self.memory),
            [copy(x) for x in self.work],
            [copy(x) for x in self.timing],
        )


@dataclass(frozen=True, eq=False)
class Dual:
    """The dual function of a window.

    Args:
        table: the window.
        frame: [T] number of the set of replicas that serves in a slot, from 0 without gaps.
        penalty: cost of a request that is not satisfied.
    """

    table: Tables
    frame: Tensor
    penalty: float

    def value(self, at: Multipliers) -> tuple[Tensor, list[Tensor]]:
        """The slots' parts [T] of the bound, and each group's levels [T, n, J]."""
        table = self.table
        asked = table.asked
        total = self.penalty * asked.sum((1, 2)) - (at.request * asked).sum((1, 2))
        total = total - (at.link * table.link_mbit).sum(1)
        total = total - (at.memory * table.node_memory_gb).sum(1)[self.frame]
        padded = torch.cat([at.link, torch.zeros_like(at.link[:, :1])], -1)
        per_mbit = padded[:, table.along].sum(-1) + table.energy_per_mbit
        levels = []
        for number, group in enumerate(table.groups):
            level = self._services(at, number, group, per_mbit) + _computing(
                group, at.work[number], table.energy_floor
            )
            levels.append(level)
            total = total + level.amin(-1).sum(1)
        return total, levels

    def _services(
        self, at: Multipliers, number: int, group: GroupTable, per_mbit: Tensor
    ) -> Tensor:
        """[T, n, J] the best that services can do on a node at a level."""
        table = self.table
        path = table.size_mbit[:, None, None, None] * per_mbit[:, group.group.route][:, None]
        route = (path[..., None, None] - self.penalty * group.in_time).amin(4)
        price = at.request[:, group.group.origin].permute(0, 3, 1, 2)
        work = at.work[number][:, None] * table.work_gc[:, None, None]
        gain = (route + price[..., None, None] + work[:, :, :, None, None, :]).clamp(max=0.0)
        by_demand = (gain * group.asked[..., None, None]).sum(3)
        per_gc = gain.amin(3) / table.work_gc[:, None, None, None]
        served = torch.maximum(by_demand, per_gc * group.grant_gc[..., None])
        chosen = served + self._replicas(at, number, group)[..., None]
        chosen = torch.where(group.fits[..., None], chosen, 0.0)
        return chosen.amin(3).clamp(max=0.0).sum(1)

    def _replicas(self, at: Multipliers, number: int, group: GroupTable) -> Tensor:
        """[T, C, n, K] a slot's part of the price of having a bracket's replicas."""
        table, frame = self.table, self.frame
        frames = len(at.memory)
        slots = torch.bincount(frame, minlength=frames).to(table.asked.dtype)
        memory = at.memory[:, None, group.group.nodes] * table.memory_gb[:, None]
        each = (group.keepalive + memory) * slots[:, None, None]
        weight = torch.exp(at.timing[number])
        of_frame = torch.zeros(frames, *weight.shape[1:], dtype=weight.dtype)
        share = weight / of_frame.index_add(0, frame, weight)[frame]
        return (each[frame] * share)[..., None] * table.fewest


def _computing(group: GroupTable, price: Tensor, floor: float) -> Tensor:
    """[T, n, J] the least of computing energy less the price of the work, within a level.

    The energy floor x u + (1 - floor) x u^3 is convex: the minimum lies where its slope is the
    price, or at an edge.
    """
    dynamic, beta = group.dynamic[:, None], group.background[..., None]
    per_load = price * group.capacity_gc[:, None]
    square = (per_load / dynamic - floor) / (3.0 * (1.0 - floor))
    # not sqrt of 0, whose slope is infinite
    best = torch.where(square > 1e-12, torch.sqrt(square.clamp(min=1e-12)), 0.0)
    rho = torch.minimum(torch.maximum(best, group.least), group.most)
    energy = dynamic * (floor * (rho - beta) + (1.0 - floor) * (rho**3 - beta**3))
    return energy - per_load * (rho - beta)
