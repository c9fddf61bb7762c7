"""Computers that a text names: "4 GPUs", "10 TFLOPS". Kept as said; the model counts cycles."""

from __future__ import annotations

import re

from cnc.intents.circumstances import Found
from cnc.intents.figures import NUMBER

_HARDWARE = re.compile(
    rf"(?P<number>{NUMBER})\s*(?:x\s*)?-?\s*(?:(?:[A-Z]\w*|dedicated|powerful|edge|virtual|physical)\s+){{0,2}}?"
    r"(?P<what>(?:v?CPU|[GTN]PU)s?\b(?:\s+cores?\b)?|(?:processor\s+)?cores\b|"
    r"(?:[kMGTPE]|kilo|mega|giga|tera|peta|exa)?FLOPS?(?:/s|\s+per\s+second)?\b|[TP]OPS\b|"
    r"graphics\s+cards?\b|accelerators?\b|G(?:iga)?B\s+(?:of\s+)?(?:RAM|VRAM|memory)\b)",
    re.IGNORECASE,
)


def find_hardware(text: str) -> Found[str] | None:
    """What is said of computers, in its own words."""
    match = _HARDWARE.search(text)
    if match is None:
        return None
    return Found(" ".join(match[0].split()), match.start(), match.end())
