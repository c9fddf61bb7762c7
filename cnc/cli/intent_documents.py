"""What `cnc intent` and `cnc explain` tell scripts, as docs/cli.md says it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnc.messages.intents import Intent, IntentEvent, IntentPart, Recognition


def event_document(event: IntentEvent, at: datetime) -> dict[str, Any]:
    """One event as docs/cli.md says it."""
    document: dict[str, Any] = {
        "event": event.event,
        "intent_id": event.intent_id,
        "at": at.isoformat(),
    }
    if event.parent_id is not None:
        document["parent_id"] = event.parent_id
    if event.text:
        document["text"] = event.text
    if event.intent is not None:
        document["intent"] = intent_document(event.intent)
    if event.parts:
        document["parts"] = [part_document(part) for part in event.parts]
    if event.reason:
        document["reason"] = event.reason
    if event.message:
        document["message"] = event.message
    if event.choices:
        document["choices"] = [choice.model_dump() for choice in event.choices]
    if event.event in ("planned", "deployed", "compliant", "degraded"):
        document["placements"] = [row.model_dump() for row in event.placements]
    if event.event == "planned":
        document["predicted"] = figures_document(event.predicted)
        document["alternatives"] = [row.model_dump() for row in event.alternatives]
    if event.event in ("planned", "compliant", "degraded", "infeasible"):
        document["knowledge"] = [used.model_dump() for used in event.knowledge]
    if event.notes:
        document["notes"] = list(event.notes)
    if event.feasibility is not None:
        document["feasibility"] = event.feasibility.model_dump(exclude_none=True)
    if event.conflicts:
        document["conflicts"] = [conflict.model_dump() for conflict in event.conflicts]
    if event.progress is not None:
        document["progress"] = {"slots": event.progress[0], "of": event.progress[1]}
    if event.event in ("compliant", "degraded") and event.intent is not None:
        document["requested"] = requested_document(event.intent)
    if event.measured is not None:
        document["measured"] = figures_document(event.measured)
    if event.kept:
        document["kept"] = True
    return document


def intent_document(intent: Intent) -> dict[str, Any]:
    """The structured intent as `recognised` carries it."""
    return intent.model_dump(exclude_none=True)


def part_document(part: IntentPart) -> dict[str, Any]:
    """One of several services of a text."""
    return part.model_dump(exclude_none=True)


def requested_document(intent: Intent) -> dict[str, Any]:
    """What was asked, for the last event."""
    return {
        "service": intent.service,
        "users": intent.users.value,
        "latency_ms": intent.latency_ms.value,
        "reliability_pct": intent.reliability_pct.value,
        "data_rate_mbps": intent.data_rate_mbps.value,
    }


def figures_document(figures: Any) -> dict[str, Any] | None:
    """Percentiles under `latency_ms`, as docs/cli.md says."""
    if figures is None:
        return None
    return {
        "latency_ms": {"p50": figures.p50_ms, "p95": figures.p95_ms, "p99": figures.p99_ms},
        "satisfied_share": figures.satisfied_share,
        "energy_j_per_request": figures.energy_j_per_request,
        "slots": figures.slots,
    }


def recognition_document(found: Recognition) -> dict[str, Any]:
    """One recognition as docs/cli.md says it."""
    event = {"accepted": "recognised"}.get(found.outcome, found.outcome)
    document: dict[str, Any] = {"event": event, "text": found.text}
    if found.intent is not None:
        document["intent"] = intent_document(found.intent)
    if found.parts:
        document["parts"] = [part_document(part) for part in found.parts]
    if found.reason is not None:
        document["reason"] = found.reason
    if found.choices:
        document["choices"] = [choice.model_dump() for choice in found.choices]
    if found.message:
        document["message"] = found.message
    return document
