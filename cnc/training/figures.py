"""Figures of an evaluation: the case study's Figures 4 and 5, and cost over its lower bound.

Drawn without a display and without pyplot; the same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnc.errors import StorageError
from cnc.training.evaluation_cells import Row
from cnc.training.figure_style import SETTINGS, Look, look_of, ordered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES_HIGH = 4.4
GROUP = 0.86
"""Width of a group of bars; the distance of groups is 1."""


@dataclass(frozen=True)
class Drawn:
    """One figure in its files."""

    name: str
    title: str
    caption: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Bars:
    """What a bar chart shows."""

    name: str
    title: str
    caption: str
    label: str
    mean: str
    least: str
    most: str
    scale: float
    bound: str | None
    top: float | None


FIGURES = (
    Bars(
        "figure-4-energy", "Total energy",
        "Total energy of a slot over nominal requests a slot.",
        "total energy, kJ a slot", "energy_j", "energy_min_j", "energy_max_j", 1e-3,
        "bound_energy_j", None,
    ),
    Bars(
        "figure-5-satisfaction", "Task satisfaction rate",
        "Share of requests served within their deadline over nominal requests a slot.",
        "task satisfaction rate, %", "satisfied_share", "satisfied_min", "satisfied_max", 100.0,
        None, 100.0,
    ),
)  # fmt: skip
WHISKERS = "Bars are means, whiskers the least and the largest slot."
COST = (
    "Cost of a slot over its lower bound (log scale), interquartile mean over units with its 95 % "
    "bootstrap interval; no policy can reach below 1."
)


def draw(summary: Sequence[Row], folder: Path, footer: str) -> list[Drawn]:
    """Draw all figures that the summary has values for.

    Args:
        summary: of `cnc.training.evaluation_statistics.summarise`.
        folder: where PNG and SVG files are written.
        footer: where the results are from, in small print below each figure.

    Raises:
        StorageError: the folder cannot be written.
    """
    drawn = []
    for bars in FIGURES:
        caption = f"{bars.caption} {WHISKERS}"
        if _has(summary, bars.bound):
            caption += (
                " BOUND: no policy that satisfies the same share of requests can use less energy."
            )
        figure = _bar_chart(summary, bars, footer)
        drawn.append(Drawn(bars.name, bars.title, caption, _save(figure, folder, bars.name)))
    if any(entry["over_bound"]["value"] is not None for entry in summary):
        name = "figure-6-cost-over-bound"
        files = _save(_cost_chart(summary, footer), folder, name)
        drawn.append(Drawn(name, "Cost over its lower bound", COST, files))
    return drawn


def _has(summary: Sequence[Row], field: str | None) -> bool:
    return field is not None and any(entry[field] is not None for entry in summary)


def _loads(summary: Sequence[Row]) -> list[float]:
    return sorted({entry["requests"] for entry in summary})


def _of(summary: Sequence[Row], policy: str) -> dict[float, Row]:
    return {entry["requests"]: entry for entry in summary if entry["policy"] == policy}


def _bar_chart(summary: Sequence[Row], bars: Bars, footer: str) -> Figure:
    policies = ordered({entry["policy"] for entry in summary})
    loads = _loads(summary)
    figure, axes = _canvas(len(loads) * len(policies), footer)
    width = GROUP / len(policies)
    for number, policy in enumerate(policies):
        entries = _of(summary, policy)
        shift = (number - (len(policies) - 1) / 2) * width
        at = [place + shift for place, load in enumerate(loads) if load in entries]
        shown = [entries[load] for load in loads if load in entries]
        _bars(axes, at, shown, bars, 0.92 * width, look_of(policy))
        _bound_lines(axes, at, shown, bars, 0.92 * width)
    _grid(axes, loads, bars.label)
    axes.set_xlim(-0.5 - 0.04, len(loads) - 0.5 + 0.04)
    axes.set_ylim(0, bars.top)
    if bars.top is not None:  # whiskers at the top keep their caps
        axes.set_yticks(axes.get_yticks())
        axes.set_ylim(0, 1.015 * bars.top)
    _legend(figure, axes)
    return figure


def _bars(
    axes: Axes, at: list[float], entries: list[Row], bars: Bars, width: float, look: Look
) -> None:
    mean = [entry[bars.mean] * bars.scale for entry in entries]
    below = [
        max(0.0, m - entry[bars.least] * bars.scale) for m, entry in zip(mean, entries, strict=True)
    ]
    above = [
        max(0.0, entry[bars.most] * bars.scale - m) for m, entry in zip(mean, entries, strict=True)
    ]
    axes.bar(
        at, mean, width, label=look.label, color=look.colour, edgecolor=look.edge,
        linewidth=0.5, hatch=look.hatch, zorder=2,
    )  # fmt: skip
    axes.errorbar(
        at, mean, yerr=[below, above], fmt="none", ecolor="#222222", elinewidth=0.7,
        capsize=min(2.0, 14 * width), capthick=0.7, zorder=3,
    )  # fmt: skip


def _bound_lines(axes: Axes, at: list[float], entries: list[Row], bars: Bars, width: float) -> None:
    """A line in each bar at the bound of its own policy."""
    for place, entry in zip(at, entries, strict=True):
        if bars.bound is None or entry[bars.bound] is None:
            continue
        ends = [place - width / 2, place + width / 2]
        height = [entry[bars.bound] * bars.scale] * 2
        label = "_" if "BOUND" in axes.get_legend_handles_labels()[1] else "BOUND"
        axes.plot(ends, height, color="white", linewidth=2.6, solid_capstyle="butt", zorder=4)
        axes.plot(
            ends, height, color="black", linewidth=1.3, solid_capstyle="butt", zorder=4.1,
            label=label,
        )  # fmt: skip


def _cost_chart(summary: Sequence[Row], footer: str) -> Figure:
    policies = ordered({entry["policy"] for entry in summary})
    loads = _loads(summary)
    figure, axes = _canvas(45, footer)
    for policy in policies:
        entries = _of(summary, policy)
        shown = [load for load in loads if load in entries]
        shown = [load for load in shown if entries[load]["over_bound"]["value"] is not None]
        if not shown:
            continue
        look = look_of(policy)
        found = [entries[load]["over_bound"] for load in shown]
        value = [one["value"] for one in found]
        low = [
            v - v if one["low"] is None else max(0.0, v - one["low"])
            for v, one in zip(value, found, strict=True)
        ]
        high = [
            v - v if one["high"] is None else max(0.0, one["high"] - v)
            for v, one in zip(value, found, strict=True)
        ]
        axes.errorbar(
            shown, value, yerr=[low, high], label=look.label, color=look.line, marker=look.marker,
            markersize=5.5, markerfacecolor=look.colour, markeredgecolor=look.edge,
            markeredgewidth=0.6, linewidth=1.5, elinewidth=0.9, capsize=2.5, zorder=3,
        )  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=1.6, label="BOUND", zorder=2)
    _log_scale(axes)
    _grid(axes, None, "cost over BOUND")
    axes.set_xticks(loads)
    _legend(figure, axes)
    return figure


def _log_scale(axes: Axes) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

    axes.set_yscale("log")
    axes.set_ylim(bottom=0.95)
    steps: tuple[float, ...] = (1, 1.2, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000)
    top = axes.get_ylim()[1]
    steps = tuple(step for step in steps if top < 12 or step not in (1.2, 4, 7, 15))
    axes.yaxis.set_major_locator(FixedLocator(steps))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(FixedLocator([]))


def _canvas(bars: int, footer: str) -> tuple[Figure, Axes]:
    """A figure as wide as its bars need, with the small print below."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(min(12.0, max(6.4, 2.0 + 0.125 * bars)), INCHES_HIGH))
        axes = figure.subplots()
        figure.set_layout_engine("constrained", rect=(0.005, 0.045, 0.99, 0.95))
    figure.text(0.995, 0.012, footer, ha="right", va="bottom", fontsize=6.5, color="#555555")
    return figure, axes


