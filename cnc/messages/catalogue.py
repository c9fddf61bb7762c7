"""Every message kind in one table, and the envelope class of each."""

from __future__ import annotations

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

BODIES: tuple[type[Body], ...] = (
    Presence,
    ClockTick,
    ControlRequest,
    DomainTelemetry,
    DomainActuation,
    DemandRequest,
    DomainReport,
    DomainDirective,
    SystemView,
    OrchestrationRequest,
    ServiceRequest,
    ServiceReply,
    ServiceQuality,
    IntentRequest,
    IntentEvent,
    IntentHistory,
    Corrections,
    KnowledgeRequest,
    KnowledgeReply,
    KnowledgeChange,
    Acknowledgement,
)

ENVELOPES: dict[str, type[Envelope[Any]]] = {body.KIND: Envelope[body] for body in BODIES}  # type: ignore[valid-type]
