"""What looks like a figure of the request and cannot be used: said, instead of dropped silently."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cnc.intents.figures import NUMBER
from cnc.intents.served import DEVICES, PEOPLE
from cnc.intents.units import UNIT

_LONG = re.compile(
    rf"\b(?:within|(?:in\s+)?(?:under|less\s+than)|below|at\s+most|(?:no|not)\s+more\s+than|latency\s+of)\s+"
    rf"{NUMBER}\s*-?\s*(?:h|hrs?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))\b",
    re.IGNORECASE,
)
_ENDLESS = re.compile(
    rf"(?:\b(?:within|under|below|at\s+most|at\s+least|up\s+to|for)\s+)?(?:\b(?:infinity|infinite(?:ly\s+many)?|"
    rf"unlimited|endless|nan)|∞)\s*(?:{UNIT}|(?:{PEOPLE}|{DEVICES})\b)",
    re.IGNORECASE,
)
_FOREIGN = re.compile(rf"{NUMBER}\s*[^\W\d_A-Za-z\u00c0-\u024f\u2e80-\u9fff\uac00-\ud7af]{{2,}}")
"""A number and a word in a script of letters that no rule reads."""

_JITTER = re.compile(
    rf"\bjitter\s+(?:of|is|under|below|at\s+most|less\s+than|within|<=?)?\s*{NUMBER}\s*(?:ms|us|milliseconds?|"
    rf"microseconds?)\b|{NUMBER}\s*(?:ms|us|milliseconds?|microseconds?)\s+(?:of\s+)?jitter\b",
    re.IGNORECASE,
)


def unread(text: str, spans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    """A note for each figure of the text that stands outside the spans that were read."""
    taken = list(spans)
    notes = []
    for pattern, why in (
        (_LONG, 'a latency is a matter of seconds, and a time is said as "for the next 2 hours"'),
        (_ENDLESS, "state a number"),
        (_JITTER, "jitter is not watched; a latency is, that 95 of 100 requests keep to"),
        (_FOREIGN, 'say in English what is counted, such as "40 cameras"'),
    ):
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                notes.append(f'"{match[0].strip()}" was not used: {why}')
    return tuple(notes)
