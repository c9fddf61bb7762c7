"""Raising the dual function, and what comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from cnc.errors import SimulationError
from cnc.policies.bound.dual import Dual, Multipliers
from cnc.policies.bound.tables import Tables, tables
from cnc.simulator.world import Floats, World

Tensor = torch.Tensor


@dataclass(frozen=True)
class Effort:
    """How hard to try; any effort gives a valid bound, more of it a higher one."""

    iterations: int = 150
    """Steps of ascent; 500 at 8 levels add 1.4 % at 800 requests a slot, 1.9 % at 1600."""
    levels: int = 6
    """Of node utilisation, for the share in time; 16 add 1 % to 8."""
    brackets: tuple[tuple[int, int], ...] = ((1, 1), (2, 2), (3, 4), (5, 8))
    """Numbers of replicas that are treated alike; a bracket a number adds 2 % at 1600 requests."""
    step: float = 0.3
    """First step of Adam, falling to 2 % of it."""
    energy_prices: tuple[float, ...] = (2.0,)
    """Prices of a request, beside the penalty, whose lines bound the energy."""
    energy_iterations: int = 60
    """Steps of ascent for each of them, from where the last one ended."""

    @staticmethod
    def quick() -> Effort:
        """About a tenth of the time, about 5 % lower."""
        return Effort(iterations=120, levels=3, brackets=((1, 1), (2, 8)), energy_iterations=40)


@dataclass(frozen=True, eq=False)
class BoundResult:
    """The bound of a window."""

    cost: Floats
    """[T] the slots' parts. Their mean bounds the mean cost of any policy over the window; a
    single part bounds a single slot only where every slot has a set of replicas of its own."""
    requests: Floats
    """[T]"""
    idle_j: float
    """Of a slot."""
    reference_j: float
    lines: tuple[tuple[float, float], ...]
    """(price w, mean over the slots of the bound at penalty w)."""

    @property
    def mean_cost(self) -> float:
        """No policy has a lower mean cost over the window."""
        return float(self.cost.mean())

    def energy_j(self, satisfied_share: float) -> float:
        """No policy that satisfies this share of the window's requests uses less energy a slot.

        For every price w: (energy - idle) / unit + w x unsatisfied is at least the bound at w.
        """
        unsatisfied = (1.0 - satisfied_share) * float(self.requests.mean())
        least = max(value - price * unsatisfied for price, value in self.lines)
        return self.idle_j + self.reference_j * max(least, 0.0)


class Bound:
    """A lower bound for windows of one world (its base classes, one a service).

    Args:
        world: the world.
        effort: how hard to try.
    """

    def __init__(self, world: World, effort: Effort | None = None) -> None:
        if not np.array_equal(world.classes.service, np.arange(len(world.work_gc))):
            raise SimulationError("the bound is for worlds with one traffic class a service")
        self._world = world
        self._effort = effort or Effort()
        most = world.parameters.most_replicas
        kept = [(low, min(high, most)) for low, high in self._effort.brackets if low <= most]
        self._brackets = [*kept[:-1], (kept[-1][0], most)]

    def window(
        self,
        requests: Floats,
        background: Floats,
        link_capacity_mbit_s: Floats,
        link_energy_j_mbit: Floats,
        first_slot: int | None = None,
    ) -> BoundResult:
        """The bound over T consecutive slots.

        Args:
            requests: [T, D, C].
            background: [T, N] of the slots themselves.
            link_capacity_mbit_s: [T, L].
            link_energy_j_mbit: [T, L].
            first_slot: number of the first slot, by which frames are known. None lets every slot
                have its own replicas, which is a lower bound for each slot by itself.

        Raises:
            SimulationError: arrays that do not belong together, or a link without capacity.
        """
        self._check(requests, background, link_capacity_mbit_s, link_energy_j_mbit)

        def table_of(dtype: torch.dtype) -> Tables:
            return tables(
                self._world,
                requests,
                background,
                link_capacity_mbit_s,
                link_energy_j_mbit,
                self._effort.levels,
                self._brackets,
                dtype,
            )

        slots = len(requests)
        if first_slot is None:
            frame = torch.arange(slots)
        else:
            # the set decided in slot 10 m serves from slot 10 m + 1 to 10 m + 10
            length = self._world.parameters.frame_slots
            numbers = np.ceil(np.arange(first_slot, first_slot + slots) / length).astype(np.int64)
            frame = torch.from_numpy(numbers - numbers[0])
        effort, penalty = self._effort, self._world.parameters.penalty
        coarse, fine = table_of(torch.float32), table_of(torch.float64)
        at = _first(coarse, int(frame[-1]) + 1, penalty)
        at = _ascend(Dual(coarse, frame, penalty), at, effort.iterations, effort.step)
        cost = _evaluate(Dual(fine, frame, penalty), at)
        lines = [(penalty, float(cost.mean()))]
        last = penalty
        for price in effort.energy_prices:
            # a request that is worth less pays so much less
            at.request = (at.request.detach() - (last - price)).clamp(min=0.0)
            at = _ascend(
                Dual(coarse, frame, price), at, effort.energy_iterations, effort.step * 0.5
            )
            last = price
            lines.append((price, float(_evaluate(Dual(fine, frame, price), at).mean())))
        parameters = self._world.parameters
        return BoundResult(
            cost=cost.numpy(),
            requests=np.asarray(requests.sum((1, 2))),
            idle_j=float(self._world.node_idle_w.sum()) * parameters.slot_s,
            reference_j=parameters.reference_j,
            lines=tuple(lines),
        )

    def _check(
        self, requests: Floats, background: Floats, capacity: Floats, energy: Floats
    ) -> None:
        world, slots = self._world, len(requests)
        shapes = {
            "requests": (requests, (slots, len(world.candidates), len(world.classes))),
            "background": (background, (slots, len(world.node_domain))),
            "link capacity": (capacity, (slots, len(world.link_domain))),
            "link energy": (energy, (slots, len(world.link_domain))),
        }
        for name, (array, shape) in shapes.items():
            if slots == 0 or array.shape != shape:
                raise SimulationError(f"{name} of a window must be {shape}, not {array.shape}")
        if (capacity <= 0).any():
            raise SimulationError("every link of a window needs a capacity above 0")


def _first(table: Tables, frames: int, penalty: float) -> Multipliers:
    """Prices to start from: a request is worth the penalty less its cheapest way to be served."""
    work, cheapest = [], torch.full_like(table.asked, penalty)
    for group in table.groups:
        middle = (group.least + group.most) / 2.0
        slope = table.energy_floor + 3.0 * (1.0 - table.energy_floor) * middle**2
        price = (group.dynamic / group.capacity_gc)[:, None] * slope
        work.append(price)
        path = (
            table.size_mbit[:, None, None, None]
            * table.energy_per_mbit[:, group.group.route][:, None]
        )
        ways = path + (table.work_gc[:, None] * price[:, None, :, 0])[..., None, None]
        ways = torch.where(group.in_time[..., -1, 0] > 0.5, ways, penalty).amin(-1)
        for row, origins in enumerate(group.group.origin):
            for column, origin in enumerate(origins.tolist()):
                here = cheapest[:, origin]
                cheapest[:, origin] = torch.minimum(here, ways[:, :, row, column])
    nodes = [len(group.group.nodes) for group in table.groups]
    slots, _, classes = table.asked.shape
    dtype = table.asked.dtype
    return Multipliers(
        request=(0.98 * penalty - cheapest).clamp(min=0.0),
        link=torch.zeros_like(table.link_mbit),
        memory=torch.zeros(frames, len(table.node_memory_gb), dtype=dtype),
        work=work,
        timing=[torch.zeros(slots, classes, n, dtype=dtype) for n in nodes],
    )


def _ascend(dual: Dual, start: Multipliers, iterations: int, step: float) -> Multipliers:
    """Projected supergradient ascent (Adam); keeps the best point seen."""
    at = start.to(dual.table.asked.dtype)
    leaves = at.leaves()
    for tensor in (*leaves, *at.work):
        tensor.requires_grad_(True)
    optimiser = torch.optim.Adam(
        [
            {"params": [at.request], "lr": step},
            {"params": [at.link, at.memory], "lr": 0.3 * step},
            {"params": at.work, "lr": 0.1 * step},
            {"params": at.timing, "lr": 2.0 * step},
        ],
        betas=(0.9, 0.99),
        maximize=True,
    )
    decay = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.02 ** (1.0 / max(iterations, 1)))
    best, best_value = start, -math.inf
    for _ in range(iterations):
        total, levels = dual.value(at)
        value = float(total.detach().sum())
        if value > best_value:
            best, best_value = at.to(total.dtype), value
        # every level's price of work rises by that level alone, taken or not, so that it is good
        # by the time it is taken
        every = torch.stack([level.sum() for level in levels]).sum()
        for tensor, slope in zip(
            at.work, torch.autograd.grad(every, at.work, retain_graph=True), strict=True
        ):
            tensor.grad = slope
        for tensor, slope in zip(leaves, torch.autograd.grad(total.sum(), leaves), strict=True):
            tensor.grad = slope
        optimiser.step()
        decay.step()
        with torch.no_grad():
            for tensor in (at.request, at.link, at.memory):
                tensor.clamp_(min=0.0)
    with torch.no_grad():
        if float(dual.value(at)[0].sum()) > best_value:
            return at.to(dual.table.asked.dtype)
    return best


def _evaluate(dual: Dual, at: Multipliers) -> Tensor:
    """[T] in float64, so that rounding cannot lift it above the truth; no cost is below 0."""
    with torch.no_grad():
        parts = dual.value(at.to(torch.float64))[0]
    alone = len(at.memory) == len(parts)
    return parts.clamp(min=0.0) if alone or float(parts.sum()) < 0.0 else parts
