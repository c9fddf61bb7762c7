"""One domain's orchestrator: reports up, decides replicas, splits and paths, acts down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Integers, Site
from cnc.errors import CncError, MessageError
from cnc.messages.directives import DomainDirective
from cnc.messages.presence import ControlRequest, Presence
from cnc.messages.reports import DomainReport, GroupChoice
from cnc.messages.telemetry import DomainActuation, DomainTelemetry
from cnc.messages.topics import Topics
from cnc.orchestrators.domain.mapping import check_amounts, observation_of, report_of
from cnc.orchestrators.events import Event, GapEvent, MessageEvent, StartedEvent
from cnc.orchestrators.expected import expected_split
from cnc.orchestrators.instructions import Instruction, Log, Persist, Publish, Stop
from cnc.orchestrators.traffic_classes import with_groups
from cnc.policies.hmarl.learning.packing import unpacked
from cnc.policies.hmarl.warm_agents import warm_domain
from cnc.policies.hmarl.warm_start import of_part
from cnc.policies.interface import DistributedPolicy

END_TO_END = "e2e"
"""Component name of the end-to-end orchestrator."""


class DomainOrchestrator:
    """Events in, instructions out, for one domain.

    Args:
        site: the domain's inventory.
        policy: whose domain agent decides.
        seed: of the policy.
        topics: the bus's topic names.
    """

    def __init__(self, site: Site, policy: DistributedPolicy, seed: int, topics: Topics) -> None:
        self.site = site
        self._policy = policy
        self._seed = seed
        self._topics = topics
        self._agent = policy.domain(site, seed)
        self._run = ""
        self._report: DomainReport | None = None
        self._observation: DomainObservation | None = None
        self._slot: int | None = None
        self._answered: tuple[int, Publish] | None = None
        self._order: Order | None = None
        self._choices: tuple[GroupChoice, ...] = ()
        self._snapshot: dict[str, Any] | None = None
        self._alone = False
        self.gaps = 0
        self.ignored = 0

    def handle(self, event: Event) -> list[Instruction]:
        """What follows from one event."""
        if isinstance(event, StartedEvent):
            self._snapshot = event.snapshot
            return []
        if isinstance(event, GapEvent):
            self.gaps += event.missing
            return []
        if not isinstance(event, MessageEvent):
            return []
        body = event.body
        try:
            if isinstance(body, DomainTelemetry):
                return self._telemetry(event, body)
            if isinstance(body, DomainDirective):
                return self._directive(event, body)
        except MessageError as error:
            self.ignored += 1
            return [Log("warning", f"{event.topic} from {event.sender} is skipped: {error}")]
        if isinstance(body, Presence) and event.sender == END_TO_END:
            self._alone = body.state in ("lost", "exit")
            return self._act_alone() if self._alone else []
        if isinstance(body, ControlRequest):
            return self._control(body)
        return []

    def _telemetry(self, event: MessageEvent, body: DomainTelemetry) -> list[Instruction]:
        if body.domain != self.site.domain or event.slot is None:
            raise MessageError(f"telemetry of {body.domain} without a slot, or of another domain")
        if event.run != self._run:
            self._begin_run(event.run)
        elif self._slot is not None and event.slot < self._slot:
            self.ignored += 1
            return []
        elif event.slot == self._slot:
            return self._report_again()
        report = report_of(self.site, body, self._choices, self.gaps)
        self._observation = observation_of(self.site, report, event.slot)
        self._report, self._slot = report, event.slot
        instructions = self._report_again()
        if self._alone:
            instructions += self._act_alone()
        return instructions

    def _begin_run(self, run: str) -> None:
        """A run is one life of the infrastructure; estimates of another one do not count."""
        self._run, self._slot, self._order, self._answered = run, None, None, None
        self._agent = self._policy.domain(self.site, self._seed)
        self._choices = ()
        if self._snapshot and self._snapshot.get("run") == run:
            self._agent.restore(self._snapshot.get("agent", {}))
        self._snapshot = None

    def _report_again(self) -> list[Instruction]:
        if self._report is None:
            return []
        topic = self._topics.report(self.site.domain)
        return [Publish(topic, self._report, slot=self._slot, retain=True, replaceable=True)]

    def _directive(self, event: MessageEvent, body: DomainDirective) -> list[Instruction]:
        if body.domain != self.site.domain or event.slot is None:
            raise MessageError(f"directive for {body.domain} without a slot, or for another domain")
        if event.run != self._run or self._slot is None or event.slot < self._slot:
            self.ignored += 1
            return []
        if event.slot > self._slot or self._observation is None:
            raise MessageError(f"directive for slot {event.slot} before its telemetry")
        if self._answered and self._answered[0] == event.slot:
            return [self._answered[1]]
        expected, log = self._expected(body)
        self._order = self._order_of(body, event.slot)
        order = replace(self._order, expected=expected)
        return [*log, *self._warm(body.warm), *self._decide(order)]

    def _expected(self, body: DomainDirective) -> tuple[Split | None, list[Instruction]]:
        """The split that E2E expects, for this slot alone; none where it does not fit here."""
        if body.expected is None:
            return None, []
        try:
            return expected_split(body.expected, self.site), []
        except MessageError as error:
            return None, [Log("warning", f"{error}; it is left out")]

    def _warm(self, packed: str) -> list[Instruction]:
        """Begin with what E2E found in its knowledge, if it sent something."""
        if not packed:
            return []
        try:
            warm_domain(self._agent, of_part(unpacked(packed)))
        except CncError as error:
            return [Log("warning", f"knowledge of e2e is left out: {error}")]
        return [Log("info", "begins with weights and slots from knowledge")]

    def _order_of(self, body: DomainDirective, slot: int) -> Order:
        site = self.site
        inflow, requests = np.array(body.inflow), np.array(body.requests)
        assert self._report is not None
        shape = (len(site.origins), self._report.classes)
        if tuple(body.origins) != tuple(site.origins.tolist()):
            raise MessageError(f"directive has rows for origins {body.origins}")
        if inflow.shape != shape or requests.shape != shape:
            raise MessageError(f"directive has inflow of shape {inflow.shape}; {shape} is expected")
        check_amounts("directive has", inflow, requests)
        services = len(site.work_gc)
        classes = with_groups(site.base_classes, (*self._report.groups, *body.groups), shape[1])
        announced = np.zeros(shape)
        upcoming = [group for group in body.groups if any(group.announced)]
        for group in upcoming:
            demand = np.array(group.announced)
            if demand.shape != shape[:1] or group.service >= services:
                raise MessageError(
                    f"a group of service {group.service} is announced at {demand.size} origins"
                )
            if group.traffic_class < shape[1]:
                announced[:, group.traffic_class] += demand
            else:
                announced[:, _carrier(classes.service, group.service)] += demand
        hosts = body.hosts
        if hosts is not None and {len(hosts.allowed), len(hosts.prior)} != {services}:
            raise MessageError(f"hosts are not told for each of {services} services")
        return Order(
            slot=slot,
            frame_start=body.frame_start,
            inflow=inflow,
            requests=requests,
            classes=classes,
            announced=announced,
            allowed=np.ones(services, dtype=bool) if hosts is None else np.array(hosts.allowed),
            prior=np.zeros(services) if hosts is None else np.array(hosts.prior),
        )

    def _decide(self, order: Order) -> list[Instruction]:
        observation = self._observation
        assert observation is not None and self._slot is not None
        self._agent.observe(order)
        replicas = self._agent.deploy(observation, order) if observation.frame_start else None
        split = self._agent.split(observation, order)
        self._choices = self._choices_of(split, order)
        publish = Publish(
            self._topics.actuation(self.site.domain),
            self._actuation(split, replicas, order),
            slot=self._slot,
        )
        self._answered = (self._slot, publish)
        instructions: list[Instruction] = [publish]
        if observation.frame_start:
            instructions.append(Persist({"run": self._run, "agent": self._agent.snapshot()}))
        return instructions

    def _actuation(self, split: Split, replicas: Integers | None, order: Order) -> DomainActuation:
        return DomainActuation.model_construct(
            domain=self.site.domain,
            replicas=None if replicas is None else tuple(map(tuple, replicas.tolist())),
            split=tuple(map(tuple, split.sigma.tolist())),
            paths=tuple(map(tuple, split.paths.tolist())),
            inflow=tuple(map(tuple, order.inflow.tolist())),
        )

    def _choices_of(self, split: Split, order: Order) -> tuple[GroupChoice, ...]:
        base = len(self.site.base_classes.service)
        return tuple(
            GroupChoice(
                traffic_class=c,
                nodes=tuple(split.sigma[int(order.classes.service[c])].tolist()),
                paths=tuple(split.paths[int(order.classes.service[c])].tolist()),
            )
            for c in range(base, len(order.classes.service))
        )

    def _act_alone(self) -> list[Instruction]:
        """Without E2E the last order stands, as long as its classes are still those in use."""
        if self._order is None or self._observation is None or self._slot is None:
            return []
        if self._answered and self._answered[0] == self._slot:
            return [self._answered[1]]
        assert self._report is not None
        if self._order.inflow.shape[1] != self._report.classes:
            return [Log("warning", "e2e is lost and the classes changed: waiting for it")]
        order = Order(
            slot=self._slot,
            frame_start=self._observation.frame_start,
            inflow=self._order.inflow,
            requests=self._order.requests,
            classes=self._order.classes,
            announced=self._order.announced,
            allowed=self._order.allowed,
            prior=self._order.prior,
        )
        return self._decide(order)

    def _control(self, body: ControlRequest) -> list[Instruction]:
        if body.action == "stop":
            return [Stop(body.reason or "asked to stop")]
        return self._report_again()


def _carrier(service_of: Integers, service: int) -> int:
    """The base class of a service, which carries announced demand until its class exists."""
    return int(np.flatnonzero(service_of == service)[0])
