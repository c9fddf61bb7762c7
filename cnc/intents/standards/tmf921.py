"""TM Forum TMF921 v5 `Intent`.

| field of TMF921 | intent |
| --- | --- |
| `id` | intent id |
| `name`, `intentSpecification.{id, name}` | service (its name; its id and name) |
| `description` | the user's words |
| `priority` | priority, as text "1" to "9" |
| `context` | scenario of IMT-2030 |
| `lifecycleStatus` | last event |
| `characteristic[]` `area`, `timeWindow`, `energyPreference` | the slots of that name |
| `expression` (`JsonLdExpression`: `iri`, `expressionValue`) | quantities |

Sources: fields of Intent, Expression and Characteristic in TMF921 v5.0.0 (as the public schemas
of psi-consortium/psi and api-evangelist/tm-forum repeat them).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.tmf921_expression import (
    PROPERTIES,
    UNITS,
    condition,
    expression,
    read_expression,
)
from cnc.intents.standards.wanted import Target, Wanted, need_service
from cnc.messages.intents import EventName, Slot

TITLE = "TM Forum TMF921 v5 Intent"
LIFECYCLE: dict[EventName, str] = {
    "received": "acknowledged",
    "recognised": "acknowledged",
    "planned": "acknowledged",
    "ask": "pending",
    "refused": "rejected",
    "infeasible": "rejected",
    "deployed": "inProgress",
    "measured": "inProgress",
    "compliant": "completed",
    "degraded": "completed",
    "withdrawn": "cancelled",
}


def write(described: Described) -> dict[str, Any]:
    """The intent as a TMF921 Intent."""
    intent = described.intent
    document: dict[str, Any] = {
        "@type": "Intent",
        "id": described.intent_id,
        "name": intent.service_name,
    }
    if described.text:
        document["description"] = described.text
    document |= {
        "isBundle": False,
        "priority": str(intent.priority.value),
        "context": intent.scenario,
        "lifecycleStatus": LIFECYCLE[described.event],
        "intentSpecification": {
            "@type": "IntentSpecificationRef",
            "id": intent.service,
            "name": intent.service_name,
        },
        "expression": expression(described.intent_id, _expectations(described)),
    }
    characteristics = [
        {"@type": "StringCharacteristic", "name": name, "valueType": "string", "value": slot.value}
        for name, slot in (
            ("area", intent.area),
            ("timeWindow", intent.time_window),
            ("energyPreference", intent.energy_preference),
        )
        if slot is not None
    ]
    if characteristics:
        document["characteristic"] = characteristics
    return document


def _expectations(described: Described) -> dict[str, Any]:
    intent = described.intent
    target = {"@id": f"cnc:{intent.service}"}
    quantities: Iterator[tuple[Target, Slot[Any] | None]] = (
        (name, getattr(intent, name)) for name in UNITS
    )
    return {
        "@type": "icm:Intent",
        "log:allOf": [
            {"@id": "cnc:delivery", "@type": "icm:DeliveryExpectation", "icm:target": target},
            {
                "@id": "cnc:quality",
                "@type": "icm:PropertyExpectation",
                "icm:target": target,
                "log:allOf": [condition(name, slot) for name, slot in quantities if slot],
            },
        ],
    }


def matches(document: Node) -> bool:
    """Whether the document is an Intent of TMF921."""
    kind = document.get("@type")
    named = kind is not None and kind.value in ("Intent", "ProbeIntent")
    return named or (kind is None and document.get("expression") is not None)


def read(document: Node, catalogue: Catalogue) -> tuple[Wanted, Service]:
    """What a TMF921 Intent asks for.

    Raises:
        ConfigurationError: it cannot be read, or names no service.
    """
    wanted = Wanted()
    description = document.get("description")
    if description is not None:
        wanted.text = description.text()
    priority = document.get("priority")
    if priority is not None:
        wanted.set_priority(priority)
    services: list[Node] = []
    specification = document.get("intentSpecification")
    if specification is not None:
        services += [n for n in (specification.get("id"), specification.get("name")) if n]
    expressed = document.get("expression")
    if expressed is not None:
        services += list(read_expression(expressed, wanted))
    characteristics = document.get("characteristic")
    if characteristics is not None:
        for each in characteristics.items():
            service = _read_characteristic(each, wanted)
            services += [] if service is None else [service]
    if (name := document.get("name")) is not None:
        services.append(name)
    _read_period(document, wanted)
    return wanted, need_service(catalogue, services, document)


def _read_characteristic(each: Node, wanted: Wanted) -> Node | None:
    name, value = each.get("name"), each.get("value")
    if name is None or value is None:
        return None
    known = name.text().replace("_", "").casefold()
    if known == "area":
        wanted.area = value.text()
    elif known == "timewindow":
        wanted.time_window = value.text()
    elif known == "energypreference":
        wanted.set_energy(value)
    elif known in ("service", "servicetype"):
        return value
    elif known in PROPERTIES:
        target = PROPERTIES[known]
        unit = each.get("unitOfMeasure", "unit")
        given = value.value if unit is None else {"value": value.value, "unit": unit.value}
        wanted.quantity(target, Node(given, value.source, value.path), UNITS[target][1])
    else:
        wanted.unread(each, f"no characteristic {name.value!r} is known")
    return None


def _read_period(document: Node, wanted: Wanted) -> None:
    period = document.get("validFor")
    if period is None or wanted.time_window is not None:
        return
    ends = [period.get("startDateTime"), period.get("endDateTime")]
    words = [node.text("a date and time belongs here") for node in ends if node is not None]
    if words:
        wanted.time_window = " to ".join(words)
