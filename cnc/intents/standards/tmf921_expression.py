"""The `expression` of TMF921 documents: quantities as conditions of an ontology, in JSON-LD.

`set:forAll [ icm:valuesOfTargetProperty P ; quan:atMost [ rdf:value V ; quan:unit U ] ]`; what is
read may use any prefix, and `quan:smaller`, `quan:greater`, `quan:larger` or `quan:equal` as well.
`cnc:origin` keeps whether a value was said, assumed or retrieved, and `cnc:source` from where.

Source: TIO v3.6.0 as the public intents of INTEND-Project/5G4Data-public use it, and a public
digest of its Turtle files (classes, properties and functions with their definitions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from cnc.intents.standards.reading import Node
from cnc.intents.standards.wanted import DIRECTIONS, Target, Wanted
from cnc.messages.intents import Comparison, Slot, SlotOrigin

IRI = "http://tio.models.tmforum.org/tio/v3.6.0/IntentCommonModel/"
_TIO = "http://tio.models.tmforum.org/tio/v3.6.0"
CONTEXT = {
    "icm": IRI,
    "log": f"{_TIO}/LogicalOperators/",
    "set": f"{_TIO}/SetOperators/",
    "quan": f"{_TIO}/QuantityOntology/",
    "imo": f"{_TIO}/IntentManagementOntology/",
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
PROPERTIES: dict[str, Target] = {
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
    "exactly": "exactly",
    "equal": "exactly",
    "about": "about",
}
_WRITTEN: dict[Comparison, str] = {
    "at_most": "quan:atMost",
    "at_least": "quan:atLeast",
    "exactly": "quan:exactly",
    "about": "cnc:about",
}


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


def read_expression(expressed: Node, wanted: Wanted) -> Iterator[Node]:
    """Take the quantities of an expression; the targets, which may name the service, come out.

    Raises:
        ConfigurationError: it is no JSON-LD, or a quantity in it is wrong.
    """
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
    target = PROPERTIES.get(name.casefold())
    if target is None:
        known = ", ".join(property_name for property_name, _ in UNITS.values())
        wanted.unread(named, f"no quantity {name!r}; known are {known}")
        return
    sides = [part for part in parts if part in _COMPARATORS]
    if not sides:
        raise node.error("no limit; allowed are quan:atMost, quan:atLeast, quan:exactly")
    origin: SlotOrigin = "said"
    source = None
    if around.get("cnc:origin") in get_args(SlotOrigin):
        origin = around["cnc:origin"]
        source = around.get("cnc:source")
        source = source if isinstance(source, str) else None
    limit = node.need(parts[sides[0]], allowed="a quantity")
    wanted.quantity(target, limit, UNITS[target][1], _COMPARATORS[sides[0]], origin, source)


def _local(key: str) -> str:
    return _name(key).casefold()


def _name(identifier: str) -> str:
    """`http://x/y#latency`, `cnc:latency` and `latency` are all `latency`."""
    for mark in ("#", "/", ":"):
        identifier = identifier.rstrip(mark).rsplit(mark, 1)[-1]
    return identifier
