"""One request from the first word to its last event: where a user sits there, with questions."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from cnc.cli.intent_checks import refused_at_once
from cnc.cli.intent_showing import Showing
from cnc.cli.output import console, notice
from cnc.cli.waiting import waiting

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent, IntentRequest
    from cnc.processes.blueprint import SystemConfig


AnswerT = TypeVar("AnswerT")


def can_ask(as_json: bool) -> bool:
    """Somebody reads and can answer."""
    return not as_json and sys.stdin.isatty() and sys.stdout.isatty()


@dataclass
class Ended:
    """How a request ended."""

    last: IntentEvent
    events: list[IntentEvent] = field(default_factory=list)
    """All of them, those of its parts too."""
    done: bool = True
    """The user let it be done."""


async def converse(
    config: SystemConfig, request: IntentRequest, as_json: bool, idle: list[str]
) -> Ended:
    """Submit a request and follow it; in a terminal, ask what is unclear and before acting.

    Args:
        config: of the system.
        request: what is needed; with `accept_first` nothing is asked.
        as_json: one event a line, and nothing is asked.
        idle: options that a running emulator does not obey.
    """
    asking = can_ask(as_json) and not request.accept_first
    running = await _runs(config)
    thinking = _Thinking()
    said = refused_at_once(request, None if running else config)
    if said:
        showing = Showing(as_json)
        for event in said:
            showing(event, datetime.now(UTC))
        # an empty request leaves nothing that could be explained or corrected
        return Ended(said[-1], [] if said[-1].event == "refused" else showing.events)
    with waiting("asking the system" if running else "starting the emulator") as wait:
        system = _system(config, request, as_json, idle, running, thinking)
        async with system as (joined, check):

            async def follow(asked: IntentRequest, confirmed: Ended | None = None) -> Ended:
                seen = () if confirmed is None else confirmed.events
                ends_with = "planned" if asked.dry_run else ""
                chosen = asked.service is not None
                showing = Showing(as_json, wait, seen, ends_with, answered=chosen)
                return await _follow(joined, asked, check, showing)

            if not asking:
                return await follow(request)
            trial = request.model_copy(update={"dry_run": True})
            planned = await follow(trial)
            if planned.last.event == "ask":
                meant = await thinking.ask(_choose, planned.last)
                trial = trial.model_copy(update={"intent_id": new_name(), "service": meant})
                planned = await follow(trial)
            outcomes = [part.outcome for part in planned.last.parts] or [planned.last.event]
            if "planned" not in outcomes or request.dry_run:
                return planned
            if not await thinking.ask(_confirm):
                planned.done = False
                return planned
            again = trial.model_copy(update={"intent_id": new_name(), "dry_run": False})
            return await follow(again, planned)


class _Thinking:
    """While a user thinks, an emulator of this call begins no slot: the plan stays the one shown.

    A running one goes on, as others use it.
    """

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.over.set()

    async def ask(self, question: Callable[..., AnswerT], *about: object) -> AnswerT:
        self.over.clear()
        try:
            return await asyncio.to_thread(question, *about)
        finally:
            self.over.set()


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


async def _runs(config: SystemConfig) -> bool:
    """Whether an emulator answers at the broker."""
    from cnc.processes.client import answers

    return bool(config.broker) and await answers(config.broker, "e2e", config.topic_root)


@asynccontextmanager
async def _system(
    config: SystemConfig,
    request: IntentRequest,
    as_json: bool,
    idle: list[str],
    running: bool,
    thinking: _Thinking,
) -> AsyncIterator[tuple[SystemConfig, Any]]:
    """The running emulator, else one for the time of the call."""
    from cnc.processes.session import emulator

    tell = None if as_json else notice
    if running:
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
    async with emulator(config, tell, thinking.over) as (started, check):
        yield started, check


def _shown(url: str) -> str:
    from cnc.bus.address import parse_address

    return parse_address(url).shown


async def _follow(
    config: SystemConfig,
    request: IntentRequest,
    check: Any,
    showing: Showing,
) -> Ended:
    from cnc.processes.client import CONNECT_S, OWN_CONNECT_S, client_bus, follow_intent, look

    patience_s = CONNECT_S if check is None else OWN_CONNECT_S
    async with client_bus(config.broker, config.topic_root, patience_s) as bus:
        await look(bus, 30.0, until="e2e")
        try:
            return Ended(await follow_intent(bus, request, showing, check), showing.events)
        finally:
            showing.close()
