"""The benchmark of sizes: how scenarios grow, slopes, the figure, and one quick run."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from scaling import CELLS, Size, scaled, slope, table

from cnc.environment.feasibility import first_problem
from cnc.environment.scenario import load_scenario

ROOT = Path(__file__).parents[2]
SIZE = Size(
    domains=21,
    nodes=74,
    routes=330,
    requests=300.0,
    kernel_ms=1.0,
    slot_ms=8.0,
    decision_ms=2.0,
    frame_start_ms=40.0,
    setup_s=0.1,
    kernel_gb=0.25,
    rollout_gb=0.26,
)
SIZES = [
    replace(SIZE, domains=d, kernel_ms=2e-4 * d**1.5, slot_ms=0.01 * d**1.2)
    for d in (21, 211, 631, 2101)
]


def test_a_size_grows_as_the_shipped_large_scenario() -> None:
    large = load_scenario("large")
    assert replace(scaled(100), name=large.name) == large
    assert scaled(10).transport == load_scenario("paper").transport
    assert [2 * cells + 1 for cells in CELLS] == [21, 63, 211, 631, 1051, 2101]
    assert all(first_problem(scaled(cells)) is None for cells in CELLS)


def test_the_slope_is_the_exponent_of_a_power_law() -> None:
    assert slope(SIZES, "kernel_ms") == pytest.approx(1.5)
    assert slope(SIZES, "setup_s") == pytest.approx(0.0)
    assert math.isnan(slope(SIZES[:1], "kernel_ms"))
    assert "kernel_ms 1.50" in table(SIZES)


def test_the_same_figures_give_the_same_pictures(tmp_path: Path) -> None:
    from scaling_figure import draw

    first, second = draw(SIZES, tmp_path / "a"), draw(SIZES, tmp_path / "b")
    assert [path.name for path in first] == ["scaling.png", "scaling.svg"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert "dc:date" not in first[1].read_text("utf-8")


@pytest.mark.slow
def test_the_quick_run_measures_two_sizes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/scaling.py"), "--quick"],
        check=False, capture_output=True, text=True, timeout=100,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "measured 7 domains" in done.stdout and "measured 21 domains" in done.stdout
