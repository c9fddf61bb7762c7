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

In `expressionValue` each quantity is a condition of TM Forum's intent ontology (TIO v3.6.0):
`set:forAll [ icm:valuesOfTargetProperty P ; quan:smaller [ rdf:value V ; quan:unit U ] ]`, here in
JSON-LD. `cnc:origin` keeps whether it was said, assumed or retrieved, and `cnc:source` from where.

Sources: fields of Intent, Expression and Characteristic in TMF921 v5.0.0 (as the public schemas
of psi-consortium/psi and api-evangelist/tm-forum repeat them); conditions as the public intents of
INTEND-Project/5G4Data-public write them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.wanted import DIRECTIONS, Target, Wanted, need_service
from cnc.messages.intents import Comparison, EventName, Slot, SlotOrigin

TITLE = "TM Forum TMF921 v5 Intent"
IRI = "http://tio.models.tmforum.org/tio/v3.6.0/IntentCommonModel/"
_TIO = "http://tio.models.tmforum.org/tio/v3.6.0"
CONTEXT = {
    "icm": IRI,
    "log": f"{_TIO}/LogicalOperators/",
    "set": f"{_TIO}/SetOperators/",
    "quan": f"{_TIO}/QuantityOntology/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "cnc": "urn:cnc:intent:",
}
UNITS: dict[Target, tuple[str, str]] = {
    "latency_ms": ("latency", "ms"),
    "data_rate_mbps": ("dataRatePerUser", "Mbps"),
    "data_rate_total_mbps": ("dataRateTotal", "Mbps"),
    "reliability_pct": ("reliability", "percent"),
    "compute_gc": ("computePerRequest", "Gc"),
    "users": ("numberOfUsers", "users"),
}
"""Property and unit of each quantity."""
_PROPERTIES: dict[str, Target] = {
    **{name.casefold(): target for target, (name, _) in UNITS.items()},
    "networklatency": "latency_ms",
    "maxlatency": "latency_ms",
    "delay": "latency_ms",
    "datarate": "data_rate_mbps",
    "throughput": "data_rate_mbps",
    "bandwidth": "data_rate_mbps",
    "availability": "reliability_pct",
    "users": "users",
    "maxnumberofues": "users",
}
_COMPARATORS: dict[str, Comparison] = {
    "smaller": "at_most",
    "atmost": "at_most",
    "greater": "at_least",
    "larger": "at_least",
    "atleast": "at_least",
    "equal": "exactly",
    "about": "about",
}
_WRITTEN: dict[Comparison, str] = {
    "at_most": "quan:atMost",
    "at_least": "quan:atLeast",
    "exactly": "quan:equal",
    "about": "cnc:about",
}
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


def expression(intent_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """A JsonLdExpression about the intent."""
    return {
        "@type": "JsonLdExpression",
        "expressionLanguage": "JSON-LD",
        "iri": IRI,
        "expressionValue": {"@context": CONTEXT, "@id": f"cnc:{intent_id}", **body},
    }


def condition(target: Target, slot: Slot[Any]) -> dict[str, Any]:
    """A condition of TM Forum's intent ontology."""
    name, unit = UNITS[target]
    side = _WRITTEN[slot.comparison or DIRECTIONS[target]]
    written: dict[str, Any] = {
        "@id": f"cnc:{name}Condition",
        "@type": "log:Condition",
        "set:forAll": {
            "icm:valuesOfTargetProperty": {"@id": f"cnc:{name}"},
            side: {"rdf:value": slot.value, "quan:unit": unit},
        },
        "cnc:origin": slot.origin,
    }
    return written if slot.source is None else {**written, "cnc:source": slot.source}


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
        services += list(_read_expression(expressed, wanted))
    characteristics = document.get("characteristic")
    if characteristics is not None:
        for each in characteristics.items():
            service = _read_characteristic(each, wanted)
            services += [] if service is None else [service]
    if (name := document.get("name")) is not None:
        services.append(name)
    _read_period(document, wanted)
    return wanted, need_service(catalogue, services, document)


def _read_expression(expressed: Node, wanted: Wanted) -> Iterator[Node]:
    allowed = "allowed is a JsonLdExpression: an object of JSON-LD, or a text with one"
    kind = expressed.get("@type")
    if kind is not None and kind.value not in ("JsonLdExpression", "Expression"):
        raise kind.wrong(allowed)
    value = expressed.get("expressionValue")
    if value is None:
        return
    if isinstance(value.value, str):
        try:
            value = Node(json.loads(value.value), value.source, value.path)
        except (json.JSONDecodeError, RecursionError):
            raise value.wrong(allowed) from None
    if not isinstance(value.value, dict | list):
        raise value.wrong(allowed)
    yield from _walk(value, wanted, {}, 0)


def _walk(node: Node, wanted: Wanted, around: dict[str, Any], depth: int) -> Iterator[Node]:
    """Conditions and targets anywhere in the expression."""
    if depth > 30:
        raise node.error("nested too deeply; allowed are 30 levels")
    if isinstance(node.value, list):
        for number, each in enumerate(node.value):
            inner = Node(each, node.source, f"{node.path}[{number}]")
            yield from _walk(inner, wanted, around, depth + 1)
        return
    if not isinstance(node.value, dict):
        return
    parts = {_local(key): key for key in node.value}
    if "valuesoftargetproperty" in parts:
        _read_condition(node, parts, wanted, around)
        return
    if "target" in parts:
        named = Node(node.value[parts["target"]], node.source, f"{node.path}.{parts['target']}")
        if isinstance(named.value, dict) and (found := named.get("@id")) is not None:
            named = found
        if isinstance(named.value, str):
            yield Node(_name(named.value), named.source, named.path)
    for key, each in node.value.items():
        if key != "@context":
            inner = Node(each, node.source, f"{node.path}.{key}")
            yield from _walk(inner, wanted, node.value, depth + 1)


def _read_condition(
    node: Node, parts: dict[str, str], wanted: Wanted, around: dict[str, Any]
) -> None:
    named = node.need(parts["valuesoftargetproperty"], allowed="the name of a property")
    if isinstance(named.value, dict):
        named = named.need("@id", allowed="the name of a property")
    name = _name(named.text("the name of a property belongs here"))
    target = _PROPERTIES.get(name.casefold())
    if target is None:
        known = ", ".join(property_name for property_name, _ in UNITS.values())
        wanted.unread(named, f"no quantity {name!r}; known are {known}")
        return
    sides = [part for part in parts if part in _COMPARATORS]
    if not sides:
        raise node.error("no limit; allowed are quan:atMost, quan:atLeast, quan:equal")
    origin: SlotOrigin = "said"
    source = None
    if around.get("cnc:origin") in get_args(SlotOrigin):
        origin = around["cnc:origin"]
        source = around.get("cnc:source")
        source = source if isinstance(source, str) else None
    limit = node.need(parts[sides[0]], allowed="a quantity")
    wanted.quantity(target, limit, UNITS[target][1], _COMPARATORS[sides[0]], origin, source)


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
    elif known in _PROPERTIES:
        target = _PROPERTIES[known]
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


def _local(key: str) -> str:
    return _name(key).casefold()


def _name(identifier: str) -> str:
    """`http://x/y#latency`, `cnc:latency` and `latency` are all `latency`."""
    for mark in ("#", "/", ":"):
        identifier = identifier.rstrip(mark).rsplit(mark, 1)[-1]
    return identifier
