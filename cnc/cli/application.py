"""The application: all commands under one root."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cnc import __version__
from cnc.cli import (
    broker,
    bus,
    evaluate,
    explain,
    intent,
    intent_corrections,
    intent_history,
    knowledge,
    plot,
    run,
    scenario,
    service,
    status,
    study,
    tail,
    train,
    up,
)
from cnc.cli.guard import guarded
from cnc.cli.options import Broker, Home, Json

ROOT_HELP = """Place computing and networking together: a control plane for 6G.

Three layers of orchestrators (service, end-to-end, domain) exchange state reports and
directives over MQTT, above an emulated infrastructure of 21 domains.

Example: cnc intent "low-latency AR for 200 users"
"""


def _version(stated: bool) -> None:
    if stated:
        typer.echo(f"cnc {__version__}")
        raise typer.Exit


def _root(
    broker: Broker = None,
    home: Home = None,
    json_output: Json = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Options before the subcommand; see `cnc.cli.options.Common`."""


def build() -> typer.Typer:
    """The application, ready to run."""
    application = _group(ROOT_HELP, callback=_root)
    _add(application, "up", up.up)
    _add(application, "status", status.status)
    _add(application, "tail", tail.tail)
    _add(application, "explain", explain.explain)
    _add(application, "replay", tail.replay)
    _add(application, "evaluate", evaluate.evaluate)
    _add(application, "plot", plot.plot)
    _add(application, "train", train.train)
    intents = _group(
        intent.HELP, cls=intent.IntentGroup, subcommand_metavar="TEXT… | COMMAND [ARGS]..."
    )
    _add(intents, "submit", intent.submit, hidden=True)
    _add(intents, "recognise", intent.recognise)
    _add(intents, "list", intent_history.list_intents)
    _add(intents, "show", intent_history.show)
    _add(intents, "withdraw", intent_history.withdraw)
    _add(intents, "corrections", intent_corrections.corrections)
    application.add_typer(intents, name="intent")
    for name, module in (
        ("knowledge", knowledge),
        ("scenario", scenario),
        ("service", service),
        ("run", run),
        ("broker", broker),
        ("bus", bus),
        ("study", study),
    ):
        group = _group(module.HELP)
        for command, function in module.COMMANDS.items():
            _add(group, command, function)
        application.add_typer(group, name=name)
    return application


def _group(text: str, **settings: Any) -> typer.Typer:
    return typer.Typer(
        help=_flowing(text),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )


def _add(
    group: typer.Typer, name: str, function: Callable[..., None], hidden: bool = False
) -> None:
    group.command(name, hidden=hidden, help=_flowing(function.__doc__ or ""))(guarded(function))


def _flowing(text: str) -> str:
    """Paragraphs without the line ends of the source, which would break a narrow terminal's."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(text))
