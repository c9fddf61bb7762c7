"""Entries for tests."""

from __future__ import annotations

from cnc.messages.knowledge import KnowledgeEntry


def entry(entry_id: str, text: str = "some text", **fields: object) -> KnowledgeEntry:
    return KnowledgeEntry.model_validate(
        {"entry_id": entry_id, "title": f"About {entry_id}", "text": text, **fields}
    )
