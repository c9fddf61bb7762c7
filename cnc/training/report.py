"""The figures and tables of a results folder, with where they are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnc.errors import StorageError
from cnc.training.evaluation_cells import Row
from cnc.training.evaluation_statistics import Estimate, over_all_loads, summarise
from cnc.training.figures import Drawn, draw
from cnc.training.results import ResultsFolder

REPORT = "figures.md"
HEADINGS = (
    *("requests", "policy", "energy, kJ a slot", "satisfied, %", "cost, IQM"),
    *("over BOUND", "over OPT", "gap", "decision, ms a slot"),
)


@dataclass(frozen=True)
class Report:
    """What was drawn and written."""

    drawn: list[Drawn]
    file: Path
    rows: list[Row]
    manifest: dict[str, Any]


def write_report(results: Path, out: Path) -> Report:
    """Draw the figures of a results folder, with captions and tables in Markdown.

    Args:
        results: a folder of `cnc.training.evaluation`.
        out: where figures and `figures.md` are written.

    Raises:
        NotFoundError: no results there.
        StorageError: they cannot be read, or `out` cannot be written.
    """
    folder = ResultsFolder(results)
    rows = folder.rows()
    manifest = folder.manifest()
    summary = summarise(rows)
    origin = origin_of(rows, manifest)
    drawn = draw(summary, out, origin)
    text = _markdown(rows, summary, drawn, origin, manifest)
    file = out / REPORT
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written ({error.strerror or error}); name another folder with --out"
        ) from error
    return Report(drawn, file, rows, manifest)


def origin_of(rows: Sequence[Row], manifest: dict[str, Any]) -> str:
    """Where rows are from, in one line."""
    worlds = len({row["world"] for row in rows})
    traces = len({row["trace"] for row in rows})
    seeds = len({row["training_seed"] for row in rows} - {None})
    parts = [
        f"scenario {manifest.get('scenario')}, seed {manifest.get('seed')}: "
        f"{_count(worlds, 'world')}, {_count(traces, 'trace')} each, "
        f"{manifest.get('slots')} slots after {manifest.get('warm_up_slots')}"
    ]
    if seeds > 1:
        parts.append(f"{seeds} training seeds")
    if manifest.get("effort") == "quick":
        parts.append("quick references")
    parts.append(f"commit {manifest.get('commit')}")
    return " · ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _markdown(
    rows: list[Row],
    summary: list[Row],
    drawn: list[Drawn],
    origin: str,
    manifest: dict[str, Any],
) -> str:
    parts = ["# Figures\n", f"Results of {origin}.\n"]
    if manifest.get("rows_below_bound"):
        parts.append(
            f"**{manifest['rows_below_bound']} rows are below their lower bound: a policy or the "
            "bound is wrong.**\n"
        )
    for figure in drawn:
        png, svg = figure.files
        parts.append(f"## {figure.title}\n\n![{figure.title}]({png.name})\n")
        parts.append(f"{figure.caption} [SVG]({svg.name}). {origin}.\n")
    lines = [_cells(entry) for entry in summary]
    parts.append(f"## By load\n\n{_table(*_filled(HEADINGS, lines))}\n")
    parts.append(
        "Energy and satisfied: mean, least and largest slot. IQM: interquartile mean over units "
        "(world, trace, training seed) with its 95 % bootstrap interval. gap: 0 is OPT-CAUSAL's "
        "cost, 1 that of GRD-PLUS.\n"
    )
    parts.append(_overall(rows))
    parts.append(f"## How to repeat it\n\n{_provenance(manifest)}")
    return "\n".join(parts)


def _cells(entry: Row) -> list[str]:
    return [
        f"{entry['requests']:g}",
        entry["policy"],
        _spread(entry, ("energy_j", "energy_min_j", "energy_max_j"), 1e-3, 2),
        _spread(entry, ("satisfied_share", "satisfied_min", "satisfied_max"), 100, 1),
        _estimate(entry["cost_iqm"], 1),
        _estimate(entry["over_bound"], 2),
        _estimate(entry["over_opt"], 3),
        _estimate(entry["gap"], 2),
        f"{entry['decision_ms']:.1f}",
    ]


def _spread(entry: Row, names: tuple[str, str, str], scale: float, digits: int) -> str:
    mean, low, high = (f"{entry[name] * scale:.{digits}f}" for name in names)
    return f"{mean} ({low} to {high})"


def _estimate(found: Estimate, digits: int) -> str:
    if found["value"] is None:
        return "–"
    if found["low"] is None or found["high"] is None:
        return f"{found['value']:.{digits}f}"
    return f"{found['value']:.{digits}f} [{found['low']:.{digits}f}, {found['high']:.{digits}f}]"


def _overall(rows: list[Row]) -> str:
    """Costs over those of the references, at all loads together."""
    optimal: dict[tuple[Any, ...], float] = {
        (row["requests"], row["world"], row["trace"]): row["cost"]
        for row in rows
        if row["policy"] == "opt"
    }
    by_bound = over_all_loads(rows, lambda row: row["bound_cost"])
    by_opt = over_all_loads(
        rows, lambda row: optimal.get((row["requests"], row["world"], row["trace"]))
    )
    lines = [
        [policy, _estimate(by_bound[policy], 2), _estimate(by_opt[policy], 3)]
        for policy in by_bound
    ]
    headings, lines = _filled(("policy", "cost over BOUND", "cost over OPT"), lines)
    if len(headings) < 2:
        return ""
    return f"## All loads together\n\n{_table(headings, lines)}\n"


def _filled(headings: Sequence[str], lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Without the columns in which there is nothing."""
    columns = [at for at in range(len(headings)) if any(line[at] != "–" for line in lines)]
    return [headings[at] for at in columns], [[line[at] for at in columns] for line in lines]


def _table(headings: Sequence[str], lines: list[list[str]]) -> str:
    marks = ["---" if name == "policy" else "---:" for name in headings]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(headings), marks, *lines])


def _provenance(manifest: dict[str, Any]) -> str:
    commands = [run.get("command") or "cnc evaluate" for run in manifest.get("runs", [])]
    versions = ", ".join(f"{name} {of}" for name, of in manifest.get("versions", {}).items())
    seeds = ", ".join(map(str, manifest.get("world_seeds", [])))
    traces = "; ".join(", ".join(map(str, of)) for of in manifest.get("trace_seeds", []))
    return "\n".join(
        [
            "```sh",
            *dict.fromkeys(commands),
            "```\n",
            f"- commit {manifest.get('commit')}; {versions}",
            f"- scenario {manifest.get('scenario')}, SHA-256 of its parameters "
            f"{manifest.get('scenario_sha256')}",
            f"- seeds of worlds: {seeds}; of their traces: {traces}",
            "",
        ]
    )
