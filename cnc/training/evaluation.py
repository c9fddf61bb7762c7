"""Comparing policies: the same traces for all of them, at every load, in every world.

What is measured and how it is summarised is on docs/evaluation.md.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from cnc.environment.scenario import load_scenario
from cnc.errors import UsageError
from cnc.simulator.parameters import ScenarioParameters
from cnc.training import provenance
from cnc.training.evaluation_cells import (
    BOUND,
    Cell,
    Effort,
    Row,
    Window,
    energy_bound_j,
    is_learned,
)
from cnc.training.evaluation_jobs import Backend, computed
from cnc.training.figure_style import rank_of
from cnc.training.results import FORMAT, SERIES, ResultsFolder
from cnc.training.seeds import Purpose, trace_seed, world_seed

MOST_LOAD = 1e6
"""Requests a slot; the arrays of a slot do not grow with it, but sums lose digits."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What is compared on what."""

    policies: tuple[str, ...]
    loads: tuple[float, ...]
    """Nominal requests a slot; 0 is allowed: nobody asks, and all are satisfied."""
    worlds: int = 1
    traces: int = 1
    """Of each world."""
    slots: int = 50
    """Of the window, which begins after one frame."""
    seed: int = 0
    """From which evaluation worlds and traces are drawn."""
    training_seeds: int = 1
    """Of learned policies."""
    scenario: str = "paper"
    bound: bool = True
    """Whether the lower bound is computed as well."""
    effort: Effort = "full"
    """Of the optimal references: `quick` searches less, for a first look."""

    def __post_init__(self) -> None:
        for name in ("worlds", "traces", "slots", "training_seeds"):
            if getattr(self, name) < 1:
                words = name.replace("_", " ")
                raise UsageError(f"{words}: at least 1 is needed, not {getattr(self, name)}")
        if not self.policies or not self.loads:
            raise UsageError("name at least one policy and one load")
        for load in self.loads:
            if not math.isfinite(load) or not 0 <= load <= MOST_LOAD:
                raise UsageError(f"a load is a number from 0 to {MOST_LOAD:g}, not {load:g}")
        for what, values in (("policy", self.policies), ("load", self.loads)):
            if len(set(values)) < len(values):
                raise UsageError(f"a {what} is named twice")
        trace_seed(Purpose.EVALUATION, self.seed, self.worlds - 1, self.traces - 1)

    def cells(self) -> list[Cell]:
        """All cells; neighbours are on the same trace, so that each policy is met early.

        Raises:
            UsageError: an unknown policy.
        """
        learned = {name: is_learned(name) for name in self.policies}
        names: list[tuple[str, int | None]] = [(BOUND, None)] if self.bound else []
        for name in self.policies:
            seeds = range(self.training_seeds) if learned[name] else (None,)
            names += [(name, seed) for seed in seeds]
        return [
            Cell(
                policy=name,
                requests=load,
                world=world,
                trace=trace,
                world_seed=world_seed(Purpose.EVALUATION, self.seed, world),
                trace_seed=trace_seed(Purpose.EVALUATION, self.seed, world, trace),
                training_seed=training_seed,
                effort=self.effort,
            )
            for trace in range(self.traces)
            for world in range(self.worlds)
            for load in self.loads
            for name, training_seed in names
        ]


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is."""

    done: int
    """Cells, those of earlier runs included."""
    total: int
    resumed: int
    """Cells that an earlier run has finished."""
    remaining_s: float | None
    """Expected; None before the first cell of this run."""


@dataclass(frozen=True)
class Evaluation:
    """What came of it."""

    rows: list[Row]
    """The rows of the plan, in its order."""
    below_bound: int
    """Rows below their bound in cost or energy; anything but 0 is a fault."""
    manifest: dict[str, Any]


def evaluate(
    plan: EvaluationPlan,
    *,
    out: Path | None = None,
    jobs: int = 1,
    backend: Backend = "loky",
    force: bool = False,
    command: str = "",
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Compute the cells of a plan that are not there yet, and put the rows together.

    Args:
        plan: what is compared on what.
        out: folder of the results; None keeps nothing.
        jobs: cells computed at once.
        backend: where.
        force: discard what `out` has, and begin anew.
        command: as it was typed, for the manifest.
        on_progress: called after every cell.

    Raises:
        UsageError: an unknown policy or scenario, a number out of range.
        PermanentError: `out` has results of another commit, scenario, window or seed.
        StorageError: `out` cannot be written.
    """
    parameters = load_scenario(plan.scenario)
    window = Window(parameters.frame_slots, plan.slots)
    cells = plan.cells()
    manifest = manifest_of(plan, parameters, window, jobs, backend, command)
    folder = None if out is None else ResultsFolder(out)
    finished: dict[str, Row] = {}
    if folder is not None:
        folder.open(manifest, force)
        finished = folder.finished()
    missing = [cell for cell in cells if cell.key not in finished]
    watch = _Watch(missing, len(cells), jobs)
    on_progress(watch.progress())
    begin = time.monotonic()
    running = computed(missing, parameters, window, jobs, backend)
    this_run = manifest["runs"][-1]
    try:
        for cell, row in running:
            finished[cell.key] = row
            if folder is not None:
                folder.keep(cell.key, row)
            watch.note(cell, row["cell_s"])
            on_progress(watch.progress())
    finally:
        running.close()
        this_run |= {"ended_at": _now(), "wall_s": round(time.monotonic() - begin, 3)}
        this_run["cells"] = watch.done
        if folder is not None:
            kept = sorted(joined(list(finished.values())), key=_place)
            manifest["rows_below_bound"] = below_bound(kept)
            folder.write_rows(kept)
            folder.describe(manifest)
    rows = joined([finished[cell.key] for cell in cells])
    return Evaluation(rows, below_bound(rows), manifest)


