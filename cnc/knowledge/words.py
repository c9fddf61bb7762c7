"""Search by words, for when there are no vectors: no model at hand, or none of the right one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, or_

from cnc.knowledge.entries import embedding_text
from cnc.knowledge.tables import entries
from cnc.messages.knowledge import KnowledgeEntry, ScoredEntry

TITLE_SHARE = 0.5
"""Of a word's worth that it has for being in the text; the rest needs the title."""
_WORD = re.compile(r"\w+")


def words_of(query: str) -> tuple[str, ...]:
    """The different words of a query, in lower case and in order."""
    return tuple(dict.fromkeys(_WORD.findall(query.lower())))


def may_contain(words: Sequence[str]) -> ColumnElement[bool]:
    """Rows whose JSON contains one of the words; `rank` drops those that match its field names.

    Databases differ in what they take as lower case beyond ASCII, so such words pick every row.
    """
    if not all(word.isascii() for word in words):
        return entries.c.body != ""
    return or_(*(entries.c.body.icontains(word, autoescape=True) for word in words))


def rank(candidates: Iterable[KnowledgeEntry], words: Sequence[str]) -> list[ScoredEntry]:
    """The entries that contain at least one word, best first, equal ones by id.

    The score is the share of the words found (one that is in the title counts in full, elsewhere
    half) times the entry's weight, so between 0 and 1.
    """
    scored = []
    for entry in candidates:
        title, text = entry.title.lower(), embedding_text(entry).lower()
        worth = sum(
            1.0 if word in title else TITLE_SHARE if word in text else 0.0 for word in words
        )
        if worth > 0:
            scored.append(ScoredEntry(entry=entry, score=worth / len(words) * entry.weight))
    scored.sort(key=lambda hit: (-hit.score, hit.entry.entry_id))
    return scored
