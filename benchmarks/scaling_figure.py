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
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
    from scaling import LARGE, slope

    from cnc.training.figure_style import SETTINGS

    domains = [size.domains for size in sizes]
    ends = max(size.domains for size in sizes)
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(SETTINGS):
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(7.2, 3.3), width_ratios=(1.45, 1), layout="constrained"
        )
        for axes, lines in ((left, LINES), (right, MEMORY)):
            for field, label, colour, marker in lines:
                values = [getattr(size, field) for size in sizes]
                exponent = slope(list(sizes), field)
                axes.plot(
                    domains, values, color=colour, marker=marker, markersize=4.5, linewidth=1.4,
                    markeredgecolor="white", markeredgewidth=0.5,
                    label=f"{label} ({exponent:.1f})",
                )  # fmt: skip
                fitted = [d for d in domains if d >= LARGE]
                if len(fitted) > 1:
                    # The power law, through the geometric mean of what it was fitted to.
                    chosen = [v for d, v in zip(domains, values, strict=True) if d >= LARGE]
                    x, y = _middle(fitted), _middle(chosen)
                    axes.plot(
                        [fitted[0], ends],
                        [y * (d / x) ** exponent for d in (fitted[0], ends)],
                        color=colour, linewidth=0.8, linestyle=(0, (4, 2)), alpha=0.7, zorder=1,
                    )  # fmt: skip
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel("domains")
            axes.xaxis.set_major_locator(FixedLocator(domains))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
            axes.grid(which="major", color="#DDDDDD", linewidth=0.5)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, loc="upper left", title="(slope)", title_fontsize=8)
        left.set_ylabel("time (ms)")
        right.set_ylabel("resident memory, most (GB)")
        low, high = left.get_ylim()
        left.set_ylim(low, high * 12)
        low, high = right.get_ylim()
        right.set_ylim(low, max(high * 2, 12))
        right.axhline(8.0, color="#888888", linewidth=0.8, linestyle=":")
        paths = [folder / "scaling.png", folder / "scaling.svg"]
        figure.savefig(paths[0], dpi=200, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
        plt.close(figure)
    return paths


def _middle(values: Sequence[float]) -> float:
    """Geometric mean."""
    product = 1.0
    for value in values:
        product *= value ** (1.0 / len(values))
    return product
