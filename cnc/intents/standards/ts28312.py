"""3GPP TS 28.312 `Intent` with a service support expectation.

| field of TS 28.312 | intent |
| --- | --- |
| `id`, `userLabel` | intent id; the user's words |
| `intentPriority` | priority, 1 to 9; 10 to 100 are read as 9 |
| `intentExpectations[].expectationVerb` | always ENSURE |
| `expectationObjects[].objectType`, `objectInstance` | Service_Support; `Service=<id>` |
| `objectContexts[]` `coverageArea` | area |
| target `UlLatency` (`DlLatency`), ms | latency |
| target `UlThptPerUE` (`DlThptPerUE`), `guaThpt` in kbit/s | data rate of a user |
| target `uLThptPerSlice`, kbit/s | data rate of all users |
| target `maxNumberofUEs` | users |
| targets `reliability` (percent), `computePerRequest` (Gc) | reliability, compute; free names |
| contexts `ServiceStartTime`, `ServiceEndTime` | time window |
| `intentContexts[]` `energyPreference` | energy preference; a free name |
| `intentFulfilmentInfo.{fulfilStatus, notFulfilledState, notFulfilledReasons}` | last event |

Sources: OpenAPI TS28312_IntentNrm.yaml 17.1.0, 17.3.0, 18.0.0 and
TS28312_IntentExpectations.yaml 18.0.0 (ServiceSupportExpectation, Condition, FulfilmentInfo), as
published in jdegre/5GC_APIs; `guaThpt` is an attribute of XLThpt of TS 28.541. `intentPriority`
came in Release 18; 1 to 100 with the default 1 is its range in a public implementation of Release
19, and that 1 is the most urgent is the project's reading.

The published OpenAPI misspells `notFullfilledState`, `expectationfulfilmentInfo`,
`EdgeIdenfitication…`, and one condition, `Is_less_than`. All are read; what is written is spelt
right. Later releases have `expectationObject` in the singular; both are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.standards.described import Described
from cnc.intents.standards.reading import Node
from cnc.intents.standards.wanted import DIRECTIONS, Target, Wanted, need_service
from cnc.messages.intents import Comparison, EventName, Slot

TITLE = "3GPP TS 28.312 Intent"
PRIORITIES = "allowed is a whole number from 1 (most urgent) to 100"
CONDITIONS: dict[str, Comparison] = {
    "IS_LESS_THAN": "at_most",
    "IS_EQUAL_TO_OR_LESS_THAN": "at_most",
    "IS_GREATER_THAN": "at_least",
    "IS_EQUAL_TO_OR_GREATER_THAN": "at_least",
    "IS_EQUAL_TO": "exactly",
}
"""Conditions that limit one value; the standard has more, for ranges and sets."""
_NAMED: dict[Target, str] = {
    "latency_ms": "UlLatency",
    "data_rate_mbps": "UlThptPerUE",
    "data_rate_total_mbps": "uLThptPerSlice",
    "users": "maxNumberofUEs",
    "reliability_pct": "reliability",
    "compute_gc": "computePerRequest",
}
UNITS: dict[Target, str] = {
    "latency_ms": "ms",
    "data_rate_mbps": "kbps",
    "data_rate_total_mbps": "kbps",
    "users": "users",
    "reliability_pct": "percent",
    "compute_gc": "Gc",
}
_TARGETS: dict[str, Target] = {
    **{name.casefold(): target for target, name in _NAMED.items()},
    "dllatency": "latency_ms",
    "latency": "latency_ms",
    "dlthptperue": "data_rate_mbps",
    "dlthptperslice": "data_rate_total_mbps",
    "availability": "reliability_pct",
}
_STRICT: dict[Comparison, str] = {"at_most": "IS_LESS_THAN", "at_least": "IS_GREATER_THAN"}
_OTHER: dict[Comparison, str] = {
    "at_most": "IS_EQUAL_TO_OR_LESS_THAN",
    "at_least": "IS_EQUAL_TO_OR_GREATER_THAN",
    "exactly": "IS_EQUAL_TO",
}
_CONTEXTS = (
    "service",
    "servicetype",
    "servicestarttime",
    "serviceendtime",
    "energypreference",
    "coveragearea",
    "edgeidentificationid",
    "edgeidenfiticationid",
)
_INCLUDING = (
    "IS_EQUAL_TO",
    "IS_EQUAL_TO_OR_GREATER_THAN",
    "IS_EQUAL_TO_OR_LESS_THAN",
    "IS_GREATER_THAN",
    "IS_LESS_THAN",
    "IS_ONE_OF",
    "IS_ALL_OF",
    "IS_WITHIN_RANGE",
)
"""Conditions of a context that its value meets: a place that is to be avoided cannot be told."""
_SPAN = re.compile(r"(?P<start>.*\d\d:\d\d)-(?P<end>\d\d:\d\d)")
_FULFILMENT: dict[EventName, str] = {
    "refused": "FULFILMENTFAILED",
    "infeasible": "FULFILMENTFAILED",
    "ask": "SUSPENDED",
    "degraded": "DEGRADED",
    "withdrawn": "TERMINATED",
}


def write(described: Described) -> dict[str, Any]:
    """The intent as an Intent of TS 28.312."""
    intent = described.intent
    place: dict[str, Any] = {
        "objectType": "Service_Support",
        "objectInstance": f"Service={intent.service}",
    }
    if intent.area is not None:
        place["objectContexts"] = [_context("coverageArea", [intent.area.value])]
    slots: Iterator[tuple[Target, Slot[Any] | None]] = (
        (target, getattr(intent, target)) for target in _NAMED
    )
    expectation: dict[str, Any] = {
        "expectationId": "1",
        "expectationVerb": "ENSURE",
        "expectationObjects": [place],
        "expectationTargets": [_target(name, slot) for name, slot in slots if slot is not None],
    }
    if intent.time_window is not None:
        expectation["expectationContexts"] = _times(intent.time_window.value)
    document: dict[str, Any] = {"id": described.intent_id}
    if described.text:
        document["userLabel"] = described.text
    document |= {
        "intentPriority": intent.priority.value,
        "intentExpectations": [expectation],
        "intentFulfilmentInfo": _fulfilment(described),
    }
    if intent.energy_preference is not None:
        energy = _context("energyPreference", [intent.energy_preference.value])
        document["intentContexts"] = [energy]
    return document


def _target(target: Target, slot: Slot[Any]) -> dict[str, Any]:
    side = slot.comparison or DIRECTIONS[target]
    side = DIRECTIONS[target] if side == "about" else side
    value: Any = slot.value
    if UNITS[target] == "kbps":
        value = float(f"{1000 * value:.12g}")
    if target == "data_rate_mbps":
        value = {"guaThpt": value}
    usual = side == DIRECTIONS[target] and target in ("latency_ms", "data_rate_mbps", "users")
    return {
        "targetName": _NAMED[target],
        "targetCondition": (_STRICT if usual else _OTHER)[side],
        "targetValueRange": value,
    }


def _context(attribute: str, values: Any) -> dict[str, Any]:
    return {
        "contextAttribute": attribute,
        "contextCondition": "IS_EQUAL_TO",
        "contextValueRange": values,
    }


def _times(window: str) -> list[dict[str, Any]]:
    span = _SPAN.fullmatch(window)
    if span is None:
        return [_context("ServiceStartTime", window)]
    return [_context("ServiceStartTime", span["start"]), _context("ServiceEndTime", span["end"])]


def _fulfilment(described: Described) -> dict[str, str]:
    if described.event == "compliant":
        return {"fulfilStatus": "FULFILLED"}
    state = _FULFILMENT.get(described.event, "ACKNOWLEDGED")
    info = {"fulfilStatus": "NOT_FULFILLED", "notFulfilledState": state}
    return {**info, "notFulfilledReasons": described.message} if described.message else info


def matches(document: Node) -> bool:
    """Whether the document is an Intent of TS 28.312, maybe inside a SubNetwork."""
    return any(
        document.get(name) is not None
        for name in ("intentExpectations", "intentExpectation", "Intent", "SubNetwork")
    ) or (
        isinstance(inner := document.members().get("attributes"), dict)
        and any(key.casefold().startswith("intentexpectation") for key in inner)
    )


def read(document: Node, catalogue: Catalogue) -> tuple[Wanted, Service]:
    """What an Intent of TS 28.312 asks for.

    Raises:
        ConfigurationError: it cannot be read, or names no service.
    """
    document = _unwrapped(document)
    wanted = Wanted()
    label = document.get("userLabel")
    if label is not None:
        wanted.text = label.text()
    priority = document.get("intentPriority")
    if priority is not None:
        _read_priority(priority, wanted)
    services: list[Node] = []
    expectations = document.need(
        "intentExpectations", "intentExpectation", allowed="a list of expectations"
    )
    for expectation in expectations.items():
        services += _read_expectation(expectation, wanted)
    contexts = document.get("intentContexts", "intentContext")
    for context in contexts.items() if contexts is not None else ():
        _read_context(context, wanted)
    if not services and label is not None:
        services = [label]
    return wanted, need_service(catalogue, services, expectations)


def _read_priority(node: Node, wanted: Wanted) -> None:
    """1 to 100 (Release 19; 1 by default); from 9 on it is read as 9."""
    value = node.number(PRIORITIES)
    if value not in range(1, 101):
        raise node.wrong(PRIORITIES)
    wanted.priority = min(9, int(value))


def _unwrapped(document: Node) -> Node:
    """The Intent inside a SubNetwork, and the attributes inside a managed object."""
    for name in ("SubNetwork", "Intent"):
        outer = document.get(name)
        if outer is not None:
            inside = list(outer.items())
            if len(inside) != 1:
                raise outer.error(f"{len(inside)} of them; give one intent a file")
            document = inside[0]
    attributes = document.get("attributes")
    if attributes is not None and attributes.get("intentExpectations", "intentExpectation"):
        return attributes
    return document


def _read_expectation(expectation: Node, wanted: Wanted) -> Iterator[Node]:
    objects = expectation.get("expectationObjects", "expectationObject")
    for each in objects.items() if objects is not None else ():
        instance = each.get("objectInstance")
        if instance is not None:
            words = instance.text("a distinguished name such as Service=ar-split-rendering")
            name = words.rsplit(",", 1)[-1].rsplit("=", 1)[-1]
            yield Node(name, instance.source, instance.path)
        contexts = each.get("objectContexts", "objectContext")
        for context in contexts.items() if contexts is not None else ():
            named = _read_context(context, wanted)
            if named is not None:
                yield named
    targets = expectation.get("expectationTargets", "expectationTarget")
    for target in targets.items() if targets is not None else ():
        _read_target(target, wanted)
    contexts = expectation.get("expectationContexts", "expectationContext")
    for context in contexts.items() if contexts is not None else ():
        named = _read_context(context, wanted)
        if named is not None:
            yield named


def _read_target(each: Node, wanted: Wanted) -> None:
    name = each.need("targetName", allowed=f"known are {', '.join(_NAMED.values())}")
    target = _TARGETS.get(name.text().casefold())
    if target is None:
        wanted.unread(each, f"no target {name.value!r}; known are {', '.join(_NAMED.values())}")
        return
    comparison: Comparison | None = None
    condition = each.get("targetCondition")
    if condition is not None:
        comparison = CONDITIONS.get(condition.text().upper())
        if comparison is None:
            raise condition.wrong(f"allowed are {', '.join(CONDITIONS)}")
    value = each.need("targetValueRange", allowed="a number")
    if isinstance(value.value, list) and len(value.value) == 1:
        value = Node(value.value[0], value.source, f"{value.path}[0]")
    if isinstance(value.value, dict) and (rate := value.get("guaThpt", "maxThpt")) is not None:
        value = rate
    wanted.quantity(target, value, UNITS[target], comparison)


def _read_context(context: Node, wanted: Wanted) -> Node | None:
    """Take a context; one that names the service is returned."""
    attribute = context.get("contextAttribute")
    value = context.get("contextValueRange")
    if attribute is None or value is None:
        return None
    if isinstance(value.value, list) and len(value.value) == 1:
        value = Node(value.value[0], value.source, f"{value.path}[0]")
    name = attribute.text().casefold()
    if name not in _CONTEXTS:
        wanted.unread(context, f"no context {attribute.value!r} is known")
        return None
    condition = context.get("contextCondition")
    if condition is not None and condition.text().upper() not in _INCLUDING:
        raise condition.wrong(f"allowed are {', '.join(_INCLUDING)}")
    if name in ("service", "servicetype"):
        return value
    if name == "servicestarttime":
        wanted.time_window = value.text() + (f"-{wanted.time_window}" if wanted.time_window else "")
    elif name == "serviceendtime":
        wanted.time_window = (f"{wanted.time_window}-" if wanted.time_window else "") + value.text()
    elif name == "energypreference":
        wanted.set_energy(value)
    else:
        wanted.area = value.text()
    return None
