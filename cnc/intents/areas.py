"""Where the users are, in the words of a text: a domain by its number, or a place by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnc.intents.circumstances import Found
from cnc.intents.whereabouts import find_place

_DOMAIN = re.compile(
    r"\b(?:in|at|from|on|of|to|inside|within)?\s*(?:the\s+)?(?:domain\s+)?(?P<kind>ran|"
    r"radio\s+access(?:\s+network)?|terminals?|terminal[\s-]side|ran[\s-]side)"
    r"(?:[\s-]+(?:domain|side|area|network|site|group))*\s*(?:no\.?|number|"
    r"#)?[\s_-]*(?P<number>\d{1,2})\b(?!\s*(?:users|people|ms|%|mbps))",
    re.IGNORECASE,
)
_TRANSPORT = re.compile(
    r"\b(?:in|at|from|on)\s+(?:the\s+)?transport(?:[\s-]side)?\s+(?:domain|network|side)\b",
    re.IGNORECASE,
)
_DOMAINS = re.compile(
    r"\b(?P<kind>ran|radio\s+access|terminal)(?:[\s-]+side)?\s+(?:domains|areas|networks|sites)\s+"
    r"(?P<numbers>\d{1,2}(?:\s*(?:,\s*and|,|and|&|\+)\s*\d{1,2}\b(?!\s*(?:users|people|ms|%|mbps)))+)",
    re.IGNORECASE,
)


_AIRPORT = re.compile(
    r"\b(?:gates?|airport|flights?|departures?|check-in|ferry|ferries|containers?|pier|apron)\b",
    re.IGNORECASE,
)
"""Beside these a terminal is no domain."""


def find_area(text: str, taken: Sequence[tuple[int, int]] = ()) -> Found[str] | None:
    """The domain ("ran-3", "terminal-5", "transport", "ran-3 and ran-4") or the named place.

    Args:
        text: the sentence.
        taken: parts of it that say something else, such as when.
    """
    several = _DOMAINS.search(text)
    if several is not None:
        kind = "terminal" if several["kind"].lower() == "terminal" else "ran"
        ids = [f"{kind}-{int(number)}" for number in re.findall(r"\d+", several["numbers"])]
        return Found(" and ".join(ids), several.start(), several.end())
    match = _DOMAIN.search(text)
    if match is not None and not (match["kind"][:2].lower() == "te" and _AIRPORT.search(text)):
        kind = "terminal" if match["kind"].lower().startswith("terminal") else "ran"
        return Found(f"{kind}-{int(match['number'])}", match.start(), match.end())
    match = _TRANSPORT.search(text)
    if match is not None:
        return Found("transport", match.start(), match.end())
    place = find_place(text, taken)
    return None if place is None else Found(text[place[0] : place[1]], place[0], place[0])
