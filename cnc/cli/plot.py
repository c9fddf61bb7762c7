"""`cnc plot`: the figures of a results folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnc.cli.options import Common, Json
from cnc.cli.output import console, emit, escaped
from cnc.cli.waiting import waiting


def plot(
    context: typer.Context,
    results: Annotated[Path, typer.Argument(metavar="DIR", help="Results of `cnc evaluate`.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the figures; `figures` in the results."
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """Draw the figures of an evaluation or study, as PNG and SVG, with captions and tables.

    Example: cnc plot results --out figures
    """
    from cnc.training.report import write_report

    folder = out or results / "figures"
    with waiting("drawing"):
        report = write_report(results, folder)
    if Common(context).json(json_output):
        for figure in report.drawn:
            files = [str(file) for file in figure.files]
            emit({"figure": figure.name, "caption": figure.caption, "files": files})
        return
    for file in (*(file for figure in report.drawn for file in figure.files), report.file):
        console().print(escaped(str(file)), soft_wrap=True)
