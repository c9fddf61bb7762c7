"""A number that is taken back at once: "20, no wait, 40 users" asks for 40."""

from __future__ import annotations

import re

from cnc.intents.figures import NUMBER, near_before
from cnc.intents.units import UNIT

_PAUSE = r"[\s,;:!?()…-]"
_PLAIN = r"(?:wait|sorry|oops|pardon(?:\s+me)?|rather|actually|correction|nope)"
_CLEAR = (
    r"(?:no\s*,?\s*wait|(?:no\s*,?\s*)?(?:sorry|i\s+mean|i\s+meant|make\s+(?:that|it)|or\s+rather|"
    r"(?:scratch|strike)\s+that|pardon\s+me))"
)
_CUE = re.compile(
    rf"(?:(?<!{_PAUSE})\s*[,;:!?(…-]{_PAUSE}*(?:{_CLEAR}|{_PLAIN}|no(?=\s*[,;:!…-]))|\.\s*(?:{_CLEAR})|\s+{_CLEAR}|\s+no(?=\s*,))"
    rf"(?:{_PAUSE}+(?:{_CLEAR}|{_PLAIN}))*\b{_PAUSE}+"
    r"(?:(?:for|about|only|just|it's|it\s+is|that's|with|of)\s+)?"
    rf"(?=(?P<new>{NUMBER}))",
    re.IGNORECASE,
)
_OLD = re.compile(
    rf"(?P<old>{NUMBER})(?P<words>(?:\s?-?%|(?:\s|-)?[a-z][a-z/'²-]*)?(?:\s[a-z][a-z/'-]*){{0,3}})$",
    re.IGNORECASE,
)
_UNIT = re.compile(rf"\s*-?\s*{UNIT}", re.IGNORECASE)
_ENDS = re.compile(
    r"\s*\)?\s*(?:$|[,;.!?)](?:\s|$)|(?:for|with|within|and|in|at|on|by|near|under|below|please|from|"
    r"each|in\s+total)\b)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:prio(?:rity)?|level|class|port|version|domain|hall|room|gate|floor|line|ward|building|ran|"
    r"no\.?|number|nr\.?)\W*$",
    re.IGNORECASE,
)
_MOST = 8
"""Corrections that are followed in one text."""


def amend(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without the numbers that it takes back, and a note for each.

    The later number stands for the earlier one where it is of the same kind (both with a unit of
    one quantity, or both without), or where one of the two stands alone.
    """
    notes: list[str] = []
    at = 0
    while len(notes) < _MOST and (cue := _CUE.search(text, at)) is not None:
        at = cue.end()
        old = _OLD.search(near_before(text, cue.start()))
        if old is None:
            continue
        start = cue.start() - len(old[0])
        rest = cue.end() + len(cue["new"])
        words, alone = old["words"], _ENDS.match(text[rest : rest + 40]) is not None
        if alone:
            text = text[:start] + cue["new"] + words + text[rest:]
        elif _replaces(text, start, words, rest):
            text = text[:start] + text[cue.end() :]
        else:
            continue
        at = start
        notes.append(f'"{old[0].strip()}" is taken back in the text: {cue["new"]} counts')
    return text, tuple(notes)


def _replaces(text: str, start: int, words: str, rest: int) -> bool:
    """Whether a number with what follows it can stand for the earlier one."""
    if not words.strip():
        return _LABEL.search(near_before(text, start)) is None
    own, new = _UNIT.match(words), _UNIT.match(text[rest : rest + 40])
    if own is None or new is None:
        return own is None and new is None and not text[rest : rest + 1].isalpha()
    return own.lastgroup == new.lastgroup
