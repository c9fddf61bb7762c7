"""Notations of numbers that stand for digits: "1.000.000", "2½", "10^6"; and their display."""

from __future__ import annotations

import math
import re
from decimal import Decimal

LARGEST = Decimal("1e30")
"""From here on only the power of ten is written: whatever is counted, it cannot be."""
_DOTTED = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{3}){2,})(?:,(\d+))?(?![\w]|[.,]\d)")
_VULGAR = re.compile(r"(?<![\w.,/])(?:(\d{1,6})\s+)?(\d{1,2})⁄(\d{1,3})(?![\d/⁄])")
_POWER = re.compile(
    r"(?<![\w.^])(?:(\d+(?:\.\d+)?)\s*(?:x|×|\*)\s*)?(\d{1,6})\s*(?:\^|\*\*)\s*\+?(\d{1,9})\d*(?!\w|\.\d)",
    re.IGNORECASE,
)


def undotted(text: str) -> str:
    """ "1.000.000" is 1000000; an address such as 192.168.100.200 stays."""
    return _DOTTED.sub(_joined, text)


def fractions(text: str) -> str:
    """ "2 1⁄2" is 2.5. Only for the fraction slash that ½ is normalised to: 1/2 can be a date."""
    return _VULGAR.sub(
        lambda m: f"{int(m[1] or 0) + int(m[2]) / int(m[3]):.9g}" if int(m[3]) else m[0], text
    )


def powers(text: str) -> str:
    """ "2 x 10^5" is 200000, and "10^400" is 1e400, whose value is infinite."""
    return _POWER.sub(_power, text)


def in_digits(value: Decimal) -> str:
    """A number as the rules read it, without an exponent up to `LARGEST`."""
    if abs(value) >= LARGEST:
        return f"1e{value.adjusted()}"
    return str(int(value)) if value == int(value) else f"{float(value):.12g}"


def shown(value: float) -> str:
    """A number for people: 1,500,000 instead of 1.5e+06, and of the largest the power of ten."""
    if not math.isfinite(value):
        return "more than 10^300"
    if abs(value) >= 1e15:
        return f"about 10^{math.floor(math.log10(abs(value)))}"
    if abs(value) >= 1e6 or (abs(value) >= 1e3 and value.is_integer()):
        return f"{value:,.0f}"
    return f"{value:g}"


def _joined(match: re.Match[str]) -> str:
    groups = match[1].split(".")
    if len(groups) == 4 and all(int(g) <= 255 and (g == "0" or g[0] != "0") for g in groups):
        return match[0]
    return "".join(groups) + (f".{match[2]}" if match[2] else "")


def _power(match: re.Match[str]) -> str:
    base, exponent = int(match[2]), int(match[3])
    if base > 1 and exponent * math.log10(base) > LARGEST.adjusted():
        return f"1e{min(99_999, math.floor(exponent * math.log10(base)))}"
    if base <= 1:
        exponent = min(exponent, 1)
    return in_digits(Decimal(match[1] or 1) * Decimal(base) ** exponent)
