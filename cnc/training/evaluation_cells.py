"""One cell of an evaluation: a policy, or the bound, on one trace of one world at one load."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from statistics import fmean
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from cnc.errors import UsageError
from cnc.policies.interface import DistributedPolicy, GlobalPolicy
from cnc.policies.registry import CENTRALISED, policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import World
from cnc.training.rollout import Step, episode

BOUND = "bound"
"""The name that cells of the lower bound have in place of a policy's."""
Policy = DistributedPolicy | GlobalPolicy
Row = dict[str, Any]
Effort = Literal["quick", "full"]


@runtime_checkable
class LearnedPolicy(Protocol):
    """A policy with weights, trained from several seeds."""

    def trained(self, training_seed: int) -> Policy:
        """The same policy with the weights of another training seed.

        Raises:
            CncError: there are no such weights.
        """
        ...


@dataclass(frozen=True)
class Cell:
    """What is computed at once and kept when finished."""

    policy: str
    """Name of a policy, or `bound`."""
    requests: float
    """Nominal load, requests a slot."""
    world: int
    trace: int
    world_seed: int
    trace_seed: int
    training_seed: int | None = None
    """None where the policy is not learned."""
    effort: Effort = "full"

    @property
    def key(self) -> str:
        """Unique in a results folder, and a file's name."""
        learned = "" if self.training_seed is None else f"-seed{self.training_seed}"
        return f"{self.policy}-load{self.requests:g}-world{self.world}-trace{self.trace}{learned}"


@dataclass(frozen=True)
class Window:
    """The slots that count."""

    warm_up: int
    """Slots before it, one frame."""
    slots: int


def is_learned(name: str) -> bool:
    """Whether a policy has training seeds.

    Raises:
        UsageError: it is unknown.
    """
    return isinstance(policy_named(name), LearnedPolicy)


def policy_of(cell: Cell) -> Policy:
    """The policy that a cell is about, with the weights of its training seed."""
    policy = policy_named(cell.policy)
    if cell.training_seed is None:
        return _quick(policy) if cell.effort == "quick" else policy
    if not isinstance(policy, LearnedPolicy):
        raise UsageError(f"policy {cell.policy!r} is not learned, so it has no training seeds")
    return policy.trained(cell.training_seed)


def _quick(policy: Policy) -> Policy:
    """Optimal references search less; others are as they are."""
    if policy.name not in CENTRALISED:
        return policy
    from cnc.policies.optimal import Effort as Search
    from cnc.policies.optimal import OptimalPolicy

    return OptimalPolicy(clairvoyant=policy.name == "opt", effort=Search.quick())


def compute(cell: Cell, parameters: ScenarioParameters, window: Window) -> Row:
    """The row of one cell. Runs in worker processes: everything it needs is an argument."""
    import torch

    torch.set_num_threads(1)
    begin = time.perf_counter()
    world = _world(parameters, cell.world_seed)
    row = _bound(cell, world, window) if cell.policy == BOUND else _measured(cell, world, window)
    return {**_identity(cell), **row, "cell_s": time.perf_counter() - begin}


@lru_cache(maxsize=4)
def _world(parameters: ScenarioParameters, seed: int) -> World:
    return generate_world(parameters, seed)


def _identity(cell: Cell) -> Row:
    return {
        "policy": cell.policy,
        "requests": cell.requests,
        "world": cell.world,
        "trace": cell.trace,
        "training_seed": cell.training_seed,
        "world_seed": cell.world_seed,
        "trace_seed": cell.trace_seed,
    }


def _measured(cell: Cell, world: World, window: Window) -> Row:
    """Means over the window's slots, with the least and the largest slot."""
    run = episode(world, policy_of(cell), cell.trace_seed, cell.requests)
    steps = list(islice(run, window.warm_up, window.warm_up + window.slots))
    energy = [step.outcome.energy_j for step in steps]
    share = [step.outcome.satisfied_share for step in steps]
    cost = [step.outcome.cost for step in steps]
    decision = [step.decision_s * 1e3 for step in steps]
    return {
        "energy_j": fmean(energy),
        "energy_min_j": min(energy),
        "energy_max_j": max(energy),
        "satisfied_share": fmean(share),
        "satisfied_min": min(share),
        "satisfied_max": max(share),
        "cost": fmean(cost),
        "cost_min": min(cost),
        "cost_max": max(cost),
        "decision_ms": fmean(decision),
        "decision_max_ms": max(decision),
        "asked": fmean(step.outcome.requests for step in steps),
        "satisfied": fmean(step.outcome.satisfied for step in steps),
        **_terms(steps),
        "slots": len(steps),
        "cost_by_slot": cost,
    }


def _terms(steps: list[Step]) -> Row:
    names = ("computing_j", "network_j", "idle_j", "keepalive_j", "start_j")
    return {name: fmean(getattr(step.outcome, name) for step in steps) for name in names}


def _bound(cell: Cell, world: World, window: Window) -> Row:
    """The lower bound of the window; it depends on the trace alone."""
    from cnc.policies.bound import Bound
    from cnc.policies.bound import Effort as BoundEffort

    traffic = TrafficGenerator(world, cell.trace_seed, cell.requests)
    slots = [traffic.next() for _ in range(window.warm_up + window.slots)][window.warm_up :]
    effort = BoundEffort.quick() if cell.effort == "quick" else BoundEffort()
    result = Bound(world, effort).window(
        np.stack([slot.requests for slot in slots]),
        np.stack([slot.node_background for slot in slots]),
        np.stack([slot.link_capacity_mbit_s for slot in slots]),
        np.stack([slot.link_energy_j_mbit for slot in slots]),
        first_slot=window.warm_up,
    )
    return {
        "bound_cost": result.mean_cost,
        "slots": len(slots),
        "cost_by_slot": result.cost.tolist(),
        "requests_by_slot": result.requests.tolist(),
        "line_price": [price for price, _ in result.lines],
        "line_value": [value for _, value in result.lines],
        "bound_idle_j": result.idle_j,
        "bound_reference_j": result.reference_j,
    }


def energy_bound_j(bound: Row, satisfied_share: float) -> float:
    """Least mean energy of a slot, in J, of whoever satisfies this share of a window's requests.

    Args:
        bound: the row of a window's bound.
        satisfied_share: of all requests of the window.
    """
    from cnc.policies.bound import BoundResult

    return BoundResult(
        cost=np.array(bound["cost_by_slot"]),
        requests=np.array(bound["requests_by_slot"]),
        idle_j=bound["bound_idle_j"],
        reference_j=bound["bound_reference_j"],
        lines=tuple(zip(bound["line_price"], bound["line_value"], strict=True)),
    ).energy_j(satisfied_share)
