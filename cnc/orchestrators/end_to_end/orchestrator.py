"""The end-to-end orchestrator: reports in, directives out, once a slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnc.environment.areas import AreaTable
from cnc.environment.observations import EndToEndObservation, Expectation, Hosts
from cnc.environment.sites import Floats, Site
from cnc.errors import CncError, MessageError
from cnc.messages.directives import DomainDirective, HostsPrior
from cnc.messages.intents import IntentRequest
from cnc.messages.presence import ControlRequest, Presence
from cnc.messages.reports import DomainReport
from cnc.messages.services import Acknowledgement, OrchestrationRequest
from cnc.messages.topics import Topics
from cnc.orchestrators.end_to_end.corrections import ACTIONS, CorrectionDesk
from cnc.orchestrators.end_to_end.corrections import COMPUTATION as CORRECTION
from cnc.orchestrators.end_to_end.desk import IntentDesk
from cnc.orchestrators.end_to_end.remedies import Remedies
from cnc.orchestrators.end_to_end.view import GlobalView
from cnc.orchestrators.end_to_end.warm_up import COMPUTATION, WarmUp
from cnc.orchestrators.events import (
    ComputedEvent,
    Event,
    GapEvent,
    MessageEvent,
    StartedEvent,
    TimerEvent,
)
from cnc.orchestrators.expected import expected_message
from cnc.orchestrators.instructions import Instruction, Log, Persist, Publish, SetTimer, Stop
from cnc.orchestrators.offers import Offers
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.warm_agents import WarmEndToEnd
from cnc.policies.interface import DistributedPolicy, expectation_of
from cnc.simulator.world import World

GRACE = "grace"
"""Key of the timer that ends the wait for reports of a slot."""


@dataclass(frozen=True)
class EndToEndSettings:
    """How long E2E waits, and what it expires."""

    grace_s: float = 5.0
    """From the first report of a slot; a silent domain is left out of the slot's plan then."""
    first_grace_s: float = 5.0
    """In slot -1, which places the first replicas and is waited for in every pace."""
    directive_expiry_s: int = 30
    warm: bool = False
    """Agents begin from knowledge, and again where the context changes a lot."""
    warm_grace_s: float = 8.0
    """How long slot -1 waits for it: models are loaded meanwhile. Later slots wait `grace_s`."""


@dataclass(frozen=True, eq=False)
class Directed:
    """What E2E asked of the domains in a slot."""

    observation: EndToEndObservation
    delta: Floats
    hosts: Hosts | None
    expected: Expectation | None


