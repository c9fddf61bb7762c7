"""What `cnc evaluate` and `cnc study` draw: progress, and the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnc.cli.output import console, errors, notice
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.table import Table

    from cnc.training.evaluation import Progress

WIDE = 160
"""Columns of a terminal from which intervals stand beside their value instead of below."""
NARROW = 110
"""Columns below which the table is parted in two."""
MEASURED = ("energy kJ", "satisfied %", "ms a slot")
COMPARED = ("cost, IQM", "over BOUND", "over opt", "gap")
ESTIMATES = {
    "cost, IQM": "cost_iqm",
    "over BOUND": "over_bound",
    "over opt": "over_opt",
    "gap": "gap",
}
"""Columns with an interval, by their entry in the summary."""


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
        notice(f"{progress.total} runs, one for each policy or bound, load and trace{resumed}")
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
    width = console().width
    parts = (MEASURED, COMPARED) if width < NARROW else ((*MEASURED, *COMPARED),)
    for columns in parts:
        console().print(_table(summary, columns, " " if width >= WIDE else "\n"))
    counts = {entry["units"] for entry in summary}
    units = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    console().print(
        f"[dim]Units (world, trace, training seed) of a policy at one load: {units}. Energy and "
        "satisfied: mean, least and largest slot. IQM: interquartile mean over units, in brackets "
        f"its {percent(LEVEL, 0)} bootstrap interval. gap: 0 is opt-causal, 1 is grd-plus.[/dim]"
    )


def _table(summary: list[dict[str, Any]], columns: tuple[str, ...], between: str) -> Table:
    """The columns that have values; `between` a value and its interval."""
    from rich import box
    from rich.table import Table

    shown = [
        name
        for name in columns
        if name not in ESTIMATES
        or any(one[ESTIMATES[name]]["value"] is not None for one in summary)
    ]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("requests", justify="right", no_wrap=True)
    table.add_column("policy", no_wrap=True)
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    before = None
    for entry in summary:
        if before is not None and before != entry["requests"]:
            table.add_section()
        table.add_row(
            f"{entry['requests']:g}" if before != entry["requests"] else "",
            entry["policy"],
            *(between.join(_shown(entry, name)) for name in shown),
        )
        before = entry["requests"]
    return table


def _shown(entry: dict[str, Any], name: str) -> list[str]:
    if name == "energy kJ":
        return spread(entry, ("energy_j", "energy_min_j", "energy_max_j"), 1e-3, 2)
    if name == "satisfied %":
        return spread(entry, ("satisfied_share", "satisfied_min", "satisfied_max"), 100, 1)
    if name == "ms a slot":
        return [f"{entry['decision_ms']:.1f}"]
    found = entry[ESTIMATES[name]]
    if name == "cost, IQM":
        return estimate(found, 1 if (found["value"] or 0) < 100 else 0)
    return estimate(found, 3 if name == "over opt" else 2)


def spread(
    entry: dict[str, Any], names: tuple[str, str, str], scale: float, digits: int
) -> list[str]:
    """A mean, and the least and the largest slot."""
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
