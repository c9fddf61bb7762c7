"""`cnc bus`: the contract of the bus as a document."""

from __future__ import annotations

from collections.abc import Callable

import typer

from cnc.cli.options import ROOT, Common, Json, TopicRoot
from cnc.cli.output import emit

HELP = """The bus contract as a document.

Example: cnc bus schema > asyncapi.yaml
"""


def schema(
    context: typer.Context,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Print the AsyncAPI 3.0 document of all topics and messages (YAML, or JSON with --json).

    Example: cnc bus schema --json
    """
    from cnc.bus.asyncapi import asyncapi_document

    document = asyncapi_document(topic_root)
    if Common(context).json(json_output):
        emit(document)
        return
    import yaml

    typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


COMMANDS: dict[str, Callable[..., None]] = {"schema": schema}
