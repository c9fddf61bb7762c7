"""The tables of the knowledge base and the rows that entries and vectors become."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
)

from cnc.errors import KnowledgeError, StorageError
from cnc.knowledge.change import Change
from cnc.messages.knowledge import KnowledgeEntry, VectorRecord

metadata = MetaData()

counters = Table(
    "knowledge_counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""`generation` is raised inside each change's transaction, which orders writers; `identity` is a
random number, which an index keeps to tell its database from others."""

changes = Table(
    "knowledge_changes",
    metadata,
    Column("entry_id", String(128), primary_key=True),
    Column("generation", BigInteger, nullable=False, unique=True, index=True),
    Column("action", String(8), nullable=False),
)
"""The change log, compact: the newest change of each entry that ever was."""

entries = Table(
    "knowledge_entries",
    metadata,
    Column("entry_id", String(128), ForeignKey(changes.c.entry_id), primary_key=True),
    Column("kind", String(16), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("body_checksum", String(64), nullable=False),
    Column("vector", LargeBinary),
    Column("vector_checksum", String(64), nullable=False),
    Column("model_id", String(256), nullable=False, index=True),
)
"""Entries as JSON, vectors as little-endian float32, each with its SHA-256."""

outcomes = Table(
    "knowledge_outcomes",
    metadata,
    Column("request_id", String(128), primary_key=True),
)
"""The requests whose outcomes are counted, so that a repeated message counts once."""


def checksum(content: bytes) -> str:
    """SHA-256 in hexadecimal; of nothing it is empty."""
    return hashlib.sha256(content).hexdigest() if content else ""


def to_blob(vector: Sequence[float] | None) -> bytes:
    """Little-endian float32; no vector is no bytes.

    Raises:
        KnowledgeError: a component is not finite, or the vector is all zero.
    """
    if vector is None or len(vector) == 0:
        return b""
    values = np.asarray(vector, dtype="<f4")
    if values.ndim != 1 or not np.isfinite(values).all() or not values.any():
        raise KnowledgeError(
            "a vector must be one row of finite numbers that are not all zero; embed the text again"
        )
    return values.tobytes()


def entry_row(entry: KnowledgeEntry, blob: bytes, model_id: str) -> dict[str, Any]:
    """The row of an entry with its vector."""
    body = entry.model_dump_json()
    return {
        "entry_id": entry.entry_id,
        "kind": entry.kind,
        "body": body,
        "body_checksum": checksum(body.encode()),
        "vector": blob or None,
        "vector_checksum": checksum(blob),
        "model_id": model_id if blob else "",
    }


def read_entry(row: Row[Any]) -> KnowledgeEntry:
    """The entry of a row.

    Raises:
        StorageError: its checksum does not match, or it is no entry.
    """
    if checksum(row.body.encode()) != row.body_checksum:
        raise _damaged(row.entry_id, "its text does not match its checksum")
    try:
        return KnowledgeEntry.model_validate_json(row.body)
    except ValidationError as error:
        raise _damaged(row.entry_id, "it was written by another version") from error


def read_blob(row: Row[Any]) -> bytes:
    """The vector's bytes.

    Raises:
        StorageError: their checksum does not match.
    """
    blob = bytes(row.vector or b"")
    if checksum(blob) != row.vector_checksum:
        raise _damaged(row.entry_id, "its vector does not match its checksum")
    return blob


def read_change(row: Row[Any]) -> Change:
    """The change of a row of the log joined with its entry, whose columns are empty once removed.

    Raises:
        StorageError: a checksum does not match.
    """
    if row.action == "remove":
        return Change(row.generation, row.id)
    if checksum(row.body.encode()) != row.body_checksum:
        raise _damaged(row.entry_id, "its text does not match its checksum")
    return Change(
        generation=row.generation,
        entry_id=row.entry_id,
        kind=row.kind,
        body=row.body,
        vector=read_blob(row),
        model_id=row.model_id,
        checksum=row.vector_checksum,
    )


def to_record(
    generation: int, entry: KnowledgeEntry, blob: bytes, model_id: str, blob_checksum: str
) -> VectorRecord:
    """The change that an upsert publishes."""
    return VectorRecord(
        generation=generation,
        action="upsert",
        entry_id=entry.entry_id,
        entry=entry,
        vector=tuple(np.frombuffer(blob, dtype="<f4").tolist()),
        model_id=model_id,
        checksum=blob_checksum,
    )


def _damaged(entry_id: str, why: str) -> StorageError:
    return StorageError(
        f"knowledge entry {entry_id} is damaged ({why}); restore the database from a backup, or "
        f"remove the entry (cnc knowledge remove {entry_id}) and add it again"
    )
