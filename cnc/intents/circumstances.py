"""When, how urgent and how green: the slots that are words rather than quantities."""

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


_CLOCK = (
    r"(?:\d{1,2}(?:[:.h]\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.|h\b|o'clock|hrs)?|noon|midday|"
    r"midnight)"
)
_DAY = (
    r"(?:(?:on\s+|next\s+|this\s+|every\s+|each\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|(?:every|each)\s+(?:day|night|morning|evening|weekday|weekend)|today|tonight|tomorrow|"
    r"on\s+weekdays|daily|weekdays)"
)
_SPAN = re.compile(
    rf"(?:(?P<day>{_DAY})(?:\s+(?:morning|afternoon|evening|night))?,?\s+)?\b(?:from\s+|"
    rf"between\s+)?(?P<begin>{_CLOCK})\s*(?:-|to|and|until|till|"
    rf"til)\s*(?P<end>{_CLOCK})(?:\s+(?P<day2>{_DAY}))?",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    rf"\b(?:for\s+(?:the\s+)?(?:next\s+|coming\s+)?(?:(?:\d+|a|an|one|two|three|"
    rf"half\s+an)\s+)?(?:hours?|minutes?|days?|weeks?|months?)"
    rf"|until\s+(?:{_DAY}|{_CLOCK})|after\s+\d{{1,2}}(?::\d{{2}})?\s*(?:am|pm|h\b)|"
    rf"before\s+\d{{1,2}}(?::\d{{2}})?\s*(?:am|pm)|"
    rf"starting\s+(?:at\s+)?\d{{1,2}}(?::\d{{2}})?\s*(?:am|pm)?"
    rf"|(?:tomorrow|today|this|yesterday)\s+(?:morning|afternoon|evening|night|weekend|week)|"
    rf"tonight|tomorrow|overnight|at\s+night|"
    rf"(?:on\s+|next\s+|every\s+)(?:mon|tues|wednes|thurs|fri|satur|sun)days?(?:\s+(?:morning|"
    rf"afternoon|evening|night))?(?:\s+(?:at|from)\s+{_CLOCK})?|at\s+\d{{1,2}}(?::\d{{2}}|"
    rf"\s*(?:am|pm|o'clock))(?:\s*(?:am|pm))?|"
    rf"during\s+(?:the\s+)?(?:day(?:time)?|night|weekends?|working\s+hours|business\s+hours|"
    rf"office\s+hours|peak\s+hours|rush\s+hour|match|event|concert|game|festival)|"
    rf"(?:every|each)\s+(?:night|morning|evening|day|weekend)|next\s+(?:week|month|weekend|"
    rf"year)|at\s+the\s+weekend|on\s+weekdays)\b",
    re.IGNORECASE,
)
_LOW_ENERGY = re.compile(
    r"\b(?:as\s+)?(?:green(?:est)?(?:\s+as\s+possible)?(?!\s*(?:house|card|light|screen))|"
    r"eco(?:logical|[\s-]?friendly|[\s-]?mode)?|(?:energy|power)[\s-](?:saving|efficien\w+|"
    r"aware|conscious|frugal|sav\w+)"
    r"|(?:save|saving|saves|minimi[sz]e|minimi[sz]ing|minimal|reduce|reducing|low(?:est)?|"
    r"least|little|less|cheap(?:est)?)\s+(?:the\s+|its\s+|on\s+)?(?:energy|electricity|carbon|"
    r"power\s+(?:consumption|use|usage)|co2|emissions)(?:\s+(?:consumption|use|usage|"
    r"footprint|cost)|\s+as\s+possible)?"
    r"|low[\s-]carbon|sustainabl[ey]|climate[\s-]friendly|environmentally\s+friendly|"
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


def find_time_window(text: str) -> Found[str] | None:
    """When the service is wanted: "18:00-22:00" with its day where clock times are given."""
    for match in _SPAN.finditer(text):
        parts = (match["begin"], match["end"])
        if not any(
            re.search(r"[:h]\d|am|pm|a\.m|p\.m|h$|o'clock|hrs|noon|mid", p, re.I) for p in parts
        ):
            continue
        half = re.search(r"(am|pm|a\.m\.|p\.m\.)", match["end"], re.I)
        begin, end = _clock(match["begin"], half[1] if half else None), _clock(match["end"], None)
        if begin is None or end is None:
            continue
        day = (match["day"] or match["day2"] or "").lower().removeprefix("on ").strip()
        return Found(f"{day} {begin}-{end}".strip(), match.start(), match.end())
    match_phrase = _PHRASE.search(text)
    if match_phrase is None:
        return None
    return Found(
        " ".join(match_phrase[0].lower().split()), match_phrase.start(), match_phrase.end()
    )


def _clock(text: str, half: str | None) -> str | None:
    text = text.strip().lower()
    named = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}.get(text)
    if named:
        return named
    match = re.match(r"(\d{1,2})(?:[:.h](\d{2}))?", text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    own = re.search(r"(a|p)\.?m", text)
    letter = own[1] if own else (half or "")[:1].lower() if hour <= 12 and not match[2] else ""
    if letter == "p" and hour < 12:
        hour += 12
    if letter == "a" and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour <= 24 and minute < 60 else None


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
