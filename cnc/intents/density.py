"""Users by area: "200 sensors per square kilometre over 2 square kilometres"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnc.intents.figures import NUMBER, number_of

_KM2 = {
    r"(?:square[\s-]*kilomet(?:re|er)s?|sq(?:uare)?\.?\s*km|km\^?2|km²|sqkm)": 1.0,
    r"(?:hectares?|ha)": 1e-2,
    r"(?:square[\s-]*met(?:re|er)s?|sq(?:uare)?\.?\s*m|m\^?2|m²|sqm)": 1e-6,
    r"(?:square[\s-]*miles?|sq\.?\s*mi)": 2.589988,
}
"""Square kilometres in one of the unit."""
_UNIT = rf"(?:{'|'.join(_KM2)})(?![A-Za-z\d])"
_SCALE = {"k": 1e3, "m": 1e6}
_DENSITY = re.compile(
    rf"(?P<number>{NUMBER})\s?(?P<scale>[km]\b)?\s*(?:[a-z][a-z'-]*\s+){{0,4}}?"
    rf"(?:/|per|an?|every|each|(?:for|in)\s+(?:each|every))\s*(?P<unit>{_UNIT})",
    re.IGNORECASE,
)
_SIZE = re.compile(rf"(?P<number>{NUMBER})\s*-?\s*(?P<unit>{_UNIT})", re.IGNORECASE)


@dataclass(frozen=True)
class Density:
    """A stated density of users."""

    per_km2: float
    km2: float
    """The stated area, else one square kilometre."""
    area_said: bool
    start: int
    end: int
    """Of the density; what is read inside of it as a number of users is none."""


def find_density(text: str) -> Density | None:
    """The first density of a text, with the area that it is to fill."""
    match = _DENSITY.search(text)
    if match is None:
        return None
    count = number_of(match["number"]) * _SCALE.get((match["scale"] or "").lower(), 1.0)
    start, end = match.span()
    sizes = [m for m in _SIZE.finditer(text) if m.start() >= end or m.end() <= start]
    km2 = number_of(sizes[0]["number"]) * _square_km(sizes[0]["unit"]) if sizes else 1.0
    per_km2 = count / _square_km(match["unit"])
    return Density(per_km2, km2, bool(sizes), start, end)


def _square_km(unit: str) -> float:
    return next(value for pattern, value in _KM2.items() if re.fullmatch(pattern, unit, re.I))
