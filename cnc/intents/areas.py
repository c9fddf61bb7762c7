"""Where the users are, in the words of a text: a domain by its number, or a place by its name."""

from __future__ import annotations

import re

from cnc.intents.circumstances import Found

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
_NOUNS = (
    "city\\s+cent(?:re|er)|cent(?:re|er)|downtown|town|campus|harbou?r|airport|airfield|stadium|arena|hospital|"
    "clinic|factory|plant|warehouse|district|quarter|suburbs?|hall|port|docks?|marina|village|valley|area|station|"
    "square|market|mall|park|beach|island|fair|exhibition|museum|castle|bridge|tunnel|motorway|highway|ring\\s+road|"
    "zoo|library|theatre|theater|university|school|refinery|mine|quarry|farm|vineyard|forest|mountains?|slopes?|lake|"
    "coast|river|terminal|depot|garage|estate|countryside|region|province|cathedral|racetrack|track|circuit|shipyard|"
    "yard|apron|runway|festival\\s+ground|fairground|playground|ground|prison|court|hotel|resort|site"
)
_PLACE = re.compile(
    r"\b(?:in|at|near|around|across|throughout|over|inside|between|"
    r"from)\s+(?:the\s+)?(?P<place>(?:city\s+of\s+|port\s+of\s+)?[A-Z][\w'-]+(?:\s+(?:and\s+|"
    r"of\s+|am\s+|de\s+)?[A-Z][\w'-]+){0,3}"
    rf"(?:\s+(?:{_NOUNS})\b)?)"
)
_END = (
    r"(?=\s*(?:$|[,.;:!?)]|\d|\b(?:with|for|within|at|and|or|from|on|in|of|to|under|below|is|are|needs?|must|should|"
    r"tonight|today|tomorrow|every|each|during|until|as|so|that|who|where|by|please)\b))"
)
_KIND_OF_PLACE = re.compile(
    r"\b(?:in|at|near|nearby|around|across|throughout|inside|outside|on|along|beside|behind|next\s+to|"
    r"close\s+to|by)\s+(?P<place>(?:the\s+|our\s+|a\s+|all\s+of\s+the\s+)?(?:(?!(?:same|first|next)\b)[\w-]+\s+){0,2}?"
    rf"(?:{_NOUNS})(?:\s+(?:{_NOUNS})\b)?(?:\s+(?-i:[A-Z]?\d{{1,3}}|[A-Z])\b)?)(?![\w-])",
    re.IGNORECASE,
)
_NEARBY = re.compile(
    r"\b(?:near|nearby|around|next\s+to|close\s+to|in\s+front\s+of|in\s+the\s+vicinity\s+of)\s+(?P<place>the\s+"
    rf"(?!(?:clock|end|same|time|world|year|hour|day|week|limit|beginning)\b)[a-z][\w'-]*(?:\s+[a-z][\w'-]*){{0,2}}?){_END}",
    re.IGNORECASE,
)
"""Any noun that something is near to."""
_NOT_PLACES = re.compile(
    r"^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|"
    r"April|May|June|July|"
    r"August|September|October|November|December|I|AR|VR|XR|AI|ML|HD|UHD|RAN|LLM|GPU|QoS|"
    r"URLLC|IoT|UAV|AGV|V2X|"
    r"Zoom|Teams|Netflix|Christmas|Easter|LLMs|GPUs|AGVs|UAVs|K|Mbps|Gbps|TV|PLC|PLCs|GPT\S*|"
    r"Da|IEC|ISAC|CCTV|"
    r"HoloLens|YouTube|Llama|HD\S*|Ultra|Full|High|Low|SLA|DNS)\b"
)


_DOMAINS = re.compile(
    r"\b(?P<kind>ran|radio\s+access|terminal)(?:[\s-]+side)?\s+(?:domains|areas|networks|sites)\s+"
    r"(?P<numbers>\d{1,2}(?:\s*(?:,\s*and|,|and|&|\+)\s*\d{1,2}\b(?!\s*(?:users|people|ms|%|mbps)))+)",
    re.IGNORECASE,
)


def find_area(text: str) -> Found[str] | None:
    """The domain ("ran-3", "terminal-5", "transport", "ran-3 and ran-4") or the named place."""
    several = _DOMAINS.search(text)
    if several is not None:
        kind = "terminal" if several["kind"].lower() == "terminal" else "ran"
        ids = [f"{kind}-{int(number)}" for number in re.findall(r"\d+", several["numbers"])]
        return Found(" and ".join(ids), several.start(), several.end())
    match = _DOMAIN.search(text)
    if match is not None:
        kind = "terminal" if match["kind"].lower().startswith("terminal") else "ran"
        return Found(f"{kind}-{int(match['number'])}", match.start(), match.end())
    match = _TRANSPORT.search(text)
    if match is not None:
        return Found("transport", match.start(), match.end())
    for match in _PLACE.finditer(text):
        if not _NOT_PLACES.match(match["place"]):
            return Found(match["place"], match.start("place"), match.start("place"))
    match = _KIND_OF_PLACE.search(text) or _NEARBY.search(text)
    if match is not None:
        place = re.sub(r"^(?:the|our|a|all\s+of\s+the)\s+", "", match["place"], flags=re.I)
        return Found(place, match.start("place"), match.start("place"))
    return None
