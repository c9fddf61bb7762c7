"""The service orchestrator: sustained violations, QoS abstractions, knowledge and services."""

from __future__ import annotations

from cnc.messages.knowledge import KnowledgeChange, KnowledgeReply, KnowledgeRequest, VectorRecord
from cnc.messages.reports import DomainState, ServiceState, SystemView
from cnc.messages.services import (
    OrchestrationRequest,
    ServiceDescriptor,
    ServiceLevel,
    ServiceQuality,
    ServiceReply,
    ServiceRequest,
)
from cnc.messages.topics import Topics
from cnc.orchestrators.events import ComputedEvent, MessageEvent, StartedEvent
from cnc.orchestrators.instructions import Compute, Publish
from cnc.orchestrators.service.orchestrator import ServiceOrchestrator
from cnc.orchestrators.service.triggers import Triggers

LIMITS = {"svc": 100.0}


def view(
    slot: int,
    p99_ms: float | None = 50.0,
    utilisation: float = 0.4,
    arrivals: tuple[float, ...] = (5.0, 1.0),
    satisfied: float = 10.0,
) -> SystemView:
    names = ("terminal-0", "terminal-1", "ran-0", "ran-1", "transport")
    return SystemView(
        measured_slot=slot,
        policy="grd",
        energy_j=1.0,
        satisfied=satisfied,
        requests=10.0,
        satisfied_share=satisfied / 10.0,
        cost=1.0,
        domains=tuple(
            DomainState(domain=n, state="live", utilisation=utilisation, energy_j=1.0, replicas=1)
            for n in names
        ),
        services=(
            ServiceState(
                service="svc", requests=10.0, satisfied=satisfied, replicas=2, p99_ms=p99_ms
            ),
        ),
        arrivals_per_origin=arrivals,
    )


def test_a_sustained_p99_violation_is_reported_once_and_a_single_one_is_not() -> None:
    triggers = Triggers()
    quiet = [triggers.watch(view(t, p99_ms=300.0 if t == 3 else 50.0), LIMITS) for t in range(10)]
    assert not any(quiet)
    asked = [r for t in range(10, 25) for r in triggers.watch(view(t, p99_ms=300.0), LIMITS)]
    assert [(r.trigger, r.services) for r in asked] == [("p99_violation", ("svc",))]


def test_requests_that_are_lost_count_as_a_violation() -> None:
    triggers = Triggers()
    asked = [r for t in range(12) for r in triggers.watch(view(t, p99_ms=None), LIMITS)]
    assert [r.trigger for r in asked] == ["p99_violation"]


def test_sustained_overload_names_the_domains() -> None:
    triggers = Triggers()
    asked = [r for t in range(12) for r in triggers.watch(view(t, utilisation=0.97), LIMITS)]
    assert [r.trigger for r in asked] == ["overload"]
    assert "transport" in asked[0].services


def test_a_hotspot_shift_is_reported_when_it_has_settled() -> None:
    triggers = Triggers()
    first = [r for t in range(8) for r in triggers.watch(view(t), LIMITS)]
    assert not first
    flicker = triggers.watch(view(8, arrivals=(1.0, 5.0)), LIMITS)
    assert not flicker
    asked = [r for t in range(9, 20) for r in triggers.watch(view(t, arrivals=(1.0, 5.0)), LIMITS)]
    assert [(r.trigger, r.services) for r in asked] == [("hotspot_shift", ("terminal-1", "ran-1"))]


def descriptor() -> ServiceDescriptor:
    return ServiceDescriptor(
        service="svc",
        name="Service",
        scenario="Immersive Communication",
        service_class="interactive",
        level=ServiceLevel(latency_ms=100.0),
        work_gc=0.3,
        uplink_mbit=1.0,
        downlink_mbit=0.2,
        memory_gb=0.5,
    )


def service() -> ServiceOrchestrator:
    orchestrator = ServiceOrchestrator((descriptor(),), Topics())
    started = orchestrator.handle(StartedEvent())
    assert [type(i) for i in started] == [Compute]
    return orchestrator


def told(orchestrator: ServiceOrchestrator, body: object, slot: int = 0) -> list[Publish]:
    event = MessageEvent(
        topic="t",
        sender="e2e",
        body=body,  # type: ignore[arg-type]
        slot=slot,
        run="run-1",
        message_id="m-1",
        reply_to="replies/x",
    )
    return [i for i in orchestrator.handle(event) if isinstance(i, Publish)]


def test_quality_goes_out_once_a_frame_and_when_the_sla_state_changes() -> None:
    orchestrator = service()
    sent = {t: told(orchestrator, view(t), t) for t in range(10)}
    assert [t for t, publishes in sent.items() if publishes] == [9]
    broken = told(orchestrator, view(10, satisfied=1.0), 10)
    assert isinstance(broken[0].body, ServiceQuality) and broken[0].body.sla == "violated"
    assert broken[0].retain


def test_violations_become_requests_to_e2e() -> None:
    orchestrator = service()
    sent = [p for t in range(12) for p in told(orchestrator, view(t, p99_ms=500.0), t)]
    assert any(isinstance(p.body, OrchestrationRequest) for p in sent)


def test_knowledge_changes_are_fed_to_e2e_and_the_answer_goes_back() -> None:
    orchestrator = service()
    request = KnowledgeRequest(action="remove", entry_id="rule-1")
    event = MessageEvent("t", "client", request, message_id="m-7", reply_to="replies/client")
    compute = orchestrator.handle(event)[0]
    assert isinstance(compute, Compute) and compute.name == "knowledge"
    record = VectorRecord(generation=4, action="remove", entry_id="rule-1")
    reply = KnowledgeReply(ok=True, generation=4, changes=(record,))
    sent = orchestrator.handle(ComputedEvent("knowledge", compute.token, reply))
    change, answer = (p for p in sent if isinstance(p, Publish))
    assert isinstance(change.body, KnowledgeChange) and change.body.generation == 4
    assert (answer.topic, answer.correlation) == ("replies/client", "m-7")


def test_a_failed_computation_is_an_answer_too() -> None:
    orchestrator = service()
    event = MessageEvent("t", "client", ServiceRequest(action="list"), reply_to="replies/client")
    compute = orchestrator.handle(event)[0]
    assert isinstance(compute, Compute)
    sent = orchestrator.handle(ComputedEvent("services", compute.token, error="the disk is full"))
    assert isinstance(sent[0], Publish) and isinstance(sent[0].body, ServiceReply)
    assert not sent[0].body.ok and sent[0].body.error == "the disk is full"


def test_deploy_and_retire_reach_e2e() -> None:
    orchestrator = service()
    event = MessageEvent("t", "client", ServiceRequest(action="retire", service="svc"))
    compute = orchestrator.handle(event)[0]
    assert isinstance(compute, Compute)
    sent = orchestrator.handle(ComputedEvent("services", compute.token, ServiceReply(ok=True)))
    assert isinstance(sent[0], Publish)
    assert sent[0].body == OrchestrationRequest(action="retire", services=("svc",))
