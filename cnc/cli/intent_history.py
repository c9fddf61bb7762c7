"""`cnc intent list`, `show` and `withdraw`: intents of a running system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.guard import run
from cnc.cli.intent_standards import check_standard, show_as
from cnc.cli.options import ROOT, Broker, Common, Json, TopicRoot, required_broker
from cnc.cli.output import console, emit, errors, hanging, printable
from cnc.cli.waiting import waiting
from cnc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent

PRESENCE_S = 3.0
"""Until a broker has told who is there; a slow one needs more than a moment."""


def list_intents(
    context: typer.Context,
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """List the intents of a running system with their last event.

    Example: cnc intent list --broker mqtt://127.0.0.1:1883
    """
    common = Common(context)
    url = required_broker(common.broker(broker), "intent list")
    events = run(history(url, topic_root, "list", "intent-list"))
    if common.json(json_output):
        for event in events:
            emit({"intent_id": event.intent_id, "event": event.event, "message": event.message})
        return
    from rich.text import Text

    if not events:
        console().print("no intents yet: ask with `cnc intent TEXT`")
    for event in events:
        head = f"{event.intent_id}  {event.event:<11} "
        console().print(hanging(Text(head + printable(event.message)), len(head)))


def show(
    context: typer.Context,
    intent_id: Annotated[str, typer.Argument(metavar="INTENT")],
    standard: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="As a document: tmf921, tmf921-report, 28.312, 28.312-report, a1, camara.",
        ),
    ] = None,
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Show the life of one intent.

    Example: cnc intent show intent-3f2a91c0d1e2 --as tmf921
    """
    common = Common(context)
    if standard is not None:
        check_standard(standard)
    url = required_broker(common.broker(broker), "intent show")
    events = run(history(url, topic_root, "explain", intent_id))
    if not events:
        raise NotFoundError(f"no intent {intent_id!r}; `cnc intent list` shows those there are")
    if standard is not None:
        show_as(standard, events, common.json(json_output))
        return
    if common.json(json_output):
        for event in events:
            emit(event.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
        return
    from cnc.cli.intent_view import IntentView

    view = IntentView()
    for event in events:
        view.show(event)


def withdraw(
    context: typer.Context,
    intent_id: Annotated[str, typer.Argument(metavar="INTENT")],
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """End an intent that was kept.

    Example: cnc intent withdraw intent-3f2a91c0d1e2
    """
    common = Common(context)
    url = required_broker(common.broker(broker), "intent withdraw")
    events = run(history(url, topic_root, "withdraw", intent_id))
    if not events:
        raise NotFoundError(f"no intent {intent_id!r}; `cnc intent list` shows those there are")
    if common.json(json_output):
        emit({"event": events[-1].event, "intent_id": intent_id})
    else:
        errors().print(f"{intent_id}: {events[-1].event}")


async def history(broker: str, root: str, action: Any, intent_id: str) -> tuple[IntentEvent, ...]:
    """The events of one intent, or the last event of each.

    Raises:
        UsageError: no intent can have this id.
        NotFoundError: nobody is there who knows of intents.
    """
    from pydantic import ValidationError

    from cnc.messages.intents import IntentRequest
    from cnc.processes.client import ask_history, client_bus, look

    try:
        request = IntentRequest(action=action, intent_id=intent_id)
    except ValidationError as error:
        raise UsageError(f"{intent_id!r} is no intent id; `cnc intent list` shows them") from error
    with waiting("asking the system"):
        async with client_bus(broker, root) as bus:
            if not (await look(bus, PRESENCE_S, until="e2e")).alive("e2e"):
                raise NotFoundError("no system runs at this broker; start one with `cnc up`")
            return (await ask_history(bus, request)).events
