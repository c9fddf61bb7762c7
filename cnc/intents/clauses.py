"""The parts of a text that say what is not wanted."""

from __future__ import annotations

import re
from collections.abc import Callable

_NEGATION = re.compile(
    r"\b(?:(?:it'?s|this\s+is|that\s+is|we\s+are|i\s+am|is|are)\s+)?(?:"
    r"(?:we\s+|i\s+|they\s+|users\s+)?(?:do\s+not|don't|dont|does\s+not|doesn't|will\s+not|"
    r"won't|no\s+longer|never|not)\s+(?:really\s+|actually\s+)?(?:need|want|require|use|"
    r"ask\s+for|looking\s+for|interested\s+in|talking\s+about|deploy|run|provide|start|"
    r"set\s+up|play|call\s+for)\b"
    r"|not|no(?=\s+(?:more\s+)?[a-z])|without|instead\s+of|rather\s+than|except(?:\s+for)?|"
    r"excluding|other\s+than|apart\s+from|anything\s+but|forget(?:\s+about)?|skip|neither|nor|"
    r"never\s+mind)\s+",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\s*(?:more|less|fewer|later|longer|greater|higher|lower|only|just|exceed|above|below|"
    r"over|under|to\s+exceed|matter|one|doubt|interruption|delay|lag|stutter|urgent|hurry|"
    r"rush|yet|sure|be|been|having|losing|moving|waiting|stop|fail|loss|drop|problem|issue|"
    r"wires?|cables?|possible|allowed|allow|tolerate|too|very|that|so|all|any\s+(?:lag|delay|"
    r"interruption|loss)|sight|humans?|driver|camera|sharing|giving|revealing|central|"
    r"visiting|fibre|fiber|coverage|connection|service|internet|network|terrestrial|picture|"
    r"console)\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"\s*(?:[,;.!?]\s*(?:but|rather|instead|just|only|we|i|it|what|please|give|rather)\b|"
    r"[;.!?](?=\s|$)|,|\bbut\b|\binstead\b|\brather\b|\bjust\b|\bwe\s+(?:need|want)\b|"
    r"\bi\s+(?:need|want)\b|-\s)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:\s*(?:[,;.:-]|(?:but|rather|instead|just|only|and|please)\b))+\s*", re.IGNORECASE
)


def without_negated(text: str, names_service: Callable[[str], bool]) -> tuple[str, str]:
    """Split a text into what is wanted and what is said not to be wanted.

    Args:
        text: the user's text.
        names_service: whether a fragment names a service; other negations stay where they are
            ("no more than", "without interruption").
    """
    wanted, refused, at = [], [], 0
    for match in _NEGATION.finditer(text):
        if match.start() < at or _HARMLESS.match(text[match.end() :]):
            continue
        boundary = _BOUNDARY.search(text, match.end())
        stop = boundary.start() if boundary is not None else len(text)
        fragment = text[match.end() : stop]
        if not names_service(fragment):
            continue
        wanted.append(text[at : match.start()])
        refused.append(fragment)
        at = stop
    wanted.append(text[at:])
    joined = " ".join(_LEADING.sub("", part).strip() for part in wanted)
    return " ".join(joined.split()).strip(" ,;"), " ".join(refused)
