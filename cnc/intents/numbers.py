"""Numbers written as words become digits, so that one set of rules reads both."""

from __future__ import annotations

import re
from decimal import Decimal

from cnc.intents.figures import near_before, number_of
from cnc.intents.numerals import fractions, in_digits, powers, undotted

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
_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "quadrillion": 10**15, "quintillion": 10**18,
}  # fmt: skip
_SCALE = "|".join(_SCALES)
_ANY = "|".join((*_UNITS, *_TENS, *_SCALES))
_WORD = rf"(?:{_ANY})"
_ONES = "|".join((*_UNITS, *_TENS))
_AFTER_SCALE = "(?:" + "|".join(f"(?<={scale})" for scale in _SCALES) + ")"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
_SEQUENCE = re.compile(
    rf"\b(?:(?:a|an)\s+(?={_SCALE})|(?<![\w.,]){_DIGITS}\s*(?=(?:{_SCALE})\b))?{_WORD}"
    rf"(?:(?:{_AFTER_SCALE}[\s-]+and[\s-]+(?!{_WORD}\s+hundred)|\s*-\s*|\s+){_WORD})*(?:\s+point(?:\s+(?:{_ONES}))+)?\b",
    re.IGNORECASE,
)
_DIGIT_SCALE = re.compile(
    rf"(?<![\w.,])({_DIGITS})\s*((?:{_SCALE})(?:\s+(?:{_SCALE}))*|mln|mio)\b", re.IGNORECASE
)
_MEASURE = r"(?:milli|micro)?-?seconds?\b|minutes?\b|(?:kilo|mega|giga)(?:bit|byte)s?\b"
_NOT_A_RATE = "".join(
    f"(?<!{unit} )" for unit in ("bit", "bits", "byte", "bytes", "times", "frames")
)
"""In "3 megabits a second" there is no time."""
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), digits)
    for pattern, digits in (
        (r"\bsub-?\s*milli-?second\b", "below 1 millisecond"),
        (r"\bsingle-digit\s+(?=milli|ms)", "below 10 "),
        (
            r"\ba\s+single\s+(?=user|person|player|viewer|patient|surgeon|operator|driver|pilot|doctor"
            r"|student|vehicle|car\b|truck|drone|robot|camera|device|headset|sensor)",
            "1 ",
        ),
        (r"\bhalf\s+a\s+dozen\b", "6"),
        (r"\bhalf\s+a\s+hundred\b", "50"),
        (r"\bhalf\s+a\s+thousand\b", "500"),
        (r"\bhalf\s+a\s+million\b", "500000"),
        (r"\b(?:a|one)\s+quarter\s+of\s+a\s+million\b", "250000"),
        (r"\b(?:a|one)\s+quarter\s+of\s+a\s+thousand\b", "250"),
        (r"\bthree\s+quarters\s+of\s+a\s+million\b", "750000"),
        (r"\b(?:a|one)\s+(?:full\s+)?dozen\b", "12"),
        (r"\b(?:a|one)\s+score\s+of\b", "20"),
        (
            r"\b(?:(?:a|1)\s+couple\s+of|couple\s+of(?=\s+(?:hundred|thousand))|(?:a|1)\s+pair\s+of)\b",
            "2",
        ),
        (r"\b(?:a\s+)?half\s+(?:of\s+)?(?:a\s+|an\s+)?(?=(?:milli)?seconds?\b)", "0.5 "),
        (rf"\bhalf[\s-]+(?:of\s+)?(?:a\s+)?(?={_MEASURE})", "0.5 "),
        (rf"\b(?:a|one|1)\s+quarter\s+(?:of\s+)?(?:a\s+)?(?={_MEASURE})", "0.25 "),
        (rf"\bquarter[\s-]+(?:of\s+)?(?:a\s+)?(?={_MEASURE})", "0.25 "),
        (rf"\bthree[\s-]+quarters\s+of\s+a\s+(?={_MEASURE})", "0.75 "),
        (rf"\b(?:a|one)\s+({_MEASURE})\w*\s+and\s+a\s+half\b", r"1.5 \1"),
        (rf"{_NOT_A_RATE}\b(?:a|one)\s+(?=(?:single\s+)?(?:{_MEASURE}))", "1 "),
    )
)
_MEASURED = re.compile(
    r"\s*-?\s*(?:single\s+)?(?:milli|micro|second|minute|nines?\b|hundredth|tenth|thousandth|packet|message|(?:lost|late|failed|dropped)\b|in\s+(?:a|one|\d|every)|sec\b|ms\b|us\b|giga|mega|gbit|mbit|gbps|mbps|"
    r"kbps|percent|user|person|participant|player|viewer|device|vehicle|patient|surgeon|car\b|"
    r"truck|drone|robot|caller|operator|driver|seat|camera|sensor|headset|student|employee)",
    re.IGNORECASE,
)


