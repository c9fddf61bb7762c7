"""Provider side: service descriptors, requests about services, and QoS abstractions."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnc.messages.base import Body, Identifier, Model

Sustained = Literal["p99_violation", "overload", "hotspot_shift"]


class WorkflowStep(Model):
    """A step of a service's workflow graph and the steps that it waits for."""

    name: Identifier
    after: tuple[Identifier, ...] = ()


class ServiceLevel(Model):
    """The service level agreement of a service."""

    latency_ms: Annotated[float, Field(gt=0)]
    reliability_pct: Annotated[float, Field(gt=0, le=100)] = 95.0


class ServiceDescriptor(Model):
    """What a provider registers."""

    service: Identifier
    name: str
    scenario: str
    service_class: Literal["interactive", "analytic", "heavy"]
    instances_min: Annotated[int, Field(ge=0, le=8)] = 1
    instances_max: Annotated[int, Field(ge=1, le=592)] = 592
    workflow: tuple[WorkflowStep, ...] = ()
    data_model: dict[str, str] = Field(default_factory=dict)
    """Field name to type of a request."""
    level: ServiceLevel
    work_gc: Annotated[float, Field(gt=0)]
    uplink_mbit: Annotated[float, Field(gt=0)]
    downlink_mbit: Annotated[float, Field(ge=0)]
    memory_gb: Annotated[float, Field(gt=0)]


class ServiceRecord(Model):
    """A registered service and its state."""

    descriptor: ServiceDescriptor
    state: Literal["registered", "deployed", "retired"]
    registered_at: str


class ServiceRequest(Body):
    """Register, deploy, retire, list or show services."""

    KIND: ClassVar[str] = "service_request"
    action: Literal["register", "deploy", "retire", "list", "show"]
    service: Identifier | None = None
    descriptor: ServiceDescriptor | None = None


class ServiceReply(Body):
    """Answer to a service request."""

    KIND: ClassVar[str] = "service_reply"
    ok: bool
    error: str = ""
    not_found: bool = False
    services: tuple[ServiceRecord, ...] = ()


class ServiceQuality(Body):
    """End-to-end QoS abstraction of one service for its provider."""

    KIND: ClassVar[str] = "service_quality"
    service: Identifier
    requests: float
    satisfied_share: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    energy_j_per_request: float | None = None
    sla: Literal["met", "violated", "idle"]


class OrchestrationRequest(Body):
    """Service orchestrator to E2E: deploy, retire, or re-orchestrate with its trigger."""

    KIND: ClassVar[str] = "orchestration_request"
    action: Literal["deploy", "retire", "reorchestrate"]
    services: tuple[Identifier, ...] = ()
    trigger: Sustained | None = None
    detail: str = ""


class Acknowledgement(Body):
    """A plain answer: done, or why not."""

    KIND: ClassVar[str] = "acknowledgement"
    ok: bool
    error: str = ""
