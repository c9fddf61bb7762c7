"""The channels of the bus contract: which kinds travel where, from whom to whom.

One table that the receiving side checks addresses with and the AsyncAPI document is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnc.messages.base import Body
from cnc.messages.directives import DomainDirective
from cnc.messages.envelope import Envelope
from cnc.messages.intents import Corrections, IntentEvent, IntentHistory, IntentRequest
from cnc.messages.knowledge import KnowledgeChange, KnowledgeReply, KnowledgeRequest
from cnc.messages.presence import ClockTick, ControlRequest, Presence
from cnc.messages.reports import DomainReport, SystemView
from cnc.messages.services import (
    Acknowledgement,
    OrchestrationRequest,
    ServiceQuality,
    ServiceReply,
    ServiceRequest,
)
from cnc.messages.telemetry import DemandRequest, DomainActuation, DomainTelemetry
from cnc.messages.topics import Topics


@dataclass(frozen=True)
class Channel:
    """One row of the contract; `address` is relative to the topic root."""

    name: str
    address: str
    bodies: tuple[type[Body], ...]
    sender: str
    receiver: str
    retained: bool = False
    qos: int = 1
    replaceable: bool = False
    """A newer message of the same topic makes an older one worthless."""
    owner_field: str | None = None
    """What the topic's parameter must equal: a field of the body, or `sender`."""


CHANNELS: tuple[Channel, ...] = (
    Channel(
        "presence",
        "presence/{component}",
        (Presence,),
        "every component",
        "all",
        retained=True,
        owner_field="sender",
    ),
    Channel("clock", "clock", (ClockTick,), "infrastructure", "all", qos=0, replaceable=True),
    Channel(
        "telemetry",
        "infrastructure/{domain}/telemetry",
        (DomainTelemetry,),
        "infrastructure",
        "domain",
        retained=True,
        replaceable=True,
        owner_field="domain",
    ),
    Channel(
        "actuation",
        "infrastructure/{domain}/actuation",
        (DomainActuation,),
        "domain",
        "infrastructure",
        owner_field="domain",
    ),
    Channel("demand", "infrastructure/demand", (DemandRequest,), "e2e", "infrastructure"),
    Channel(
        "report",
        "domains/{domain}/report",
        (DomainReport,),
        "domain",
        "e2e",
        retained=True,
        replaceable=True,
        owner_field="domain",
    ),
    Channel(
        "directive",
        "domains/{domain}/directive",
        (DomainDirective,),
        "e2e",
        "domain",
        owner_field="domain",
    ),
    Channel("view", "e2e/view", (SystemView,), "e2e", "service", retained=True, replaceable=True),
    Channel("e2e_requests", "e2e/requests", (OrchestrationRequest,), "service", "e2e"),
    Channel("service_requests", "services/requests", (ServiceRequest,), "provider", "service"),
    Channel(
        "service_quality",
        "services/{service}/qos",
        (ServiceQuality,),
        "service",
        "provider",
        retained=True,
        replaceable=True,
        owner_field="service",
    ),
    Channel("intent_requests", "intents/requests", (IntentRequest,), "user", "e2e"),
    Channel(
        "intent_events",
        "intents/{intent}/events",
        (IntentEvent,),
        "e2e",
        "user",
        retained=True,
        owner_field="intent_id",
    ),
    Channel(
        "knowledge_requests", "knowledge/requests", (KnowledgeRequest,), "user or e2e", "service"
    ),
    Channel("knowledge_changes", "knowledge/changes", (KnowledgeChange,), "service", "e2e"),
    Channel("control", "control/{component}", (ControlRequest,), "any", "component"),
    Channel(
        "replies",
        "replies/{client}",
        (Acknowledgement, ServiceReply, KnowledgeReply, IntentHistory, Corrections, IntentEvent),
        "any",
        "client",
    ),
)

_LEVELS: tuple[tuple[tuple[str, ...], Channel], ...] = tuple(
    (tuple(channel.address.split("/")), channel) for channel in CHANNELS
)


def channel_of(topics: Topics, topic: str) -> tuple[Channel | None, str | None]:
    """The channel of a topic and the value of its parameter; (None, None) for a foreign topic."""
    levels = topics.levels(topic)
    for pattern, channel in _LEVELS:
        if len(pattern) != len(levels):
            continue
        parameter: str | None = None
        for wanted, level in zip(pattern, levels, strict=True):
            if wanted[0] == "{":
                parameter = level
            elif wanted != level:
                break
        else:
            return channel, parameter
    return None, None


def address_problem(
    channel: Channel | None, parameter: str | None, envelope: Envelope[Any]
) -> str | None:
    """Why this message does not belong on this channel; None when it does.

    On topics outside the contract every kind is accepted.
    """
    if channel is None:
        return None
    if not isinstance(envelope.body, channel.bodies):
        return f"kind {envelope.kind} does not travel on {channel.address}"
    if channel.owner_field is None:
        return None
    owner = (
        envelope.sender
        if channel.owner_field == "sender"
        else getattr(envelope.body, channel.owner_field)
    )
    if owner != parameter:
        return f"the topic names {parameter!r}, the message {owner!r}"
    return None