_AND_A_HALF = re.compile(
    rf"(?<![\w.])({_WORD}|\d+)(?:\s+and\s+(?:a|one|1)\s+(half|quarter)\b|\s+(1/2|1/4)(?=\s))",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?<![\w.])(a|\d+)\s+(third|fifth|sixth|eighth|tenth|twentieth|fiftieth|hundredth|thousandth|millionth)s?\s+(?:of\s+)?(?:a\s+|1\s+)?"
    r"(?=second|milli|micro|mega|giga|million)",
    re.IGNORECASE,
)
_PART = {
    "third": 1 / 3, "fifth": 0.2, "sixth": 1 / 6, "eighth": 0.125, "tenth": 0.1, "twentieth": 0.05,
    "fiftieth": 0.02, "hundredth": 1e-2, "thousandth": 1e-3, "millionth": 1e-6,
}  # fmt: skip
_SLASHED = re.compile(
    r"(?<![\w.,/])(\d+(?:\.\d+)?)\s?/\s?(\d+(?:\.\d+)?)\s*([kmgt](?:bps|bit/s|b/s))(?![a-z])",
    re.IGNORECASE,
)
"""Two rates at once: "20/5 Mbps"."""
_UNIT_LAST = re.compile(
    r"(?<![\w.,/])(\d+(?:\.\d+)?)\s+((?:down|up)(?:link|load|stream)?)\s*(?:/|,|and|with)\s*(\d+(?:\.\d+)?)\s+"
    r"((?:down|up)(?:link|load|stream)?)\s+([kmgt](?:bps|bit/s|b/s))(?![a-z])",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"(?<![\w.,/])(?:(\d{1,3})\s+)?(\d{1,2})\s?[/⁄]\s?(\d{1,3})\s*(?:of\s+a\s+|an?\s+)?"
    rf"(?=(?:{_MEASURE}|secs?\b|s\b|ms\b|million\b|thousand\b|dozen\b))",
    re.IGNORECASE,
)
_HALF_PAST = re.compile(
    r"\b(?:a\s+)?(?P<part>half|quarter)\s+(?P<way>past|to)\s+(?P<hour>\d{1,2})\b(?![\d:.])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<=[a-z]s)\s+[x×](\d{1,6})(?=[,;.)]|\s|$)", re.IGNORECASE)
"""How many of what stands before: "harvesters x6"."""
_DOZENS = re.compile(
    r"(?<![\w.])(\d+)\s+(dozens?|scores?)(?:\s+of(?!\s+(?:them|us)\b))?\b", re.IGNORECASE
)
_COUNTED = re.compile(rf"(?:\d|\bpoint(?:\s+(?:{_ONES}))+)\s*$", re.IGNORECASE)
_LONE = re.compile(r"(?<![\w-])(hundred|thousand)(?=\s+[a-z])", re.IGNORECASE)
_VAGUE = re.compile(
    r"\b(?:few|several|many|per|by\s+the|of|the|every|each|\d)\s*$|[\w,.]-$", re.IGNORECASE
)
_OR_SO = re.compile(
    r"(?<![\w.,])(\d[\d,.]*\s?(?:[km]\b)?(?:\s*(?:ms|s|[kmg]bps))?)(?:[\s,-]+(?:or\s+so|"
    r"give\s+or\s+take)\b|-?ish\b)",
    re.IGNORECASE,
)


