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


_LOW_ENERGY = re.compile(
    r"\b(?:as\s+)?(?:green(?:est)?(?:\s+as\s+possible)?(?!\s*(?:house|card|light|screen))|"
    r"eco(?:logical|[\s-]?friendly|[\s-]?mode)?|(?:energy|power)[\s-](?:saving|efficien\w+|"
    r"aware|conscious|frugal|sav\w+)"
    r"|(?:save|saving|saves|minimi[sz]e|minimi[sz]ing|minimal|reduce|reducing|low(?:est)?|"
    r"least|little|less|cheap(?:est)?)\s+(?:the\s+|its\s+|on\s+)?(?:energy|electricity|carbon|"
    r"power\s+(?:consumption|use|usage)|co2|emissions)(?:\s+(?:consumption|use|usage|"
    r"footprint|cost)|\s+as\s+possible)?"
    r"|(?:as\s+)?(?:little|least)\s+power(?:\s+as\s+possible)?|low[\s-]carbon|sustainabl[ey]|climate[\s-]friendly|environmentally\s+friendly|"
    r"carbon[\s-]neutral|low\s+footprint)\b",
    re.IGNORECASE,
)
_BALANCED = re.compile(r"\bbalanced?\s+(?:energy|power)(?:\s+\w+)?\b", re.IGNORECASE)
_PRIORITY_NUMBER = re.compile(
    r"\bprio(?:rity)?(?:\s+(?:level|class))?\s*(?:is|of|to|:|=|#)?\s*(?P<number>\d{1,2})\b",
    re.IGNORECASE,
)
_PRIORITY_WORD = re.compile(
    r"\b(?P<word>highest|top|maximum|absolute|critical|high|elevated|medium|normal|standard|"
    r"moderate|low(?:est)?|minimum|minimal)[\s-]+prio(?:rity)?\b"
    r"|\bprio(?:rity)?(?:\s+level)?\s*(?:is|:|=|should\s+be|must\s+be)?\s+(?P<word2>highest|"
    r"top|maximum|critical|high|medium|normal|low(?:est)?)\b"
    r"|\b(?P<calm>not\s+(?:that\s+|very\s+|so\s+)?urgent|no\s+(?:hurry|rush)|low\s+urgency|"
    r"best[\s-]effort)\b|\b(?P<urgent>urgent(?:ly)?|asap)\b",
    re.IGNORECASE,
)
_LEVELS = {
    "highest": 1, "top": 1, "maximum": 1, "absolute": 1, "critical": 1, "high": 2, "elevated": 3,
    "medium": 5, "normal": 5, "standard": 5, "moderate": 5,
    "low": 8, "lowest": 9, "minimum": 9, "minimal": 9,
}  # fmt: skip


def find_energy(text: str) -> Found[Literal["low", "balanced"]] | None:
    """Whether the user wants little energy to be spent."""
    match = _LOW_ENERGY.search(text)
    if match is not None:
        return Found("low", match.start(), match.end())
    match = _BALANCED.search(text)
    return Found("balanced", match.start(), match.end()) if match is not None else None


def find_priority(text: str) -> Found[int] | None:
    """Priority from 1 (most urgent) to 9 (least)."""
    number, match = _PRIORITY_NUMBER.search(text), _PRIORITY_WORD.search(text)
    graded = match is not None and (match["word"] or match["word2"])
    if number is not None and not (graded and match and match.end() > number.start()):
        return Found(int(number["number"]), number.start(), number.end())
    if match is None:
        return None
    word = (match["word"] or match["word2"] or "").lower()
    value = _LEVELS[word] if word else 8 if match["calm"] else 2
    return Found(value, match.start(), match.end())
