"""The service orchestrator: what is offered, how it fares, what was learned."""

from __future__ import annotations

from typing import Any

from cnc.knowledge.change import pages
from cnc.messages.knowledge import (
    KnowledgeChange,
    KnowledgeReply,
    KnowledgeRequest,
    VectorRecord,
)
from cnc.messages.presence import ControlRequest, Presence
from cnc.messages.reports import ServiceState, SystemView
from cnc.messages.services import (
    OrchestrationRequest,
    ServiceDescriptor,
    ServiceQuality,
    ServiceReply,
    ServiceRequest,
)
from cnc.messages.topics import Topics
from cnc.orchestrators.events import ComputedEvent, Event, MessageEvent, StartedEvent
from cnc.orchestrators.instructions import Compute, Fail, Instruction, Publish, Stop
from cnc.orchestrators.service.triggers import Triggers, TriggerSettings

QUALITY_EVERY_SLOTS = 10
"""QoS abstractions go out once a frame, and at once when a service's SLA state changes."""
READ_ONLY = ("list", "show", "search", "export", "changes_since")


def _change(records: tuple[VectorRecord, ...]) -> KnowledgeChange:
    newest = records[-1]
    return KnowledgeChange(records=records, generation=newest.generation, model_id=newest.model_id)


class ServiceOrchestrator:
    """Events in, instructions out, for services and knowledge.

    The registry and the knowledge base are stores that the shell owns: requests go to them as
    computations (`services`, `knowledge`) and come back with the answer and the changes. Where
    they cannot be opened at the start the component ends: nothing it does works without them.
    """

    def __init__(
        self,
        descriptors: tuple[ServiceDescriptor, ...],
        topics: Topics,
        triggers: TriggerSettings | None = None,
    ) -> None:
        self._topics = topics
        self._triggers = Triggers(triggers or TriggerSettings())
        self._levels = {d.service: d.level for d in descriptors}
        self._descriptors = descriptors
        self._states: dict[str, str] = {}
        self._waiting: dict[str, MessageEvent] = {}
        self._token = 0
        self._run = ""

    def handle(self, event: Event) -> list[Instruction]:
        """What follows from one event."""
        if isinstance(event, StartedEvent):
            return [Compute("register_offers", "start", {"descriptors": self._descriptors})]
        if isinstance(event, ComputedEvent):
            return self._computed(event)
        if not isinstance(event, MessageEvent):
            return []
        body = event.body
        if isinstance(body, SystemView):
            return self._view(event, body)
        if isinstance(body, KnowledgeRequest):
            return self._ask("knowledge", event)
        if isinstance(body, ServiceRequest):
            return self._ask("services", event)
        if isinstance(body, ControlRequest) and body.action == "stop":
            return [Stop(body.reason or "asked to stop")]
        if isinstance(body, Presence):
            return []
        return []

    def _ask(self, name: str, event: MessageEvent) -> list[Instruction]:
        self._token += 1
        token = f"{name}-{self._token}"
        self._waiting[token] = event
        arguments: dict[str, object] = {"request": event.body}
        if name == "knowledge":
            arguments["message_id"] = event.message_id
        return [Compute(name, token, arguments)]

    def _computed(self, event: ComputedEvent) -> list[Instruction]:
        asked = self._waiting.pop(event.token, None)
        if asked is None:
            return [Fail(event.error)] if event.error else []
        instructions: list[Instruction] = []
        if event.name == "knowledge":
            reply = event.result if event.result else KnowledgeReply(ok=False, error=event.error)
            body = asked.body
            assert isinstance(body, KnowledgeRequest)
            if reply.ok and reply.changes and body.action not in READ_ONLY:
                topic = self._topics.knowledge_changes()
                instructions += [Publish(topic, _change(page)) for page in pages(reply.changes)]
                reply = reply.model_copy(update={"changes": ()})
            instructions += self._answer(asked, reply)
        elif event.name == "services":
            answer = event.result if event.result else ServiceReply(ok=False, error=event.error)
            instructions += self._answer(asked, answer)
            body = asked.body
            assert isinstance(body, ServiceRequest)
            if answer.ok:
                instructions += self._after(body)
        return instructions

    def _after(self, body: ServiceRequest) -> list[Instruction]:
        if body.action == "register" and body.descriptor is not None:
            self._levels[body.descriptor.service] = body.descriptor.level
            return []
        if body.action in ("deploy", "retire") and body.service is not None:
            request = OrchestrationRequest(action=body.action, services=(body.service,))
            return [Publish(self._topics.e2e_requests(), request)]
        return []

    def _answer(self, asked: MessageEvent, body: Any) -> list[Instruction]:
        if asked.reply_to is None:
            return []
        return [Publish(asked.reply_to, body, correlation=asked.message_id)]

    def _view(self, event: MessageEvent, view: SystemView) -> list[Instruction]:
        if event.retained:
            return []
        if event.run != self._run:
            self._run = event.run
            self._triggers = Triggers(self._triggers.settings)
        limits = {service: level.latency_ms for service, level in self._levels.items()}
        instructions: list[Instruction] = []
        for request in self._triggers.watch(view, limits):
            instructions.append(Publish(self._topics.e2e_requests(), request, slot=event.slot))
        due = view.measured_slot % QUALITY_EVERY_SLOTS == QUALITY_EVERY_SLOTS - 1
        for state in view.services:
            quality = self._quality(state)
            if due or self._states.get(state.service) not in (None, quality.sla):
                topic = self._topics.service_quality(state.service)
                publish = Publish(topic, quality, slot=event.slot, retain=True, replaceable=True)
                instructions.append(publish)
            self._states[state.service] = quality.sla
        return instructions

    def _quality(self, state: ServiceState) -> ServiceQuality:
        level = self._levels.get(state.service)
        share = state.satisfied / state.requests if state.requests > 0 else 1.0
        met = level is None or share >= level.reliability_pct / 100.0
        return ServiceQuality(
            service=state.service,
            requests=state.requests,
            satisfied_share=share,
            p50_ms=state.p50_ms,
            p95_ms=state.p95_ms,
            p99_ms=state.p99_ms,
            sla="idle" if state.requests <= 0 else "met" if met else "violated",
        )
