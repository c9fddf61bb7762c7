"""Asking a system of pure orchestrators for an intent, as a client would."""

from __future__ import annotations

from typing import Any

from cnc.messages.intents import Intent, IntentEvent, IntentRequest, Slot
from cnc.orchestrators.events import ComputedEvent, MessageEvent
from tests.orchestrators.systems import System

INTERACTIVE = "ar-split-rendering"


def ar(users: int, latency_ms: float, priority: int = 5, area: str | None = None) -> Intent:
    """An intent for augmented reality."""
    return Intent(
        service=INTERACTIVE,
        service_name="Augmented reality",
        scenario="Immersive Communication",
        users=Slot(value=users, origin="said"),
        latency_ms=Slot(value=latency_ms, origin="said"),
        data_rate_mbps=Slot(value=1.2, origin="assumed"),
        reliability_pct=Slot(value=95.0, origin="assumed"),
        priority=Slot(value=priority, origin="said"),
        area=None if area is None else Slot(value=area, origin="said"),
        confidence=0.9,
    )


def ask(system: System, name: str, intent: Intent, **fields: Any) -> list[IntentEvent]:
    """Submit an intent for which no knowledge is found; the events that follow at once."""
    before = len(system.events())
    body = IntentRequest(intent_id=name, text="a request", intent=intent, slots=3, **fields)
    tell(system, body)
    system.tell_e2e(ComputedEvent("retrieve", name, ()))
    return system.events()[before:]


def withdraw(system: System, name: str) -> None:
    """End an intent."""
    tell(system, IntentRequest(action="withdraw", intent_id=name))


def tell(system: System, body: IntentRequest) -> None:
    """Hand a request to E2E."""
    topic = system.blueprint.topics.intent_requests()
    system.tell_e2e(MessageEvent(topic=topic, sender="client", body=body, reply_to="replies/x"))


def after(slots: int) -> System:
    """A small system after some slots, with the greedy policy."""
    system = System()
    for _ in range(slots):
        system.step()
    return system
