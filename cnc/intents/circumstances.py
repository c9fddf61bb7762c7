"""How urgent and how green: the slots that are words rather than quantities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class Found(Generic[ValueT]):
    """A value and the part of the text that states it."""

    value: ValueT
    start: int
    end: int


_ENERGY = (
    r"(?:energy|power|electricity|current|battery|batteries|carbon|co2|emissions?|watts?|"
    r"joules?|kwh|kilowatt-?\s?hours?)"
)
_USE = (
    r"(?:\s+(?:consumption|usage|use|footprint|bill|cost|costs|draw|demand|budget|needs?|"
    r"expenditure|emissions?))?"
)
_NOT_A_WISH = (
    r"(?![\s-]*(?:sensors?|devices?|nodes?|chips?|radios?|networks?|bluetooth|wide|plants?|"
    r"alarms?|houses?|homes?))"
)
_RENEWABLE = (
    r"(?:renewables|(?:renewable|green|clean|solar|wind|hydro|hydroelectric)(?:\s+(?:or|and)\s+(?:solar|wind|hydro))?\s+"
    r"(?:power|energy|electricity|current|hours))(?!\s*(?:plants?|parks?|stations?|farms?|forecast|turbines?|output|compan|meters?|"
    r"inverters?|panels?|sensors?|monitoring|sites?|generation))"
)
_FROM_NATURE = re.compile(
    rf"\b(?:only|on|with|by|use|using|when|while|for|from|if|prefer\w*)\s+(?:(?:only|some|pure|100\s*%|cheap|local|the|there\s+is)\s+){{0,2}}{_RENEWABLE}"
    rf"|{_RENEWABLE}\s+(?:(?:is|are|being)\s+)?(?:used|plentiful|if|where|available|preferred|only|please|cheap|abundant)\b"
    r"|\b(?:charged|powered|fed|run)\s+(?:only\s+)?by\s+(?:sunlight|the\s+sun|solar|wind)\s+(?:only|alone)\b|\b(?:wind|solar|sun)-powered\s+\w+\s+only\b"
    r"|\blow-power(?=\s*(?:$|[,.;!?)]|please\b|mode\b|operation\b|if\b|as\b))",
    re.IGNORECASE,
)
"""A wish for renewable energy counts as one for little of the other."""
_LOW_ENERGY = re.compile(
    r"\b(?:as\s+)?(?:green(?:est|er)?(?:\s+as\s+possible)?(?=\s*(?:$|[,.;:!?)]|(?:please|if|as|and|or|where|whenever|"
    r"hosting|power|energy|electricity|current|options?|mode|cloud|servers?|operation|way|solution|choice|plan|"
    r"tariff|network|computing|it|data|services?|possible|wherever|available|of\s+all|you|we|route|sites?(?!\s+(?:visit|tour)))\b))"
    r"(?<!village green)(?<!on green)(?<!is green)(?<!turn green)(?<!turns green)|"
    r"eco(?:logical(?:ly)?|[\s-]?friendl(?:y|ily)|[\s-]?mode)?|(?:energy|power|battery)[\s-](?:saving|efficien\w+|"
    r"aware|conscious|frugal|sav\w+|friendly|thrifty|light)"
    rf"|(?:save|saving|saves|conserve|conserving|spare|sparing|preserve|minimi[sz]e|minimi[sz]ing|reduce|reducing|"
    rf"economi[sz]e|economical|cheap|frugal|thrifty|modest|careful|easy|light|stingy|gentle|kind|"
    rf"waste\s+(?:no|as\s+little)|(?:not|n't|without|never)\s+wast(?:e|ing))\s+"
    rf"(?:(?:the|its|their|our|any|with|on|in|of|to|down|as\s+much|possible)\s+){{0,3}}{_ENERGY}\b{_USE}"
    rf"|(?:minimal|minimum|low(?:est)?|least|(?:as\s+)?little(?=\s+current)|(?:as\s+)?little|(?:as\s+)?few|less|smallest|cheap(?:est)?|lean)\s+"
    rf"(?:possible\s+)?(?:energy|electricity|current(?=\s+as\b)|carbon|co2|emissions?|watts?|joules?|battery\s+(?:drain|use|usage)|power(?=\s+(?:consumption|use|usage|"
    rf"draw|as|possible)))\b{_USE}{_NOT_A_WISH}(?:\s+as\s+(?:possible|(?:you|we|it)\s+can(?:\s+\w+)?))?"
    r"|(?:minimal|minimum|lowest|least)\s+power(?=\s*(?:$|[,.;!?]))"
    rf"|{_ENERGY}{_USE}\s+(?:(?:must|should|has|have|need|needs|is|are|be|stays?|to|kept|held|remains?|brought|at|as|"
    rf"down|an?|the|absolute|very|bare)\s+){{0,5}}(?:(?:low|small|little)\s+as\s+possible|minimum|minimal|minimi[sz]ed|"
    rf"saved|low(?=\s*(?:$|[,.;!?]))|down(?=\s*(?:$|[,.;!?])))"
    rf"|keep\w*\s+(?:the\s+)?{_ENERGY}{_USE}\s+(?:low|down|small|minimal)"
    rf"|(?:energy|electricity|power)\s+(?:is|should\s+be)\s+(?:scarce|expensive|precious)"
    r"|(?:as\s+)?(?:little|least)\s+power(?:\s+as\s+possible)?|low[\s-]carbon|sustainabl[ey]|"
    r"(?:carbon|energy|climate)\s+(?:matters|counts|is\s+important)|(?:climate|planet|environment|carbon)[\s-](?:friendly|neutral|conscious|aware)|environmentally\s+(?:friendly|sound|conscious)|"
    r"(?:kind|good|gentle|easy)\s+(?:to|for|on)\s+the\s+(?:climate|planet|environment|earth)|"
    r"carbon[\s-]neutral|(?:low|small(?:est)?)\s+(?:carbon\s+|ecological\s+)?footprint)\b",
    re.IGNORECASE,
)
_BALANCED = re.compile(r"\bbalanced?\s+(?:energy|power)(?:\s+\w+)?\b", re.IGNORECASE)
_PRIORITY_NUMBER = re.compile(
    r"\b(?-i:P)(?P<short>[1-9])(?=\s*(?:$|[,;.)!]|not\b|please\b))|\bprio(?:rity)?(?:\s+(?:level|class))?\s*(?:is|of|to|:|=|#)?\s*(?P<number>\d{1,2}|one|two|three)\b",
    re.IGNORECASE,
)
_IN_WORDS = {"one": 1, "two": 2, "three": 3}
_GRADE = (
    r"highest|top|maximum|max|absolute|utmost|critical|first|number[\s-]one|very\s+high|high|elevated|raised|second|medium|"
    r"normal|standard|moderate|ordinary|regular|usual|default|average|mid(?:dle)?|low(?:est)?|minimum|minimal|lesser|"
    r"very\s+low|least|bottom|no\s+particular|no\s+special"
)
_PRIORITY_WORD = re.compile(
    rf"\b(?P<word>{_GRADE})[\s-]+(?:prio(?:rity)?|importance|urgency|precedence|(?:traffic\s+|service\s+)?class(?:\s+of\s+service)?"
    r"(?=\s*(?:$|[,;.)!])))(?!\w)"
    r"|\bclass\s*:?\s+(?P<word3>platinum|gold|silver|bronze)\b|\b(?P<word4>platinum|gold|silver|bronze)\s+(?:class|tier|priority|service)\b"
    r"|\b(?:treat(?:ed)?|handled?|count|regard(?:ed)?)\s+(?:(?:it|this|them|that)\s+)?as\s+(?P<word5>routine|normal|ordinary|critical|urgent|vital)\b"
    rf"|\bprio(?:rity)?(?:\s+(?:level|class))?\s*(?:is|:|=|should\s+be|must\s+be)?\s*(?P<word2>{_GRADE})\b",
    re.IGNORECASE,
)
_OTHERS = (
    r"(?:(?:all\s+(?:the\s+)?)?(?:other|competing)\s+\w+|(?:all|every)\s+other\s+\w+|all\s+(?:the\s+)?(?:traffic|others|rest|else)|"
    r"(?:everything|anything|every(?:one|body)|any(?:one|body))\s+else(?!'s)|the\s+rest)"
)
_FIRST = re.compile(
    rf"\b(?:above|ahead\s+of|before|over|in\s+front\s+of)\s+(?:absolutely\s+|literally\s+|simply\s+)?(?:{_OTHERS}|everything|everyone|everybody|"
    r"(?:anyone|anybody|everyone|everybody)\s+else's\s+(?:calls?|traffic|data|packets|stuff))\b"
    rf"|\b(?:nothing|nobody|no\s+one|no\s+other\s+\w+)(?:\s+else)?\s+(?:may|must|can|should|shall|is\s+allowed\s+to|is|goes|"
    rf"comes|gets)\s+(?:(?:push|shove|kick)\s+(?:us|it|them)\s+(?=aside)|(?:be|get|go|come|take|have)\s+)?(?:aside|ahead|before|in\s+front|precedence|priority|more\s+important|"
    rf"overtake|pre-?empt)\w*"
    r"|\b(?:must|should|has\s+to|have\s+to|needs?\s+to|shall|always)\s+(?:always\s+)?(?:come|comes|go|goes|be\s+served)\s+first\b"
    r"|(?<!who )(?<!which )(?<!that )\b(?:comes?|goes)\s+first\b"
    r"|\b(?:takes?|has|have|needs?|give\s+it)\s+(?:absolute\s+)?precedence\b"
    r"|\b(?:most|utmost|extremely|absolutely)\s+urgent\b|\bmost\s+important\s+(?:of\s+all|service|traffic)|\bmatter\s+of\s+life\s+and\s+death\b",
    re.IGNORECASE,
)
_CALM = re.compile(
    r"\b(?:(?:don't|do\s+not|doesn't|does\s+not)\s+(?:care|mind|matter)\s+(?:about\s+)?(?:the\s+)?(?:speed|how\s+(?:fast|long|slow)|when)|(?:nobody|no\s+one|not|n't|never)(?:'s|\s+is)?\s+in\s+a\s+(?:hurry|rush)|(?:not|n't|nothing|hardly)\s+(?:that\s+|very\s+|so\s+|at\s+all\s+|too\s+|really\s+|particularly\s+|terribly\s+)?"
    r"(?:urgent|time[\s-]critical|important)|no\s+(?:hurry|rush|urgency|priority)(?!\s+(?:with|about|for|to)\s+(?:the\s+|an?\s+|your\s+)?(?:install|set|offer|quote|reply|repl|answer|deliver|send|decid))|low(?:est)?\s+(?:urgency|importance)|"
    r"best[\s-]effort|least\s+important|(?:behind|after)\s+(?:absolutely\s+)?everything\s+else|nothing\s+(?:better|else|more\s+important)\s+to\s+do|"
    r"whenever\s+(?:it\s+)?(?:suits|is\s+convenient|convenient)(?:\s+(?:you|best))?|whenever\s+you\s+(?:like|can|want|have\s+(?:time|room))|background\s+(?:traffic|task|job|priority|class|transfer)|"
    r"(?:slow|slower|late|delayed)\s+\w+\s+(?:is|are|would\s+be)\s+(?:perfectly\s+|absolutely\s+|quite\s+|totally\s+)?(?:fine|ok|okay|no\s+problem)|"
    r"(?:quality(?:\s+of\s+service)?|speed|priority)\s+(?:does\s+not|doesn't)\s+matter|scavenger\s+class|bulk\s+class|"
    r"(?:de-?|down-?)prioriti[sz]e\w*|unimportant(?!\s+(?:when|where|how))|unhurried|non-?urgent|"
    r"(?<!they )(?<!we )(?<!you )(?<!I )"
    r"(?:can|may|could)\s+(?:easily\s+)?wait(?!\s+(?:for|un|till?|up|at|no|\d))|take\s+(?:your|its)\s+time|"
    r"(?:spare|left-?over|idle|unused)\s+(?:capacity|bandwidth|resources)|"
    r"(?:whenever|when|if|where)\s+(?:there\s+is|there's|you\s+have)\s+(?:room|capacity|space|some\s+left)|"
    r"(?:everything|anything|all|every)\s+(?:else|other\s+\w+)\s+(?:can|may|should|goes?|comes?)\s+(?:go\s+|come\s+)?(?:first|before\s+it|ahead))\b",
    re.IGNORECASE,
)
_URGENT = re.compile(
    r"\b(?<!de-)prioriti[sz]e\s+(?:it|this|them|these|us|me|that)\b|\bpriority\s+(?:above|over|before|ahead\s+of)\s+(?:the\s+|our\s+|other\s+)?\w+|"
    r"\b(?:urgent(?:ly)?|asap|as\s+soon\s+as\s+possible)\b",
    re.IGNORECASE,
)
_LEVELS = {
    1: "platinum vital highest top maximum max absolute utmost critical first number-one",
    2: "high very-high gold urgent",
    3: "elevated raised second",
    5: "silver routine medium normal standard moderate ord"
    "inary regular usual default average mid middle "
    "no-particular no-special",
    8: "bronze low lesser very-low",
    9: "lowest minimum minimal least bottom",
}


def find_energy(text: str) -> Found[Literal["low", "balanced"]] | None:
    """Whether the user wants little energy to be spent."""
    match = _LOW_ENERGY.search(text) or _FROM_NATURE.search(text)
    if match is not None:
        return Found("low", match.start(), match.end())
    match = _BALANCED.search(text)
    return Found("balanced", match.start(), match.end()) if match is not None else None


def find_priority(text: str) -> Found[int] | None:
    """Priority from 1 (most urgent) to 9 (least)."""
    number, match = _PRIORITY_NUMBER.search(text), _PRIORITY_WORD.search(text)
    if number is not None and not (match and match.end() > number.start()):
        said = (number["number"] or number["short"]).lower()
        return Found(_IN_WORDS.get(said) or int(said), number.start(), number.end())
    calm = _CALM.search(text)
    if match is not None and not (calm is not None and calm.start() < match.start()):
        word = "-".join(
            next(word for word in match.groups() if word).lower().replace("-", " ").split()
        )
        value = next(level for level, words in _LEVELS.items() if word in words.split())
        return Found(value, match.start(), match.end())
    for value, found in ((8, calm), (1, _FIRST.search(text)), (2, _URGENT.search(text))):
        if found is not None:
            return Found(value, found.start(), found.end())
    return None
