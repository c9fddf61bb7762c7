"""One intent's record: what was asked, understood, planned, started and measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnc.environment.sites import Floats
from cnc.messages.feasibility import Conflict
from cnc.messages.intents import (
    Intent,
    IntentEvent,
    IntentPart,
    IntentRequest,
    Placement,
    UsedKnowledge,
)
from cnc.messages.knowledge import ScoredEntry
from cnc.messages.telemetry import DemandGroup, TrafficClass
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.planning import Plan
from cnc.orchestrators.end_to_end.quantiles import QualityWindow

RUNNING = ("announced", "starting", "measuring", "kept")


@dataclass(eq=False)
class IntentRecord:
    """Mutable record of one intent; only the intent desk changes it."""

    request: IntentRequest
    reply_to: str | None
    state: str = "recognising"
    """recognising, retrieving, unplanned, announced, starting, measuring, kept, suspended, ended;
    or divided, of several services.
    """
    intent: Intent | None = None
    parts: tuple[IntentPart, ...] = ()
    """Of an intent of several services."""
    entries: tuple[ScoredEntry, ...] = ()
    prior: Floats | None = None
    """[K] log-weights on candidates, from knowledge."""
    fit: Floats | None = None
    """[K] log-weights: how well each candidate keeps the deadline, and saves energy if wished."""
    green: bool = False
    """The wish for little energy has a say in `fit`."""
    plan: Plan | None = None
    demand: Demand | None = None
    traffic_class: int | None = None
    announced_at: int | None = None
    started_at: int | None = None
    """First slot in which its requests arrive."""
    resumes_at: int | None = None
    """Slot in which it is planned again, once what it yielded to has ended."""
    placements: tuple[Placement, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    """With intents that go before it."""
    knowledge: tuple[UsedKnowledge, ...] = ()
    window: QualityWindow = field(default_factory=QualityWindow)
    events: list[IntentEvent] = field(default_factory=list)

    @property
    def intent_id(self) -> str:
        """The id that the user's client gave."""
        return self.request.intent_id

    @property
    def urgency(self) -> int:
        """Of several that are planned in one slot, the most urgent (1) comes first."""
        return 9 if self.intent is None else self.intent.priority.value

    @property
    def weights(self) -> Floats | None:
        """[K] log-weights of knowledge and deadline together."""
        if self.prior is None:
            return None
        return self.prior if self.fit is None else self.prior + self.fit

    @property
    def group(self) -> str:
        """Name of its user group at the infrastructure."""
        return f"group-{self.intent_id}"

    def demand_group(self) -> DemandGroup:
        """The group as the infrastructure is told."""
        assert self.demand is not None and self.traffic_class is not None
        return DemandGroup(
            group=self.group,
            intent=self.intent_id,
            service=self.demand.service,
            traffic_class=self.traffic_class,
            uplink_mbit=self.demand.uplink_mbit,
            downlink_mbit=self.demand.downlink_mbit,
            deadline_s=self.demand.deadline_s,
            requests=tuple(self.demand.requests.tolist()),
        )

    def class_row(self, announced: Floats | None) -> TrafficClass:
        """The class as domains are told; `announced` per candidate origin while it waits."""
        assert self.demand is not None and self.traffic_class is not None
        return TrafficClass(
            traffic_class=self.traffic_class,
            service=self.demand.service,
            uplink_mbit=self.demand.uplink_mbit,
            downlink_mbit=self.demand.downlink_mbit,
            deadline_s=self.demand.deadline_s,
            announced=() if announced is None else tuple(announced.tolist()),
        )

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, as JSON values."""
        demand = self.demand
        return {
            "request": self.request.model_dump(mode="json"),
            "reply_to": self.reply_to,
            "state": self.state,
            "intent": None if self.intent is None else self.intent.model_dump(mode="json"),
            "prior": None if self.prior is None else self.prior.tolist(),
            "fit": None if self.fit is None else self.fit.tolist(),
            "green": self.green,
            "demand": None
            if demand is None
            else {
                "service": demand.service,
                "uplink_mbit": demand.uplink_mbit,
                "downlink_mbit": demand.downlink_mbit,
                "deadline_s": demand.deadline_s,
                "requests": demand.requests.tolist(),
            },
            "parts": [part.model_dump(mode="json") for part in self.parts],
            "traffic_class": self.traffic_class,
            "announced_at": self.announced_at,
            "started_at": self.started_at,
            "resumes_at": self.resumes_at,
            "conflicts": [conflict.model_dump(mode="json") for conflict in self.conflicts],
            "knowledge": [used.model_dump(mode="json") for used in self.knowledge],
            "events": [event.model_dump(mode="json") for event in self.events],
        }

    @staticmethod
    def restored(data: dict[str, Any]) -> IntentRecord:
        """From a snapshot; the measured window begins anew."""
        demand = data["demand"]
        record = IntentRecord(
            request=IntentRequest.model_validate(data["request"]), reply_to=data["reply_to"]
        )
        record.state = data["state"]
        record.intent = None if data["intent"] is None else Intent.model_validate(data["intent"])
        record.prior = None if data["prior"] is None else np.array(data["prior"])
        fit = data.get("fit")
        record.fit = None if fit is None else np.array(fit)
        record.green = bool(data.get("green"))
        if demand is not None:
            record.demand = Demand(
                service=demand["service"],
                uplink_mbit=demand["uplink_mbit"],
                downlink_mbit=demand["downlink_mbit"],
                deadline_s=demand["deadline_s"],
                requests=np.array(demand["requests"]),
            )
        record.parts = tuple(IntentPart.model_validate(part) for part in data.get("parts", []))
        record.traffic_class = data["traffic_class"]
        record.announced_at = data["announced_at"]
        record.started_at = data["started_at"]
        record.resumes_at = data.get("resumes_at")
        record.conflicts = tuple(
            Conflict.model_validate(conflict) for conflict in data.get("conflicts", [])
        )
        record.knowledge = tuple(UsedKnowledge.model_validate(k) for k in data["knowledge"])
        record.events = [IntentEvent.model_validate(event) for event in data["events"]]
        return record