def _grid(axes: Axes, groups: list[float] | None, label: str) -> None:
    axes.set_xlabel("nominal requests a slot")
    axes.set_ylabel(label)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if groups is not None:
        axes.set_xticks(range(len(groups)), [f"{load:g}" for load in groups])
        axes.tick_params(axis="x", length=0)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if "BOUND" in labels:  # last, like the best policies
        at = labels.index("BOUND")
        handles.append(handles.pop(at))
        labels.append(labels.pop(at))
    columns = int(figure.get_figwidth() / 1.15)
    rows = -(-len(labels) // columns)
    figure.legend(
        handles, labels, loc="outside upper center", ncols=-(-len(labels) // rows), frameon=False,
        handlelength=1.4, columnspacing=1.3, handletextpad=0.5,
    )  # fmt: skip


def _save(figure: Figure, folder: Path, name: str) -> tuple[Path, ...]:
    import matplotlib

    files = (folder / f"{name}.png", folder / f"{name}.svg")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with matplotlib.rc_context(SETTINGS):
            figure.savefig(files[0], dpi=200, metadata={"Software": None})
            figure.savefig(files[1], metadata=_no_date())
    except OSError as error:
        raise StorageError(
            f"figures cannot be written to {folder} ({error.strerror or error}); name another "
            "folder with --out"
        ) from error
    return files


def _no_date() -> dict[str, Any]:
    return {"Date": None, "Creator": None}
