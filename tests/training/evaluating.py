"""Plans and rows that tests of evaluations share."""

from __future__ import annotations

from typing import Any

from cnc.training.evaluation import EvaluationPlan

Row = dict[str, Any]
FIELDS = (
    *("policy", "requests", "world", "trace", "training_seed", "energy_j", "energy_min_j"),
    *("energy_max_j", "satisfied_share", "satisfied_min", "satisfied_max", "cost", "bound_cost"),
    *("decision_ms",),
)
TIMED = ("decision_ms", "decision_max_ms", "cell_s")


def plan(**changes: Any) -> EvaluationPlan:
    """Two policies at two loads on the scenario `small`, without bound."""
    values: dict[str, Any] = {
        "policies": ("rand", "grd"),
        "loads": (0.0, 90.0),
        "slots": 3,
        "scenario": "small",
        "bound": False,
    }
    return EvaluationPlan(**{**values, **changes})


def untimed(rows: list[Row]) -> list[Row]:
    """Rows without what differs from run to run."""
    return [{name: value for name, value in row.items() if name not in TIMED} for row in rows]


def row(policy: str, requests: float = 200.0, trace: int = 0, **changes: Any) -> Row:
    """A row of results with plain values."""
    values: Row = {
        "policy": policy, "requests": requests, "world": 0, "trace": trace, "training_seed": None,
        "energy_j": 2000.0, "energy_min_j": 1900.0, "energy_max_j": 2200.0,
        "satisfied_share": 0.9, "satisfied_min": 0.8, "satisfied_max": 1.0, "cost": 100.0,
        "cost_min": 90.0, "cost_max": 130.0, "decision_ms": 2.0, "bound_cost": 50.0,
        "bound_energy_j": 1800.0,
    }  # fmt: skip
    return {**values, **changes}
