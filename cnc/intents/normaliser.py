"""One spelling for characters that mean the same."""

from __future__ import annotations

import re
import unicodedata

from cnc.intents.fields import as_sentence

_CHARACTERS = str.maketrans(
    {
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "～": "~",
        "’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "«": '"', "»": '"',
        "≤": "<=", "≥": ">=", "≦": "<=", "≧": ">=", "⩽": "<=", "⩾": ">=", "≈": "~",
    }
)  # fmt: skip
_MICRO = re.compile(r"[μµ](?=s\b|sec)")
_RUN = re.compile(r"([A-Za-z0-9'/-]{60})[A-Za-z0-9'/-]+")
"""No word or number is that long, and the time that slips and quantities take to be read grows with
a power of a word's length. Scripts that are written without spaces are not concerned."""
_VULGAR = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
_RAISED = re.compile(r"(?<=\d)(?=[⁻⁺]?[⁰¹²³⁴-⁹])(?<![⁰¹²³⁴-⁹])")
"""In "2½" and "10⁶" another number begins, which NFKC would join to the first: 21⁄2, 106."""
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(?=[A-Za-z])")


def normalise(text: str) -> str:
    """Text without control characters, odd dashes, quotes, widths and spaces; case kept.

    Of a run of more than 60 letters and digits only the beginning stays. Fields ("users=200",
    JSON) are written out as a sentence.
    """
    text = _RAISED.sub("^", _VULGAR.sub(" ", text))
    text = as_sentence(unicodedata.normalize("NFKC", text).translate(_CHARACTERS))
    text = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in text
    )
    text = _MICRO.sub("u", text)
    return _BULLET.sub("", _RUN.sub(r"\1", " ".join(text.split())))
