"""The units that users write, by rule: what they measure and what they are worth."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["time", "rate", "percent", "work"]

_TIME_MS = {
    r"us|usecs?|microsec(?:ond)?s?|micro-?seconds?": 1e-3,
    r"ms|msecs?|m\.s\.|millis|millisec(?:ond)?s?|milli-?seconds?|毫秒": 1.0,
    r"s|secs?|seconds?|秒": 1e3,
    r"mins?|minutes?|分钟": 60e3,
}
_BIT = r"(?:bits?|b)"
_PER_SECOND = (
    r"\s*(?:ps|/\s*s(?:ec(?:ond)?)?\b|\s*p/s|"
    r"(?:/|\s+(?:per|a|an|every|each)\s+)\s*(?:sec(?:ond)?|min(?:ute)?|h(?:r|our)?|day)\b)"
)
_LONGER = {"min": 60.0, "h": 3600.0, "day": 86400.0}
"""Seconds over which a slow flow is stated: "2 GB per hour"."""
_PREFIXES = {
    r"k|kilo": 1e-3,
    r"m|mega": 1.0,
    r"g|giga": 1e3,
    r"t|tera": 1e6,
}
_WORK_GC = {
    r"gc|giga-?cycles?|billion\s+cycles": 1.0,
    r"mc|mega-?cycles?|million\s+cycles": 1e-3,
}
_TIMES = tuple((re.compile(rf"(?:{p})$", re.IGNORECASE), v) for p, v in _TIME_MS.items())
_WORKS = tuple((re.compile(rf"(?:{p})$", re.IGNORECASE), v) for p, v in _WORK_GC.items())
_RATE = re.compile(
    rf"(?P<prefix>k|kilo|m|mega|g|giga|t|tera|兆|千兆)?\s*-?(?P<unit>bits?|b|"
    rf"bytes?)?(?P<per>{_PER_SECOND})?$",
    re.IGNORECASE,
)
_KINDS: dict[Kind, str] = {
    "rate": (
        rf"(?:kilo|mega|giga|tera|[kmgt])-?(?:bits?|bytes?|b){_PER_SECOND}|(?:bits?|bytes?)\s*(?:/|\s(?:per|a)\s)\s*s(?:ec(?:ond)?)?\b|bps"
        r"|gbe|gige|(?:kilo|mega|giga|tera)-?bits?|[kmgt]bits?|(?-i:[KMGT]b)(?![a-z])|megs?|"
        r"兆(?:比特)?(?:每秒|/秒)?|千兆"
    ),
    "time": "|".join(_TIME_MS),
    "percent": r"%|percent(?:age)?|per\s?cent|pct",
    "work": "|".join(_WORK_GC),
}
UNIT = (
    "(?:"
    + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items())
    + r")(?![A-Za-z])"
)
"""A regular expression of any unit, with one group for each kind; ignores case."""


def time_ms(unit: str) -> float:
    """Milliseconds in one of the unit."""
    return next(value for pattern, value in _TIMES if pattern.match(unit))


def work_gc(unit: str) -> float:
    """10^9 cycles in one of the unit."""
    return next(value for pattern, value in _WORKS if pattern.match(unit))


def rate_mbps(unit: str) -> float:
    """Mbit/s in one of the unit; a capital B beside other small letters means bytes."""
    if unit.startswith("千兆"):
        return 1e3
    if unit.startswith("兆") or re.fullmatch(r"megs?", unit, re.IGNORECASE):
        return 1.0
    if re.match(r"(?:bps|bits?|bytes?)(?![a-z])", unit, re.IGNORECASE):
        prefix = 1e-6
    else:
        prefix = next(
            value
            for pattern, value in _PREFIXES.items()
            if re.match(
                rf"(?:{'|'.join(sorted(pattern.split('|'), key=len, reverse=True))})", unit, re.I
            )
        )
    mixed = re.match(r"[KMGTkmgt]B(?:ps|/|\s|$)", unit)
    is_bytes = "byte" in unit.lower() or mixed is not None
    longer = re.search(r"(?:/|\b(?:per|an?|every|each))\s*(min|h|day)\w*$", unit, re.IGNORECASE)
    seconds = _LONGER[longer[1].lower()] if longer is not None else 1.0
    return prefix * (8.0 if is_bytes else 1.0) / seconds
