"""TM Forum TMF921 v5 `IntentReport`: what became of an intent.

| field of TMF921 | intent |
| --- | --- |
| `id`, `name` | intent id with "-report"; service |
| `intent` (reference) | intent id |
| `description` | last message, for people |
| `expression` (`JsonLdExpression`) | `cnc:event`, and the measured figures |

The path of the resource, `intent/{intentId}/intentReport`, and the reporting of handling states
are TMF921 v5.0.0's; the ontology for measured figures was not at hand, so that they are in the
project's own vocabulary (`cnc:`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.tmf921_expression import expression
from cnc.messages.intents import EventName, Figures

TITLE = "TM Forum TMF921 v5 IntentReport"
_FIGURES = {
    "cnc:latencyP50Ms": "p50_ms",
    "cnc:latencyP95Ms": "p95_ms",
    "cnc:latencyP99Ms": "p99_ms",
    "cnc:servedInTimeRatio": "satisfied_share",
    "cnc:energyPerRequestJ": "energy_j_per_request",
    "cnc:slotsMeasured": "slots",
}


@dataclass(frozen=True)
class Report:
    """What an IntentReport says."""

    intent_id: str
    event: EventName
    message: str = ""
    measured: Figures | None = None


def write(described: Described) -> dict[str, Any]:
    """The outcome of the intent as a TMF921 IntentReport."""
    body: dict[str, Any] = {"@type": "cnc:IntentReport", "cnc:event": described.event}
    if described.measured is not None:
        figures = described.measured.model_dump()
        body["cnc:measured"] = {
            name: figures[key] for name, key in _FIGURES.items() if figures[key] is not None
        }
    document: dict[str, Any] = {
        "@type": "IntentReport",
        "id": f"{described.intent_id}-report",
        "name": f"Report on {described.intent.service_name}",
    }
    if described.message:
        document["description"] = described.message
    return document | {
        "intent": {
            "@type": "IntentRef",
            "id": described.intent_id,
            "href": f"/tmf-api/intentManagement/v5/intent/{described.intent_id}",
        },
        "expression": expression(described.intent_id, body),
    }


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
    measured = value.get("cnc:measured")
    return Report(
        intent_id=intent_id,
        event=event.value,
        message="" if message is None else message.text(),
        measured=None if measured is None else _figures(measured),
    )


def _figures(measured: Node) -> Figures:
    measured.need("cnc:servedInTimeRatio", allowed="a ratio from 0 to 1")
    numbers = {key: node.number() for name, key in _FIGURES.items() if (node := measured.get(name))}
    return Figures.model_validate(numbers)
