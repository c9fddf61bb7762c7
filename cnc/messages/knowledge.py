"""Knowledge entries and the requests, answers and change feed about them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cnc.messages.base import Body, Identifier, Model, Vector

KnowledgeKind = Literal["expert_rule", "runtime_history", "trained_policy"]
Tier = Literal["terminal", "ran", "neighbour", "transport"]


class AppliesTo(Model):
    """When an entry is relevant; empty means always."""

    services: tuple[Identifier, ...] = ()
    """Catalogue ids."""
    domains: tuple[Identifier, ...] = ()
    """Domain ids or kinds that the entry is about; a hotspot or a loss there makes it fit."""
    lost: tuple[Identifier, ...] = ()
    """Domain ids or kinds: relevant only while one of them is lost."""
    load_min: Annotated[float, Field(ge=0)] | None = None
    load_max: Annotated[float, Field(ge=0)] | None = None
    """Requests per slot."""
    users_min: Annotated[int, Field(ge=0)] | None = None
    users_max: Annotated[int, Field(ge=0)] | None = None
    """Users of the intent."""
    latency_min_ms: Annotated[float, Field(ge=0)] | None = None
    latency_max_ms: Annotated[float, Field(ge=0)] | None = None
    """What the intent asks for."""


class OperatingContext(Model):
    """The state of the whole system: that an entry was recorded in, or that is sought for."""

    scenario: str = ""
    mix: dict[Identifier, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Share of the requests by service id; empty where unknown."""
    load: Annotated[float, Field(ge=0)] | None = None
    """Requests a slot."""
    hotspot: Identifier | None = None
    """The domain whose users ask most."""
    lost: tuple[Identifier, ...] = ()
    """Domains that are lost."""


class Manifest(Model):
    """Where a trained policy or a recorded history comes from."""

    scenario: str
    loads: tuple[Annotated[float, Field(ge=0)], ...]
    """Requests a slot that it was trained or recorded at."""
    training_seeds: tuple[int, ...]
    """Of worlds and traces."""
    commit: str
    sha256: str = ""
    """Of the file that `effect.reference` names; empty: it is not compared."""
    figures: dict[str, float] = Field(default_factory=dict)
    """What was measured, with the unit in the name."""


class Effect(Model):
    """What an entry changes when it is used."""

    kind: Literal["candidate_prior", "deployment_prior", "demonstrations", "checkpoint", "none"]
    prior: dict[Tier, float] = Field(default_factory=dict)
    """Log-weight added per tier to the candidates' (or deployments') preference, -3 to 3."""
    reference: str | None = None
    """File of a checkpoint or of demonstrations (safetensors), below the folder `knowledge`."""

    @model_validator(mode="after")
    def _bounded(self) -> Effect:
        for tier, weight in self.prior.items():
            if not -3.0 <= weight <= 3.0:
                raise ValueError(f"prior of {tier} is {weight}: it must lie between -3 and 3")
        return self


class Outcome(Model):
    """How the entry fared so far."""

    uses: Annotated[int, Field(ge=0)] = 0
    compliant: Annotated[int, Field(ge=0)] = 0
    degraded: Annotated[int, Field(ge=0)] = 0


def _not_blank(value: object) -> object:
    if isinstance(value, str) and value and not value.strip():
        raise PydanticCustomError("blank", "there are only blanks; write what is to be known")
    return value


_Said = BeforeValidator(_not_blank)
"""The pattern says the same to whoever reads the schema; this says what to do."""


class KnowledgeEntry(Model):
    """One entry of the knowledge base."""

    entry_id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), _Said]
    text: Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S"), _Said]
    kind: KnowledgeKind = "expert_rule"
    applies_to: AppliesTo = AppliesTo()
    effect: Effect = Effect(kind="none")
    context: OperatingContext | None = None
    """The system that it was recorded in; rules have none."""
    manifest: Manifest | None = None
    """Of the file that the effect refers to."""
    provenance: str = ""
    created: str = ""
    """RFC 3339."""
    outcome: Outcome = Outcome()
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Follows outcomes: entries that hurt lose weight."""


class ScoredEntry(Model):
    """A search result; `score` is the cosine similarity times the entry's weight."""

    entry: KnowledgeEntry
    score: float


class VectorRecord(Model):
    """An entry with its embedding, as the change feed carries it."""

    generation: Annotated[int, Field(ge=1)]
    action: Literal["upsert", "remove"]
    entry_id: Identifier
    entry: KnowledgeEntry | None = None
    vector: Vector = ()
    model_id: str = ""
    checksum: str = ""


class SearchContext(Model):
    """The situation in which a search ranks what it finds, as it is ranked for an intent."""

    service: Identifier | None = None
    """Catalogue id; without it entries of every service are found."""
    load: Annotated[float, Field(ge=0)] | None = None
    """Requests a slot."""
    users: Annotated[int, Field(ge=0)] | None = None
    latency_ms: Annotated[float, Field(gt=0)] | None = None
    """What the users ask for."""
    hotspot: Identifier | None = None
    """Domain id, or a kind of domain."""
    lost_domains: tuple[Identifier, ...] = ()
    """Domain ids, or kinds."""


class KnowledgeRequest(Body):
    """Add, list, show, search, remove, import, export, catch up, or record an outcome."""

    KIND: ClassVar[str] = "knowledge_request"
    action: Literal[
        "add", "list", "show", "search", "remove", "export", "changes_since", "record_outcome"
    ]
    entries: tuple[KnowledgeEntry, ...] = ()
    entry_id: Identifier | None = None
    query: str = ""
    kind: KnowledgeKind | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 10
    offset: Annotated[int, Field(ge=0)] = 0
    after: Identifier | None = None
    """List: only entries behind this id."""
    context: SearchContext | None = None
    """Search: rank by it; what does not apply to it is left out."""
    generation: Annotated[int, Field(ge=0)] = 0
    entry_ids: tuple[Identifier, ...] = ()
    compliant: bool | None = None


class KnowledgeReply(Body):
    """Answer to a knowledge request."""

    KIND: ClassVar[str] = "knowledge_reply"
    ok: bool
    error: str = ""
    not_found: bool = False
    results: tuple[ScoredEntry, ...] = ()
    """A page of them: a list goes on behind the last id."""
    total: int = 0
    """How many there are, in a search how many were found, of which `results` may hold only as
    many as fit into a message; after a change, how many entries it really changed."""
    generation: int = 0
    changes: tuple[VectorRecord, ...] = ()


class KnowledgeChange(Body):
    """Ordered change feed: one or more records, generation ascending."""

    KIND: ClassVar[str] = "knowledge_change"
    records: tuple[VectorRecord, ...]
    generation: int
    model_id: str = ""
