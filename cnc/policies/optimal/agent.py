"""The agents of OPT: plan at frame starts, route every slot.

A set decided in slot 10 k serves from 10 k + 1 to 10 k + 10, and is planned for just these slots.
That of slot -1 serves slot 0, and its starts are free; so it is planned for slots 0 to 10, and
slot 0 keeps it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnc.environment.sites import Floats, Integers
from cnc.errors import SimulationError
from cnc.policies.interface import GlobalDecision
from cnc.policies.optimal.effort import Effort
from cnc.policies.optimal.horizon import Evaluator, Horizon, Slot, Tensor
from cnc.policies.optimal.planning import Plan, Planner
from cnc.policies.optimal.refinement import refine, shares
from cnc.simulator.traffic import TrafficGenerator, mean_background
from cnc.simulator.world import World

if TYPE_CHECKING:
    from cnc.environment.infrastructure import Measurement


class Router:
    """Turns logits into what the infrastructure takes, and refines them for a slot."""

    def __init__(self, evaluator: Evaluator, effort: Effort) -> None:
        self._evaluator, self._effort = evaluator, effort

    def refined(
        self, slots: list[Slot], backlog_gc: Floats, ready: Integers, start: Tensor
    ) -> Tensor:
        """Logits [T, D, C, R + 1] for possible versions of one slot."""
        evaluator, effort = self._evaluator, self._effort
        horizon = Horizon.of(slots, backlog_gc, False, evaluator.dtype)
        replicas = evaluator.tensor(ready)
        logits, _ = refine(
            evaluator, horizon, replicas, start, effort.slot_steps, effort.refinement_rate
        )
        return logits

    def routing(self, logits: Tensor, ready: Integers) -> Floats:
        """Y [D, C, R] in double precision from logits [D, C, R + 1]."""
        routes = self._evaluator.routes(self._evaluator.tensor(ready))
        return np.asarray(shares(logits.double()[None], routes)[0].numpy())


class ClairvoyantAgent:
    """`opt`: knows requests, links and node background of the slots that a set serves.

    Args:
        world: the world.
        seed: of the trace.
        load: nominal requests a slot.
        effort: of planning.
    """

    def __init__(self, world: World, seed: int, load: float, effort: Effort) -> None:
        self._world, self._effort = world, effort
        self._planner = Planner(world, world.classes, effort)
        self._router = Router(self._planner.evaluator, effort)
        self._generator = TrafficGenerator(world, seed, load)
        self._trace: dict[int, Slot] = {}
        self._planned: dict[int, Tensor] = {}
        """Logits [D, C, R + 1] by slot."""
        self._frame = world.parameters.frame_slots
        self.plans: list[Plan] = []

    def decide(self, measured: Measurement) -> GlobalDecision:
        """The decisions of one slot.

        Raises:
            SimulationError: what is measured is not the trace that the agent was made for.
        """
        slot, world = measured.slot, self._world
        if slot < 0:
            nothing = np.zeros((*measured.requests.shape, world.route_node.shape[1]))
            replicas = self._plan(range(self._frame + 1), np.zeros_like(measured.backlog_gc))
            return GlobalDecision(nothing, replicas)
        if not np.array_equal(measured.requests, self._slot(slot).requests):
            raise SimulationError(
                f"slot {slot} has other requests than its trace foretells; opt needs "
                "the seed and load of the infrastructure, and no user groups"
            )
        routing = self._router.routing(self._planned.pop(slot), measured.ready)
        if not measured.frame_start:
            return GlobalDecision(routing, None)
        if slot == 0:
            return GlobalDecision(routing, measured.placed)
        after = self._backlog_after(measured, routing)
        replicas = self._plan(range(slot + 1, slot + self._frame + 1), after, measured.placed)
        return GlobalDecision(routing, replicas)

    def _slot(self, slot: int) -> Slot:
        while slot not in self._trace:
            now = self._generator.next()
            self._trace[now.slot] = Slot(
                now.requests, now.node_background, now.link_capacity_mbit_s, now.link_energy_j_mbit
            )
            self._trace.pop(now.slot - 2 * self._frame - 2, None)
        return self._trace[slot]

    def _plan(self, slots: range, backlog_gc: Floats, before: Integers | None = None) -> Integers:
        ahead = [self._slot(slot) for slot in slots]
        routing = self.plans[-1].logits[-1] if self.plans else None
        plan = self._planner.plan(ahead, backlog_gc, True, before, routing)
        self.plans = [plan]
        self._planned.update(zip(slots, plan.logits, strict=True))
        return plan.replicas

    def _backlog_after(self, measured: Measurement, routing: Floats) -> Floats:
        """[N] backlog at the end of the slot."""
        evaluator = self._planner.evaluator
        two = [self._slot(measured.slot)] * 2
        horizon = Horizon.of(two, measured.backlog_gc, True, evaluator.dtype)
        flow = evaluator.tensor(routing).expand(2, -1, -1, -1)
        return np.asarray(evaluator.backlog(horizon, flow)[1].numpy(), dtype=np.float64)


class CausalAgent:
    """`opt-causal`: plans for the slots of the last frame, routes by what is measured.

    Information: measurements up to the slot. In slot -1 it plans for the expected requests, in
    other frame starts for the last frame's counts and links, each with the background known then.

    Args:
        world: the world.
        effort: of planning.
    """

    def __init__(self, world: World, effort: Effort) -> None:
        self._world, self._effort = world, effort
        self._planner = Planner(world, world.classes, effort)
        self._router = Router(self._planner.evaluator, effort)
        self._mean = mean_background(world)
        self._past: deque[Slot] = deque(maxlen=world.parameters.frame_slots)
        self._logits: Tensor | None = None
        """[D, C, R + 1] of the last slot, or of the plan that begins to serve."""
        self._next: Tensor | None = None
        self.plans: list[Plan] = []

    def decide(self, measured: Measurement) -> GlobalDecision:
        """The decisions of one slot."""
        now = Slot(
            measured.requests,
            measured.background,
            measured.link_capacity_mbit_s,
            measured.link_energy_j_mbit,
        )
        world = self._world
        empty = np.zeros_like(measured.backlog_gc)
        if measured.slot < 0:
            plan = self._planner.plan(self._expected([now]), empty, False)
            self.plans, self._next = [plan], plan.logits.mean(0)
            nothing = np.zeros((*measured.requests.shape, world.route_node.shape[1]))
            return GlobalDecision(nothing, plan.replicas)
        start = self._logits if self._next is None else self._next
        assert start is not None, "slot -1 comes first"
        self._next = None
        self._logits = self._router.refined(
            self._forecast(now, measured.slot), measured.backlog_gc, measured.ready, start[None]
        )[0]
        routing = self._router.routing(self._logits, measured.ready)
        self._past.append(now)
        if not measured.frame_start:
            return GlobalDecision(routing, None)
        if measured.slot == 0:
            return GlobalDecision(routing, measured.placed)
        plan = self._planner.plan(
            self._expected(self._past), empty, False, measured.placed, self._logits
        )
        self.plans, self._next = [plan], plan.logits.mean(0)
        return GlobalDecision(routing, plan.replicas)

    def _expected(self, slots: Iterable[Slot]) -> list[Slot]:
        """What to deploy for: past slots, with a margin on their demand."""
        return [replace(slot, requests=self._effort.margin * slot.requests) for slot in slots]

    def _forecast(self, now: Slot, slot: int) -> list[Slot]:
        """What the slot may be: its background follows the last one's by an AR(1) process.

        The expected background, and pairs of draws to either side of it ("Exogenous processes" of
        docs/system-model.md).
        """
        process = self._world.parameters.background
        stream = np.random.default_rng([self._world.seed, slot])
        mean = self._mean + process.memory * (now.background - self._mean)
        deviation = process.deviation * np.sqrt(1.0 - process.memory**2)
        draws = deviation * stream.standard_normal((self._effort.samples, len(mean)))
        steps = np.concatenate([np.zeros((1, len(mean))), draws, -draws])
        return [replace(now, background=np.clip(mean + step, 0.0, process.most)) for step in steps]
