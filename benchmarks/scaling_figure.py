"""The figure of `scaling.py`: cost and memory over the number of domains, in logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

LINES = (
    ("slot_ms", "whole slot with GRD agents", "#D55E00", "o"),
    ("frame_start_ms", "decisions at a frame start", "#009E73", "^"),
    ("decision_ms", "decisions in other slots", "#56B4E9", "v"),
    ("kernel_ms", "kernel step", "#0072B2", "s"),
)
"""Field, label, colour (Okabe and Ito), marker."""
MEMORY = (
    ("rollout_gb", "rollout with GRD agents", "#D55E00", "o"),
    ("kernel_gb", "kernel step", "#0072B2", "s"),
)


def draw(sizes: Sequence[Any], folder: Path) -> list[Path]:
    """Write `scaling.png` and `scaling.svg`; the same figures give the same bytes.

    Args:
        sizes: what `scaling.Size` holds, from small to large.
        folder: where to.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from scaling import LARGE, MOST_GB

    from cnc.training.figure_style import SETTINGS

    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(SETTINGS):
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(7.4, 3.3), width_ratios=(1.35, 1), layout="constrained"
        )
        _lines(left, sizes, LINES, fitted_from=LARGE)
        _lines(right, sizes, MEMORY, fitted_from=None)
        left.set_ylabel("time (ms)")
        left.set_ylim(left.get_ylim()[0], left.get_ylim()[1] * 25)
        left.legend(
            frameon=False, loc="upper left", alignment="left", title_fontsize=8.5,
            title=f"slope from {LARGE} domains on (dashed) in brackets",
        )  # fmt: skip
        right.set_ylabel("most resident memory (GB)")
        right.axhline(MOST_GB, color="#888888", linewidth=0.9, linestyle=":")
        right.text(
            sizes[0].domains, MOST_GB * 1.06, f"bound of {MOST_GB:g} GB",
            color="#666666", fontsize=8, verticalalignment="bottom",
        )  # fmt: skip
        right.set_ylim(0.2, 12)
        right.yaxis.set_major_locator(_fixed((0.25, 0.5, 1, 2, 4, 8)))
        right.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 0.86))
        paths = [folder / "scaling.png", folder / "scaling.svg"]
        figure.savefig(paths[0], dpi=200, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
        plt.close(figure)
    return paths


def _lines(
    axes: Any, sizes: Sequence[Any], lines: Sequence[tuple[str, ...]], fitted_from: int | None
) -> None:
    """One panel, with the power laws from that many domains on."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator
    from scaling import slope

    domains = [size.domains for size in sizes]
    fitted = [size for size in sizes if fitted_from is not None and size.domains >= fitted_from]
    for field, label, colour, marker in lines:
        values = [getattr(size, field) for size in sizes]
        if len(fitted) > 1:
            exponent = slope(list(sizes), field)
            label += f" ({exponent:.1f})"
            # Through the geometric mean of what it was fitted to.
            x = _middle([size.domains for size in fitted])
            y = _middle([getattr(size, field) for size in fitted])
            ends = [fitted[0].domains, fitted[-1].domains]
            axes.plot(
                ends, [y * (end / x) ** exponent for end in ends],
                color=colour, linewidth=0.8, linestyle=(0, (4, 2)), alpha=0.75, zorder=1,
            )  # fmt: skip
        axes.plot(
            domains, values, color=colour, marker=marker, markersize=5, linewidth=1.4,
            markeredgecolor="white", markeredgewidth=0.5, label=label,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("domains")
    axes.xaxis.set_major_locator(_fixed(_apart(domains)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(which="major", color="#DDDDDD", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _fixed(ticks: Sequence[float]) -> Any:
    from matplotlib.ticker import FixedLocator

    return FixedLocator(list(ticks))


def _apart(values: Sequence[float], factor: float = 2.5) -> list[float]:
    """The largest value and those below that leave room for their labels."""
    kept = [max(values)]
    for value in sorted(values, reverse=True):
        if value * factor <= kept[-1]:
            kept.append(value)
    return kept


def _middle(values: Sequence[float]) -> float:
    """Geometric mean."""
    product = 1.0
    for value in values:
        product *= value ** (1.0 / len(values))
    return product
