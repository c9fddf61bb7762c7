"""`cnc train`: learn the weights of HMARL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnc.cli.evaluate import terminating
from cnc.cli.options import Common, Json, Scenario
from cnc.cli.output import emit, notice


def train(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to train in; goes on there.")
    ] = Path("training"),
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Of networks, training worlds and traces.")
    ] = 0,
    demonstrations: Annotated[
        int,
        typer.Option("--demonstrations", metavar="N", help="Frames planned by the reference."),
    ] = 150,
    episodes: Annotated[
        int, typer.Option("--episodes", metavar="N", help="Episodes of the traffic stage.")
    ] = 120,
    scenario: Scenario = "paper",
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, metavar="N", help="Processes for demonstrations.")
    ] = 2,
    json_output: Json = False,
) -> None:
    """Train HMARL; an interrupted training goes on in the same folder.

    Example: cnc train --out training --seed 1 --jobs 2
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from cnc.training.hmarl.pipeline import TrainingPlan
    from cnc.training.hmarl.pipeline import train as run

    plan = TrainingPlan(seed, demonstrations, episodes, scenario)
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with terminating(), Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, int] = {}

        def report(stage: str, done: int, of: int, figure: float | None) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=of)
            text = stage if figure is None else f"{stage} {figure:.3f}"
            progress.update(tasks[stage], completed=done, description=text)  # type: ignore[arg-type]

        weights = run(plan, out, jobs, report)
    if Common(context).json(json_output):
        emit({"weights": str(weights), "seed": seed})
    else:
        notice(f"weights are in {weights}")
