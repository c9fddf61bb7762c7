"""How a number is written, and what it is worth."""

from __future__ import annotations

import math
import re
from decimal import Decimal

NUMBER = (
    r"(?<![\w.,/])(?:\d{1,3}(?:[,']\d{3}){1,5}(?:\.\d+)?|\d{1,3}(?: \d{3}){1,5}(?!\d)(?:\.\d+)?|"
    r"\d*[.,]\d+|\d+)(?:e-?\d+)?"
)
"""A decimal number with grouping by comma, apostrophe or space, or a decimal comma."""


_CLAUSE = re.compile(r"[,;:.!?]\s")
NEAR = 100
"""Characters before a number that can say what it is; no rule looks further back."""


def near_before(text: str, at: int) -> str:
    """What stands just before a place in the text; so that many numbers do not cost many times."""
    return text[max(0, at - NEAR) : at]


def clause_before(text: str, at: int, most: int) -> str:
    """What stands before a place in its clause, of so many characters at most."""
    return _CLAUSE.split(text[max(0, at - most) : at])[-1]


def number_of(text: str) -> float:
    """The value of a matched number: "2,000" is 2000, "0,5" is 0.5.

    99.99… stays below 100 and 0.99… below 1, with however many nines: all is another promise.
    """
    text = text.replace("'", "").replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    value = float(text)
    if value in (1.0, 100.0) and Decimal(text) < int(value):
        return math.nextafter(value, 0.0)
    return value
