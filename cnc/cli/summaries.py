"""One line about any message body, for people who watch the bus."""

from __future__ import annotations

from cnc.messages.base import Body
from cnc.messages.directives import DomainDirective
from cnc.messages.intents import IntentEvent, IntentRequest
from cnc.messages.knowledge import KnowledgeChange, KnowledgeReply, KnowledgeRequest
from cnc.messages.percent import percent
from cnc.messages.presence import ClockTick, ControlRequest, Presence
from cnc.messages.reports import DomainReport, SystemView
from cnc.messages.services import OrchestrationRequest, ServiceQuality, ServiceRequest
from cnc.messages.telemetry import DemandRequest, DomainActuation, DomainTelemetry


def summary(body: Body) -> str:
    """The gist of a message."""
    if isinstance(body, DomainTelemetry):
        native = body.native
        start = " frame start" if body.frame_start else ""
        if native.technology == "terminal":
            return f"{len(native.devices)} devices, {sum(native.arrivals):.0f} arrivals{start}"
        if native.technology == "ran":
            cell = native.cell
            return (
                f"cell {cell.spectral_efficiency:.2f} bit/s/Hz, PRB "
                f"{percent(cell.prb_utilisation, 0)}, {len(native.servers)} servers{start}"
            )
        return f"{len(native.clusters)} clusters, {len(native.tunnels)} tunnels{start}"
    if isinstance(body, DomainReport):
        busy = max((node.utilisation for node in body.nodes), default=0.0)
        return f"{len(body.nodes)} nodes, busiest {percent(busy, 0)}, {len(body.links)} links"
    if isinstance(body, DomainDirective):
        flow = sum(
            share * count
            for shares, counts in zip(body.inflow, body.requests, strict=True)
            for share, count in zip(shares, counts, strict=True)
        )
        hosts = ", hosts" if body.hosts is not None else ""
        reason = f" ({body.reason})" if body.reason else ""
        origins = "1 origin" if len(body.origins) == 1 else f"{len(body.origins)} origins"
        return f"{flow:.1f} requests from {origins}{hosts}{reason}"
    if isinstance(body, DomainActuation):
        if body.replicas is None:
            return "splits and paths"
        return f"{sum(map(sum, body.replicas))} replicas, splits and paths"
    if isinstance(body, SystemView):
        return (
            f"slot {body.measured_slot}: {body.energy_j / 1e3:.2f} kJ, "
            f"{percent(body.satisfied_share)} of {body.requests:.0f} in time, cost {body.cost:.0f}"
        )
    return _other(body)


def _other(body: Body) -> str:
    if isinstance(body, Presence):
        return f"{body.state} {body.layer} {body.detail}".strip()
    if isinstance(body, ClockTick):
        return f"frame {body.frame}, {body.pace}"
    if isinstance(body, ControlRequest):
        return f"{body.action} {body.reason}".strip()
    if isinstance(body, DemandRequest):
        return f"{len(body.start)} groups start, {len(body.end)} end"
    if isinstance(body, OrchestrationRequest):
        return f"{body.action} {body.trigger or ''} {body.detail}".strip()
    if isinstance(body, IntentRequest):
        return f"{body.action} {body.text!r}" if body.text else body.action
    if isinstance(body, IntentEvent):
        return f"{body.event} {body.message or body.text}".strip()
    if isinstance(body, KnowledgeRequest):
        return f"{body.action} {body.query or body.entry_id or ''}".strip()
    if isinstance(body, KnowledgeReply):
        return f"{len(body.results)} results" if body.ok else body.error
    if isinstance(body, KnowledgeChange):
        return f"{len(body.records)} changes, generation {body.generation}"
    if isinstance(body, ServiceRequest):
        return f"{body.action} {body.service or ''}".strip()
    if isinstance(body, ServiceQuality):
        return f"{body.service} {body.sla}, {percent(body.satisfied_share)} in time"
    return ""
