"""What the rows of an evaluation say together, with how far to trust it.

The unit is a (world, trace, training seed) at one load. Intervals are percentile bootstraps over
units, resampled inside each world; policies are compared unit by unit, on the same trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cnc.training.evaluation_cells import Row

Floats = NDArray[np.float64]
Estimate = dict[str, float | None]
"""`value`, `low`, `high`; None where there is none, or too few units for an interval."""
LEVEL = 0.95
RESAMPLES = 2_000
TRIMMED = 0.25
"""Cut off at each end for the interquartile mean."""
GAP_FROM, GAP_TO = "grd-plus", "opt-causal"


@dataclass(frozen=True, eq=False)
class Units:
    """The units of one policy at one load, U of them."""

    rows: list[Row]
    strata: list[NDArray[np.int64]]
    """Indices of units that are resampled among each other: those of one world, or all where a
    world has one unit only."""

    @staticmethod
    def of(rows: Sequence[Row]) -> Units:
        """Put rows into strata."""
        ordered = sorted(rows, key=lambda row: (row["world"], row["trace"], _learned(row)))
        worlds = np.array([row["world"] for row in ordered])
        strata = [np.flatnonzero(worlds == world) for world in np.unique(worlds)]
        if min(map(len, strata)) < 2:
            strata = [np.arange(len(ordered))]
        return Units(ordered, strata)

    def values(self, name: str) -> Floats:
        """[U] one field of the rows."""
        return np.array([row[name] for row in self.rows], dtype=np.float64)


def _learned(row: Row) -> int:
    return -1 if row["training_seed"] is None else int(row["training_seed"])


def interquartile_mean(values: Floats, axis: int = -1) -> Floats:
    """Mean of the middle half; less moved by single traces than the mean."""
    return np.asarray(stats.trim_mean(values, TRIMMED, axis=axis), dtype=np.float64)


def _iqm_of(values: Floats) -> Callable[[NDArray[np.int64]], Floats]:
    return lambda drawn: interquartile_mean(values[drawn])


def estimate(statistic: Callable[[NDArray[np.int64]], Floats], units: Units) -> Estimate:
    """A statistic of all units with its interval.

    Args:
        statistic: from indices of units [..., U] to values [...].
        units: the units.
    """
    value = float(statistic(np.concatenate(units.strata)))
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if min(map(len, units.strata)) < 2:
        return {"value": value, "low": None, "high": None}
    spread = stats.bootstrap(
        tuple(units.strata),
        lambda *drawn, axis: statistic(np.concatenate(drawn, axis=-1)),
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    low, high = float(spread.low), float(spread.high)
    finite = np.isfinite(low) and np.isfinite(high)
    return {"value": value, "low": low if finite else None, "high": high if finite else None}


def summarise(rows: Sequence[Row]) -> list[Row]:
    """One entry a load and policy, in the order of the rows' first appearance.

    Each has `requests`, `policy`, `units`, means with the least and largest slot (`energy_j`,
    `satisfied_share`, `cost`), `decision_ms`, and estimates: `cost_iqm`, `over_bound`, `over_opt`
    (ratios of costs, unit by unit), `gap` (0 is opt-causal's cost, 1 that of grd-plus), and
    `training_seeds`, the least and largest interquartile mean of one training seed.
    """
    groups: dict[tuple[float, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["requests"], row["policy"]), []).append(row)
    return [_entry(key, group, groups) for key, group in groups.items()]


def _entry(
    key: tuple[float, str], rows: list[Row], groups: dict[tuple[float, str], list[Row]]
) -> Row:
    load, policy = key
    units = Units.of(rows)
    cost = units.values("cost")
    others = {name: _paired(units, groups.get((load, name))) for name in ("opt", GAP_FROM, GAP_TO)}
    return {
        "requests": load,
        "policy": policy,
        "units": len(rows),
        **_window(units, "energy_j", "energy_min_j", "energy_max_j"),
        **_window(units, "satisfied_share", "satisfied_min", "satisfied_max"),
        **_window(units, "cost", "cost_min", "cost_max"),
        "decision_ms": float(units.values("decision_ms").mean()),
        "bound_cost": _mean_or_none(units.values("bound_cost")),
        "bound_energy_j": _mean_or_none(units.values("bound_energy_j")),
        "cost_iqm": estimate(_iqm_of(cost), units),
        "over_bound": _ratio(units, cost, units.values("bound_cost")),
        "over_opt": _ratio(units, cost, others["opt"]),
        "gap": _gap(units, cost, others[GAP_FROM], others[GAP_TO]),
        "training_seeds": _between_training_seeds(units, cost),
    }


def _window(units: Units, mean: str, least: str, most: str) -> Row:
    return {
        mean: float(units.values(mean).mean()),
        least: float(units.values(least).min()),
        most: float(units.values(most).max()),
    }


def _mean_or_none(values: Floats) -> float | None:
    mean = float(values.mean())
    return mean if np.isfinite(mean) else None


def _paired(units: Units, others: list[Row] | None) -> Floats:
    """[U] another policy's cost on each unit's trace (its mean over training seeds); nan where
    it did not run."""
    by_trace: dict[tuple[int, int], list[float]] = {}
    for row in others or ():
        by_trace.setdefault((row["world"], row["trace"]), []).append(row["cost"])
    means = {trace: float(np.mean(costs)) for trace, costs in by_trace.items()}
    return np.array([means.get((row["world"], row["trace"]), np.nan) for row in units.rows])


def _ratio(units: Units, cost: Floats, reference: Floats) -> Estimate:
    """Interquartile mean of cost over another cost, unit by unit."""
    ratio = np.divide(cost, reference, out=np.full_like(cost, np.nan), where=reference > 0)
    return estimate(_iqm_of(ratio), units)


def _gap(units: Units, cost: Floats, worse: Floats, better: Floats) -> Estimate:
    """(C - C_opt-causal) / (C_grd-plus - C_opt-causal), of means: single traces may have no gap."""

    def share(drawn: NDArray[np.int64]) -> Floats:
        whole = (worse[drawn] - better[drawn]).mean(axis=-1)
        part = (cost[drawn] - better[drawn]).mean(axis=-1)
        return np.asarray(np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0))

    return estimate(share, units)


def _between_training_seeds(units: Units, cost: Floats) -> Estimate:
    seeds = np.array([_learned(row) for row in units.rows])
    if len(np.unique(seeds)) < 2:
        return {"low": None, "high": None}
    means = [float(interquartile_mean(cost[seeds == seed])) for seed in np.unique(seeds)]
    return {"low": min(means), "high": max(means)}


def over_all_loads(rows: Sequence[Row], reference: Callable[[Row], Any]) -> dict[str, Estimate]:
    """Per policy, cost over a reference cost at all loads together.

    A unit's value is its mean ratio over the loads: the loads share the trace's radio and
    background, so that they are no independent units.

    Args:
        rows: of an evaluation.
        reference: from a row to the cost it is compared with; None where there is none.
    """
    ratios: dict[str, dict[tuple[int, int, Any], list[float]]] = {}
    for row in rows:
        compared = reference(row)
        value = row["cost"] / compared if compared else np.nan
        unit = (row["world"], row["trace"], row["training_seed"])
        ratios.setdefault(row["policy"], {}).setdefault(unit, []).append(value)
    found = {}
    for policy, by_unit in ratios.items():
        units = Units.of(
            [
                {"world": w, "trace": t, "training_seed": s, "ratio": float(np.mean(values))}
                for (w, t, s), values in by_unit.items()
            ]
        )
        found[policy] = estimate(_iqm_of(units.values("ratio")), units)
    return found
