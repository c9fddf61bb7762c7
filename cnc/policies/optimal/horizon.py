"""The slots that a deployment is planned for, and what they cost exactly.

Costs come from the kernel itself ("Outcome of a slot" of docs/system-model.md), in one batch of
all slots. Slots that follow each other are linked by the backlog, which is a short recursion over
the nodes' work alone; everything else of a slot depends on no other slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnc.environment.sites import Booleans, Floats, Integers
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.world import TrafficClasses, World

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class Slot:
    """What the world brings in one slot, as known or assumed."""

    requests: Floats
    """[D, C]"""
    background: Floats
    """[N] beta"""
    link_capacity_mbit_s: Floats
    """[L]"""
    link_energy_j_mbit: Floats
    """[L] J/Mbit"""


@dataclass(frozen=True, eq=False)
class Horizon:
    """T slots to plan for."""

    inputs: ExogenousTensors
    """Tensors [T, …]."""
    backlog_gc: Tensor
    """[N] before the first slot."""
    chained: bool
    """The slots follow each other. Otherwise each is a possible next slot, with this backlog."""

    @staticmethod
    def of(slots: Sequence[Slot], backlog_gc: Floats, chained: bool, dtype: torch.dtype) -> Horizon:
        """Stack slots."""

        def stack(name: str) -> Tensor:
            return torch.as_tensor(np.stack([getattr(slot, name) for slot in slots]), dtype=dtype)

        inputs = ExogenousTensors(
            requests=stack("requests"),
            node_background=stack("background"),
            link_capacity=stack("link_capacity_mbit_s"),
            link_energy=stack("link_energy_j_mbit"),
        )
        return Horizon(inputs, torch.as_tensor(backlog_gc, dtype=dtype), chained)

    def __len__(self) -> int:
        return len(self.inputs.requests)


class Evaluator:
    """Exact costs of routing and replicas, differentiable in both.

    Args:
        world: the world.
        classes: its traffic classes.
        dtype: float32 for searching, float64 for what is decided.
    """

    def __init__(self, world: World, classes: TrafficClasses, dtype: torch.dtype) -> None:
        self.world, self.classes, self.dtype = world, classes, dtype
        self.kernel = Kernel.of(world, classes=classes, dtype=dtype)
        self.admissible: Booleans = world.admissible_routes(classes)
        self._node = torch.as_tensor(world.route_node)
        self._transport = torch.as_tensor(
            np.asarray(world.node_domain == len(world.domain_ids) - 1)[world.route_node]
        )
        self._open = torch.as_tensor(self.admissible)

    def routes(self, ready: Tensor) -> Tensor:
        """[…, D, C, R] routes that may be used with these ready replicas […, S, N].

        Those on which the class is in time at zero load; where an origin has none of them, those
        to the transport domain.
        """
        served = (ready > 0)[..., self.kernel.service, :][..., self._node].movedim(-2, -3)
        usable = served & self._open
        rescue = ~usable.any(-1, keepdim=True)
        return torch.where(rescue, served & self._transport[:, None, :], usable)

    def slot_costs(self, horizon: Horizon, routing: Tensor, ready: Tensor) -> Tensor:
        """[…, T] cost of each slot, keep-alive included, starts not.

        Args:
            horizon: T slots.
            routing: y […, T, D, C, R].
            ready: […, S, N] replicas that serve all of the time.
        """
        replicas = ready.unsqueeze(-3)
        state = State(self.backlog(horizon, routing), replicas, replicas)
        return self.kernel.step(state, horizon.inputs, routing, check=False)[1].cost

    def backlog(self, horizon: Horizon, routing: Tensor) -> Tensor:
        """[…, T, N] backlog before each slot (Gc)."""
        if not horizon.chained:
            return horizon.backlog_gc
        kernel, inputs, tau = self.kernel, horizon.inputs, self.kernel.parameters.slot_s
        work = kernel.work_gc[kernel.service]
        gc = ((inputs.requests * work)[..., None] * routing).sum(-2).flatten(-2)
        added = kernel.on_node.onto(gc)
        spare = kernel.capacity * (1.0 - inputs.node_background) * tau
        limit = kernel.capacity * kernel.parameters.backlog_limit_s
        before = [horizon.backlog_gc.expand(added[..., 0, :].shape)]
        for slot in range(len(horizon) - 1):
            left = before[-1] + added[..., slot, :] - spare[slot]
            before.append(torch.minimum(left.clamp(min=0.0), limit))
        return torch.stack(before, -2)

    def change_cost(self, old: Tensor, new: Tensor) -> Tensor:
        """[…] cost of a rolling update in its start-up slot: starts, and keep-alive of both sets.

        Args:
            old: [S, N] the set that serves in that slot.
            new: […, S, N] the set that serves from the next one.
        """
        kernel = self.kernel
        added = (new - old).clamp(min=0.0)
        per_replica = kernel.start_j + kernel.keepalive_w * kernel.parameters.slot_s
        return (added * per_replica).sum((-1, -2)) / kernel.parameters.reference_j

    def tensor(self, array: Floats | Integers) -> Tensor:
        """An array as the evaluator computes."""
        return torch.as_tensor(np.asarray(array), dtype=self.dtype)
