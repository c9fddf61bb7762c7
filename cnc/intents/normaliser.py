"""One spelling for characters that mean the same."""

from __future__ import annotations

import re
import unicodedata

_CHARACTERS = str.maketrans(
    {
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "～": "~",
        "’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "«": '"', "»": '"',
        "≤": "<=", "≥": ">=", "≦": "<=", "≧": ">=", "⩽": "<=", "⩾": ">=", "≈": "~",
    }
)  # fmt: skip
_MICRO = re.compile(r"[μµ](?=s\b|sec)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(?=[A-Za-z])")


def normalise(text: str) -> str:
    """Text without control characters, odd dashes, quotes, widths and spaces; case kept."""
    text = unicodedata.normalize("NFKC", text).translate(_CHARACTERS)
    text = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else c for c in text
    )
    text = _MICRO.sub("u", text)
    return _BULLET.sub("", " ".join(text.split()))
