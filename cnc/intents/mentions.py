"""A quantity found in a text, and the direction in which it binds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Comparison = Literal["at_most", "at_least", "about", "exactly"]
Quantity = Literal["latency", "rate", "reliability", "users", "work"]


@dataclass(frozen=True)
class Mention:
    """One stated quantity: value in the unit of its slot, and where it stands in the text."""

    quantity: Quantity
    value: float
    start: int
    end: int
    comparison: Comparison | None = None
    lower: float | None = None
    """The lower end of a stated range; `value` is its upper end."""
    total: bool = False
    """A rate for all users together."""
    rank: int = 1
    """Among mentions of users: 1 people, 2 devices."""


_AT_MOST = (
    r"at\s+(?:the\s+)?most|(?:no|not|never)\s+(?:more|longer|greater|higher|larger|worse|"
    r"slower)\s+than"
    r"|not\s+(?:be\s+)?(?:above|over|beyond)|(?:not|n't|cannot|never)\s+(?:ever\s+)?(?:exceed|"
    r"surpass|go\s+over|be\s+over|go\s+above)(?:ing)?"
    r"|without\s+exceeding|below|beneath|under(?:neath)?|(?:less|lower|fewer|shorter|smaller|"
    r"faster|quicker|better)\s+than"
    r"|max(?:imum|imal|\.)?(?:\s+(?:of|is|at))?|up\s+to|within|capped\s+at|limited\s+to|"
    r"upper\s+(?:bound|limit)(?:\s+of)?"
    r"|not\s+to\s+exceed|<=?|as\s+(?:many|much)\s+as|in\s+under|inside|ceiling\s+of|"
    r"bounded\s+(?:by|to)|sub"
)
_AT_LEAST = (
    r"at\s+(?:the\s+)?(?:very\s+)?least|(?:no|not|never)\s+(?:less|fewer|lower|smaller|"
    r"worse)\s+than"
    r"|not\s+(?:be\s+|drop\s+|fall\s+|go\s+)?(?:below|under)|never\s+(?:drops?|falls?|"
    r"goes)\s+(?:below|under)"
    r"|min(?:imum|imal|\.)?(?:\s+(?:of|is|at))?|(?:more|greater|higher|larger|longer|better)\s+than"
    r"|above|over|exceed(?:s|ing)?|upwards?\s+of|beyond|>=?|lower\s+(?:bound|limit)(?:\s+of)?|"
    r"floor\s+of"
)
_ABOUT = (
    r"about|around|roughly|approx(?:imately|\.)?|circa|ca\.|some|nearly|almost|close\s+to|~|"
    r"in\s+the\s+order\s+of"
)
_EXACTLY = r"exactly|precisely|="
_NOUN = (
    r"(?:(?:end[\s-]to[\s-]end|e2e|round[\s-]trip|network)\s+)?(?:latency|delay|response\s+time|rtt|lag|"
    r"bandwidth|throughput|data[\s-]?rate|bit[\s-]?rate|reliability|availability|uptime)"
)
_GAP = rf"(?:\s*(?:{_NOUN}|a|an|the|is|be|of|to|at|stay|stays|:)){{0,4}}[\s:]*-?\s*$"
_WORDS: tuple[tuple[Comparison, str], ...] = (
    ("at_most", _AT_MOST),
    ("at_least", _AT_LEAST),
    ("about", _ABOUT),
    ("exactly", _EXACTLY),
)
_BEFORE: tuple[tuple[Comparison, re.Pattern[str]], ...] = tuple(
    (comparison, re.compile(rf"(?:(?<![\w])|(?<=n't))(?:{pattern}){_GAP}", re.IGNORECASE))
    for comparison, pattern in _WORDS
)
_STRICT_LEAST = re.compile(
    r"(?:not|never|n't)\s+(?:ever\s+)?(?:be\s+|drops?\s+|falls?\s+|goes?\s+)?(?:below|under)"
    r"|(?:no|not|never)\s+(?:less|fewer|lower|smaller|worse)\s+than",
    re.IGNORECASE,
)
_STRICT_MOST = re.compile(
    r"(?:not|never|n't|cannot)\s+(?:ever\s+)?(?:be\s+|go\s+)?(?:above|over|beyond|exceed(?:ing)?)"
    r"|(?:no|not|never)\s+(?:more|longer|greater|higher|larger)\s+than|without\s+exceeding",
    re.IGNORECASE,
)
_AFTER_MOST = re.compile(
    rf"(?:\s*{_NOUN})?\s*(?:\(?\s*(?:max\b|maximum|at\s+(?:the\s+)?most|tops\b|or\s+(?:less|below|lower|"
    r"faster|better|under|fewer|shorter)))",
    re.IGNORECASE,
)
_AFTER_LEAST = re.compile(
    rf"(?:\s*{_NOUN})?\s*(?:\(?\s*(?:min\b|minimum|at\s+(?:the\s+)?(?:very\s+)?least|\+|or\s+(?:more|above|"
    r"higher|over|greater|better|longer|up))|"
    r"and\s+(?:more|above|up)\b)",
    re.IGNORECASE,
)
_FASTER = re.compile(r"\s*or\s+(?:better|faster)|better\s+than\s*$", re.IGNORECASE)


def comparison_before(text: str) -> Comparison | None:
    """Direction stated at the end of the text that precedes a value."""
    tail = text[-48:]
    if _ends_with(_STRICT_LEAST, tail):
        return "at_least"
    if _ends_with(_STRICT_MOST, tail):
        return "at_most"
    for comparison, pattern in _BEFORE:
        if pattern.search(tail):
            return comparison
    return None


def _ends_with(pattern: re.Pattern[str], tail: str) -> bool:
    found = list(pattern.finditer(tail))
    return bool(found) and re.fullmatch(_GAP.rstrip("$"), tail[found[-1].end() :]) is not None


def comparison_of(text: str, start: int, end: int, *, small_is_good: bool) -> Comparison | None:
    """Direction in which the value at [start, end) binds.

    Args:
        text: the whole text.
        start: where the value begins.
        end: where the value with its unit ends.
        small_is_good: what "better" means: True for a latency.
    """
    after = text[end : end + 40]
    if _FASTER.match(after) or re.search(r"better\s+than\s*$", text[max(0, start - 16) : start]):
        return "at_most" if small_is_good else "at_least"
    before = comparison_before(text[:start])
    if before is not None:
        return before
    if _AFTER_MOST.match(after):
        return "at_most"
    if _AFTER_LEAST.match(after):
        return "at_least"
    return None
