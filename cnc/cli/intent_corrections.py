"""`cnc intent --correct` and `cnc intent corrections`: say what a text means from now on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.corrections_file import read_corrections
from cnc.cli.guard import run
from cnc.cli.options import ROOT, Broker, Common, Home, Json, TopicRoot, system_config
from cnc.cli.output import console, emit, escaped, notice
from cnc.cli.recent import LAST, NONE, recent
from cnc.cli.service_names import check_service
from cnc.errors import CncError, NotFoundError, UsageError

if TYPE_CHECKING:
    from cnc.messages.intents import Correction
    from cnc.processes.blueprint import SystemConfig


def correct(config: SystemConfig, intent_id: str, service: str, as_json: bool) -> None:
    """Keep that the text of an intent means a service, for the emulator or for this home.

    Raises:
        NotFoundError: no such intent or service.
        StorageError: the correction cannot be kept.
    """
    from cnc.intents.catalogue import load_catalogue

    catalogue = load_catalogue()
    check_service(service, catalogue.ids)
    text = run(_text(config, intent_id))
    kept = run(_ask(config, "correct", text=text, service=service))[0]
    if as_json:
        emit(kept.model_dump())
        return
    name = catalogue.by_id(service).name
    console().print(f"“{escaped(kept.text)}” means {escaped(name)} from now on")
    console().print(
        f"[dim]take it back with: cnc intent corrections --remove {kept.correction_id}[/]"
    )


def corrections(
    context: typer.Context,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="CORRECTION", help="Forget this one.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Take over what --json wrote elsewhere."),
    ] = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """List what texts were said to mean, take one back, or take over those of another home.

    Example: cnc intent corrections --remove correction-1f0c9a3e

    Example: cnc intent corrections --import corrections.jsonl
    """
    common = Common(context)
    as_json = common.json(json_output)
    config = system_config(
        broker=common.broker(broker), home=common.home(home), topic_root=topic_root
    )
    if remove is not None and file is not None:
        raise UsageError("--remove and --import are two things: one call for each")
    if file is not None:
        taken = run(_take_over(config, read_corrections(file)))
        if as_json:
            for each in taken:
                emit(each.model_dump())
        else:
            console().print(f"corrections taken over: {len(taken)}, from {escaped(str(file))}")
        return
    if remove is not None:
        gone = run(_ask(config, "forget", correction_id=remove))[0]
        if as_json:
            emit({**gone.model_dump(), "removed": True})
        else:
            notice(f"{gone.correction_id} is forgotten: “{gone.text}”")
        return
    rows = run(_ask(config, "corrections"))
    for row in rows:
        if as_json:
            emit(row.model_dump())
        else:
            console().print(f"{row.correction_id}  {row.service:<26} {escaped(row.text)}")
    if not rows and not as_json:
        console().print("no corrections: make one with `cnc intent --correct last --as SERVICE`")


async def _take_over(config: SystemConfig, rows: Sequence[Correction]) -> list[Correction]:
    """Keep each, the oldest first; of the same text the one that comes replaces the one here."""
    return [(await _ask(config, "correct", text=row.text, service=row.service))[0] for row in rows]


async def _text(config: SystemConfig, intent_id: str) -> str:
    """The words of an intent: remembered in the home, else asked of the running system.

    Raises:
        NotFoundError: nobody knows it.
    """
    known = {row["intent_id"]: row["text"] for row in recent(config.home) if row["text"]}
    if intent_id == LAST and not known:
        raise NotFoundError(NONE)
    if intent_id == LAST:
        return list(known.values())[-1]
    if intent_id in known:
        return known[intent_id]
    if await _answers(config):
        from cnc.cli.intent_history import history

        events = await history(config.broker, config.topic_root, "explain", intent_id)
        text = next((event.text for event in events if event.text), "")
        if text:
            return text
    raise NotFoundError(
        f"no intent {intent_id!r} with words of its own; `cnc intent list` shows those there are, "
        "and `--correct last` takes the last request"
    )


async def _answers(config: SystemConfig) -> bool:
    from cnc.processes.client import answers

    return bool(config.broker) and await answers(config.broker, "e2e", config.topic_root)


async def _ask(config: SystemConfig, action: Any, **fields: str) -> tuple[Correction, ...]:
    """Through a running system, whose recogniser then knows; else in this home.

    Raises:
        CncError: what was wrong.
    """
    if not await _answers(config):
        from cnc.processes.models import Models

        return Models(config).correct(action, **fields)
    from cnc.cli.guard import fields_checked
    from cnc.messages.intents import IntentRequest
    from cnc.processes.client import ask_corrections, client_bus

    with fields_checked("the correction"):
        request = IntentRequest(
            action=action,
            intent_id=fields.get("correction_id", "corrections"),
            text=fields.get("text", ""),
            service=fields.get("service"),
        )
    async with client_bus(config.broker, config.topic_root) as bus:
        reply = await ask_corrections(bus, request)
    if reply.error:
        raise CncError(reply.error)
    return reply.entries