def joined(cells: Sequence[Row]) -> list[Row]:
    """The policies' rows, each with the bound of its own trace and load (None without one)."""
    bounds = {_where(row): row for row in cells if row["policy"] == BOUND}
    rows = []
    for row in cells:
        if row["policy"] != BOUND:
            kept = {name: value for name, value in row.items() if name not in SERIES}
            rows.append(kept | _bound_of(row, bounds.get(_where(row))))
    return rows


def _bound_of(row: Row, bound: Row | None) -> Row:
    if bound is None:
        return {"bound_cost": None, "bound_energy_j": None}
    share = row["satisfied"] / row["asked"] if row["asked"] > 0 else 1.0
    return {"bound_cost": bound["bound_cost"], "bound_energy_j": energy_bound_j(bound, share)}


def below_bound(rows: Sequence[Row]) -> int:
    """How many rows are below their bound in cost or energy; rounding aside, there is none."""
    pairs = (("cost", "bound_cost"), ("energy_j", "bound_energy_j"))
    return sum(
        any(
            row[bound] is not None and row[mean] < row[bound] - 1e-6 * max(1.0, abs(row[bound]))
            for mean, bound in pairs
        )
        for row in rows
    )


def _place(row: Row) -> tuple[Any, ...]:
    """The order of a folder's rows, whatever finished first."""
    learned = -1 if row["training_seed"] is None else row["training_seed"]
    return row["requests"], rank_of(row["policy"]), row["world"], row["trace"], learned


def _where(row: Row) -> tuple[float, int, int]:
    return row["requests"], row["world"], row["trace"]


class _Watch:
    """Guesses the time left from how long cells of the same policy took."""

    def __init__(self, missing: Sequence[Cell], total: int, jobs: int) -> None:
        self._left: dict[str, int] = defaultdict(int)
        for cell in missing:
            self._left[cell.policy] += 1
        self._took: dict[str, list[float]] = defaultdict(list)
        self._total, self._jobs = total, jobs
        self._resumed = total - len(missing)
        self.done = 0

    def note(self, cell: Cell, seconds: float) -> None:
        """A cell has finished."""
        self._left[cell.policy] -= 1
        self._took[cell.policy].append(seconds)
        self.done += 1

    def progress(self) -> Progress:
        """As it is now."""
        remaining = None
        if self._took:
            mean = {policy: fmean(took) for policy, took in self._took.items()}
            usual = fmean(mean.values())
            work = sum(left * mean.get(policy, usual) for policy, left in self._left.items())
            remaining = work / max(1, min(self._jobs, sum(self._left.values())))
        return Progress(self._resumed + self.done, self._total, self._resumed, remaining)


def manifest_of(
    plan: EvaluationPlan,
    parameters: ScenarioParameters,
    window: Window,
    jobs: int,
    backend: Backend,
    command: str,
) -> dict[str, Any]:
    """What is written beside the results, to repeat them."""
    worlds = range(plan.worlds)
    values = asdict(parameters)
    return {
        "format": FORMAT,
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": {"system": f"{platform.system()}-{platform.machine()}", "cores": os.cpu_count()},
        "scenario": plan.scenario,
        "scenario_sha256": digest_of(values),
        "scenario_parameters": values,
        "warm_up_slots": window.warm_up,
        "slots": window.slots,
        "policies": list(plan.policies),
        "loads": list(plan.loads),
        "training_seeds": plan.training_seeds,
        "bound": plan.bound,
        "effort": plan.effort,
        "seed": plan.seed,
        "world_seeds": [world_seed(Purpose.EVALUATION, plan.seed, world) for world in worlds],
        "trace_seeds": [
            [trace_seed(Purpose.EVALUATION, plan.seed, world, t) for t in range(plan.traces)]
            for world in worlds
        ],
        "runs": [{"command": command, "jobs": jobs, "backend": backend, "started_at": _now()}],
    }


def digest_of(values: dict[str, Any]) -> str:
    """Of a scenario's parameters, whatever file they came from."""
    compared = {name: value for name, value in values.items() if name not in ("name", "notes")}
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
