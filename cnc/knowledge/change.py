"""One line of the change log with what it changed, as the store and an index share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, VectorRecord

PAGE_BYTES = 600_000
"""What one message carries stays below it (or is one record): the bus takes 1 MiB at most."""


@dataclass(frozen=True, slots=True)
class Change:
    """The newest change of one entry.

    Entry and vector stay as they are stored: a rebuild reads a hundred thousand of these, a
    search parses the few that it found.
    """

    generation: int
    entry_id: str
    kind: KnowledgeKind | None = None
    """None: the entry was removed."""
    body: str = ""
    """The entry as JSON."""
    vector: bytes = b""
    """Little-endian float32."""
    model_id: str = ""
    checksum: str = ""
    """SHA-256 of the vector."""


class Standing(NamedTuple):
    """Which state of an entry something holds."""

    generation: int
    body: str
    """SHA-256 of the entry as JSON; empty once it was removed."""
    vector: str
    """SHA-256 of the vector; empty without one."""


def to_record(change: Change) -> VectorRecord:
    """The change as the bus carries it."""
    if change.kind is None:
        return VectorRecord(generation=change.generation, action="remove", entry_id=change.entry_id)
    return VectorRecord(
        generation=change.generation,
        action="upsert",
        entry_id=change.entry_id,
        entry=KnowledgeEntry.model_validate_json(change.body),
        vector=tuple(np.frombuffer(change.vector, dtype="<f4").tolist()),
        model_id=change.model_id,
        checksum=change.checksum,
    )


def of_record(record: VectorRecord) -> Change:
    """A change that came over the bus."""
    entry = record.entry if record.action == "upsert" else None
    if entry is None:
        return Change(record.generation, record.entry_id)
    return Change(
        generation=record.generation,
        entry_id=record.entry_id,
        kind=entry.kind,
        body=entry.model_dump_json(),
        vector=np.asarray(record.vector, dtype="<f4").tobytes(),
        model_id=record.model_id,
        checksum=record.checksum,
    )


def weight_on_the_bus(body: str, components: int) -> int:
    """About how many bytes a change is as a message; a component of a vector takes 22 at most."""
    return 400 + len(body.encode()) + 22 * components


def pages(records: Sequence[VectorRecord]) -> list[tuple[VectorRecord, ...]]:
    """Changes in parts that each fit into a message, in order."""
    found: list[list[VectorRecord]] = []
    size = PAGE_BYTES
    for record in records:
        body = record.entry.model_dump_json() if record.entry is not None else ""
        weight = weight_on_the_bus(body, len(record.vector))
        if size + weight > PAGE_BYTES:
            found.append([])
            size = 0
        found[-1].append(record)
        size += weight
    return [tuple(page) for page in found]
