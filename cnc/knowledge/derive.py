"""From a store to its index: through the saved file where that agrees, else built anew."""

from __future__ import annotations

from pathlib import Path

from cnc.knowledge.index import KnowledgeIndex
from cnc.knowledge.index_file import read
from cnc.knowledge.store import KnowledgeStore

PAGE = 25_000
"""Changes that are read at once: more than are compared one by one, so that the centres of the
lists are learnt from many; a hundred megabytes at most."""


def open_index(
    store: KnowledgeStore, path: Path, dimension: int, model_id: str
) -> tuple[KnowledgeIndex, str]:
    """The index of a store, up to date, and why it had to be built anew (empty: it had not).

    Args:
        store: the truth.
        path: where an index may have been saved.
        dimension: length of the model's vectors.
        model_id: the embedding model.

    Raises:
        StorageError: the database cannot be read, or an entry is damaged.
    """
    found = read(path, dimension, model_id)
    why = found if isinstance(found, str) else disagreement(found, store, path)
    if isinstance(found, str) or why:
        found = KnowledgeIndex(dimension, model_id)
    found.database = store.identity
    catch_up(found, store)
    return found, why


def catch_up(index: KnowledgeIndex, store: KnowledgeStore) -> None:
    """Apply what changed since.

    Raises:
        StorageError: the database cannot be read, or an entry is damaged.
        KnowledgeError: a vector does not fit; nothing of its page was applied.
    """
    while changes := store.feed(index.generation, PAGE):
        index.take(changes)


def disagreement(index: KnowledgeIndex, store: KnowledgeStore, path: Path) -> str:
    """Why an index cannot be one of this store, whatever changed since; empty where it can.

    Both carry the identity of the database, which tells one home's file from another's. A file may
    be behind. What it holds must be what the store held at that generation: an entry
    that did not change since stands in both alike, and every entry of the store that is as old
    as the file is in it. A database that was replaced, or restored from a backup, fails this.
    """
    if index.database and index.database != store.identity:
        return (
            f"{path} was made from another database: that was replaced or restored, or the file "
            "is of another home"
        )
    newest = store.generation
    if index.generation > newest:
        return (
            f"{path} holds generation {index.generation} and the database only {newest}: that was "
            "replaced or restored"
        )
    held, stored = index.standing(), store.standing()
    for entry_id, theirs in stored.items():
        ours = held.pop(entry_id, None)
        if theirs.generation <= index.generation and ours != theirs:
            return _otherwise(path, entry_id)
    return _otherwise(path, min(held)) if held else ""


def _otherwise(path: Path, entry_id: str) -> str:
    return f"{path} knows {entry_id} otherwise than the database: that was replaced or restored"
