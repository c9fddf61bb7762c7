"""What a user's client does on the bus: submit and follow intents, ask, look around.

Imports neither torch nor faiss nor sentence-transformers, so that clients start at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from cnc.bus.connect import open_bus
from cnc.bus.interface import Bus, Received
from cnc.errors import BusError, ComponentLostError, PermanentError
from cnc.messages.envelope import new_id
from cnc.messages.intents import (
    FINAL_EVENTS,
    Corrections,
    IntentEvent,
    IntentHistory,
    IntentRequest,
)
from cnc.messages.knowledge import KnowledgeReply, KnowledgeRequest
from cnc.messages.presence import ClockTick, Presence
from cnc.messages.reports import SystemView
from cnc.messages.services import ServiceReply, ServiceRequest
from cnc.messages.topics import DEFAULT_ROOT
from cnc.settings import BusSettings

BodyT = TypeVar("BodyT")

CONNECT_S = 3.0
OWN_CONNECT_S = 30.0
"""To a broker that this call has started: it is there, and only a busy machine makes it slow."""
REPLY_S = 30.0
SILENCE_S = 60.0
"""An intent whose orchestrator says nothing for so long is given up."""
CHECK_S = 1.0
"""While nothing is said, so often it is looked whether anything can be."""
LOOK_S = 0.5
"""Retained messages arrive within this after a subscription on a live broker."""


@asynccontextmanager
async def client_bus(
    broker: str, root: str = DEFAULT_ROOT, connect_timeout_s: float = CONNECT_S
) -> AsyncIterator[Bus]:
    """A connection for one command, under a name of its own.

    Raises:
        BusError: nothing answers at the broker's address.
    """
    bus = open_bus(
        broker,
        f"client-{new_id()[-12:]}",
        layer="client",
        settings=BusSettings(broker=broker, topic_root=root),
        connect_timeout_s=connect_timeout_s,
    )
    async with bus:
        yield bus


@dataclass
class Look:
    """What is retained on the bus at one moment."""

    presence: dict[str, Presence] = field(default_factory=dict)
    view: SystemView | None = None
    view_slot: int | None = None
    intents: dict[str, IntentEvent] = field(default_factory=dict)
    clock: ClockTick | None = None

    def alive(self, component: str) -> bool:
        """The component's last life sign is a good one."""
        presence = self.presence.get(component)
        return presence is not None and presence.state in ("birth", "alive")

    def take(self, received: Received) -> None:
        """Take in a message."""
        envelope = received.envelope
        body = envelope.body
        if isinstance(body, Presence):
            self.presence[envelope.sender] = body
        elif isinstance(body, SystemView):
            self.view, self.view_slot = body, envelope.slot
        elif isinstance(body, IntentEvent):
            self.intents[body.intent_id] = body
        elif isinstance(body, ClockTick):
            self.clock = body


async def look(bus: Bus, seconds: float = LOOK_S, until: str | None = None) -> Look:
    """Collect what is retained; ends early when component `until` is seen alive."""
    topics = bus.topics
    await bus.subscribe(
        topics.all_presence(), topics.view(), topics.all_intent_events(), topics.clock()
    )
    seen = Look()
    try:
        async with asyncio.timeout(seconds):
            async for received in bus.messages():
                seen.take(received)
                if until is not None and seen.alive(until):
                    break
    except TimeoutError:
        pass
    return seen


async def answers(broker: str, component: str, root: str = DEFAULT_ROOT) -> bool:
    """Whether a live component of that name is on the broker; False where no broker answers.

    Raises:
        PermanentError: the broker refuses this client.
    """
    try:
        async with client_bus(broker, root) as bus:
            return (await look(bus, until=component)).alive(component)
    except BusError:
        return False


async def follow_intent(
    bus: Bus,
    request: IntentRequest,
    on_event: Callable[[IntentEvent, datetime], None],
    still_alive: Callable[[], None] | None = None,
    silence_s: float = SILENCE_S,
) -> IntentEvent:
    """Submit an intent and hand on its events until the last one, which is returned.

    Of an intent of several services, the events of its parts are handed on as well.

    Raises:
        ComponentLostError: E2E went away or says nothing any more.
    """
    topics = bus.topics
    await bus.subscribe(topics.all_intent_events(), topics.presence("e2e"))
    await bus.publish(topics.intent_requests(), request)
    stream = bus.messages()
    while True:
        received = await _next(stream, silence_s, still_alive)
        body = received.envelope.body
        if isinstance(body, IntentEvent) and body.parent_id == request.intent_id:
            on_event(body, received.envelope.sent_at)
        elif isinstance(body, IntentEvent) and body.intent_id == request.intent_id:
            on_event(body, received.envelope.sent_at)
            if body.event in FINAL_EVENTS:
                return body
            if body.event == "planned" and request.dry_run:
                return body
        elif isinstance(body, Presence) and body.state in ("lost", "exit"):
            await _await_reason(still_alive)
            raise ComponentLostError(
                "the end-to-end orchestrator went away; start it again with `cnc up` or "
                "`cnc run e2e`, and repeat the request"
            )


async def _await_reason(still_alive: Callable[[], None] | None) -> None:
    """In a system of this process the failure that ended a component comes a moment later."""
    if still_alive is not None:
        for _ in range(20):
            still_alive()
            await asyncio.sleep(CHECK_S / 20)


async def _next(
    stream: AsyncIterator[Received], silence_s: float, still_alive: Callable[[], None] | None
) -> Received:
    """The next message; while there is none, looks every second whether one can come."""
    coming = asyncio.ensure_future(anext(stream))
    try:
        for _ in range(max(1, round(silence_s / CHECK_S))):
            await asyncio.wait({coming}, timeout=CHECK_S)
            if coming.done():
                return coming.result()
            if still_alive is not None:
                still_alive()
    except StopAsyncIteration as error:
        raise BusError("the connection to the broker ended; try again") from error
    finally:
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    raise ComponentLostError(
        f"the end-to-end orchestrator has said nothing for {silence_s:g} s; look at "
        "`cnc status`, and try again"
    )


async def ask_history(bus: Bus, request: IntentRequest) -> IntentHistory:
    """Ask E2E for the events of one intent, or the last event of all.

    Raises:
        BusError: no answer in time.
    """
    answer = await bus.request(bus.topics.intent_requests(), request, REPLY_S)
    return _of(answer.body, IntentHistory)


async def ask_corrections(bus: Bus, request: IntentRequest) -> Corrections:
    """Correct, forget or list what texts mean.

    Raises:
        BusError: no answer in time.
    """
    answer = await bus.request(bus.topics.intent_requests(), request, REPLY_S)
    return _of(answer.body, Corrections)


async def ask_knowledge(bus: Bus, request: KnowledgeRequest) -> KnowledgeReply:
    """Ask the service orchestrator about knowledge.

    Raises:
        BusError: no answer in time.
    """
    answer = await bus.request(bus.topics.knowledge_requests(), request, REPLY_S)
    return _of(answer.body, KnowledgeReply)


async def ask_services(bus: Bus, request: ServiceRequest) -> ServiceReply:
    """Ask the service orchestrator about services.

    Raises:
        BusError: no answer in time.
    """
    answer = await bus.request(bus.topics.service_requests(), request, REPLY_S)
    return _of(answer.body, ServiceReply)


def _of(body: object, kind: type[BodyT]) -> BodyT:
    if not isinstance(body, kind):
        raise PermanentError(f"an answer of another kind came: {type(body).__name__}")
    return body
