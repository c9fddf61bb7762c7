"""TM Forum TMF921 v5 `IntentReport`: what became of an intent.

| field of TMF921 | intent |
| --- | --- |
| `id`, `name` | intent id with "-report"; service |
| `intent` (reference) | intent id |
| `description` | last message, for people |
| `creationDate` | when the report was written |
| `expression` (`JsonLdExpression`) | an `icm:IntentReport`, below |
| `icm:intentHandlingState`, `imo:event`, `icm:result` | last event, and whether all was met |
| `icm:resultFrom`, down to an `icm:ConditionReport` | latency and reliability, each met or not |
| `icm:reason` | last message |
| `cnc:event`, `cnc:measured` | last event, measured figures |
| `cnc:feasibility`, `cnc:conflicts` | the check before acting, other intents in the way |

Sources: fields of IntentReport in TMF921 v5.0.0 as public data models repeat them (id, href, name,
description, creationDate, validFor, intent, expression); `icm:IntentReport` and its properties in
TIO v3.6.0 as a public digest of its Turtle files gives them; the states StateIntentReceived,
StateCompliant, StateDegraded and StateFinalizing as public reports use them. The ontology's
metrics were not at hand, nor has it words for feasibility and conflicts that were found: these are
in the project's own vocabulary (`cnc:`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.tmf921_expression import expression
from cnc.messages.base import Model
from cnc.messages.feasibility import Conflict, Feasibility
from cnc.messages.intents import EventName, Figures

ModelT = TypeVar("ModelT", bound=Model)

TITLE = "TM Forum TMF921 v5 IntentReport"
_FIGURES = {
    "cnc:latencyP50Ms": "p50_ms",
    "cnc:latencyP95Ms": "p95_ms",
    "cnc:latencyP99Ms": "p99_ms",
    "cnc:servedInTimeRatio": "satisfied_share",
    "cnc:energyPerRequestJ": "energy_j_per_request",
    "cnc:slotsMeasured": "slots",
}

_STATES: dict[EventName, str] = {
    "compliant": "StateCompliant",
    "degraded": "StateDegraded",
    "withdrawn": "StateFinalizing",
}
_EVENTS: dict[EventName, str] = {
    "planned": "IntentAccepted",
    "deployed": "IntentAccepted",
    "measured": "IntentAccepted",
    "refused": "IntentRejected",
    "infeasible": "IntentRejected",
    "withdrawn": "IntentRemoval",
}


@dataclass(frozen=True)
class Report:
    """What an IntentReport says."""

    intent_id: str
    event: EventName
    message: str = ""
    measured: Figures | None = None
    feasibility: Feasibility | None = None
    conflicts: tuple[Conflict, ...] = ()


def write(described: Described) -> dict[str, Any]:
    """The outcome of the intent as a TMF921 IntentReport."""
    body: dict[str, Any] = {
        "@type": "icm:IntentReport",
        "icm:about": {"@id": f"cnc:{described.intent_id}"},
        **_handling(described),
        "cnc:event": described.event,
    }
    if described.measured is not None:
        figures = described.measured.model_dump()
        body["cnc:measured"] = {
            name: figures[key] for name, key in _FIGURES.items() if figures[key] is not None
        }
    if described.feasibility is not None:
        body["cnc:feasibility"] = described.feasibility.model_dump(exclude_none=True, mode="json")
    if described.conflicts:
        body["cnc:conflicts"] = [conflict.model_dump() for conflict in described.conflicts]
    document: dict[str, Any] = {
        "@type": "IntentReport",
        "id": f"{described.intent_id}-report",
        "name": f"Report on {described.intent.service_name}",
    }
    if described.message:
        document["description"] = described.message
    if described.written_at is not None:
        document["creationDate"] = described.written_at
    return document | {
        "intent": {
            "@type": "IntentRef",
            "id": described.intent_id,
            "href": f"/tmf-api/intentManagement/v5/intent/{described.intent_id}",
        },
        "expression": expression(described.intent_id, body),
    }


def _handling(described: Described) -> dict[str, Any]:
    """The state of handling, the event that led to it, and what came of each condition."""
    state = {"@id": f"imo:{_STATES.get(described.event, 'StateIntentReceived')}"}
    parts: dict[str, Any] = {"icm:intentHandlingState": state}
    if described.event in _EVENTS:
        parts["imo:event"] = {"@type": f"imo:{_EVENTS[described.event]}"}
    if described.message:
        parts["icm:reason"] = {"@type": "icm:Reason", "cnc:text": described.message}
    if described.measured is None or described.event not in ("compliant", "degraded"):
        return parts
    whole = described.event == "compliant"
    conditions = [
        {
            "@type": "icm:ConditionReport",
            "icm:about": {"@id": f"cnc:{name}Condition"},
            "icm:result": met,
        }
        for name, met in _conditions(described)
    ]
    return parts | {
        "icm:result": whole,
        "icm:resultFrom": {
            "@type": "icm:PropertyExpectationReport",
            "icm:about": {"@id": "cnc:quality"},
            "icm:result": all(met for _, met in _conditions(described)),
            "icm:resultFrom": conditions,
        },
    }


def _conditions(described: Described) -> list[tuple[str, bool]]:
    """The conditions that are measured, by the names that the Intent gives them."""
    measured, intent = described.measured, described.intent
    assert measured is not None
    asked = intent.reliability_pct
    needed = asked.value / 100 if asked.origin == "said" else 0.95
    return [
        ("latency", measured.p95_ms is not None and measured.p95_ms <= intent.latency_ms.value),
        ("reliability", measured.satisfied_share >= needed),
    ]


def matches(document: Node) -> bool:
    """Whether the document is an IntentReport of TMF921."""
    kind = document.get("@type")
    return kind is not None and kind.value == "IntentReport"


def read(document: Node) -> Report:
    """What a report of this project says; others have no vocabulary in common.

    Raises:
        ConfigurationError: it cannot be read; the message names the path and what is allowed.
    """
    events = f"allowed are {', '.join(get_args(EventName))}"
    reference = document.need("intent", allowed="a reference to the intent")
    intent_id = reference.need("id", allowed="the id of the intent").text()
    value = document.need("expression", allowed="an expression").need(
        "expressionValue", allowed="an object of JSON-LD"
    )
    event = value.need("cnc:event", allowed=events)
    if event.value not in get_args(EventName):
        raise event.wrong(events)
    message = document.get("description")
    measured, conflicts = value.get("cnc:measured"), value.get("cnc:conflicts")
    return Report(
        intent_id=intent_id,
        event=event.value,
        message="" if message is None else message.text(),
        measured=None if measured is None else _figures(measured),
        feasibility=_model(value.get("cnc:feasibility"), Feasibility),
        conflicts=tuple(
            conflict
            for each in (conflicts.items() if conflicts is not None else ())
            if (conflict := _model(each, Conflict)) is not None
        ),
    )


def _model(node: Node | None, kind: type[ModelT]) -> ModelT | None:
    if node is None:
        return None
    try:
        return kind.model_validate_json(json.dumps(node.members()))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise node.error(f"{where}: {error.errors()[0]['msg']}") from error


def _figures(measured: Node) -> Figures:
    measured.need("cnc:servedInTimeRatio", allowed="a ratio from 0 to 1")
    numbers = {key: node.number() for name, key in _FIGURES.items() if (node := measured.get(name))}
    return Figures.model_validate(numbers)
