"""Intents: what a user asks, what was understood, and the life cycle that follows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import Field, model_validator

from cnc.messages.base import Body, Identifier, Model
from cnc.messages.feasibility import Conflict, Feasibility

ValueT = TypeVar("ValueT")
SlotOrigin = Literal["said", "assumed", "retrieved"]
Comparison = Literal["at_most", "at_least", "about", "exactly"]
RefusalReason = Literal["not_this_domain", "network_operation", "no_service_class"]
EventName = Literal[
    "received",
    "recognised",
    "ask",
    "refused",
    "planned",
    "infeasible",
    "deployed",
    "measured",
    "compliant",
    "degraded",
    "withdrawn",
]
EXAMPLE_REQUEST = (
    'ask for a service, such as "augmented reality for 200 users with latency below 50 ms"'
)
EMPTY_REQUEST = f"the request is empty; {EXAMPLE_REQUEST}"
RELIABILITY_UNSAID_PCT = 95.0
"""Share of requests in time that is needed where the user says none, %."""
FINAL_EVENTS: frozenset[str] = frozenset(
    {"refused", "ask", "infeasible", "compliant", "degraded", "withdrawn"}
)


class Slot(Model, Generic[ValueT]):
    """A value of the intent and where it came from."""

    value: ValueT
    origin: SlotOrigin
    source: str | None = None
    """Knowledge entry id when retrieved; standard and clause when assumed."""
    comparison: Comparison | None = None
    """Direction that the user stated: "below 10 ms" is at_most."""


class RunnerUp(Model):
    """A service that was nearly chosen."""

    service: Identifier
    service_name: str
    confidence: Annotated[float, Field(ge=0, le=1)]


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Field(pattern=r"^(?:[01]\d|2[0-4]):[0-5]\d$")]
"""HH:MM; 24:00 is the end of a day."""


class TimeWindow(Model):
    """When a service is wanted, in local time of whoever said it."""

    days: tuple[Weekday, ...] = ()
    every: bool = False
    """On those days of every week, else on the next ones."""
    day: Literal["today", "tomorrow"] | None = None
    start: TimeOfDay | None = None
    end: TimeOfDay | None = None
    """Not after `start` where it runs past midnight."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """How long from the start, or from now."""


class Intent(Model):
    """The structured intent (what `recognised` carries)."""

    service: Identifier
    service_name: str
    scenario: str
    """One of IMT-2030's six usage scenarios (ITU-R M.2160)."""
    users: Slot[int]
    latency_ms: Slot[float]
    data_rate_mbps: Slot[float]
    """Per user."""
    data_rate_total_mbps: Slot[float] | None = None
    """For all users together, when the user stated a total; the rate per user follows from it."""
    reliability_pct: Slot[float]
    priority: Slot[int]
    compute_gc: Slot[float] | None = None
    """Work of one request, when stated."""
    hardware: Slot[str] | None = None
    """Computers as said ("4 GPUs"); kept, without an effect."""
    density_per_km2: Slot[float] | None = None
    """Users by area, when stated so; `users` follows from it."""
    area: Slot[str] | None = None
    """Domain id or area name where the users are, as said."""
    domains: tuple[Identifier, ...] = ()
    """Terminal or RAN domains of the area, once E2E has looked it up; empty: everywhere."""
    time_window: Slot[str] | None = None
    """As said, in few words."""
    window: TimeWindow | None = None
    """Its structure, where the words name a time."""
    energy_preference: Slot[Literal["low", "balanced"]] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)]
    runners_up: tuple[RunnerUp, ...] = ()
    language: str = "en"
    notes: tuple[str, ...] = ()
    """What was said and is not done as said, one sentence each, for people."""


class IntentPart(Model):
    """One of several services that a text asks for."""

    text: str
    """What was said of it."""
    intent: Intent
    intent_id: Identifier | None = None
    """Under which it is followed; none where it is only recognised."""
    outcome: EventName | None = None
    """How it ended, in the last event of the whole."""


