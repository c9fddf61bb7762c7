"""The intent desk: the life cycle of every intent, from a sentence to a measured verdict.

received > recognised (or ask, refused) > planned (or infeasible) > deployed > measured … >
compliant or degraded, and withdrawn where an intent was kept. An intent that yields to a more
urgent one is degraded, and planned again when that one has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnc.environment.areas import AreaTable
from cnc.environment.observations import EndToEndObservation
from cnc.errors import CncError
from cnc.knowledge.retrieval import Context, candidate_prior
from cnc.messages.feasibility import Conflict, Feasibility
from cnc.messages.intents import (
    EventName,
    IntentEvent,
    IntentHistory,
    IntentRequest,
    Recognition,
    UsedKnowledge,
)
from cnc.messages.knowledge import ScoredEntry
from cnc.messages.telemetry import DemandRequest
from cnc.messages.topics import Topics
from cnc.orchestrators.end_to_end.book import IntentBook
from cnc.orchestrators.end_to_end.constraints import short_of_memory
from cnc.orchestrators.end_to_end.family import ended_families, named_parts, part_record, parts_of
from cnc.orchestrators.end_to_end.lessons import lessons
from cnc.orchestrators.end_to_end.outlook import extended
from cnc.orchestrators.end_to_end.places import with_domains
from cnc.orchestrators.end_to_end.planner import Planner, starts_now
from cnc.orchestrators.end_to_end.planning import candidate_rows, intent_fit
from cnc.orchestrators.end_to_end.quantiles import QualityWindow
from cnc.orchestrators.end_to_end.record import IntentRecord
from cnc.orchestrators.end_to_end.tracking import QualitySource, actual_placements
from cnc.orchestrators.end_to_end.usual import Usual
from cnc.orchestrators.end_to_end.verdict import required_share, verdict
from cnc.orchestrators.events import MessageEvent
from cnc.orchestrators.instructions import Compute, Instruction, Publish
from cnc.orchestrators.offers import Offers
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import World

PATIENCE_SLOTS = 25
"""Slots after which an announced group that no domain serves ends as infeasible."""

SETTLED_SLOTS = 2
"""From the end of an intent until its load has left the measurements."""


class IntentDesk:
    """Keeps the records of all intents and says what follows from each step."""

    def __init__(
        self,
        world: World,
        offers: Offers,
        agent: EndToEndAgent,
        topics: Topics,
        node_names: Sequence[str],
        link_names: Sequence[str],
        areas: AreaTable | None = None,
    ) -> None:
        self._areas = areas or AreaTable()
        self._world = world
        self._offers = offers
        self._agent = agent
        self._topics = topics
        self._node_names = node_names
        self._planner = Planner(world, offers, agent, node_names, link_names)
        self.book = IntentBook(world)
        self._observation: EndToEndObservation | None = None
        self._usual = Usual()
        self.system_knowledge: tuple[UsedKnowledge, ...] = ()
        """What agents began with; explanations name it beside what was found for the intent."""

    # -- steps of the life cycle ---------------------------------------------------------------

    def request(self, event: MessageEvent, body: IntentRequest) -> list[Instruction]:
        """A user submits, withdraws, lists or asks to explain."""
        if body.action in ("list", "explain"):
            return self._history(event, body)
        if body.action == "withdraw":
            return self._withdraw(event, body)
        known = self.book.get(body.intent_id)
        if known is not None:
            return [self._again(known)]
        record = IntentRecord(request=body, reply_to=event.reply_to)
        self.book.add(record)
        instructions = [self._say(record, "received", text=body.text)]
        if body.intent is not None:
            record.intent = body.intent
            return instructions + self._understood(record)
        compute = Compute(
            "recognise",
            body.intent_id,
            {
                "text": body.text,
                "service": body.service,
                "accept_first": body.accept_first,
            },
        )
        return [*instructions, compute]

    def recognised(self, token: str, result: Recognition | None, error: str) -> list[Instruction]:
        """The recogniser answered."""
        record = self.book.get(token)
        if record is None or record.state != "recognising":
            return []
        if result is None:
            return [self._end(record, "refused", reason="no_service_class", message=error)]
        if result.outcome == "refused":
            return [self._end(record, "refused", reason=result.reason, message=result.message)]
        if result.outcome == "ask":
            return [self._end(record, "ask", choices=result.choices, message=result.message)]
        if result.parts:
            return self._divide(record, result)
        assert result.intent is not None
        record.intent = result.intent
        return self._understood(record)

    def _divide(self, record: IntentRecord, result: Recognition) -> list[Instruction]:
        """Several services: each part becomes an intent of its own."""
        record.parts = named_parts(record.intent_id, result.parts)
        record.intent, record.state = result.intent, "divided"
        said = {"text": record.request.text, "intent": record.intent, "parts": record.parts}
        instructions: list[Instruction] = [self._say(record, "recognised", **said)]
        for part in record.parts:
            child = part_record(record.request, part)
            self.book.add(child)
            instructions.append(self._say(child, "received", text=part.text))
            instructions += self._understood(child)
        return instructions

    def _gather(self) -> list[Instruction]:
        """Intents of several services end when all of their parts have."""
        instructions: list[Instruction] = []
        for record, name, fields in ended_families(self.book):
            record.state = "divided" if fields["kept"] else "ended"
            instructions.append(self._say(record, name, **fields))
        return instructions

    def _understood(self, record: IntentRecord) -> list[Instruction]:
        intent = record.intent
        assert intent is not None
        origin = record.request.origin
        intent = record.intent = with_domains(intent, self._areas, self._world, origin)
        record.state = "retrieving"
        said = self._say(record, "recognised", text=record.request.text, intent=intent)
        query = Compute(
            "retrieve",
            record.intent_id,
            {"text": record.request.text or intent.service_name, "context": self._context(record)},
        )
        return [said, query]

    def _context(self, record: IntentRecord) -> Context:
        intent = record.intent
        assert intent is not None
        load, hotspot = None, None
        lost: tuple[str, ...] = ()
        if self._observation is not None:
            per_origin = self._observation.requests.sum(axis=1)
            load = float(per_origin.sum())
            hotspot = self._world.domain_ids[int(per_origin.argmax())]
            lost = tuple(
                name
                for name, live in zip(self._world.domain_ids, self._observation.live, strict=True)
                if not live
            )
        try:
            service_class = self._offers.of(intent.service).service_class
        except CncError:
            service_class = None
        return Context(
            service=intent.service,
            service_class=service_class,
            load=load,
            users=intent.users.value,
            latency_ms=intent.latency_ms.value,
            hotspot=hotspot,
            lost_domains=lost,
        )

    def retrieved(
        self, token: str, entries: tuple[ScoredEntry, ...], error: str
    ) -> list[Instruction]:
        """Knowledge came back; without any the policy decides alone."""
        record = self.book.get(token)
        if record is None or record.state != "retrieving":
            return []
        record.entries = entries
        record.prior = candidate_rows(candidate_prior(entries))
        record.state = "unplanned"
        observation = self._observation
        if observation is None or observation.slot < 0:
            return []
        return [*self._plan(record, observation), *self._gather()]

    def _plan(self, record: IntentRecord, observation: EndToEndObservation) -> list[Instruction]:
        assert record.intent is not None
        try:
            ahead = self._usual.ahead(observation)
            found = self._planner.decide(record, ahead, self.book)
        except CncError as error:
            return [self._end(record, "infeasible", message=str(error))]
        record.fit, record.demand, record.plan = found.trial.fit, found.trial.demand, found.plan
        record.green = found.trial.green
        record.knowledge = (*found.knowledge, *self.system_knowledge)
        said = {
            "feasibility": found.feasibility,
            "conflicts": found.conflicts,
            "knowledge": record.knowledge,
            "message": found.message,
            "notes": found.notes,
        }
        if found.plan is None:
            return [self._end(record, "infeasible", **said)]
        record.placements = found.plan.placements
        planned = self._say(
            record,
            "planned",
            placements=found.plan.placements,
            alternatives=found.plan.alternatives,
            predicted=found.plan.predicted,
            **said,
        )
        if record.request.dry_run:
            record.state = "ended"
            return [planned]
        record.traffic_class = self.book.free_class()
        record.announced_at = observation.slot
        record.state = "announced"
        instructions: list[Instruction] = [planned]
        if starts_now(found.plan, record.intent):
            instructions += self._start(record, observation.slot)
        for conflict in found.conflicts:
            instructions += self._yield(record, conflict, observation.slot)
        return instructions

    def _yield(self, record: IntentRecord, conflict: Conflict, slot: int) -> list[Instruction]:
        """Tell a running intent that another goes before it; suspend it where it is in the way."""
        other = self.book.get(conflict.yields)
        if other is None or other is record or other.state == "ended":
            return []
        assert record.intent is not None and other.intent is not None
        mine = conflict.model_copy(
            update={
                "with_intent": record.intent_id,
                "with_service": record.intent.service_name,
            }
        )
        other.conflicts = (*other.conflicts, mine)
        if not conflict.suspended and other.state != "kept":
            return []
        figures = other.window.figures() if len(other.window) else None
        told = self._say(
            other,
            "degraded",
            intent=other.intent,
            measured=figures,
            placements=other.placements,
            conflicts=other.conflicts,
            message=conflict.detail,
            kept=other.request.keep,
        )
        if not conflict.suspended:
            return [told]
        ends = [self._end_group(other, slot)] if other.started_at is not None else []
        other.state = "suspended" if other.request.keep else "ended"
        other.started_at = other.announced_at = None
        other.window = QualityWindow()
        return [told, *ends]

    def _start(self, record: IntentRecord, slot: int) -> list[Instruction]:
        record.state = "starting"
        record.started_at = slot + 1
        demand = DemandRequest(start=(record.demand_group(),))
        return [Publish(self._topics.demand(), demand, slot=slot)]

    # -- every slot --------------------------------------------------------------------------

    def advance(self, observation: EndToEndObservation, source: QualitySource) -> list[Instruction]:
        """Move every intent on with the state before a slot."""
        self._observation = observation
        self._usual.see(observation)
        instructions: list[Instruction] = []
        for record in self.book:
            if record.conflicts:
                instructions += self._settle(record, observation.slot)
            if record.state == "suspended" and record.resumes_at is not None:
                if record.resumes_at <= observation.slot:
                    record.state, record.resumes_at = "unplanned", None
            elif record.state == "announced":
                instructions += self._await_replicas(record, observation)
            elif record.state in ("starting", "measuring", "kept"):
                instructions += self._measure(record, observation, source)
        waiting = [record for record in self.book if record.state == "unplanned"]
        if observation.slot >= 0:
            for record in sorted(waiting, key=lambda record: record.urgency):
                instructions += self._plan(record, observation)
        return instructions + self._gather()

    def _settle(self, record: IntentRecord, slot: int) -> list[Instruction]:
        """Conflicts with intents that ended are over: what was suspended is planned again."""
        running = {other.intent_id for other in self.book.active}
        left = tuple(conflict for conflict in record.conflicts if conflict.keeps in running)
        if len(left) == len(record.conflicts):
            return []
        record.conflicts = left
        if record.state == "suspended":
            if not any(conflict.suspended for conflict in left):
                record.resumes_at = slot + SETTLED_SLOTS
        elif record.state == "kept" and not left:
            message = "the intent that went before it has ended"
            return [self._say(record, "deployed", placements=record.placements, message=message)]
        return []

    def _await_replicas(
        self, record: IntentRecord, observation: EndToEndObservation
    ) -> list[Instruction]:
        assert record.demand is not None and record.prior is not None
        assert record.announced_at is not None
        record.fit = intent_fit(self._world, observation, record.demand, green=record.green)
        wide = extended(observation, record.demand, record.prior)
        last = len(wide.classes.service) - 1
        node = self._world.route_node
        serving = (
            self._world.admissible_routes(wide.classes)[:, last]
            & (observation.ready[record.demand.service] > 0)[node]
            & observation.live[self._world.node_domain][node]
        )
        deployed = observation.slot > record.announced_at + self._until_frame(record.announced_at)
        if deployed and serving[record.demand.requests > 0].any(axis=1).all():
            return self._start(record, observation.slot)
        if observation.slot - record.announced_at > PATIENCE_SLOTS:
            short = np.flatnonzero((record.demand.requests > 0) & ~serving.any(axis=1))
            binding = short_of_memory(self._world, record.demand.service, short.tolist())
            assert record.intent is not None
            found = Feasibility(
                state="infeasible",
                required_share=required_share(record.intent),
                predicted_share=0.0,
                constraint=binding,
            )
            message = (
                f"cannot be met now: after {PATIENCE_SLOTS} slots {binding.detail}. Ask for a "
                "longer latency, or withdraw another intent"
            )
            return [self._end(record, "infeasible", message=message, feasibility=found)]
        return []

    def _until_frame(self, slot: int) -> int:
        """Slots from `slot`, which is decided, to the next frame start, when domains deploy."""
        frame = self._world.parameters.frame_slots
        return frame - slot % frame

    def _measure(
        self, record: IntentRecord, observation: EndToEndObservation, source: QualitySource
    ) -> list[Instruction]:
        assert record.traffic_class is not None and record.started_at is not None
        measured_slot = observation.slot - 1
        if measured_slot < record.started_at:
            return []
        instructions: list[Instruction] = []
        qualities = source.qualities(observation.slot, record.traffic_class)
        if not qualities:
            return self._restart_group(record, observation)
        if record.state == "starting":
            record.state = "measuring"
            delta = self._agent.distribute(observation)
            actual = actual_placements(
                self._world, record, delta, source.reports_at(observation.slot), self._node_names
            )
            record.placements = actual or record.placements
            instructions.append(
                self._say(
                    record,
                    "deployed",
                    placements=record.placements,
                    message=f"traffic runs since slot {measured_slot}",
                )
            )
            return instructions
        if record.state == "kept":
            return []
        record.window.add(measured_slot, qualities)
        figures = record.window.figures()
        wanted = record.request.slots
        measured = self._say(
            record, "measured", measured=figures, progress=(len(record.window), wanted)
        )
        instructions.append(measured)
        if len(record.window) >= wanted:
            instructions += self._conclude(record, observation)
        return instructions

    def _restart_group(
        self, record: IntentRecord, observation: EndToEndObservation
    ) -> list[Instruction]:
        """The infrastructure does not know the group (it lost the message, or restarted)."""
        assert record.started_at is not None
        if observation.slot - record.started_at >= 3 and record.state == "starting":
            return self._start(record, observation.slot)
        return []

    def _conclude(
        self, record: IntentRecord, observation: EndToEndObservation
    ) -> list[Instruction]:
        assert record.intent is not None
        figures = record.window.figures()
        outcome, why = verdict(record.intent, figures)
        keep = record.request.keep
        said = self._say(
            record,
            outcome,
            intent=record.intent,
            measured=figures,
            placements=record.placements,
            knowledge=record.knowledge,
            message=why,
            kept=keep,
            conflicts=record.conflicts,
        )
        record.state = "kept" if keep else "ended"
        instructions: list[Instruction] = [said]
        if not keep:
            instructions.append(self._end_group(record, observation.slot))
        load = float(observation.requests.sum())
        topic = self._topics.knowledge_requests()
        instructions += [
            Publish(topic, body, correlation=record.intent_id)
            for body in lessons(record, outcome, figures, why, load)
        ]
        return instructions

    def _end_group(self, record: IntentRecord, slot: int | None) -> Publish:
        return Publish(self._topics.demand(), DemandRequest(end=(record.group,)), slot=slot)

    # -- ends, lists, snapshots ------------------------------------------------------------------

    def _withdraw(self, event: MessageEvent, body: IntentRequest) -> list[Instruction]:
        record = self.book.get(body.intent_id)
        if record is None:
            return self._answer(event, IntentHistory(events=()))
        instructions: list[Instruction] = []
        for each in (*parts_of(record, self.book), record):
            if each in self.book.active:
                instructions.append(self._end_group(each, None))
            if each.state != "ended":
                instructions.append(self._end(each, "withdrawn", message="withdrawn by request"))
        instructions += self._gather()
        return instructions + self._answer(event, IntentHistory(events=tuple(record.events[-1:])))

    def _history(self, event: MessageEvent, body: IntentRequest) -> list[Instruction]:
        if body.action == "list":
            events = [r.events[-1] for r in self.book if r.events]
            return self._answer(event, IntentHistory(events=tuple(events)))
        record = self.book.get(body.intent_id)
        events = [] if record is None else [e for e in record.events if e.event != "measured"]
        return self._answer(event, IntentHistory(events=tuple(events)))

    def _answer(self, event: MessageEvent, body: IntentHistory) -> list[Instruction]:
        if event.reply_to is None:
            return []
        return [Publish(event.reply_to, body, correlation=event.message_id)]

    def _end(self, record: IntentRecord, name: EventName, **fields: Any) -> Publish:
        record.state = "ended"
        return self._say(record, name, **fields)

    def _say(self, record: IntentRecord, name: EventName, **fields: Any) -> Publish:
        parent = record.request.parent_id
        event = IntentEvent(event=name, intent_id=record.intent_id, parent_id=parent, **fields)
        record.events.append(event)
        return self._publish(record, event)

    def _again(self, record: IntentRecord) -> Publish:
        return self._publish(record, record.events[-1])

    def _publish(self, record: IntentRecord, event: IntentEvent) -> Publish:
        slot = None if self._observation is None else self._observation.slot
        topic = self._topics.intent_events(record.intent_id)
        return Publish(topic, event, slot=slot, retain=True, correlation=record.intent_id)

    def begin_run(self) -> None:
        """A new infrastructure: nothing is observed yet, and running intents start again."""
        self._observation, self._usual = None, Usual()
        self.book.begin_run()
