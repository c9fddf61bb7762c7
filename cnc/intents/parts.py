"""Several services in one sentence: where one request ends and the next begins.

A number belongs to the part it stands in. What stands before the first service, what is said of
"each" or "both", and a last fragment without a number are said of every part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnc.intents.figures import NUMBER
from cnc.intents.numbers import words_to_digits

_SEPARATOR = re.compile(
    r"\s*(?:[;.!?](?=\s|$)(?:\s*(?:first|second|third|next|then|finally)(?:ly)?\s*[,:])?|,(?=\s)(?:\s*(?:and|plus|then|also)\b)*(?:\s+(?:also|another|one\s+more)\b)?|"
    r"\b(?:and|plus)(?:\s+(?:also|then|in\s+addition|additionally))?\b|\bas\s+well\s+as\b|\balong\s+with\b|"
    r"\btogether\s+with\b|\bin\s+addition\s+to\b|&|\+(?=\s))\s*",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"\b(?:each|apiece|both|in\s+(?:each|either|both)\s+cases?|all\s+of\s+(?:them|it|this)|"
    r"every\s+one\s+of\s+them|(?:the\s+)?(?:two|three)\s+of\s+them)\b",
    re.IGNORECASE,
)
_RATE_BEFORE = re.compile(r"(?:bps|bits?|bytes?|/s|second)\s*$", re.IGNORECASE)
_TAIL = re.compile(
    r",\s*(?=\d)|\b(?:for|with|at|within|under|below|in|on|of|near)\b", re.IGNORECASE
)
_PERSON = re.compile(
    r"each\s+(?!(?:with|within|at|under|below|in|for|and|or|on|by|need|needs|having|getting)\b)[a-z]",
    re.IGNORECASE,
)


_UNIT_WORDS = r"(?:(?!\b(?:and|for|with|within|at|under|below|of|in)\b)[^,;.\d]){0,40}?"
_RESPECTIVELY = re.compile(
    rf"\s*,?\s*(?P<lead>\b(?:for|with|within|at|under|below|of|in|up\s+to)\s+)?(?P<first>{NUMBER}{_UNIT_WORDS})\s+and\s+"
    rf"(?:(?P=lead))?(?P<number>{NUMBER})(?P<unit>{_UNIT_WORDS}),?\s+respectively\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fragment:
    """A piece of a sentence between separators."""

    start: int
    end: int
    service: int | None = None
    """Index of the service that it names and is judged to be about, if there is one."""


def respective(text: str) -> tuple[str, tuple[str, ...]]:
    """A sentence without its "20 and 30 users respectively", and what that says of either part."""
    if "respectively" not in text.lower():
        return text, ()
    digits = words_to_digits(text)
    match = _RESPECTIVELY.search(digits)
    if match is None:
        return text, ()
    lead, first, unit = match["lead"] or "", match["first"], match["unit"]
    first = first + unit if re.fullmatch(NUMBER, first) else first
    rest = (digits[: match.start()] + digits[match.end() :]).strip()
    return rest, (f"{lead}{first}", f"{lead}{match['number']}{unit}")


def fragments(text: str) -> list[Fragment]:
    """The pieces between commas, sentence ends and words that join."""
    found, at = [], 0
    for match in _SEPARATOR.finditer(text):
        found.append(Fragment(at, match.start()))
        at = match.end()
    found.append(Fragment(at, len(text)))
    return [piece for piece in found if text[piece.start : piece.end].strip()]


def split_parts(
    text: str, pieces: Sequence[Fragment], has_number: Callable[[str], bool]
) -> list[tuple[int, str]]:
    """Each part's service and text, with what is said of all; empty without two services.

    Args:
        text: the sentence.
        pieces: its fragments, in order.
        has_number: whether a text states a quantity.
    """
    groups: list[list[Fragment]] = []
    frame = 0
    for piece in pieces:
        if piece.service is None and not groups:
            frame = piece.end
        elif piece.service is None or (groups and piece.service == groups[-1][0].service):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    services = [group[0].service for group in groups]
    if len(groups) < 2 or len(set(services)) < len(services):
        return []
    common, last = "", groups[-1][-1]
    if len(groups[-1]) > 1 and not has_number(text[last.start : last.end]):
        common = text[last.start : last.end]
        groups[-1].pop()
    own = [text[group[0].start : group[-1].end] for group in groups]
    tail = _shared_tail(own[-1], bare=not any(map(has_number, own[:-1])))
    parts = []
    for number, (service, said) in enumerate(zip(services, own, strict=True)):
        assert service is not None
        shared = tail if number < len(own) - 1 else ""
        parts.append((service, ", ".join(p for p in (text[:frame], said, shared, common) if p)))
    return parts


def _shared_tail(text: str, *, bare: bool) -> str:
    """What the last part says of each: "for 200 users each", "both within 20 ms".

    Args:
        text: of the last part.
        bare: no other part has a number, so that the whole tail is theirs as well.
    """
    for match in _EACH.finditer(text):
        word = match[0].lower()
        if word.startswith("each") and (
            _RATE_BEFORE.search(text[: match.start()]) or _PERSON.match(text[match.start() :])
        ):
            continue
        if not text[match.end() :].strip(" ,.") or not word.endswith(
            ("both", "them", "it", "this")
        ):
            openings = [m.start() for m in _TAIL.finditer(text, 0, match.start())]
            if not openings:
                continue
            start = openings[0] if bare else openings[-1]
            return (text[start:] if bare else text[start : match.end()]).lstrip(", ")
        return text[match.start() :]
    return ""