class Recognition(Model):
    """Outcome of recognising one text: exactly one of accepted, ask, refused."""

    text: str
    outcome: Literal["accepted", "ask", "refused"]
    intent: Intent | None = None
    """Of several parts, the first's."""
    parts: tuple[IntentPart, ...] = ()
    """The intents of a text that asks for two services or more; empty for one."""
    choices: tuple[RunnerUp, ...] = ()
    reason: RefusalReason | None = None
    message: str = ""
    """What to do next, for people."""
    in_domain: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that the text asks for a service; separates requests from everyday text."""

    @model_validator(mode="after")
    def _one_outcome(self) -> Recognition:
        if self.outcome == "accepted" and self.intent is None:
            raise ValueError("an accepted recognition carries its intent")
        if len(self.parts) == 1 or (self.parts and self.outcome != "accepted"):
            raise ValueError("parts are the two or more intents of an accepted text")
        if self.outcome == "refused" and self.reason is None:
            raise ValueError("a refusal carries its reason")
        if self.outcome == "ask" and not self.choices:
            raise ValueError("an ask carries its choices")
        return self


class IntentRequest(Body):
    """A user's text (or a structured intent), or the wish to withdraw one."""

    KIND: ClassVar[str] = "intent_request"
    action: Literal["submit", "withdraw", "list", "explain", "correct", "forget", "corrections"] = (
        "submit"
    )
    """The last three are about what texts mean: `text` and `service` are a correction, and
    `intent_id` is the correction to forget."""
    intent_id: Identifier
    parent_id: Identifier | None = None
    """The intent of several services that this one is a part of."""
    text: Annotated[str, Field(max_length=10_000)] = ""
    intent: Intent | None = None
    service: Identifier | None = None
    """The user's choice after an ask."""
    origin: Identifier | None = None
    """Domain that the users attach to."""
    dry_run: bool = False
    accept_first: bool = False
    keep: bool = False
    slots: Annotated[int, Field(ge=1, le=100_000)] = 20


class Placement(Model):
    """One row of the plan: where a share of the requests is served."""

    domain: Identifier
    node: str
    path: str
    share: float


class UsedKnowledge(Model):
    """A knowledge entry that was retrieved and what it changed."""

    entry_id: Identifier
    title: str
    score: float
    effect: str


class Figures(Model):
    """Measured or predicted quality and energy of an intent."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    satisfied_share: float
    energy_j_per_request: float | None = None
    slots: int = 0


class Alternative(Model):
    """A candidate domain with what was predicted for it."""

    domain: Identifier
    latency_ms: float | None
    energy_j_per_request: float | None
    share: float
    note: str = ""


class IntentEvent(Body):
    """One step in the life of an intent."""

    KIND: ClassVar[str] = "intent_event"
    event: EventName
    intent_id: Identifier
    parent_id: Identifier | None = None
    """The intent of several services that this one is a part of."""
    text: str = ""
    intent: Intent | None = None
    """Of several parts, the first's."""
    parts: tuple[IntentPart, ...] = ()
    """Of an intent of several services, with `recognised` and the last event."""
    reason: str | None = None
    message: str = ""
    choices: tuple[RunnerUp, ...] = ()
    placements: tuple[Placement, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    predicted: Figures | None = None
    knowledge: tuple[UsedKnowledge, ...] = ()
    measured: Figures | None = None
    progress: tuple[int, int] | None = None
    """(slots measured, slots to measure)."""
    kept: bool = False
    feasibility: Feasibility | None = None
    """With `planned` and `infeasible`."""
    notes: tuple[str, ...] = ()
    """With `planned`: what became of a wish, one sentence each."""
    conflicts: tuple[Conflict, ...] = ()


class IntentHistory(Body):
    """Answer to `list` (last event each) and `explain` (every event of one intent)."""

    KIND: ClassVar[str] = "intent_history"
    events: tuple[IntentEvent, ...]


class Correction(Model):
    """A text that is to be understood as a service, because a user said so."""

    correction_id: Identifier
    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    service: Identifier
    at: str
    """When, RFC 3339."""


class Corrections(Body):
    """Answer to `correct` (the new one), `forget` (the one that is gone), `corrections` (all)."""

    KIND: ClassVar[str] = "corrections"
    entries: tuple[Correction, ...] = ()
    error: str = ""
