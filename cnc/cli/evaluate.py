"""`cnc evaluate`: policies compared on the same traces."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnc.cli.guard import Terminated
from cnc.cli.options import Common, Json, Scenario
from cnc.cli.output import emit, notice
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.training.evaluation import Evaluation, EvaluationPlan

Policies = Annotated[
    str, typer.Option("--policies", metavar="A,B,…", help="Names of policies, with commas.")
]
Worlds = Annotated[
    int, typer.Option("--worlds", metavar="N", help="Worlds, each with nodes of its own.")
]
Traces = Annotated[int, typer.Option("--traces", metavar="N", help="Traces of each world.")]
Slots = Annotated[
    int, typer.Option("--slots", metavar="N", help="Slots that count, after one frame.")
]
EvaluationSeed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", help="From which worlds and traces are drawn; never training ones."
    ),
]
TrainingSeeds = Annotated[
    int, typer.Option("--training-seeds", metavar="N", help="Trainings of a learned policy.")
]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, metavar="N", help="How much is computed at once.")
]
BackendOption = Annotated[
    Literal["loky", "ray"],
    typer.Option("--backend", help="Processes of this machine, or Ray (also a cluster)."),
]
WithBound = Annotated[
    bool, typer.Option("--bound/--no-bound", help="Compute the lower bound of the cost too.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Folder of the results; an interrupted run goes on there."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Discard what --out has; begin anew.")]


def evaluate(
    context: typer.Context,
    policies: Policies = "rand,grd,grd-plus,grd-work",
    loads: Annotated[
        str, typer.Option("--loads", metavar="N,M,…", help="Requests a slot, with commas.")
    ] = "200,800",
    worlds: Worlds = 1,
    traces: Traces = 3,
    slots: Slots = 50,
    seed: EvaluationSeed = 0,
    training_seeds: TrainingSeeds = 1,
    scenario: Scenario = "paper",
    bound: WithBound = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Optimal references and bound search less.")
    ] = False,
    jobs: Jobs = 1,
    backend: BackendOption = "loky",
    out: Out = None,
    force: Force = False,
    json_output: Json = False,
) -> None:
    """Compare policies on the same held-out traces, with confidence intervals.

    Example: cnc evaluate --policies rand,grd,opt-causal --loads 200,800 --jobs 2 --out results

    With --json: one row a policy, load, world, trace and training seed.
    """
    from cnc.training.evaluation import EvaluationPlan

    plan = EvaluationPlan(
        policies=words(policies, "--policies"),
        loads=numbers(loads, "--loads"),
        worlds=worlds,
        traces=traces,
        slots=slots,
        seed=seed,
        training_seeds=training_seeds,
        scenario=scenario,
        bound=bound,
        effort="quick" if quick else "full",
    )
    if scenario == "paper":
        announce(plan, jobs)
    evaluation = evaluated(plan, out, jobs, backend, force)
    if Common(context).json(json_output):
        emit_rows(evaluation.rows)
    else:
        from cnc.cli.evaluate_view import show_summary

        show_summary(evaluation.rows)
    if out is not None:
        notice(f"results are in {out}; `cnc plot {shlex.quote(str(out))}` draws them")


def announce(plan: EvaluationPlan, jobs: int) -> None:
    """Say how long a plan on scenario `paper` takes.

    Raises:
        UsageError: an unknown policy.
    """
    from cnc.cli.evaluate_view import duration
    from cnc.training.studies import expected_s

    cores = "core" if jobs == 1 else "cores"
    notice(
        f"{', '.join(plan.policies)} at {len(plan.loads)} loads: from the beginning about "
        f"{duration(expected_s(plan, jobs))} on {jobs} idle {cores}"
    )


def words(text: str, option: str) -> tuple[str, ...]:
    """The parts of a list with commas.

    Raises:
        UsageError: a part is empty.
    """
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise UsageError(f"{option} is a list with commas and no empty parts, not {text!r}")
    return parts


def numbers(text: str, option: str) -> tuple[float, ...]:
    """The numbers of a list with commas.

    Raises:
        UsageError: a part is no number.
    """
    found = []
    for part in words(text, option):
        try:
            found.append(float(part))
        except ValueError as error:
            raise UsageError(f"{option} wants numbers with commas; {part!r} is none") from error
    return tuple(found)


def evaluated(
    plan: EvaluationPlan,
    out: Path | None,
    jobs: int,
    backend: Literal["loky", "ray"],
    force: bool,
) -> Evaluation:
    """Evaluate with a progress bar; says on Ctrl-C what is kept."""
    from cnc.cli.evaluate_view import ProgressView
    from cnc.training.evaluation import evaluate as run

    with terminating(), ProgressView() as view:
        try:
            evaluation = run(
                plan,
                out=out,
                jobs=jobs,
                backend=backend,
                force=force,
                command=shlex.join(["cnc", *sys.argv[1:]]),
                on_progress=view.show,
            )
        except KeyboardInterrupt:
            view.close()
            if out is None:
                notice("nothing is kept: with --out DIR, finished parts are")
            else:
                notice(f"finished parts are kept in {out}; the same command goes on from there")
            raise
    if evaluation.below_bound:
        notice(
            f"warning: {evaluation.below_bound} rows are below their lower bound; either is wrong, "
            "please report it"
        )
    return evaluation


@contextlib.contextmanager
def terminating() -> Iterator[None]:
    """SIGTERM ends the work inside as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def emit_rows(rows: list[dict[str, Any]]) -> None:
    """One JSON object a row; a whole number of requests is written as one."""
    for row in rows:
        requests = row["requests"]
        emit({**row, "requests": int(requests) if requests == int(requests) else requests})
