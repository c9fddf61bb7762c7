"""What `cnc evaluate` and `cnc study` draw: progress, and the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnc.cli.output import console, errors, notice

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.table import Table

    from cnc.training.evaluation import Progress

WIDE = 125
"""Columns from which intervals stand beside their value instead of below."""
FIELDS = {
    "energy": ("energy_j", "energy_min_j", "energy_max_j"),
    "satisfied": ("satisfied_share", "satisfied_min", "satisfied_max"),
}


class ProgressView:
    """A bar on stderr with the time left; on no terminal, a line at the beginning."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._task: Any = None
        self._begun = False

    def __enter__(self) -> ProgressView:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def show(self, progress: Progress) -> None:
        """Draw how far it is."""
        if not self._begun:
            self._begin(progress)
        if self._bar is not None:
            left = "" if progress.remaining_s is None else duration(progress.remaining_s)
            self._bar.update(
                self._task, completed=progress.done, left=f"{left} left" if left else ""
            )

    def _begin(self, progress: Progress) -> None:
        self._begun = True
        resumed = f", {progress.resumed} are there already" if progress.resumed else ""
        notice(f"{progress.total} cells{resumed}")
        if not errors().is_terminal or progress.done == progress.total:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("evaluating"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=errors(),
            transient=True,
        )
        self._task = self._bar.add_task("cells", total=progress.total, left="")
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def show_summary(rows: list[dict[str, Any]]) -> None:
    """The table of `cnc.training.evaluation_statistics.summarise`, load by load."""
    from cnc.training.evaluation_statistics import LEVEL, summarise

    summary = summarise(rows)
    console().print(_table(summary))
    counts = {entry["units"] for entry in summary}
    units = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    console().print(
        f"[dim]Means over {units} units (world, trace, training seed); energy and satisfied with "
        f"the least and the largest slot. IQM: interquartile mean over units, in brackets its "
        f"{LEVEL:.0%} bootstrap interval. gap: 0 is opt-causal, 1 is grd-plus.[/dim]"
    )


def _table(summary: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("requests", "policy"):
        table.add_column(name, justify="right" if name == "requests" else "left", no_wrap=True)
    shown = {"energy kJ": True, "satisfied %": True, "cost, IQM": True}
    shown["over BOUND"] = any(entry["over_bound"]["value"] is not None for entry in summary)
    shown["over opt"] = any(entry["over_opt"]["value"] is not None for entry in summary)
    shown["gap"] = any(entry["gap"]["value"] is not None for entry in summary)
    shown["ms a slot"] = True
    for name, wanted in shown.items():
        if wanted:
            table.add_column(name, justify="right", no_wrap=True)
    between = " " if console().width >= WIDE else "\n"
    before = None
    for entry in summary:
        if before is not None and before != entry["requests"]:
            table.add_section()
        fields = {
            "energy kJ": between.join(spread(entry, "energy", 1e-3, 2)),
            "satisfied %": between.join(spread(entry, "satisfied", 100, 1)),
            "cost, IQM": between.join(estimate(entry["cost_iqm"], 1)),
            "over BOUND": between.join(estimate(entry["over_bound"], 2)),
            "over opt": between.join(estimate(entry["over_opt"], 3)),
            "gap": between.join(estimate(entry["gap"], 2)),
            "ms a slot": f"{entry['decision_ms']:.1f}",
        }
        table.add_row(
            f"{entry['requests']:g}" if before != entry["requests"] else "",
            entry["policy"],
            *(fields[name] for name, wanted in shown.items() if wanted),
        )
        before = entry["requests"]
    return table


def spread(entry: dict[str, Any], what: str, scale: float, digits: int) -> list[str]:
    """A mean, and the least and the largest slot."""
    names = FIELDS[what]
    mean, low, high = (f"{entry[name] * scale:.{digits}f}" for name in names)
    return [mean, f"[dim]({low}–{high})[/dim]"]


def estimate(found: dict[str, float | None], digits: int) -> list[str]:
    """A value and its interval; – where there is none."""
    value, low, high = found["value"], found["low"], found["high"]
    if value is None:
        return ["–"]
    if low is None or high is None:
        return [f"{value:.{digits}f}"]
    return [f"{value:.{digits}f}", f"[dim]\\[{low:.{digits}f}, {high:.{digits}f}][/dim]"]
