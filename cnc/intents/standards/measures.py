"""Units that the standards' documents use, as factors to milliseconds, Mbit/s and percent.

Names: CAMARA qos-profiles `TimeUnitEnum` and `RateUnitEnum`; 3GPP and O-RAN write kbit/s and
milliseconds; TM Forum's quantity ontology leaves `quan:unit` free.
"""

from __future__ import annotations

import re
from typing import Literal

from cnc.intents.standards.reading import Node

Kind = Literal["time", "rate", "share", "work", "count"]
_TIME_MS = {
    "ns": 1e-6, "nanoseconds": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "microseconds": 1e-3,
    "ms": 1.0, "milliseconds": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "minutes": 60e3,
    "hours": 3600e3,
}  # fmt: skip
_RATE_MBPS = {
    f"{prefix}{unit}": factor
    for prefix, factor in (("", 1e-6), ("k", 1e-3), ("m", 1.0), ("g", 1e3), ("t", 1e6))
    for unit in ("bps", "bit/s", "bits/s")
}
_SHARE_PCT = {"%": 1.0, "percent": 1.0, "pct": 1.0, "ratio": 100.0, "fraction": 100.0}
_UNITS: dict[Kind, dict[str, float]] = {
    "time": _TIME_MS,
    "rate": _RATE_MBPS,
    "share": _SHARE_PCT,
    "work": {"gc": 1.0, "mc": 1e-3},
    "count": {"": 1.0, "1": 1.0, "ue": 1.0, "ues": 1.0, "user": 1.0, "users": 1.0},
}
ALLOWED: dict[Kind, str] = {
    "time": "us, ms, s (CAMARA: Microseconds, Milliseconds, Seconds)",
    "rate": "bps, kbps, Mbps, Gbps, Tbps",
    "share": "percent, ratio",
    "work": "Gc, Mc (10^9, 10^6 cycles)",
    "count": "none, users",
}
_WORDS = re.compile(r"^\s*(?P<value>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?P<unit>\S.*?)?\s*$")


def measure(node: Node, kind: Kind, default_unit: str) -> float:
    """A quantity in ms, Mbit/s, percent, Gc or a count.

    Read are a number (in the unit that the standard gives the field), `{"value", "unit"}` with
    any prefix (`rdf:value`, `quan:unit`), and a text such as "50 ms".

    Raises:
        ConfigurationError: no number, or an unknown unit; the message lists those there are.
    """
    allowed = f"a number in {default_unit or 'units'}, or one with a unit: {ALLOWED[kind]}"
    unit_node: Node | None = None
    if isinstance(node.value, dict):
        unit_node = node.get("unit", "quan:unit")
        node = node.need("value", "rdf:value", "@value", allowed=allowed)
        if isinstance(node.value, dict):
            node = node.need("@value", allowed=allowed)
    unit = default_unit if unit_node is None else unit_node.text(f"allowed are {ALLOWED[kind]}")
    if isinstance(node.value, str) and (match := _WORDS.match(node.value)) and match["unit"]:
        unit, unit_node = match["unit"], node
        number = Node(match["value"], node.source, node.path).number(allowed)
    else:
        number = node.number(allowed)
    factor = _factor(unit, kind)
    if factor is None:
        raise (unit_node or node).error(f"unknown unit {unit!r}; allowed are {ALLOWED[kind]}")
    return float(f"{number * factor:.12g}")


def _factor(unit: str, kind: Kind) -> float | None:
    units = _UNITS[kind]
    name = unit.strip().casefold()
    return units.get(name, units.get(f"{name}s"))
