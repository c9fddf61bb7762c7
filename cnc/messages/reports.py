"""Northbound: the unified semantic model of a domain, and the global view."""

from __future__ import annotations

from typing import ClassVar, Literal

from cnc.messages.base import Body, ClassCount, Count, Identifier, Model, Vector
from cnc.messages.telemetry import ClassQuality, DomainOutcome, TrafficClass

DomainKind = Literal["terminal", "ran", "transport"]


class NodeState(Model):
    """A computing node in the unified model."""

    node: Identifier
    capacity_gc_s: float
    speed_gc_s: float
    memory_gb: float
    background: float
    utilisation: float
    backlog_gc: float
    ready: tuple[tuple[Count, Count], ...] = ()
    """(service, replicas that may serve in this slot), only where above zero."""
    placed: tuple[tuple[Count, Count], ...] = ()
    """(service, replicas of the current target set)."""


class LinkState(Model):
    """A link that the domain owns, in the unified model."""

    link: Identifier
    capacity_mbit_s: float
    energy_j_mbit: float
    utilisation: float


class GroupChoice(Model):
    """How the domain serves one intent's class: shares of its nodes and of its two paths."""

    traffic_class: Count
    nodes: Vector
    paths: Vector


class DomainReport(Body):
    """Unified state of one domain before a slot."""

    KIND: ClassVar[str] = "domain_report"
    domain: Identifier
    domain_kind: DomainKind
    frame_start: bool
    classes: ClassCount
    nodes: tuple[NodeState, ...]
    links: tuple[LinkState, ...]
    arrivals: Vector = ()
    """Requests of this slot per class that start here; empty where no user attaches."""
    quality: tuple[ClassQuality, ...] = ()
    groups: tuple[TrafficClass, ...] = ()
    """The classes beyond the base ones that the infrastructure knows."""
    outcome: DomainOutcome | None = None
    choices: tuple[GroupChoice, ...] = ()
    """The last splits for classes that intents added."""
    rejected: int = 0
    gaps: int = 0
    """Messages that this domain found missing so far."""


class ServiceState(Model):
    """One service as the global view shows it."""

    service: Identifier
    requests: float
    satisfied: float
    replicas: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


class DomainState(Model):
    """One domain as the global view shows it."""

    domain: Identifier
    state: Literal["live", "stale", "lost"]
    utilisation: float
    energy_j: float
    replicas: int


class SystemView(Body):
    """The global view after a slot, for the service orchestrator and for people."""

    KIND: ClassVar[str] = "system_view"
    measured_slot: int
    policy: str
    energy_j: float
    satisfied: float
    requests: float
    satisfied_share: float
    cost: float
    domains: tuple[DomainState, ...]
    services: tuple[ServiceState, ...]
    arrivals_per_origin: Vector = ()
    """Requests that start at each origin; the largest is the hotspot."""
    active_intents: tuple[Identifier, ...] = ()
    stale: int = 0
