"""Reliability said without a percent sign: nines, fractions, losses, downtime."""

from __future__ import annotations

import re

from cnc.intents.figures import NUMBER, number_of
from cnc.intents.mentions import Comparison, Mention, comparison_of

_NINES = re.compile(r"(?<![\w.])(?P<count>[2-9])\s*-?\s*(?:nines?|9s|9's)\b", re.IGNORECASE)
_BARE_NINES = re.compile(
    r"(?:(?:reliab\w*|availab\w*|uptime|"
    r"success\s+rate)\W+(?:\w+\W+){0,4}?)(?P<after_value>9\d(?:[.,]\d+)?|0[.,]9\d*)(?![\w%.]*\s*(?:%|"
    r"percent|per\s?cent|pct|ms|us|[kmgt]b|users|\d))"
    r"|(?<![\w.])(?P<before_value>9\d[.,]\d+)(?:\s+(?=reliab|availab|uptime))"
    r"|(?<![\w.,])(?P<alone>99[.,]9+5?)(?=\s*(?:$|[;)/|]|[,.](?:\s|$)|(?:and|or)\s))",
    re.IGNORECASE,
)
_ERROR_RATE = re.compile(
    r"(?:packet\s+)?(?:error|loss)\s+(?:rate|ratio|"
    r"probability)?\D{0,20}?(?:1\s*e\s*-\s*|10\s*\^?\s*-\s*)(?P<power>\d)"
    r"|1\s*-\s*(?:1\s*e\s*-\s*|10\s*\^?\s*-\s*)(?P<power2>\d)"
    r"|(?:1\s*e\s*-\s*|10\s*\^\s*-\s*)(?P<power3>\d)\s+(?:packet|block|bit)\s+(?:error|loss)",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    rf"(?P<good>{NUMBER})\s+(?:(?:lost|failed|dropped|late)\s+)?(?:(?:packets?|messages?|frames?|requests?)\s+)?(?:out\s+of|of|in|from)\s+(?:every\s+|each\s+)?(?P<whole>10+|1(?:,000)+|100?(?:,000)+)"
    r"(?![\w.,]*\d)\s*(?P<what>[a-z]*)",
    re.IGNORECASE,
)
_LOST = re.compile(r"lost|loss|lose|fail|error|drop|miss|late|corrupt|wrong", re.IGNORECASE)
_LOSS_PERCENT = re.compile(
    r"(?:(?:packet|frame|message|data)[\s-]+(?:loss|error|drop)(?:es|s)?(?:\s+(?:rate|ratio))?|"
    r"(?:error|failure|loss|drop|outage)\s+(?:rate|ratio|probability)|downtime|outages?|unavailability|"
    r"(?:lose|loses|losing|loss\s+of|lost)\s+(?:\w+\s+){0,2}?(?=more|at\s+most|less|under|below|\d))\s*(?P<words>(?:[a-z<>=:]+\s*){0,5}?)"
    rf"(?P<after>{NUMBER})\s*(?:%|percent|per\s?cent|pct)"
    rf"|(?P<before>{NUMBER})\s*(?:%|percent|per\s?cent|pct)\s+(?:of\s+)?(?:packet|frame|message|data)?[\s-]*"
    r"(?:loss|errors?\b)",
    re.IGNORECASE,
)
_DOWNTIME = re.compile(
    r"(?:downtime|outages?|unavailab\w+|down)\b[^.;]{0,40}?"
    rf"(?P<time>{NUMBER})\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|h)\s*"
    r"(?:/|per|an?|every|each)\s*(?P<span>year|month|week|day)"
    rf"|(?P<time2>{NUMBER})\s*(?P<unit2>seconds?|secs?|s|minutes?|mins?|hours?|h)\s*(?:of\s+)?"
    r"(?:downtime|outages?|unavailab\w+)\s*(?:/|per|an?|every|each)\s*(?P<span2>year|month|week|day)",
    re.IGNORECASE,
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_SPANS = {"year": 31_557_600.0, "month": 2_629_800.0, "week": 604_800.0, "day": 86_400.0}


def find_shares(text: str) -> list[Mention]:
    """Reliabilities (%) that stand before any percent sign is looked at; may overlap."""
    return [*_find_nines(text), *_find_losses(text), *_find_out_of(text)]


def _find_losses(text: str) -> list[Mention]:
    """A loss of at most 0.1 % is a reliability of at least 99.9 %; downtime likewise."""
    found = []
    for match in _LOSS_PERCENT.finditer(text):
        value = 100.0 - number_of(match["after"] or match["before"])
        found.append(_at_least(value, match))
    for match in _DOWNTIME.finditer(text):
        time, unit, span = (match[g] or match[f"{g}2"] for g in ("time", "unit", "span"))
        share = 100.0 - 100.0 * number_of(time) * _SECONDS[unit[0].lower()] / _SPANS[span.lower()]
        found.append(_at_least(float(f"{share:.5g}"), match))
    return found


def _at_least(value: float, match: re.Match[str]) -> Mention:
    return Mention("reliability", round(value, 10), match.start(), match.end(), "at_least")


def _find_out_of(text: str) -> list[Mention]:
    """ "999 of 1000 packets", "1 packet in 10000 may be lost"."""
    found = []
    for match in _OUT_OF.finditer(text):
        good, whole = number_of(match["good"]), number_of(match["whole"])
        near = text[max(0, match.start() - 24) : match.end() + 40]
        lost = _LOST.search(near) is not None
        if not 0 < good <= whole or (good / whole < 0.5) != lost:
            continue
        value = round(100.0 * (1.0 - good / whole if lost else good / whole), 10)
        if lost:
            found.append(_at_least(value, match))
        else:
            found.append(_reliability(text, value, match.start(), match.end()))
    return found


def _find_nines(text: str) -> list[Mention]:
    found = []
    for match in _NINES.finditer(text):
        count = int(match["count"])
        value = round(100.0 - 10.0 ** (2 - count), 10)
        found.append(_reliability(text, value, match.start(), match.end()))
    for match in _ERROR_RATE.finditer(text):
        power = int(match["power"] or match["power2"] or match["power3"])
        value = round(100.0 - 100.0 * 10.0**-power, 10)
        found.append(Mention("reliability", value, match.start(), match.end(), "at_least"))
    return found


def find_bare(text: str) -> list[Mention]:
    """Reliabilities that are bare numbers: "reliability of 0.9999", "availability 99.9"."""
    found = []
    for match in _BARE_NINES.finditer(text):
        group = next(g for g in ("after_value", "before_value", "alone") if match[g])
        value = number_of(match[group])
        if value < 1:
            value = round(value * 100.0, 10)
        found.append(_reliability(text, value, match.start(group), match.end(group)))
    return found


def _reliability(text: str, value: float, start: int, end: int) -> Mention:
    comparison: Comparison | None = comparison_of(text, start, end, small_is_good=False)
    return Mention("reliability", value, start, end, comparison)
