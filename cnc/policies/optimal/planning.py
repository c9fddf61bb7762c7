"""One plan: the replicas for the slots ahead, and the routing that they were chosen with.

Candidates come from the greedy heuristics, from the linear programme, from relaxations and from
the set in place. Routing is refined for each, and the cheapest on the exact cost of the horizon
wins, rolling update included; so the plan is never worse than the best heuristic start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cnc.environment.readiness import hostable
from cnc.environment.sites import Floats, Integers
from cnc.policies.optimal.deployment import deploy
from cnc.policies.optimal.effort import Effort
from cnc.policies.optimal.horizon import Evaluator, Horizon, Slot, Tensor
from cnc.policies.optimal.refinement import UNSERVED, refine, spread
from cnc.policies.optimal.relaxation import Relaxation
from cnc.policies.optimal.rounding import whole
from cnc.policies.optimal.starts import Heuristics
from cnc.simulator.world import TrafficClasses, World

LEAST_SHARE = 0.05
"""A share of 0 in the linear programme becomes this before the relaxation: so little of its
certainty is left that the gradient decides, and waiting counts, which the programme ignores."""
USED = 0.02
"""A fraction from which the linear programme is taken to want a replica."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The outcome of planning."""

    replicas: Integers
    """[S, N]"""
    logits: Tensor
    """[T, D, C, R + 1] of the routing in each slot of the horizon."""
    cost: float
    """Of all slots of the horizon, with the rolling update."""
    start: str
    """Where the chosen set came from."""
    costs: dict[str, float]
    """Of every candidate when they were compared."""


class Planner:
    """Plans for one world.

    Args:
        world: the world.
        classes: its traffic classes.
        effort: of planning.
    """

    def __init__(self, world: World, classes: TrafficClasses, effort: Effort) -> None:
        self._world, self._classes, self._effort = world, classes, effort
        self.evaluator = Evaluator(world, classes, torch.float32)
        self._heuristics = Heuristics(world, classes)
        usable = hostable(world, classes)
        self._relaxation = Relaxation(self.evaluator, torch.as_tensor(usable), effort)

    def plan(
        self,
        slots: list[Slot],
        backlog_gc: Floats,
        chained: bool,
        before: Integers | None = None,
        routing: Tensor | None = None,
    ) -> Plan:
        """Plan for the slots ahead.

        Args:
            slots: the horizon.
            backlog_gc: [N] before its first slot.
            chained: the slots follow each other; otherwise they are samples of what may come.
            before: [S, N] the set in place; None where starts are free.
            routing: logits [D, C, R + 1] that suit the set in place.
        """
        evaluator, effort = self.evaluator, self._effort
        horizon = Horizon.of(slots, backlog_gc, chained, evaluator.dtype)
        old = None if before is None else evaluator.tensor(before)
        fresh = spread(evaluator, horizon)
        requests = np.mean([slot.requests for slot in slots], axis=0)
        tried, few = _Candidates(evaluator, horizon, effort, old), effort.start_steps
        tried.add("grd-plus", self._heuristics.deploy(requests, False), fresh, few)
        tried.add("grd-work", self._heuristics.deploy(requests, True), fresh, few)
        if before is not None:
            logits = fresh if routing is None else routing.expand_as(fresh)
            tried.add("last", before, logits, few)
        if not requests.any():
            return tried.best()
        memory, logits = self._relaxation.start(), fresh
        solved = self._solve(slots)
        if solved is not None:
            logits = solved[1].expand_as(fresh)
            tried.add("lp", whole(self._world, solved[0], USED), logits, few)
        for turn in range(effort.rounds):
            weight = effort.overload_weight if turn == 0 else 0.0
            relaxed = self._relaxation.run(horizon, memory, logits, weight, old)
            fractional = relaxed.replicas.numpy().astype(np.float64)
            if not np.isfinite(fractional).all():
                break
            rounded = whole(self._world, fractional, effort.upwards)
            if turn >= effort.rounds - effort.compared:
                tried.add(f"relaxed-{turn}", rounded, relaxed.routing, effort.comparison_steps)
            memory = effort.softening * relaxed.memory
            logits = effort.softening * relaxed.routing
        return tried.best()

    def _solve(self, slots: list[Slot]) -> tuple[Floats, Tensor] | None:
        """Replicas and routing logits [D, C, R + 1] of the linear programme."""
        mean = Slot(
            **{
                name: np.mean([getattr(slot, name) for slot in slots], axis=0)
                for name in Slot.__dataclass_fields__
            }
        )
        effort = self._effort
        found = deploy(
            self._world,
            self._classes,
            self.evaluator.admissible,
            mean,
            effort.comfort,
            effort.solver_s,
        )
        if found is None:
            return None
        logits = np.log(np.maximum(found.routing, LEAST_SHARE))
        unserved = np.full((*logits.shape[:-1], 1), UNSERVED)
        return found.replicas, self.evaluator.tensor(np.concatenate([logits, unserved], axis=-1))


class _Candidates:
    """Deployments with refined routing, compared on the horizon."""

    def __init__(
        self, evaluator: Evaluator, horizon: Horizon, effort: Effort, old: Tensor | None
    ) -> None:
        self._evaluator, self._horizon, self._effort = evaluator, horizon, effort
        self._old = old
        self._best: tuple[float, str, Integers, Tensor] | None = None
        self.costs: dict[str, float] = {}

    def add(self, name: str, replicas: Integers, logits: Tensor, steps: int) -> None:
        """Refine a candidate's routing a little, and keep it if it is the cheapest so far."""
        logits, cost = self._refined(replicas, logits, steps)
        self.costs[name] = cost
        if self._best is None or cost < self._best[0]:
            self._best = cost, name, replicas, logits

    def best(self) -> Plan:
        """The cheapest candidate, its routing refined to the end."""
        assert self._best is not None
        _, name, replicas, logits = self._best
        logits, cost = self._refined(replicas, logits, self._effort.final_steps)
        return Plan(replicas, logits, cost, name, self.costs)

    def _refined(self, replicas: Integers, logits: Tensor, steps: int) -> tuple[Tensor, float]:
        ready = self._evaluator.tensor(replicas)
        rate = self._effort.refinement_rate
        logits, costs = refine(self._evaluator, self._horizon, ready, logits, steps, rate)
        change = 0.0 if self._old is None else float(self._evaluator.change_cost(self._old, ready))
        return logits, float(costs.sum()) + change
