"""Search by words, for when there are no vectors: no model at hand, or none of the right one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, case, literal, or_, select

from cnc.knowledge.entries import embedding_text
from cnc.knowledge.tables import entries
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, ScoredEntry

CANDIDATES = 1000
"""Rows that are read and ranked; the database counts words in all the others."""
TITLE_SHARE = 0.5
"""Of a word's worth that it has for being in the text; the rest needs the title."""
_WORD = re.compile(r"\w+")


def words_of(query: str) -> tuple[str, ...]:
    """The different words of a query, in lower case and in order."""
    return tuple(dict.fromkeys(_WORD.findall(query.lower())))


def candidates(words: Sequence[str], kind: KnowledgeKind | None) -> Select[Any]:
    """The rows whose JSON contains most of the words, `CANDIDATES` at most, for `rank`.

    Upper case is asked for as well, as SQLite knows the cases of ASCII only.
    """
    body = entries.c.body
    contained = [
        or_(*(body.icontains(form, autoescape=True) for form in {word, word.upper()}))
        for word in words
    ]
    number = sum((case((one, 1), else_=0) for one in contained), start=literal(0))
    query = select(entries.c.entry_id, body, entries.c.body_checksum).where(or_(*contained))
    query = query if kind is None else query.where(entries.c.kind == kind)
    return query.order_by(number.desc(), entries.c.entry_id).limit(CANDIDATES)


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
