"""A whole system of pure orchestrators, driven without any bus: messages are handed around."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnc.environment.assembly import assemble
from cnc.environment.infrastructure import Infrastructure, SlotOutcome
from cnc.environment.native import native_telemetry
from cnc.messages.intents import IntentEvent
from cnc.messages.presence import Presence
from cnc.messages.telemetry import DemandRequest, DomainActuation, TrafficClass
from cnc.orchestrators.domain.orchestrator import DomainOrchestrator
from cnc.orchestrators.end_to_end.orchestrator import EndToEndOrchestrator
from cnc.orchestrators.events import ComputedEvent, MessageEvent
from cnc.orchestrators.instructions import Compute, Instruction, Log, Persist, Publish
from cnc.processes.actuation_check import checked_part
from cnc.processes.blueprint import Blueprint, SystemConfig

RUN = "run-1"


@dataclass
class System:
    """Infrastructure, E2E and domains of one scenario; every message is kept."""

    policy: str = "grd"
    scenario: str = "small"
    load: float = 90.0
    blueprint: Blueprint = field(init=False)
    published: list[Publish] = field(default_factory=list)
    computes: list[Compute] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: list[SlotOutcome] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(
            SystemConfig(broker="", policy=self.policy, scenario=self.scenario, load=self.load)
        )
        plan = self.blueprint
        self.infrastructure = Infrastructure(plan.world, 0, self.load)
        self.domains = {site.domain: self.new_domain(site.domain) for site in plan.sites}
        self.e2e = self.new_e2e()
        self.demands: list[DemandRequest] = []

    def new_domain(self, domain: str) -> DomainOrchestrator:
        plan = self.blueprint
        return DomainOrchestrator(plan.site(domain), plan.policy, 0, plan.topics)

    def new_e2e(self) -> EndToEndOrchestrator:
        plan = self.blueprint
        e2e = EndToEndOrchestrator(
            plan.world, plan.sites, plan.offers, plan.policy, 0, plan.topics, areas=plan.areas
        )
        for domain in plan.world.domain_ids:
            e2e.handle(presence(plan, domain, "birth"))
        return e2e

    def step(self) -> list[DomainActuation]:
        """One slot: telemetry, reports, directives, actuations, and the simulator's step."""
        plan, infrastructure = self.blueprint, self.infrastructure
        for demand in self.demands:
            for name in demand.end:
                infrastructure.end_group(name)
            for group in demand.start:
                infrastructure.start_group(
                    group.group,
                    group.traffic_class,
                    group.service,
                    group.uplink_mbit,
                    group.downlink_mbit,
                    group.deadline_s,
                    np.array(group.requests),
                )
        self.demands = []
        measured = infrastructure.measure()
        classes, base = measured.classes, len(plan.world.classes.service)
        groups = tuple(
            TrafficClass(
                traffic_class=c,
                service=int(classes.service[c]),
                uplink_mbit=float(classes.uplink_mbit[c]),
                downlink_mbit=float(classes.downlink_mbit[c]),
                deadline_s=float(classes.deadline_s[c]),
            )
            for c in range(base, len(classes.service))
        )
        queue: deque[tuple[str, Publish]] = deque()
        for site in plan.sites:
            body = native_telemetry(plan.world, site, measured, infrastructure.last, 0, groups)
            topic = plan.topics.telemetry(site.domain)
            queue.append(("infrastructure", Publish(topic, body, slot=measured.slot)))
        actuations = self._deliver(queue)
        parts = {
            plan.world.domain_index(a.domain): checked_part(plan.site(a.domain), measured, a)
            for a in actuations
        }
        outcome = infrastructure.actuate(assemble(plan.world, plan.sites, measured, parts))
        if outcome is not None:
            self.outcomes.append(outcome)
        return actuations

    def _deliver(self, queue: deque[tuple[str, Publish]]) -> list[DomainActuation]:
        actuations: list[DomainActuation] = []
        topics = self.blueprint.topics
        while queue:
            sender, publish = queue.popleft()
            self.published.append(publish)
            body = publish.body
            event = message(publish, sender)
            if isinstance(body, DomainActuation):
                actuations.append(body)
            elif isinstance(body, DemandRequest):
                self.demands.append(body)
            elif publish.topic.endswith("/report"):
                self._queue(queue, "e2e", self.e2e.handle(event))
            else:
                domain = topics.domain_of(publish.topic)
                if domain in self.domains and domain not in self.absent:
                    self._queue(queue, domain, self.domains[domain].handle(event))
        return actuations

    def _queue(
        self, queue: deque[tuple[str, Publish]], sender: str, instructions: list[Instruction]
    ) -> None:
        for instruction in instructions:
            if isinstance(instruction, Publish):
                queue.append((sender, instruction))
            elif isinstance(instruction, Compute):
                self.computes.append(instruction)
            elif isinstance(instruction, Log):
                self.logs.append(instruction)
            elif isinstance(instruction, Persist):
                self.snapshots[sender] = instruction.snapshot

    def tell_e2e(self, event: MessageEvent | ComputedEvent) -> None:
        """Give E2E an event between slots."""
        queue: deque[tuple[str, Publish]] = deque()
        self._queue(queue, "e2e", self.e2e.handle(event))
        self._deliver(queue)

    def events(self) -> list[IntentEvent]:
        """Every intent event so far."""
        return [p.body for p in self.published if isinstance(p.body, IntentEvent)]


def message(publish: Publish, sender: str) -> MessageEvent:
    return MessageEvent(
        topic=publish.topic,
        sender=sender,
        body=publish.body,
        slot=publish.slot,
        run=RUN,
        message_id=f"{sender}-{publish.topic}-{publish.slot}",
        reply_to=publish.reply_to,
        correlation=publish.correlation,
    )


def presence(plan: Blueprint, component: str, state: str) -> MessageEvent:
    layer = "e2e" if component == "e2e" else "domain"
    return MessageEvent(
        topic=plan.topics.presence(component),
        sender=component,
        body=Presence(state=state, layer=layer),  # type: ignore[arg-type]
    )