def words_to_digits(text: str) -> str:
    """Replace numbers in words by digits: "two hundred" 200, "a dozen" 12, "3 thousand" 3000.

    Also parts ("a quarter of a second", "2 and a half"), dozens, powers ("2 x 10^5"), and "60 or
    so", which becomes "about 60".
    """
    text = _TIMES.sub(r": \1", undotted(text))
    text = _UNIT_LAST.sub(r"\1 \5 \2 and \3 \5 \4", text)
    text = _SLASHED.sub(r"\1 \3 downlink and \2 \3 uplink", text)
    text = fractions(_FRACTION.sub(_fraction, text))
    text = _AND_A_HALF.sub(_with_part, text)
    for pattern, digits in _PHRASES:
        text = pattern.sub(digits, text)
    text = _LONE.sub(lambda m: _lone(m, text), text)
    text = _SEQUENCE.sub(lambda m: _replace(m, text), text)
    text = powers(text)
    text = _PARTS.sub(_part, text)
    text = _DOZENS.sub(
        lambda m: str(int(m[1]) * (12 if m[2].lower().startswith("dozen") else 20)), text
    )
    text = _HALF_PAST.sub(_half_past, _DIGIT_SCALE.sub(_scaled, text))
    return _OR_SO.sub(r"about \1", text)


def _half_past(match: re.Match[str]) -> str:
    """ "Half past 6" is 6:30, "quarter to 5" 4:45."""
    hour, minute = int(match["hour"]), 30 if match["part"].lower() == "half" else 15
    if match["way"].lower() == "to":
        hour, minute = (hour - 2) % 12 + 1, 60 - minute
    return f"{hour}:{minute}" if hour <= 24 else match[0]


def _lone(match: re.Match[str], text: str) -> str:
    """ "Hundred drones" is 100 drones; "a few hundred" and "two hundred" are not for here."""
    before = near_before(text, match.start()).rstrip()
    word = before.rsplit(None, 1)[-1].lower() if before else ""
    counted = re.fullmatch(rf"(?:(?:{_WORD}|and)-?)+", word, re.IGNORECASE) or word in (
        "a",
        "an",
        "and",
        "half",
    )
    if counted or word[-1:].isdigit() or _VAGUE.search(before):
        return match[0]
    return f"one {match[0]}"


def _with_part(match: re.Match[str]) -> str:
    half = "half" in (match[2] or "").lower() or match[3] == "1/2"
    if match[1].isdigit():
        return f"{match[1]}.{5 if half else 25}"
    return f"{match[1]} point {'five' if half else 'two five'}"


def _fraction(match: re.Match[str]) -> str:
    """ "1/2 second" is 0.5 second, "1 1/2 seconds" 1.5."""
    if not int(match[2]) < int(match[3]) <= 10:
        return match[0]
    return f"{int(match[1] or 0) + int(match[2]) / int(match[3]):.9g} "


def _part(match: re.Match[str]) -> str:
    count = 1 if match[1].lower() == "a" else int(match[1])
    return f"{count * _PART[match[2].lower()]:.9g} "


def _scaled(match: re.Match[str]) -> str:
    value = _decimal(match[1])
    for word in match[2].lower().split():
        value *= _SCALES.get(word, 10**6)
    return in_digits(value)


def _replace(match: re.Match[str], text: str) -> str:
    words = match[0].lower()
    lone = words == "one" or words in _SCALES
    if lone and not (words == "one" and _MEASURED.match(text, match.end())):
        return match[0]
    if all(word in _SCALES for word in words.split()) and _COUNTED.search(
        near_before(text, match.start())
    ):
        return match[0]
    whole, _, fraction = words.partition(" point")
    groups = _groups(whole)
    if fraction:
        groups[-1] += f".{''.join(str(_value(word)) for word in fraction.split())}"
    return " ".join(groups)


def _groups(words: str) -> list[str]:
    """The numbers in a run of number words: "two four" are two numbers, "forty two" is one."""
    groups: list[list[str]] = []
    last = ""
    for word in re.split(r"[\s-]+", words):
        ends = last in _UNITS and (word in _UNITS or word in _TENS)
        ends = ends or (last in _TENS and (word in _TENS or _UNITS.get(word, 0) > 9))
        if ends or not groups:
            groups.append([])
        groups[-1].append(word)
        last = word
    return [in_digits(_value(" ".join(group))) for group in groups]


def _value(words: str) -> Decimal:
    total = current = Decimal(0)
    for word in re.split(r"[\s-]+", words):
        if word in _UNITS:
            current += _UNITS[word]
        elif word in _TENS:
            current += _TENS[word]
        elif word == "hundred":
            current = max(current, Decimal(1)) * 100
        elif word in _SCALES and total and not current:
            total *= _SCALES[word]
        elif word in _SCALES:
            total += (current or 1) * _SCALES[word]
            current = Decimal(0)
        elif word[:1].isdigit():
            current += _decimal(word)
    return total + current


def _decimal(digits: str) -> Decimal:
    return Decimal(repr(number_of(digits)))
