"""Numbers written as words become digits, so that one set of rules reads both."""

from __future__ import annotations

import re

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_ANY = "|".join((*_UNITS, *_TENS, *_SCALES))
_WORD = rf"(?:{_ANY})"
_SEQUENCE = re.compile(
    rf"\b(?:(?:a|an)\s+(?=hundred|thousand|million|billion))?{_WORD}"
    rf"(?:(?:\s+and\s+|\s*-\s*|\s+){_WORD})*(?:\s+point(?:\s+{_WORD})+)?\b",
    re.IGNORECASE,
)
_DIGIT_SCALE = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)\s*(hundred|thousand|million|billion|mln|mio)\b", re.IGNORECASE
)
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), digits)
    for pattern, digits in (
        (r"\bsub-?\s*milli-?second\b", "below 1 millisecond"),
        (r"\bsingle-digit\s+(?=milli|ms)", "below 10 "),
        (r"\b(?:a|one|1)\s+tenth\s+of\s+a\s+(?=second|milli)", "0.1 "),
        (r"\b(?:a|one|1)\s+hundredth\s+of\s+a\s+(?=second|milli)", "0.01 "),
        (
            r"\ba\s+single\s+(?=user|person|player|viewer|patient|surgeon|operator|driver|pilot|doctor"
            r"|student|vehicle|car\b|truck|drone|robot|camera|device|headset|sensor)",
            "1 ",
        ),
        (r"\bhalf\s+a\s+dozen\b", "6"),
        (r"\bhalf\s+a\s+million\b", "500000"),
        (r"\b(?:a|one)\s+dozen\b", "12"),
        (r"\btwo\s+dozens?\b", "24"),
        (r"\b(?:a|one)\s+score\s+of\b", "20"),
        (r"\ba\s+(?:couple|pair)\s+of\b", "2"),
        (r"\bhalf\s+a\s+(?=(?:milli)?second|gigabit)", "0.5 "),
        (r"\b(?:a|one)\s+quarter\s+(?:of\s+a\s+)?(?=second)", "0.25 "),
        (r"\b(?:a|one)\s+(?=(?:single\s+)?(?:milli|micro)?second\b|(?:mega|giga)bit)", "1 "),
    )
)
_MEASURED = re.compile(
    r"\s*-?\s*(?:single\s+)?(?:milli|micro|second|sec\b|ms\b|us\b|giga|mega|gbit|mbit|gbps|mbps|"
    r"kbps|percent|user|person|participant|player|viewer|device|vehicle|patient|surgeon|car\b|"
    r"truck|drone|robot|caller|operator|driver|seat|camera|sensor|headset|student|employee)",
    re.IGNORECASE,
)


def words_to_digits(text: str) -> str:
    """Replace numbers in words by digits: "two hundred" 200, "a dozen" 12, "3 thousand" 3000."""
    for pattern, digits in _PHRASES:
        text = pattern.sub(digits, text)
    text = _SEQUENCE.sub(lambda m: _replace(m, text), text)
    return _DIGIT_SCALE.sub(_scaled, text)


def _scaled(match: re.Match[str]) -> str:
    scale = _SCALES.get(match[2].lower(), 1_000_000)
    return f"{float(match[1]) * scale:.12g}" if scale < 1e9 else f"{float(match[1]) * scale:.0f}"


def _replace(match: re.Match[str], text: str) -> str:
    words = match[0].lower()
    lone = words in ("one", "hundred", "thousand", "million", "billion")
    if lone and not (words == "one" and _MEASURED.match(text, match.end())):
        return match[0]
    whole, _, fraction = words.partition(" point")
    value = _value(whole)
    if fraction:
        return f"{value}.{''.join(str(_value(word)) for word in fraction.split())}"
    return str(value)


def _value(words: str) -> int:
    total = current = 0
    for word in re.split(r"[\s-]+", words):
        if word in _UNITS:
            current += _UNITS[word]
        elif word in _TENS:
            current += _TENS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current