class EndToEndOrchestrator:
    """Events in, instructions out, across all domains.

    Args:
        world: inventory of all domains.
        sites: each domain's part of it.
        offers: the services on offer.
        policy: whose E2E agent decides.
        seed: of the policy.
        topics: the bus's topic names.
        settings: graces and expiry.
        areas: places of the scenario, by name.
    """

    def __init__(
        self,
        world: World,
        sites: Sequence[Site],
        offers: Offers,
        policy: DistributedPolicy,
        seed: int,
        topics: Topics,
        settings: EndToEndSettings | None = None,
        areas: AreaTable | None = None,
    ) -> None:
        self._world = world
        self._sites = sites
        self._policy = policy
        self._seed = seed
        self._topics = topics
        self._settings = settings or EndToEndSettings()
        self._by_name = {site.domain: site for site in sites}
        self._agent = policy.end_to_end(world, seed)
        self._warm: WarmUp | None = None
        if self._settings.warm and isinstance(self._agent, QDistribution):
            self._agent = WarmEndToEnd(self._agent)
            self._warm = WarmUp(world, offers.ids, self._agent)
        self._view = GlobalView(world, sites, offers.ids)
        self._desk = IntentDesk(
            world,
            offers,
            self._agent,
            topics,
            [world.node_name(n) for n in range(len(world.node_domain))],
            [world.link_name(link) for link in range(len(world.link_domain))],
            areas,
        )
        self._corrections = CorrectionDesk()
        self._remedies = Remedies(world, offers)
        self._run = ""
        self._slot: int | None = None
        self._decided: int | None = None
        self._live = [False] * len(sites)
        self._last: Directed | None = None
        self._snapshot: dict[str, Any] | None = None
        self.stale = 0
        self.degraded_slots = 0
        self.ignored = 0

    def handle(self, event: Event) -> list[Instruction]:
        """What follows from one event.

        A report that does not fit is also met later, where a slot is planned from it.
        """
        try:
            return self._handle(event)
        except MessageError as error:
            self.ignored += 1
            what = "a slot is not planned"
            if isinstance(event, MessageEvent):
                what = f"{event.topic} from {event.sender} is skipped"
            return [Log("warning", f"{what}: {error}")]

    def _handle(self, event: Event) -> list[Instruction]:
        if isinstance(event, MessageEvent):
            return self._message(event)
        if isinstance(event, TimerEvent):
            return self._grace_over() if event.key == GRACE else []
        if isinstance(event, ComputedEvent):
            return self._computed(event)
        if isinstance(event, GapEvent):
            return self._gap(event)
        if isinstance(event, StartedEvent) and event.snapshot:
            self._snapshot = event.snapshot
            self._desk.book.restore(event.snapshot.get("intents", []))
            self._run = str(event.snapshot.get("run", ""))
        return []

    # -- messages ----------------------------------------------------------------------------

    def _message(self, event: MessageEvent) -> list[Instruction]:
        body = event.body
        if isinstance(body, DomainReport):
            return self._report(event, body)
        if isinstance(body, Presence):
            return self._presence(event, body)
        if isinstance(body, IntentRequest) and body.action in ACTIONS:
            return self._corrections.request(event, body)
        if isinstance(body, IntentRequest):
            return self._desk.request(event, body)
        if isinstance(body, OrchestrationRequest):
            return self._orchestration(event, body)
        if isinstance(body, ControlRequest):
            if body.action == "stop":
                return [Stop(body.reason or "asked to stop")]
            return [] if self._slot is None else self._decide(self._slot)
        return []

    def _report(self, event: MessageEvent, body: DomainReport) -> list[Instruction]:
        site = self._by_name.get(body.domain)
        if site is None or self._topics.domain_of(event.topic) != body.domain:
            raise MessageError(f"a report of {body.domain!r} does not belong on this topic")
        if event.slot is None:
            raise MessageError("a report carries its slot")
        if event.run != self._run or (self._slot is None and self._decided is None):
            if event.retained and event.run != self._run:
                return []
            self._begin_run(event.run)
        known = self._view.slot_of(site.index)
        if known is not None and event.slot < known:
            self.ignored += 1
            return []
        self._view.take(site, body, event.slot)
        self._live[site.index] = True
        if self._decided is not None and event.slot <= self._decided:
            return self._late(site, event.slot)
        instructions: list[Instruction] = []
        if self._slot is None or event.slot > self._slot:
            self._slot = event.slot
            settings = self._settings
            grace = settings.grace_s if event.slot >= 0 else settings.first_grace_s
            instructions.append(SetTimer(GRACE, max(grace, settings.grace_s)))
        if self._complete(self._slot):
            instructions += self._decide(self._slot)
        return instructions

    def _late(self, site: Site, slot: int) -> list[Instruction]:
        """A report after its slot was decided is used as stale; its domain gets the directive."""
        self.stale += 1
        if slot != self._decided or self._last is None:
            return []
        if self._last.delta.shape[1] != self._reported_classes(site.index):
            return []
        return [self._directive(site, self._last)]

    def _reported_classes(self, domain: int) -> int:
        report = self._view.report_of(domain)
        return -1 if report is None else report.classes

    def _begin_run(self, run: str) -> None:
        """Another infrastructure: nothing measured before counts."""
        same = run == self._run
        self._run, self._slot, self._decided, self._last = run, None, None, None
        self._view.forget()
        if not same:
            self._desk.begin_run()
        if self._warm is not None:
            self._warm.forget()
        if self._snapshot and self._snapshot.get("run") == run:
            self._agent.restore(self._snapshot.get("agent", {}))
            if self._warm is not None:
                self._warm.restore(self._snapshot.get("warm", {}))
                self._desk.system_knowledge = self._warm.used
        self._snapshot = None

    def _presence(self, event: MessageEvent, body: Presence) -> list[Instruction]:
        site = self._by_name.get(event.sender)
        if site is None:
            return []
        alive = body.state in ("birth", "alive")
        was = self._live[site.index]
        self._live[site.index] = alive
        if was and not alive and self._slot is not None and self._decided != self._slot:
            ready = self._complete(self._slot)
            return self._decide(self._slot) if ready else []
        return []

    def _complete(self, slot: int) -> bool:
        """Every live domain has reported the slot."""
        live = [site.index for site in self._sites if self._live[site.index]]
        return bool(live) and all(self._view.slot_of(d) == slot for d in live)

    def _grace_over(self) -> list[Instruction]:
        if self._slot is None or self._decided == self._slot:
            return []
        if self._warm is not None and self._warm.waiting == self._slot:
            self._warm.waiting = None
            text = f"slot {self._slot} is planned before knowledge came; it counts from a frame on"
            return [Log("warning", text), *self._decide(self._slot, asked=True)]
        silent = [
            site.domain
            for site in self._sites
            if self._live[site.index] and self._view.slot_of(site.index) != self._slot
        ]
        for name in silent:
            self._live[self._by_name[name].index] = False
        self.degraded_slots += 1
        text = f"slot {self._slot} is planned without {', '.join(silent) or 'nobody'}: no report"
        return [Log("warning", text), *self._decide(self._slot)]

    def _gap(self, event: GapEvent) -> list[Instruction]:
        """Something of a domain was lost: ask it to report in full."""
        if event.sender not in self._by_name:
            return []
        reason = f"{event.missing} messages missing on {event.topic}"
        body = ControlRequest(action="rebirth", reason=reason)
        return [Publish(self._topics.control(event.sender), body)]

    def _orchestration(self, event: MessageEvent, body: OrchestrationRequest) -> list[Instruction]:
        error = ""
        try:
            text = self._remedies.take(body, self._slot or 0)
        except CncError as problem:
            error, text = str(problem), f"request refused: {problem}"
        instructions: list[Instruction] = [Log("info", text)]
        if event.reply_to is not None:
            answer = Acknowledgement(ok=not error, error=error)
            instructions.append(Publish(event.reply_to, answer, correlation=event.message_id))
        return instructions

    def _computed(self, event: ComputedEvent) -> list[Instruction]:
        if event.name == "recognise":
            return self._desk.recognised(event.token, event.result, event.error)
        if event.name == "retrieve":
            entries = tuple(event.result or ())
            instructions = self._desk.retrieved(event.token, entries, event.error)
            if event.error:
                instructions.insert(0, Log("warning", f"knowledge retrieval: {event.error}"))
            return instructions
        if event.name == CORRECTION:
            return self._corrections.computed(event)
        if event.name == COMPUTATION and self._warm is not None:
            return self._warmed(event, self._warm)
        return []

    def _warmed(self, event: ComputedEvent, warm: WarmUp) -> list[Instruction]:
        """Knowledge of the whole system came: the slot that waits for it goes on."""
        waits = warm.waiting is not None and warm.waiting == self._slot
        if event.error:
            warm.waiting = None
            said = Log("warning", f"agents begin without knowledge: {event.error}")
        else:
            said = Log("info", warm.answer(event.result or ()))
        if not waits or self._slot is None:
            return [said]
        return [said, *self._decide(self._slot, asked=True)]

    # -- the slot ------------------------------------------------------------------------------

    def _decide(self, slot: int, asked: bool = False) -> list[Instruction]:
        """Plan the slot: directives to every live domain, the view, the intents' next steps.

        Args:
            slot: that is planned.
            asked: knowledge for it was asked for, and is not waited for any more.
        """
        if self._warm is not None and self._warm.waiting == slot:
            return []
        domains, services = len(self._sites), len(self._world.work_gc)
        count, _ = self._view.groups(slot)
        reports = self._view.reports_at(slot)
        frame_start = any(report.frame_start for report in reports.values())
        hosts_prior = self._desk.book.hosts_prior(domains, services)
        hosts_prior += self._remedies.hosts_prior(slot)
        observation = self._view.observation(
            slot,
            frame_start,
            self._live,
            self._priors(slot, count),
            np.clip(hosts_prior, -3.0, 3.0),
            self._desk.book.announced(count),
        )
        if self._warm is not None:
            question = None if asked else self._warm.ask(observation)
            if question is not None:
                settings = self._settings
                wait = settings.warm_grace_s if slot < 0 else settings.grace_s
                return [question, SetTimer(GRACE, wait)]
            self._warm.apply(observation)
            self._desk.system_knowledge = self._warm.used
        hosts = self._agent.hosts(observation) if frame_start else None
        delta = self._agent.distribute(observation)
        self._decided = slot
        self._last = Directed(observation, delta, hosts, expectation_of(self._agent))
        instructions: list[Instruction] = [SetTimer(GRACE, 0.0)]
        instructions += [
            self._directive(site, self._last) for site in self._sites if self._live[site.index]
        ]
        instructions += self._desk.advance(observation, self._view)
        summary = self._view.summary(
            slot,
            self._policy.name,
            observation.classes,
            self._live,
            tuple(record.intent_id for record in self._desk.book.active),
            self.stale,
        )
        if summary is not None:
            view = Publish(self._topics.view(), summary, slot=slot, retain=True, replaceable=True)
            instructions.append(view)
        if frame_start:
            instructions.append(Persist(self.snapshot()))
        return instructions

    def _priors(self, slot: int, count: int) -> dict[int, Floats]:
        """[K] log-weights by class: the intents' knowledge, and remedies for whole services."""
        base = len(self._world.classes.service)
        priors = {c: rows for c, rows in self._desk.book.priors().items() if c < count}
        for c, rows in self._remedies.priors(slot).items():
            priors[c] = priors[c] + rows if c in priors else rows
        return {c: rows for c, rows in priors.items() if c < max(base, count)}

    def _directive(self, site: Site, asked: Directed) -> Publish:
        observation, delta, hosts = asked.observation, asked.delta, asked.hosts
        expected = None if asked.expected is None else asked.expected.of(site)
        body = DomainDirective.model_construct(
            domain=site.domain,
            frame_start=observation.frame_start,
            inflow=tuple(map(tuple, delta[site.origins, :, site.candidate].tolist())),
            requests=tuple(map(tuple, observation.requests[site.origins].tolist())),
            origins=tuple(site.origins.tolist()),
            groups=self._desk.book.class_rows(site.origins.tolist()),
            hosts=None
            if hosts is None
            else HostsPrior.model_construct(
                allowed=tuple(hosts.allowed[site.index].tolist()),
                prior=tuple(hosts.prior[site.index].tolist()),
            ),
            expected=None if expected is None else expected_message(expected),
            warm="" if self._warm is None else self._warm.part_of(site.domain, observation.slot),
            priority=50,
            reason=self._remedies.reason(observation.slot),
        )
        return Publish(
            self._topics.directive(site.domain),
            body,
            slot=observation.slot,
            expiry_s=self._settings.directive_expiry_s,
        )

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs."""
        return {
            "run": self._run,
            "agent": self._agent.snapshot(),
            "intents": self._desk.book.snapshot(),
            **({} if self._warm is None else {"warm": self._warm.snapshot()}),
        }
