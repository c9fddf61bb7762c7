"""`cnc broker`: a broker to try with, and whether a broker can do what is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import typer

from cnc.cli.guard import run
from cnc.cli.options import ROOT, Broker, Common, Home, Json, TopicRoot, required_broker
from cnc.cli.output import console, emit, hanging, notice
from cnc.cli.waiting import waiting
from cnc.errors import BusError

HELP = """A broker to try with, and a check of any broker.

Example: cnc broker check --broker mqtt://127.0.0.1:1883
"""


def start(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, metavar="N", help="Loopback port. [default: a free one]"),
    ] = None,
    engine: Annotated[
        Literal["mosquitto", "nats"] | None, typer.Option(help="Default: the first that is found.")
    ] = None,
    home: Home = None,
    json_output: Json = False,
) -> None:
    """Start a broker on loopback; ends with Ctrl-C.

    Example: cnc broker start --port 1883
    """
    run(_start(port, engine, Common(context).json(json_output)))


async def _start(
    port: int | None, engine: Literal["mosquitto", "nats"] | None, as_json: bool
) -> None:
    from cnc.bus.embedded import EmbeddedBroker

    async with await EmbeddedBroker.start(force=engine, port=port) as broker:
        if as_json:
            emit({"broker": broker.url, "engine": broker.engine})
        else:
            console().print(f"{broker.engine} at [bold]{broker.url}[/]; Ctrl-C ends it")
            notice(f"other terminals: export CNC_BROKER={broker.url}")
        raise BusError(f"{await broker.ended()}; start another with `cnc broker start`")


def check(
    context: typer.Context,
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Check what a broker can do, and with which rights.

    Example: cnc broker check --broker mqtts://domain-3:secret@broker.example:8883
    """
    common = Common(context)
    url = required_broker(common.broker(broker), "broker check")
    from cnc.bus.check import check_broker
    from cnc.settings import BusSettings

    with waiting("trying the broker"):
        results = run(check_broker(url, settings=BusSettings(broker=url, topic_root=topic_root)))
    if common.json(json_output):
        for result in results:
            emit(
                {
                    "check": result.name,
                    "ok": result.ok,
                    "required": result.required,
                    "detail": result.detail,
                }
            )
    else:
        from rich.text import Text

        widest = max((len(result.name) for result in results), default=0)
        for result in results:
            mark = (
                "[green]✔[/]" if result.ok else "[red]✘[/]" if result.required else "[yellow]–[/]"
            )
            told = Text.from_markup(f"{mark} {result.name:<{widest}}  ").append(result.detail)
            console().print(hanging(told, widest + 4))
    if any(result.required and not result.ok for result in results):
        raise typer.Exit(1)


COMMANDS: dict[str, Callable[..., None]] = {"start": start, "check": check}
