"""The figure of `warm_start.py`: what learning saves over slots, with and without knowledge."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

WINDOW = 10
"""Slots of a moving mean."""
ARMS = {
    "right": ("right knowledge", "#009E73"),
    "none": ("no knowledge", "#555555"),
    "wrong": ("wrong knowledge", "#D55E00"),
}
"""What the legend says, and colours (Okabe and Ito)."""
TITLES = {"mix": "popularity of services reversed", "lost": "one RAN domain lost"}


def moving(curve: Any) -> Any:
    """[T - WINDOW + 1] means over a slot and those before it."""
    total = np.cumsum(np.concatenate([[0.0], curve]))
    return (total[WINDOW:] - total[:-WINDOW]) / WINDOW


def draw(path: Path, every: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the figure.

    Args:
        path: of a PNG.
        every: costs [worlds, slots] by regime and arm; `still` is without learning.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from cnc.training.figure_style import SETTINGS

    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(
            1, len(every), figsize=(7.4, 3.2), sharey=True, squeeze=False, layout="constrained"
        )
        for axis, (regime, costs) in zip(axes[0], every.items(), strict=True):
            still = costs["still"]
            for arm, (label, colour) in ARMS.items():
                saved = 100.0 * (still - costs[arm]) / still.mean(1, keepdims=True)
                curves = np.stack([moving(row) for row in saved])
                at = np.arange(WINDOW, still.shape[1] + 1)
                mean = curves.mean(0)
                axis.plot(at, mean, color=colour, label=label)
                error = curves.std(0, ddof=1) / len(curves) ** 0.5
                axis.fill_between(at, mean - error, mean + error, color=colour, alpha=0.15, lw=0)
            axis.axhline(0.0, color="#999999", lw=0.8)
            axis.set_title(TITLES[regime])
            axis.set_xlabel("slot (mean over the last 10)")
        axes[0][0].set_ylabel("cost saved by learning (%)")
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        figure.savefig(path, dpi=180, metadata={"Software": None})
        plt.close(figure)


def write_costs(path: Path, every: Mapping[str, Mapping[str, Any]]) -> None:
    """CSV of all costs, so that the figure can be drawn again: a row a run."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("regime", "arm", "world", "cost of slot 0, 1, …"))
        for regime, costs in every.items():
            for arm, rows in costs.items():
                for world, row in enumerate(rows):
                    writer.writerow((regime, arm, world, *(f"{cost:.3f}" for cost in row)))


def read_costs(path: Path) -> dict[str, dict[str, Any]]:
    """What `write_costs` has written."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for regime, arm, _, *costs in list(csv.reader(file))[1:]:
            found.setdefault(regime, {}).setdefault(arm, []).append([float(c) for c in costs])
    return {
        regime: {arm: np.array(rows) for arm, rows in arms.items()}
        for regime, arms in found.items()
    }
