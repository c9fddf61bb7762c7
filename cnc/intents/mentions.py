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
    each: bool = False
    """A rate said to be that of each user."""
    rank: int = 1
    """Among mentions of users: 0 a density or sum, 1 people, 2 devices, 3 anything in the plural,
    4 a number alone."""
    note: str = ""
    """How it was read, where that is not as it stands."""


_AT_MOST = (
    r"at\s+(?:the\s+)?(?:very\s+|absolute\s+)?most|no\s+\w+\s+(?:later|slower|longer)\s+than|(?:no|not|never|nothing|none|n't)\s+(?:be\s+|take\s+|need\s+)?"
    r"(?:any\s+)?(?:more|longer|greater|higher|larger|slower|bigger|later)\s+than"
    r"|(?:not|never|n't)\s+(?:be\s+|go\s+|rise\s+|climb\s+|get\s+)?(?:above|over|beyond|past)"
    r"|(?:not|n't|cannot|never|nor)\s+(?:ever\s+)?(?:exceed|surpass|top|go\s+over|be\s+over|"
    r"go\s+above)(?:s|ing)?"
    r"|without\s+exceeding|(?:at|equal\s+to)\s+or\s+(?:below|under|less\s+than)|below|beneath|south\s+of|under(?:neath)?|(?:less|lower|fewer|"
    r"shorter|smaller|faster|quicker|better|sooner|earlier)\s+than"
    r"|max(?:imum|imal|\.)?(?:\s+(?:of|is|at))?|up\s+to|within|capped\s+(?:at|to)|limited\s+to|"
    r"upper\s+(?:bound|limit)(?:\s+of)?|(?:hard\s+|tight\s+)?(?:limit|cap)\s+of|cap\s+\w+\s+at|"
    r"restrict\w*\s+to|not\s+even"
    r"|not\s+to\s+exceed|ke(?:ep|pt)\s+(?:\w+\s+){0,2}?to|held?\s+to|<=?|as\s+(?:many|much)\s+as|in\s+under|inside|ceiling\s+of|"
    r"bounded\s+(?:by|to)|sub|<\s*=|=<"
)
_AT_LEAST = (
    r"at\s+(?:the\s+)?(?:very\s+|absolute\s+)?least|(?:no|not|never|nothing|none|n't)\s+(?:be\s+|get\s+|have\s+)?"
    r"(?:any\s+)?(?:less|fewer|lower|smaller|slower)\s+than"
    r"|not\s+(?:be\s+|drop\s+|fall\s+|go\s+)?(?:below|under)|never\s+(?:drops?|falls?|"
    r"goes)\s+(?:below|under)"
    r"|min(?:imum|imal|\.)?(?:\s+(?:of|is|at))?|(?:more|greater|higher|larger|longer|bigger|better)\s+than"
    r"|above|over|exceed(?:s|ing)?|upwards?\s+(?:of|from)|north\s+of|beyond|past|>\s*=?|=>|"
    r"lower\s+(?:bound|limit)(?:\s+of)?|floor\s+of|starting\s+(?:at|from)"
)
_ABOUT = (
    r"about|around|roughly|approx(?:imately|\.)?|circa|ca\.?|some|nearly|almost|near|close\s+to|~|"
    r"(?:in|on)\s+the\s+(?:order|region|neighbou?rhood|vicinity)\s+of|more\s+or\s+less|"
    r"somewhere\s+near|give\s+or\s+take"
)
_EXACTLY = r"exactly|precisely|="
_KIND = (
    r"(?:end[\s-]to[\s-]end|e2e|round[\s-]trip|network|one[\s-]way|total|overall|average|mean|peak|"
    r"sustained|guaranteed|tolerable|tolerated|acceptable|allowed|allowable|permitted|permissible|"
    r"possible|required|packet|uplink|upstream|upload|downlink|downstream|download|service|system)"
)
_NOUN = (
    rf"(?:{_KIND}\s+){{0,3}}(?:latency|latencies|delays?|motion[\s-]to[\s-]photon|response(?:\s+times?)?|rtt|lag|ping|time|"
    r"round[\s-]trip(?:\s+time)?|bandwidth|throughput|(?:data[\s-]?|bit[\s-]?)?rates?|speed|"
    r"reliability|availability|uptime|value|limit)(?:\s+(?:per|for\s+each)\s+\w+)?"
)
_GAP = (
    rf"(?:\s*(?:\b{_NOUN}\b|\b{_KIND}\b|\b(?:a|an|the|is|be|of|to|at|in|stay|stays|by|with|just|only|"
    r"some|being|remain|remains|each|full|whole)\b|:)){0,5}[\s:=]*-?\s*$"
)
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
    r"(?:not|never|n't)\s+(?:ever\s+)?(?:be\s+|drops?\s+|falls?\s+|goes?\s+|sinks?\s+|dips?\s+)?(?:below|under)"
    r"|(?:no|not|never|nothing|none|n't)\s+(?:be\s+|get\s+|have\s+)?(?:any\s+)?(?:less|fewer|lower|smaller)\s+than",
    re.IGNORECASE,
)
_STRICT_MOST = re.compile(
    r"(?:nothing|no\s+(?:latenc\w+|delays?|lags?|response|value|packet|message|frame))\s+(?:\w+\s+)?(?:above|over|beyond|past)"
    r"|(?:not|never|n't|cannot)\s+(?:ever\s+)?(?:see|have|get|experience|suffer|face|notice|cause|add)\s+(?:any\s+)?(?:\w+\s+){0,2}?"
    r"(?:above|over|beyond|past|(?:longer|greater|higher|larger|more)\s+than)|"
    r"(?:not|never|n't|cannot|nor)\s+(?:ever\s+)?(?:be\s+|go\s+|rise\s+|climb\s+|get\s+)?(?:above|over|"
    r"beyond|past|exceed(?:s|ing)?)"
    r"|(?:no|not|never|nothing|none|n't)\s+(?:be\s+|take\s+|need\s+)?(?:any\s+)?(?:more|longer|greater|higher|larger|"
    r"bigger|later|slower)\s+than|without\s+exceeding",
    re.IGNORECASE,
)
_EACH = r"(?:\s*,?\s*(?:each|apiece|per\s+\w+|of\s+\w+|for\s+each(?:\s+\w+)?))?"
_AFTER = rf"\s?\)?(?:\s*{_NOUN})?{_EACH}\s*,?\s*\(?\s*"
_IS = r"(?:(?:would|will|shall|should|must|can)\s+be|is|are|as|being)\s+(?:already\s+)?"
_THE = r"(?:(?:the|my|our|their|an|a|absolute|upper|hard|very)\s+){0,3}"
_AFTER_MOST = re.compile(
    rf"{_AFTER}(?:max\b|maximum|at\s+(?:the\s+)?(?:very\s+|absolute\s+)?most|tops\b|at\s+(?:the\s+)?"
    r"(?:outside|worst|latest|max(?:imum)?\b)|or\s+(?:less|below|lower|faster|better|under|fewer|shorter|sooner|quicker|"
    r"smaller)\b|and\s+(?:not|no)\s+(?:more|longer|later)|but\s+(?:not|no)\s+(?:more|longer)"
    rf"|{_IS}{_THE}(?:limit|max(?:imum)?\b|ceiling|cap\b|longest|most|worst|upper\s+bound|highest|slowest)"
    rf"|{_THE}(?:limit|ceiling|cap)\b|(?:each\s+way\s+|at\s+all\s+)?(?:not|never)\s+(?:to\s+|must\s+|may\s+)?be\s+exceeded)",
    re.IGNORECASE,
)
_AFTER_LEAST = re.compile(
    rf"{_AFTER}(?:min\b|minimum|at\s+(?:the\s+)?(?:very\s+|absolute\s+)?least|\+|or\s+(?:more|above|"
    r"higher|over|greater|better|longer|up|faster)\b|(?:and|or)\s+(?:more|above|up|upwards?|beyond|over)\b"
    rf"|upwards?\b|{_IS}{_THE}(?:min(?:imum)?\b|floor|least|lowest|lower\s+bound))",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(r"\s*(?:\+\s?/\s?-|±|plus\s+or\s+minus|more\s+or\s+less)", re.IGNORECASE)
_DOES = re.compile(
    rf"{_AFTER}{_IS}(?:ok|okay|fine|enough|acceptable|sufficient|tolerable|good\s+enough|all\s?right)\b|"
    rf"{_AFTER}(?:will\s+do|does|suffices?)\b",
    re.IGNORECASE,
)
_FASTER = re.compile(rf"{_AFTER}or\s+(?:better|faster)\b", re.IGNORECASE)
_NOT_WORSE = re.compile(r"(?:better|(?:no|not|never)\s+(?:be\s+)?worse)\s+than\s*$", re.IGNORECASE)
_BREAKS = re.compile(
    r"useless|unusable|unplayable|unacceptable|intolerable|fails?\b|breaks?\b|too\s+(?:slow|late|long|much)|"
    r"worthless|sick|isn't|is\s+not|not\s+(?:even|any)\s+more|thrown\s+away|dropped|discarded|no\s+(?:good|use)|not\s+(?:work|usable|ok|okay|acceptable|good|tolera\w+)|"
    r"does\s+not|doesn't|can(?:no|')t|won't|nobody|pointless|dangerous|\bhates?\b|dislike|complain|notice|avoid|prevent|forbid|ruin|suffer",
    re.IGNORECASE,
)
"""What is said of a latency that is too long: "useless beyond 50 ms" asks for at most 50 ms."""


def _breaks(text: str, start: int, end: int) -> bool:
    """The clause around a latency says that a longer one does not do."""
    head = re.split(r"[.!?]\s", text[max(0, start - 48) : start])[-1]
    tail = re.split(r"[.!?](?:\s|$)", text[end : end + 48])[0]
    return _BREAKS.search(head) is not None or _BREAKS.search(tail) is not None


def comparison_before(text: str) -> Comparison | None:
    """Direction stated at the end of the text that precedes a value."""
    tail = text[-72:]
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
    after = text[end : end + 60]
    if _FASTER.match(after) or _NOT_WORSE.search(text[max(0, start - 24) : start]):
        return "at_most" if small_is_good else "at_least"
    before = comparison_before(text[:start])
    if before == "at_least" and small_is_good and _breaks(text, start, end):
        return "at_most"
    if before is not None:
        return before
    if _ROUGHLY.match(after):
        return "about"
    if _AFTER_MOST.match(after):
        return "at_most"
    if small_is_good and _DOES.match(after):
        return "at_most"
    if _AFTER_LEAST.match(after):
        return "at_least"
    return None
