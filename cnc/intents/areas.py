"""Where the users are, in the words of a text: a domain by its number, or a place by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnc.intents.circumstances import Found
from cnc.intents.figures import near_before
from cnc.intents.places import NOUN, PEOPLE_THERE, VAGUE
from cnc.intents.served import DEVICES, PEOPLE

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
_COUNTED = (
    "users|people|ms|us|s|seconds?|milliseconds?|minutes?|[kmg]bps|[kmg]bits?|nines|times|percent|"
    "days|hours"
)
_THE = r"(?:(?:the|our|this|that|all\s+of\s+the)\s+)"
_WHERE = (
    r"\b(?:in|at|near|nearby|around|across|throughout|inside|outside|within|on|along|over|above|beside|behind|"
    r"beneath|next\s+to|close\s+to|in\s+front\s+of|by)\s+"
)
_FUNCTION = (
    "and|or|at|in|on|of|for|with|from|to|by|the|an?|our|near|is|are|each|every|per|under|below|within|that|which|"
    "who|this|these|same|next|their|its|between|less|more|than|most|least|about|over|all|both|as|so|without|"
    "while|when|where|but|not|no|any|some|before|after|until|since|during|because|if|then|also|only|just|one|another|"
    "other|whose|virtual|digital|artificial|simulated|imaginary|voltage|real|high|low|medium|kv|like"
)
_WORD = rf"(?:(?!(?:{_FUNCTION})\b)[^\W\d][\w'-]*\s+)"
_ID = r"(?-i:[A-Z]?\d{1,3}[a-z]?|[A-Z])(?![.,]?\d)"
_NOT_AN_ID = (
    rf"(?!\s*(?:{_COUNTED})\b|\s*(?:%|km\b|miles?\b|met(?:re|er)s?\b)"
    r"|\s+(?!needs|is|has|gets|wants|uses|requires|this)[a-z]+s\b)"
)
_IDS = rf"{_ID}(?:\s*(?:,|and|to|-|&)\s*{_ID})?\b{_NOT_AN_ID}"
"""What places are numbered with; "hall 3 cameras" has 3 cameras."""
_KIND_OF_PLACE = re.compile(
    rf"{_WHERE}(?:(?P<place>(?:{_THE}|an?\s+)?{_WORD}{{0,2}}{NOUN}(?:\s+{NOUN})?"
    rf"(?:\s+(?!I\b){_IDS}|\s+of\s+the\s+{_WORD}?{NOUN})?)(?![\w-])"
    rf"|(?P<many>{_THE}?{_WORD}{{0,2}}{NOUN}(?:e?s)\s+{_IDS}|{_THE}{_WORD}{{0,2}}{NOUN}e?s)(?![\w-]))"
    r"(?!\s+of\s+\d)",
    re.IGNORECASE,
)
_FROM = re.compile(
    rf"\bfrom\s+(?P<place>{_THE}{_WORD}{{0,2}}{NOUN}(?:\s+{NOUN})?(?:\s+(?!I\b){_IDS})?)(?![\w-])",
    re.I,
)
_WATCHED = re.compile(
    r"\b(?:surveillance|survey|surveying|monitoring|coverage|mapping|inspection|security|protection|cameras|view|"
    rf"scan|patrol(?:ling)?|tour|tenants|visitors|guests|residents|staff|workers|inhabitants|students|all\s+corners)\s+of\s+(?P<place>{_THE}{_WORD}{{0,2}}?{NOUN})(?![\w-])",
    re.IGNORECASE,
)
_OWN_CLAUSE = re.compile(
    rf"(?:^|[,;:(]\s+)(?P<place>{_WORD}{{0,2}}?(?:{NOUN})\s+{_IDS})(?=\s*(?:$|[,;:.)]))"
    rf"|^(?P<first>{_THE}?{_WORD}{{0,1}}?{NOUN})(?=\s*:)",
    re.IGNORECASE,
)
_ROAD = re.compile(
    r"\b(?i:on|along|at|near)\s+(?i:the\s+)?(?P<place>(?:[ABEM]|US|I)-?\d{1,3}|[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?\s+"
    r"(?:Street|Road|Avenue|Square|Lane|Boulevard|Island|Bridge|Hill|Mountain|Beach|Lake|River|Coast|Pass|"
    rf"(?i:{NOUN})))\b"
)
_PLACE = re.compile(
    r"\b(?i:in|at|near|around|across|throughout|over|inside|between|"
    r"from)\s+(?i:the\s+)?(?P<place>(?:city\s+of\s+|port\s+of\s+)?[A-Z][\w'-]+(?:\s+(?:and\s+|"
    r"of\s+|am\s+|de\s+)?[A-Z][\w'-]+){0,3}"
    rf"(?:\s+(?i:{NOUN})\b)?)"
)
_ADVERB = re.compile(
    r"\b(?P<place>downtown|uptown|city-?wide|campus-?wide|nation-?wide|backstage|offshore)\b"
    r"(?!\s+(?:park|wind|farm|site|platform|rig))",
    re.IGNORECASE,
)
_END = (
    r"(?=\s*(?:$|[,.;:!?)]|\d|\b(?:with|for|within|at|and|or|from|on|in|to|under|below|is|are|needs?|must|should|"
    r"tonight|today|tomorrow|every|each|during|until|as|so|that|who|where|by|please)\b))"
)
_ANY_NOUN = re.compile(
    r"\b(?:near|nearby|around|next\s+to|close\s+to|in\s+front\s+of|in\s+the\s+vicinity\s+of)\s+"
    rf"(?P<place>the\s+{_WORD}{{0,2}}?(?P<noun>(?!(?:{_FUNCTION})\b)[a-z][\w'-]*)){_END}",
    re.IGNORECASE,
)
"""Any noun that something is near to."""
_NO_PLACE = re.compile(
    r"(?:clock|end|beginning|start|middle|times?|hours?|days?|weeks?|months?|years?|nights?|evenings?|mornings?|"
    r"limit|maximum|minimum|average|world|edge|core|cloud|range|order|others?|same|ones?|top|bottom|speed|rate|mark|"
    r"[a-z]+(?:ing|tion|sion|ness|ance|ence|ency))",
    re.IGNORECASE,
)
_THINGS = re.compile(rf"(?:{PEOPLE}|{DEVICES})", re.IGNORECASE)
_NOT_PLACES = re.compile(
    r"^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|"
    r"April|May|June|July|"
    r"August|September|October|November|December|I|AR|VR|XR|AI|ML|HD|UHD|RAN|LLM|GPU|QoS|"
    r"URLLC|IoT|UAV|AGV|V2X|"
    r"Zoom|Teams|Netflix|Christmas|Easter|LLMs|GPUs|AGVs|UAVs|K|Mbps|Gbps|TV|PLC|PLCs|GPT\S*|"
    r"Da|IEC|ISAC|CCTV|English|French|German|Spanish|Italian|Chinese|Japanese|Bluetooth|Ethernet|Wi-?Fi|Starlink|"
    r"Python|"
    r"HoloLens|YouTube|Llama|HD\S*|Ultra|Full|High|Low|SLA|DNS|(?!(?:UK|US|USA|EU|NYC|UAE|CERN|MIT)\b)[A-Z]{2,5}s?(?!\s+\w))"
    r"(?![\w])"
)
_ARTICLE = re.compile(rf"{_THE}|an?\s", re.IGNORECASE)
_NUMBERED = re.compile(rf".*\s(?-i:{_IDS})", re.IGNORECASE)
_BARE = re.compile(rf"campus|town|.*\s{NOUN}", re.IGNORECASE)
_END_HERE = re.compile(_END, re.IGNORECASE)
_IDIOMS = re.compile(
    rf"(?:{_THE}|an?\s+)?(?:(?:{VAGUE}|market|road|way|ground|centre|center|field\s+of|north|south|east|west|interior"
    r"|site|stage|floor|station|platform|well|peak|sea|tracks?|line|hand|lot|circuit|area|region)|"
    rf"(?:high|low|wide|narrow|short|long|big|critical|worst|real|good|broad)\s+(?:{VAGUE}|field|area|range))",
    re.IGNORECASE,
)
_AGENT = re.compile(
    r"(?:\w+ed|run|driven|used|owned|flown|sent|made|given|held|shown|taken)\s*$", re.IGNORECASE
)


_DOMAINS = re.compile(
    r"\b(?P<kind>ran|radio\s+access|terminal)(?:[\s-]+side)?\s+(?:domains|areas|networks|sites)\s+"
    r"(?P<numbers>\d{1,2}(?:\s*(?:,\s*and|,|and|&|\+)\s*\d{1,2}\b(?!\s*(?:users|people|ms|%|mbps)))+)",
    re.IGNORECASE,
)


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
    if match is not None:
        kind = "terminal" if match["kind"].lower().startswith("terminal") else "ran"
        return Found(f"{kind}-{int(match['number'])}", match.start(), match.end())
    match = _TRANSPORT.search(text)
    if match is not None:
        return Found("transport", match.start(), match.end())
    return next(_places(text, taken), None)


def _places(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[Found[str]]:
    """Named places and kinds of places, the surest first."""
    for pattern in (_PLACE, _ROAD):
        for match in pattern.finditer(text):
            code = pattern is _PLACE and re.match(r"[A-Z]\d", match["place"])
            if not code and not _NOT_PLACES.match(match["place"]) and _apart(match, taken):
                yield Found(match["place"], match.start("place"), match.start("place"))
    for pattern in (_KIND_OF_PLACE, _OWN_CLAUSE, _FROM, _WATCHED, _ADVERB, _ANY_NOUN):
        for match in pattern.finditer(text):
            said = next(place for place in match.groups() if place)
            if _apart(match, taken) and _is_place(pattern, match, said, text):
                place = re.sub(rf"^(?:{_THE}|an?\s+)", "", said, flags=re.IGNORECASE)
                start = match.start() + match[0].index(said)
                yield Found(place, start, start)


def _apart(match: re.Match[str], taken: Sequence[tuple[int, int]]) -> bool:
    return not any(start < match.end() and match.start() < end for start, end in taken)


def _is_place(pattern: re.Pattern[str], match: re.Match[str], said: str, text: str) -> bool:
    if pattern is _ANY_NOUN:
        noun = match["noun"]
        return not (_NO_PLACE.fullmatch(noun) or _THINGS.fullmatch(noun))
    if pattern is _FROM:
        return re.search(rf"\b(?:{PEOPLE_THERE})$", said, re.IGNORECASE) is None
    if pattern is _KIND_OF_PLACE:
        bare = _IDIOMS.fullmatch(said) is not None or _is_bare(said, text[match.end() :])
        by = (
            match[0].lower().startswith("by")
            and _AGENT.search(near_before(text, match.start())) is not None
        )
        return not (bare or by)
    return True


def _is_bare(said: str, after: str) -> bool:
    """Without an article more is needed: "on campus", "in hall 7", but not "in field"."""
    if _ARTICLE.match(said):
        return False
    if _NUMBERED.fullmatch(said):
        return False
    return _BARE.fullmatch(said) is None or _END_HERE.match(after) is None
