"""Many worlds at once, for training: one call of the kernel steps them all.

A member of the batch equals an `Infrastructure` of the same world, seed and load, slot by slot
(`tests/environment/test_batched.py`); what it leaves out are user groups and latency quantiles.
Imports torch.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from cnc.errors import SimulationError
from cnc.simulator.kernel import ExogenousTensors, Kernel, Outcome, State
from cnc.simulator.outcome import Tensor
from cnc.simulator.routing import RouteComposer
from cnc.simulator.traffic import TrafficGenerator, mean_background
from cnc.simulator.world import World

SHARED = (
    *("frame_slots", "slot_s", "reference_j", "penalty", "energy_floor", "utilisation_clip"),
    *("backlog_limit_s", "most_replicas"),
)
"""Parameters that all worlds of a batch must agree on."""
INPUTS = ("requests", "node_background", "link_capacity_mbit_s", "link_energy_j_mbit")
"""Fields of `Exogenous`, in the order of those of `ExogenousTensors`."""


@dataclass(frozen=True, eq=False)
class BatchedObservation:
    """What can be measured before slot t (B worlds, D origins, C classes, N nodes, L links).

    The fields are those of `Measurement`: background, utilisation and backlog are those at the
    end of t-1, requests and link capacities those of t.
    """

    slot: int
    frame_start: bool
    requests: Tensor
    """[B, D, C]; in slot -1 the expected requests of frame 0."""
    background: Tensor
    """[B, N]"""
    utilisation: Tensor
    """[B, N] rho, background included."""
    backlog_gc: Tensor
    """[B, N]"""
    ready: Tensor
    """[B, S, N] replicas that serve in this slot."""
    placed: Tensor
    """[B, S, N]"""
    link_capacity_mbit_s: Tensor
    """[B, L]"""
    link_energy_j_mbit: Tensor
    link_utilisation: Tensor


@dataclass(frozen=True, eq=False)
class BatchedOutcome:
    """The result of one slot; tensors begin with the batch, […, B]."""

    slot: int
    reward: Tensor
    """Negative slot cost."""
    satisfied: Tensor
    """Requests that were served in time."""
    requests: Tensor
    energy_j: Tensor
    """All five terms."""
    satisfied_per_origin: Tensor
    """[…, B, D, C]"""
    details: Outcome = field(repr=False)
    """Energy terms, utilisations, and energy per node and link, as the kernel gives them."""


@dataclass(frozen=True, eq=False)
class BatchedSnapshot:
    """A moment from which a batch can go on more than once."""

    seeds: tuple[int, ...]
    loads: tuple[float, ...]
    slot: int
    state: State
    background: Tensor
    utilisation: Tensor
    link_utilisation: Tensor
    current: ExogenousTensors | None
    traffic: tuple[dict[str, Any], ...] = field(repr=False)


class BatchedEnvironment:
    """B worlds in step, each with a trace of its own.

    The first decision after `reset` is `place` (slot -1); every later one is `step`.

    Args:
        worlds: of the same layout and with the same costs; one world may occur many times.
        seeds: of the traces, one a world.
        load: nominal requests a slot, one number or one a world.
        dtype: float64, or float32, which is about twice as fast.
        device: a torch device.
        check: refuse impossible decisions; without, they give nonsense silently.

    Raises:
        SimulationError: worlds that cannot be in one batch, or not one seed and load a world.
    """

    def __init__(
        self,
        worlds: Sequence[World],
        seeds: Sequence[int],
        load: float | Sequence[float],
        dtype: torch.dtype = torch.float64,
        device: str = "cpu",
        check: bool = True,
    ) -> None:
        self.worlds = tuple(worlds)
        self.kernel = Kernel.of(self.worlds, dtype=dtype, device=device)
        self._check_worlds()
        self.dtype, self.device, self.check = dtype, device, check
        # A kernel keeps memory for one batch shape, so that evaluations need one of their own.
        self._beside = copy.copy(self.kernel)
        self._composer = RouteComposer(self.worlds[0], device)
        self.seeds, self.loads = self._per_world(seeds, load)
        self.reset()

    def _check_worlds(self) -> None:
        first = self.worlds[0]
        for at, world in enumerate(self.worlds[1:], start=1):
            for name in SHARED:
                if getattr(world.parameters, name) != getattr(first.parameters, name):
                    raise SimulationError(f"world {at} of the batch has another {name} than 0")
            if not np.array_equal(world.classes.service, first.classes.service):
                raise SimulationError(f"world {at} of the batch has other classes than world 0")

    def _per_world(
        self, seeds: Sequence[int], load: float | Sequence[float]
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        count = len(self.worlds)
        given = np.asarray(load, dtype=np.float64)
        loads = np.full(count, given) if given.ndim == 0 else given
        if len(seeds) != count or len(loads) != count:
            raise SimulationError(
                f"{count} worlds need {count} seeds and one load or {count}; there are "
                f"{len(seeds)} and {len(loads)}"
            )
        return tuple(int(seed) for seed in seeds), tuple(float(each) for each in loads)

    def __len__(self) -> int:
        return len(self.worlds)

    @property
    def frame_start(self) -> bool:
        """Replicas are decided in the current slot (slot -1 counts)."""
        return self.slot < 0 or self.slot % self.kernel.parameters.frame_slots == 0

    def reset(
        self, seeds: Sequence[int] | None = None, load: float | Sequence[float] | None = None
    ) -> BatchedObservation:
        """Begin anew in slot -1, on the same traces or on others.

        Raises:
            SimulationError: not one seed and load a world.
        """
        self.seeds, self.loads = self._per_world(
            self.seeds if seeds is None else seeds, self.loads if load is None else load
        )
        self.slot = -1
        self._traffic = [
            TrafficGenerator(*each)
            for each in zip(self.worlds, self.seeds, self.loads, strict=True)
        ]
        self._state = self.kernel.initial_state((len(self),))
        self._background = self._tensor([mean_background(world) for world in self.worlds])
        self._utilisation = torch.zeros_like(self._background)
        self._link_utilisation = torch.zeros(
            len(self), self.kernel.links, dtype=self.dtype, device=self.device
        )
        self._current: ExogenousTensors | None = None
        return self.observe()

    def _tensor(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.as_tensor(np.stack(arrays), dtype=self.dtype, device=self.device)

    def _exogenous(self) -> ExogenousTensors:
        """The current slot's requests, background and links; drawn when first asked for."""
        if self.slot < 0:
            raise SimulationError("slot -1 places the first replicas: call `place` before `step`")
        if self._current is None:
            drawn = [traffic.next() for traffic in self._traffic]
            self._current = ExogenousTensors(
                *(self._tensor([getattr(each, name) for each in drawn]) for name in INPUTS)
            )
        return self._current

    def observe(self) -> BatchedObservation:
        """What is measured before the current slot."""
        if self.slot < 0:
            expected = [x.expected_requests(x.hotspot_weights) for x in self._traffic]
            requests = self._tensor(expected)
            capacity = self._tensor([x.link_nominal_capacity_mbit_s for x in self.worlds])
            energy = self._tensor([x.link_nominal_energy_j_mbit for x in self.worlds])
        else:
            now = self._exogenous()
            requests, capacity, energy = now.requests, now.link_capacity, now.link_energy
        return BatchedObservation(
            slot=self.slot,
            frame_start=self.frame_start,
            requests=requests,
            background=self._background,
            utilisation=self._utilisation,
            backlog_gc=self._state.backlog_gc,
            ready=self._state.ready,
            placed=self._state.placed,
            link_capacity_mbit_s=capacity,
            link_energy_j_mbit=energy,
            link_utilisation=self._link_utilisation,
        )

    # -- deciding --------------------------------------------------------------------------------

    def place(self, replicas: Tensor) -> BatchedObservation:
        """Slot -1: the first replicas [B, S, N]; they are ready in slot 0 and start for free.

        Raises:
            SimulationError: they do not fit, or the slot is another.
        """
        if self.slot >= 0:
            raise SimulationError("the first replicas are placed in slot -1, right after `reset`")
        self._state = self.kernel.place_initial(self._state, self._counts(replicas))
        self.slot = 0
        return self.observe()

    def compose(
        self, delta: Tensor, sigma: Tensor, local: Tensor, backhaul: Tensor, core: Tensor
    ) -> Tensor:
        """Routing y […, B, D, C, R] = delta x sigma x path shares; see `step` for the shapes."""
        return self._composer.compose(delta, sigma, local, backhaul, core, self.kernel.service)

    def step(
        self,
        delta: Tensor,
        sigma: Tensor,
        local: Tensor,
        backhaul: Tensor,
        core: Tensor,
        replicas: Tensor | None = None,
    ) -> BatchedOutcome:
        """Run the current slot in every world and move on; without gradients.

        Args:
            delta: [B, D, C, K] shares of each origin's requests per candidate; a row sums to at
                most 1, the rest is unserved.
            sigma: [B, S, N] shares of each domain's ready nodes; they sum to at most 1 a domain.
            local: [B, D, S, 2] shares of the local links of each terminal-side domain.
            backhaul: [B, D, S, 2] shares of the backhaul links of each RAN-side domain.
            core: [B, S, 2] shares of the core links.
            replicas: [B, S, N] at frame starts, serving from the next slot; None keeps them.

        Raises:
            SimulationError: impossible decisions (with `check`), or slot -1; nothing has changed.
        """
        with torch.no_grad():
            return self.route(self.compose(delta, sigma, local, backhaul, core), replicas)

    def route(self, routing: Tensor, replicas: Tensor | None = None) -> BatchedOutcome:
        """`step` with free routing y [B, D, C, R] instead of the product form."""
        now = self._exogenous()
        placed = self._placed(replicas)
        with torch.no_grad():
            self._state, outcome = self.kernel.step(
                self._state, now, routing.to(self.dtype), placed, check=self.check
            )
        self._background = now.node_background
        self._utilisation = outcome.node_utilisation
        self._link_utilisation = outcome.link_utilisation
        self._current = None
        self.slot += 1
        return _result(self.slot - 1, outcome)

    def evaluate(
        self,
        delta: Tensor,
        sigma: Tensor,
        local: Tensor,
        backhaul: Tensor,
        core: Tensor,
        replicas: Tensor | None = None,
    ) -> BatchedOutcome:
        """What the current slot would give, without running it.

        The arguments are those of `step` with any axes in front, such as one of alternatives
        [A, B, …]; axes that some arguments lack are broadcast. Gradients flow where a decision
        asks for them.

        Raises:
            SimulationError: as `step`.
        """
        return self.evaluate_routing(self.compose(delta, sigma, local, backhaul, core), replicas)

    def evaluate_routing(self, routing: Tensor, replicas: Tensor | None = None) -> BatchedOutcome:
        """`evaluate` with free routing y […, B, D, C, R]."""
        placed = None if replicas is None else self._placed(replicas)
        _, outcome = self._beside.step(
            self._state, self._exogenous(), routing.to(self.dtype), placed, check=self.check
        )
        return _result(self.slot, outcome)

    def _placed(self, replicas: Tensor | None) -> Tensor | None:
        if replicas is None:
            return None
        if not self.frame_start:
            raise SimulationError("replicas are set at frame starts only")
        return self._counts(replicas)

    def _counts(self, replicas: Tensor) -> Tensor:
        """With the batch in front, in the kernel's numbers."""
        counts = replicas.to(dtype=self.dtype, device=self.device)
        return counts.expand(len(self), -1, -1) if counts.dim() < 3 else counts

    # -- going back ------------------------------------------------------------------------------

    def snapshot(self) -> BatchedSnapshot:
        """This moment, to try several futures of more than one slot from it."""
        return BatchedSnapshot(
            self.seeds,
            self.loads,
            self.slot,
            self._state,
            self._background,
            self._utilisation,
            self._link_utilisation,
            self._current,
            tuple(traffic.snapshot() for traffic in self._traffic),
        )

    def restore(self, snapshot: BatchedSnapshot) -> BatchedObservation:
        """Go back to a moment of these traces; the same decisions then give the same slots.

        Raises:
            SimulationError: it is of other traces.
        """
        if (snapshot.seeds, snapshot.loads) != (self.seeds, self.loads):
            raise SimulationError("a snapshot can only be taken up on the traces that it is of")
        self.slot, self._state, self._current = snapshot.slot, snapshot.state, snapshot.current
        self._background, self._utilisation = snapshot.background, snapshot.utilisation
        self._link_utilisation = snapshot.link_utilisation
        for traffic, state in zip(self._traffic, snapshot.traffic, strict=True):
            traffic.restore(state)
        return self.observe()


def _result(slot: int, outcome: Outcome) -> BatchedOutcome:
    return BatchedOutcome(
        slot=slot,
        reward=-outcome.cost,
        satisfied=outcome.satisfied,
        requests=outcome.total_requests,
        energy_j=outcome.energy_total_j,
        satisfied_per_origin=outcome.satisfied_per_origin_class,
        details=outcome,
    )
