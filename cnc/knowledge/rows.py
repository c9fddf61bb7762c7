"""Reading and writing one entry's rows inside a transaction that the store has opened."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from cnc.knowledge import tables
from cnc.knowledge.entries import embedding_text
from cnc.knowledge.tables import changes, counters, entries, outcomes
from cnc.messages.knowledge import KnowledgeEntry, VectorRecord

IDENTITY = "identity"
EntryRow = Row[tuple[object, ...]]


def put(
    connection: Connection,
    before: EntryRow | None,
    entry: KnowledgeEntry,
    blob: bytes,
    model_id: str,
) -> VectorRecord:
    """Write an entry where it differs from the row `before`; otherwise change nothing."""
    values = tables.entry_row(entry, blob, model_id)
    if before is not None and all(before._mapping[key] == values[key] for key in values):
        generation = connection.scalar(
            select(changes.c.generation).where(changes.c.entry_id == entry.entry_id)
        )
    else:
        generation = log(connection, entry.entry_id, "upsert")
        if before is None:
            connection.execute(insert(entries).values(**values))
        else:
            connection.execute(update(entries).where(has_id(entry.entry_id)).values(**values))
    return tables.to_record(
        int(generation or 0), entry, blob, values["model_id"], values["vector_checksum"]
    )


def log(connection: Connection, entry_id: str, action: str) -> int:
    """Raise the generation and note the change; the counter's row lock orders writers."""
    connection.execute(update(counters).where(is_generation()).values(value=counters.c.value + 1))
    generation = connection.scalar(select(counters.c.value).where(is_generation()))
    values = {"generation": generation, "action": action}
    known = connection.execute(
        update(changes).where(changes.c.entry_id == entry_id).values(**values)
    )
    if known.rowcount == 0:
        connection.execute(insert(changes).values(entry_id=entry_id, **values))
    return int(generation or 0)


def first_time(connection: Connection, request_id: str) -> bool:
    """Whether a request's outcomes are not counted yet; from now on they are."""
    same = outcomes.c.request_id == request_id
    if connection.scalar(select(outcomes.c.request_id).where(same)) is not None:
        return False
    connection.execute(insert(outcomes).values(request_id=request_id))
    return True


def kept_vector(before: EntryRow, entry: KnowledgeEntry) -> tuple[bytes, str]:
    """The stored vector and its model, as long as they still belong to the entry's text.

    Raises:
        StorageError: the stored entry is damaged.
    """
    if embedding_text(tables.read_entry(before)) != embedding_text(entry):
        return b"", ""
    return tables.read_blob(before), str(before.model_id)


def find(connection: Connection, entry_id: str) -> EntryRow | None:
    """The row of an entry."""
    return connection.execute(select(entries).where(has_id(entry_id))).one_or_none()


def seen(connection: Connection, entry_ids: Collection[str]) -> set[str]:
    """Those of the ids that are in the change log: of entries that are there, or once were."""
    found = connection.execute(
        select(changes.c.entry_id).where(changes.c.entry_id.in_(list(entry_ids)))
    )
    return {row.entry_id for row in found}


def identity(connection: Connection) -> int | None:
    """The number that names the database."""
    return connection.scalar(select(counters.c.value).where(counters.c.name == IDENTITY))


def name_database(connection: Connection) -> None:
    """Give the database its number, which fits a signed 64-bit column."""
    connection.execute(insert(counters).values(name=IDENTITY, value=secrets.randbits(62)))


def has_id(entry_id: str) -> ColumnElement[bool]:
    """The condition that picks an entry."""
    return entries.c.entry_id == entry_id


def is_generation() -> ColumnElement[bool]:
    """The condition that picks the generation's counter."""
    return counters.c.name == "generation"
