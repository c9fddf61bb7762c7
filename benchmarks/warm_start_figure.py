"""The figure of `warm_start.py`: what learning saves over slots, with and without knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

WINDOW = 10
"""Slots of a moving mean."""
ARMS = {"right": "#009E73", "none": "#555555", "wrong": "#D55E00"}
"""Colours (Okabe and Ito)."""
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
            1, len(every), figsize=(7.4, 3.0), sharey=True, squeeze=False, layout="constrained"
        )
        for axis, (regime, costs) in zip(axes[0], every.items(), strict=True):
            still = costs["still"]
            for arm, colour in ARMS.items():
                saved = 100.0 * (still - costs[arm]) / still.mean(1, keepdims=True)
                curves = np.stack([moving(row) for row in saved])
                at = np.arange(WINDOW, still.shape[1] + 1)
                mean = curves.mean(0)
                axis.plot(at, mean, color=colour, label=f"{arm} knowledge")
                error = curves.std(0, ddof=1) / len(curves) ** 0.5
                axis.fill_between(at, mean - error, mean + error, color=colour, alpha=0.15, lw=0)
            axis.axhline(0.0, color="#999999", lw=0.8)
            axis.set_title(TITLES[regime])
            axis.set_xlabel("slot (mean over the last 10)")
        axes[0][0].set_ylabel("cost saved by learning (%)")
        axes[0][0].legend(frameon=False)
        figure.savefig(path)
        plt.close(figure)
