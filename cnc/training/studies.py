"""Studies that ship: what is compared on what, and how long that takes."""

from __future__ import annotations

from collections.abc import Sequence

from cnc.errors import UsageError
from cnc.policies.registry import policy_named
from cnc.training.evaluation import EvaluationPlan
from cnc.training.evaluation_cells import BOUND

PAPER_POLICIES = ["rand", "nearest", "grd", "grd-plus", "grd-work", "hmarl", "opt-causal", "opt"]
PAPER_LOADS = tuple(float(load) for load in range(200, 2001, 200))
QUICK_LOADS = (400.0, 1200.0)
SLOT_S = {"opt": 1.3, "opt-causal": 1.5, BOUND: 2.9, "hmarl": 0.03}
"""Seconds of one slot of scenario `paper` on one idle core, where it is not `USUAL_SLOT_S`."""
QUICK_SLOT_S = {"opt": 0.3, "opt-causal": 0.5, BOUND: 0.5}
"""Of references that search less."""
USUAL_SLOT_S = 0.008
START_S = 6.0
"""For loading libraries and starting processes."""


def paper_study(
    quick: bool = False,
    policies: Sequence[str] | None = None,
    worlds: int = 1,
    traces: int | None = None,
    seed: int = 0,
    training_seeds: int = 1,
    bound: bool = True,
) -> EvaluationPlan:
    """The case study's sweep over requests a slot, for its Figures 4 and 5.

    Args:
        quick: two loads and one trace, for a first look.
        policies: names; those of the case study that this installation has by default.
        worlds: evaluation worlds.
        traces: of each world; 3, or 1 where it is to be quick.
        seed: from which worlds and traces are drawn.
        training_seeds: of learned policies.
        bound: whether the lower bound is computed as well.
    """
    return EvaluationPlan(
        policies=tuple(available(PAPER_POLICIES) if policies is None else policies),
        loads=QUICK_LOADS if quick else PAPER_LOADS,
        worlds=worlds,
        traces=(1 if quick else 3) if traces is None else traces,
        slots=20 if quick else 50,
        seed=seed,
        training_seeds=training_seeds,
        scenario="paper",
        bound=bound,
        effort="quick" if quick else "full",
    )


def available(names: Sequence[str]) -> list[str]:
    """Those of the names that are policies of this installation."""
    found = []
    for name in names:
        try:
            policy_named(name)
        except UsageError:
            continue
        found.append(name)
    return found


def expected_s(plan: EvaluationPlan, jobs: int, frame_slots: int = 10) -> float:
    """How long a plan on scenario `paper` takes from its beginning, roughly."""
    each = SLOT_S | (QUICK_SLOT_S if plan.effort == "quick" else {})
    slots = plan.slots + frame_slots
    work = sum(slots * each.get(cell.policy, USUAL_SLOT_S) for cell in plan.cells())
    return START_S + work / jobs
