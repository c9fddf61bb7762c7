"""One request from the first word to its last event: where a user sits there, with questions."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cnc.cli.intent_documents import event_document
from cnc.cli.output import console, emit, notice

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent, IntentRequest
    from cnc.processes.blueprint import SystemConfig

KNOWN = ("received", "recognised", "planned")
"""What need not be shown again once it was confirmed."""


def can_ask(as_json: bool) -> bool:
    """Somebody reads and can answer."""
    return not as_json and sys.stdin.isatty() and sys.stdout.isatty()


async def converse(
    config: SystemConfig, request: IntentRequest, as_json: bool, idle: list[str]
) -> tuple[IntentEvent, bool]:
    """Submit a request and follow it; in a terminal, ask what is unclear and before acting.

    Args:
        config: of the system.
        request: what is needed; with `accept_first` nothing is asked.
        as_json: one event a line, and nothing is asked.
        idle: options that a running emulator does not obey.

    Returns:
        The last event, and whether the user let it be done.
    """
    asking = can_ask(as_json) and not request.accept_first
    async with _system(config, request, as_json, idle) as (running, check):
        if not asking:
            return await _follow(running, request, as_json, check), True
        trial = request.model_copy(update={"dry_run": True})
        last = await _follow(running, trial, as_json, check)
        if last.event == "ask":
            chosen = await asyncio.to_thread(_choose, last)
            trial = trial.model_copy(update={"intent_id": new_name(), "service": chosen})
            last = await _follow(running, trial, as_json, check)
        outcomes = [part.outcome for part in last.parts] or [last.event]
        if "planned" not in outcomes or request.dry_run:
            return last, True
        if not await asyncio.to_thread(_confirm):
            return last, False
        again = trial.model_copy(update={"intent_id": new_name(), "dry_run": False})
        return await _follow(running, again, as_json, check, hidden=KNOWN), True


def new_name() -> str:
    """A fresh id of an intent."""
    from cnc.messages.envelope import new_id

    return f"intent-{new_id()[-12:]}"


def _choose(event: IntentEvent) -> str:
    from rich.prompt import Prompt

    numbers = [str(n) for n in range(1, len(event.choices) + 1)]
    answer = Prompt.ask("  which one is meant", choices=numbers, console=console())
    return event.choices[int(answer) - 1].service


def _confirm() -> bool:
    from rich.prompt import Confirm

    return Confirm.ask("  go ahead", default=True, console=console())


@asynccontextmanager
async def _system(
    config: SystemConfig, request: IntentRequest, as_json: bool, idle: list[str]
) -> AsyncIterator[tuple[SystemConfig, Any]]:
    """The running emulator, else one for the time of the call."""
    from cnc.processes.client import answers
    from cnc.processes.session import emulator

    tell = None if as_json else notice
    if config.broker and await answers(config.broker, "e2e", config.topic_root):
        if idle:
            notice(f"{', '.join(idle)}: no effect here, an emulator runs already at the broker")
        yield config, None
        return
    if config.broker:
        notice(f"no emulator answers at {_shown(config.broker)}: one is started for this call")
    elif not as_json:
        notice("no broker is configured: an emulator is started for this call")
    if request.keep:
        notice("--keep has no effect: the emulator ends with this call (start one with `cnc up`)")
    async with emulator(config, tell) as (running, check):
        yield running, check


def _shown(url: str) -> str:
    from cnc.bus.address import parse_address

    return parse_address(url).shown


async def _follow(
    config: SystemConfig,
    request: IntentRequest,
    as_json: bool,
    check: Any,
    hidden: tuple[str, ...] = (),
) -> IntentEvent:
    from cnc.processes.client import client_bus, follow_intent, look

    view: Any = None
    if not as_json:
        from cnc.cli.intent_view import IntentView

        view = IntentView(hidden)

    def on_event(event: IntentEvent, at: datetime) -> None:
        if as_json:
            emit(event_document(event, at))
        else:
            view.show(event)

    async with client_bus(config.broker, config.topic_root) as bus:
        await look(bus, 30.0, until="e2e")
        try:
            return await follow_intent(bus, request, on_event, check)
        finally:
            if view is not None:
                view.close()
