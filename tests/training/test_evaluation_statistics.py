"""Summaries: known values, pairing by trace, intervals with their strata."""

from __future__ import annotations

import numpy as np
import pytest

from cnc.training.evaluation_statistics import (
    Units,
    estimate,
    interquartile_mean,
    over_all_loads,
    summarise,
)
from training.evaluating import Row, row


def entry(summary: list[Row], policy: str, requests: float = 200.0) -> Row:
    (found,) = [e for e in summary if e["policy"] == policy and e["requests"] == requests]
    return found


def test_the_interquartile_mean_ignores_outer_quarters() -> None:
    values = np.array([0.0, 10.0, 2.0, 3.0, 4.0, 5.0, 1e9, -1e9])
    assert interquartile_mean(values) == pytest.approx((2 + 3 + 4 + 5) / 4)


def test_means_and_extremes_over_units() -> None:
    rows = [
        row("grd", trace=0, energy_j=1000.0, energy_min_j=900.0, energy_max_j=1200.0),
        row("grd", trace=1, energy_j=3000.0, energy_min_j=950.0, energy_max_j=3500.0),
    ]
    found = entry(summarise(rows), "grd")
    assert (found["energy_j"], found["energy_min_j"], found["energy_max_j"]) == (2000, 900, 3500)
    assert found["units"] == 2


def test_regrets_compare_the_same_trace() -> None:
    """Traces differ by far more than policies do; ratios unit by unit do not see that."""
    rows = []
    for trace, scale in enumerate((1.0, 10.0, 100.0, 1000.0)):
        for policy, cost in (("opt", 1.0), ("opt-causal", 1.2), ("grd-plus", 2.2), ("x", 1.7)):
            rows.append(row(policy, trace=trace, cost=cost * scale, bound_cost=0.5 * scale))
    found = entry(summarise(rows), "x")
    assert found["over_opt"]["value"] == pytest.approx(1.7)
    assert found["over_opt"]["low"] == pytest.approx(1.7)
    assert found["over_bound"]["high"] == pytest.approx(3.4)
    assert found["gap"]["value"] == pytest.approx(0.5)
    assert entry(summarise(rows), "opt-causal")["gap"]["value"] == pytest.approx(0.0)
    assert entry(summarise(rows), "grd-plus")["gap"]["value"] == pytest.approx(1.0)


def test_what_did_not_run_gives_no_comparison() -> None:
    rows = [row("grd", trace=0), row("grd", trace=1), row("opt", trace=0, bound_cost=None)]
    found = entry(summarise(rows), "grd")
    assert found["over_opt"] == {"value": None, "low": None, "high": None}
    assert found["gap"]["value"] is None
    assert entry(summarise(rows), "opt")["bound_cost"] is None


def test_a_bound_that_is_not_above_zero_gives_no_ratio() -> None:
    rows = [row("grd", requests=0.0, bound_cost=-0.1), row("grd", requests=0.0, trace=1)]
    assert entry(summarise(rows), "grd", 0.0)["over_bound"]["value"] is None


def test_one_unit_has_no_interval() -> None:
    found = entry(summarise([row("grd")]), "grd")["cost_iqm"]
    assert found == {"value": 100.0, "low": None, "high": None}


def test_units_are_drawn_inside_their_world() -> None:
    """Two worlds far apart, each with equal traces: nothing varies inside a stratum."""
    rows = [row("grd", world=w, trace=t, cost=10.0**w) for w in (0, 3) for t in range(5)]
    found = entry(summarise(rows), "grd")["cost_iqm"]
    assert found["low"] == found["value"] == found["high"]
    assert [len(stratum) for stratum in Units.of(rows).strata] == [5, 5]


def test_worlds_of_one_unit_are_one_stratum() -> None:
    rows = [row("grd", world=w, cost=float(w + 1)) for w in range(8)]
    units = Units.of(rows)
    assert [len(stratum) for stratum in units.strata] == [8]
    found = entry(summarise(rows), "grd")["cost_iqm"]
    assert found["low"] < found["value"] < found["high"]


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    draws = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        costs = draws.normal(100.0, 10.0, 20)
        rows = [row("grd", trace=trace, cost=float(cost)) for trace, cost in enumerate(costs)]
        units = Units.of(rows)
        values = units.values("cost")
        found = estimate(lambda drawn, v=values: interquartile_mean(v[drawn]), units)
        covered += found["low"] <= 100.0 <= found["high"]
    assert 48 <= covered <= 60


def test_the_same_rows_give_the_same_intervals() -> None:
    rows = [row("grd", trace=t, cost=float(t * t)) for t in range(9)]
    assert summarise(rows) == summarise(rows[::-1])


def test_training_seeds_show_their_spread() -> None:
    rows = [row("x", trace=t, training_seed=s, cost=100.0 + 50 * s) for s in (0, 1) for t in (0, 1)]
    found = entry(summarise(rows), "x")
    assert found["training_seeds"] == {"low": 100.0, "high": 150.0}
    assert found["units"] == 4
    assert entry(summarise([row("grd")]), "grd")["training_seeds"] == {"low": None, "high": None}


def test_all_loads_together_count_a_trace_once() -> None:
    rows = [
        row("grd", requests=load, trace=trace, cost=50.0 * ratio)
        for trace, ratios in enumerate(((2.0, 4.0), (3.0, 5.0)))
        for load, ratio in zip((200.0, 800.0), ratios, strict=True)
    ]
    found = over_all_loads(rows, lambda one: one["bound_cost"])["grd"]
    assert found["value"] == pytest.approx(3.5)
    assert (found["low"], found["high"]) == (pytest.approx(3.0), pytest.approx(4.0))
    assert over_all_loads(rows, lambda one: None)["grd"]["value"] is None
