"""Merged quantiles against the exact mixture, and predictions against the simulator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnc.messages.telemetry import QUALITY_LEVELS, ClassQuality
from cnc.orchestrators.end_to_end.quantiles import QualityWindow, merged_percentiles
from tests.orchestrators.systems import System


def quality(samples: np.ndarray, requests: float, lost: float = 0.0) -> ClassQuality:
    return ClassQuality(
        traffic_class=0,
        requests=requests,
        satisfied=requests - lost,
        lost=lost,
        latency_ms=tuple(np.quantile(samples, QUALITY_LEVELS).tolist()),
    )


@given(st.integers(0, 2**32 - 1))
def test_merging_quantiles_comes_close_to_merging_samples(seed: int) -> None:
    stream = np.random.default_rng(seed)
    groups = [stream.gamma(9.0, stream.uniform(4, 6), 4000) for _ in range(4)]
    merged = merged_percentiles([quality(samples, 10.0) for samples in groups])
    exact = np.quantile(np.concatenate(groups), (0.5, 0.95, 0.99))
    for found, wanted in zip(merged, exact, strict=True):
        assert found == pytest.approx(wanted, rel=0.08)


def test_lost_requests_count_as_never_served() -> None:
    samples = np.linspace(10.0, 20.0, 100)
    p50, p95, p99 = merged_percentiles([quality(samples, 100.0, lost=10.0)])
    assert p50 is not None and p50 > 15.0
    assert p95 is None and p99 is None


def test_nothing_served_has_no_percentiles() -> None:
    assert merged_percentiles([]) == (None, None, None)


def test_a_slot_counts_once_in_a_window() -> None:
    window = QualityWindow()
    window.add(3, [quality(np.linspace(1, 2, 10), 5.0)])
    window.add(3, [quality(np.linspace(8, 9, 10), 5.0)])
    figures = window.figures()
    assert figures.slots == 1
    assert figures.p95_ms is not None and figures.p95_ms < 3.0


def test_the_view_s_percentiles_come_close_to_the_simulator_s_exact_ones() -> None:
    system = System(load=120.0)
    for _ in range(15):
        system.step()
    from cnc.messages.reports import SystemView

    view = [p.body for p in system.published if isinstance(p.body, SystemView)][-1]
    quality_of_slot = next(o.quality for o in system.outcomes if o.slot == view.measured_slot)
    assert quality_of_slot is not None
    busiest = int(quality_of_slot.requests.sum(axis=0).argmax())
    told = view.services[busiest]
    levels = quality_of_slot.latency_ms[:, busiest]
    weights = quality_of_slot.requests[:, busiest]
    served = weights > 0
    assert told.p50_ms is not None
    assert levels[served, 0].min() <= told.p50_ms <= levels[served, -1].max()
    assert told.requests == pytest.approx(weights.sum())
