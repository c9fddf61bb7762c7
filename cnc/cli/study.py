"""`cnc study`: studies that ship, from their runs to their figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnc.cli.evaluate import (
    BackendOption,
    EvaluationSeed,
    Force,
    Jobs,
    TrainingSeeds,
    WithBound,
    Worlds,
    announce,
    emit_rows,
    evaluated,
    words,
)
from cnc.cli.options import Common, Json
from cnc.cli.output import notice

HELP = """Redo a study: compare policies, draw its figures and tables.

Example: cnc study paper --quick
"""


def paper(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two loads, one trace, quick references: minutes.")
    ] = False,
    policies: Annotated[
        str | None,
        typer.Option("--policies", metavar="A,B,…", help="All that there are by default."),
    ] = None,
    worlds: Worlds = 1,
    traces: Annotated[
        int | None, typer.Option("--traces", metavar="N", help="Traces of each world; default 3.")
    ] = None,
    seed: EvaluationSeed = 0,
    training_seeds: TrainingSeeds = 1,
    bound: WithBound = True,
    jobs: Jobs = 2,
    backend: BackendOption = "loky",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of results and figures; study-paper or study-paper-quick by default.",
        ),
    ] = None,
    force: Force = False,
    json_output: Json = False,
) -> None:
    """Redo the case study: 200 to 2000 requests a slot, Figures 4 and 5, with lower bounds.

    Example: cnc study paper --quick --out study

    An interrupted study goes on with the same command. With --json: one row a line, as `cnc
    evaluate` prints them.
    """
    from cnc.cli.evaluate_view import show_summary
    from cnc.training.report import write_report
    from cnc.training.studies import paper_study

    plan = paper_study(
        quick=quick,
        policies=None if policies is None else words(policies, "--policies"),
        worlds=worlds,
        traces=traces,
        seed=seed,
        training_seeds=training_seeds,
        bound=bound,
    )
    folder = out or Path("study-paper-quick" if quick else "study-paper")
    announce(plan, jobs)
    evaluation = evaluated(plan, folder, jobs, backend, force)
    report = write_report(folder, folder / "figures")
    if Common(context).json(json_output):
        emit_rows(evaluation.rows)
    else:
        show_summary(evaluation.rows)
    notice(f"figures and tables are in {report.file}")


COMMANDS = {"paper": paper}
