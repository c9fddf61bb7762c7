"""The benchmark of the empty slot runs, and its messages stay within 5 KB."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from bus_cycle import DOMAINS, measure_cycle, measure_on


async def test_empty_cycle_in_memory() -> None:
    times = await measure_cycle("memory://cycle-test", slots=5, domains=DOMAINS)
    assert times.slots == 5 and times.p95_ms >= times.p50_ms > 0
    assert max(times.report_bytes, times.telemetry_bytes, times.directive_bytes) < 5_000


@pytest.mark.broker
async def test_empty_cycle_on_mosquitto() -> None:
    times = await measure_on("mosquitto", slots=20, domains=DOMAINS)
    assert times.p50_ms < 1_000
