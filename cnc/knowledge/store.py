"""The knowledge base in SQL: entries with vectors, and the ordered log of changes.

Every change is one transaction that writes the entry and its new generation together, so that
a kill in the middle loses nothing and doubles nothing. SQLite by default; PostgreSQL by URL.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydantic import ValidationError
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from cnc.errors import KnowledgeError, NotFoundError, StorageError
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, Outcome, VectorRecord

METADATA = MetaData()
ENTRIES = Table(
    "knowledge_entries",
    METADATA,
    Column("entry_id", String(128), primary_key=True),
    Column("generation", Integer, nullable=False, unique=True, index=True),
    Column("kind", String(32), nullable=False, index=True),
    Column("removed", Boolean, nullable=False, default=False),
    Column("document", Text, nullable=False),
    Column("vector", LargeBinary, nullable=True),
    Column("model_id", String(256), nullable=False, default=""),
    Column("checksum", String(64), nullable=False, default=""),
)
PRIOR_SUCCESSES, PRIOR_FAILURES = 4.0, 1.0
"""A Beta prior of a new entry: five imagined uses, four of them good."""
LEAST_WEIGHT = 0.05


def open_engine(url: str) -> Engine:
    """An engine whose SQLite databases wait for each other and lose nothing on a kill.

    Raises:
        StorageError: the URL names no database that can be opened here.
    """
    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise StorageError(
            f"the database {url!r} cannot be opened: {error}; use sqlite:///FILE or, with the "
            "extra `cnc[postgres]`, postgresql+psycopg://USER@HOST/NAME"
        ) from error
    if engine.dialect.name == "sqlite":

        def prepare(connection: Any, _record: object) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout = 10000")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()

        event.listen(engine, "connect", prepare)
    return engine


@contextmanager
def storage_errors(url: str, deed: str) -> Iterator[None]:
    """Turn database errors into one that says what to do.

    Raises:
        StorageError: whatever the database raised.
    """
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(
            f"the database {url} cannot {deed}: {cause}. Check that its folder exists, can be "
            "written and has space; a damaged file is left as it is: move it away to start afresh"
        ) from error


class KnowledgeStore:
    """The authoritative knowledge base; usable from several threads.

    Args:
        url: SQLAlchemy URL.

    Raises:
        StorageError: the database cannot be opened or prepared.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = open_engine(url)
        self._lock = threading.RLock()
        try:
            with storage_errors(url, "be prepared"):
                METADATA.create_all(self._engine)
        except StorageError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def generation(self) -> int:
        """Number of the newest change; 0 for an empty base."""
        with self._reading() as connection:
            return int(connection.execute(select(func.max(ENTRIES.c.generation))).scalar() or 0)

    def add(
        self, entry: KnowledgeEntry, vector: Sequence[float] | None, model_id: str
    ) -> VectorRecord:
        """Add or replace an entry; the same content again changes nothing.

        Raises:
            StorageError: it cannot be written.
        """
        blob, checksum = _packed(vector)
        with self._writing() as connection:
            row = connection.execute(
                select(ENTRIES).where(ENTRIES.c.entry_id == entry.entry_id)
            ).one_or_none()
            document = entry.model_dump_json()
            if row is not None and not row.removed and row.document == document:
                same = blob is None or (row.checksum == checksum and row.model_id == model_id)
                if same:
                    return _record(row)
            values = {
                "generation": self._next(connection),
                "kind": entry.kind,
                "removed": False,
                "document": document,
                "vector": blob,
                "model_id": model_id if blob is not None else "",
                "checksum": checksum,
            }
            self._put(connection, entry.entry_id, values, known=row is not None)
            return self._again(connection, entry.entry_id)

    def get(self, entry_id: str) -> KnowledgeEntry:
        """One entry.

        Raises:
            NotFoundError: there is none of that id.
            StorageError: it cannot be read.
        """
        with self._reading() as connection:
            row = connection.execute(
                select(ENTRIES).where(ENTRIES.c.entry_id == entry_id, ~ENTRIES.c.removed)
            ).one_or_none()
        if row is None:
            raise NotFoundError(
                f"no knowledge entry {entry_id!r}; `cnc knowledge list` shows those there are"
            )
        return _entry(row)

    def list(
        self, kind: KnowledgeKind | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[KnowledgeEntry], int]:
        """A page of entries by id, and how many there are in all."""
        chosen = [~ENTRIES.c.removed] + ([ENTRIES.c.kind == kind] if kind else [])
        with self._reading() as connection:
            total = connection.execute(
                select(func.count()).select_from(ENTRIES).where(*chosen)
            ).scalar_one()
            rows = connection.execute(
                select(ENTRIES)
                .where(*chosen)
                .order_by(ENTRIES.c.entry_id)
                .limit(limit)
                .offset(offset)
            ).all()
        return [_entry(row) for row in rows], int(total)

    def remove(self, entry_id: str) -> VectorRecord:
        """Remove an entry; the log keeps that it went.

        Raises:
            NotFoundError: there is none of that id.
            StorageError: it cannot be written.
        """
        self.get(entry_id)
        with self._writing() as connection:
            values = {
                "generation": self._next(connection),
                "removed": True,
                "vector": None,
                "checksum": "",
            }
            self._put(connection, entry_id, values, known=True)
            return self._again(connection, entry_id)

    def changes_since(self, generation: int, limit: int = 200) -> list[VectorRecord]:
        """The newest state of each entry that changed after `generation`, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                select(ENTRIES)
                .where(ENTRIES.c.generation > generation)
                .order_by(ENTRIES.c.generation)
                .limit(limit)
            ).all()
        return [_record(row) for row in rows]

    def record_outcome(self, entry_ids: Sequence[str], compliant: bool) -> list[VectorRecord]:
        """Count a use of each entry; its weight is the mean of a Beta posterior.

        weight = (4 + compliant) / (5 + uses) over its prior mean of 0.8, at most 1: an entry
        that fares well keeps its weight, one that always fails falls below a half after four
        uses.

        Raises:
            NotFoundError: an id is unknown; nothing is recorded then.
        """
        entries = [self.get(entry_id) for entry_id in entry_ids]
        records = []
        with self._writing() as connection:
            for entry in entries:
                outcome = Outcome(
                    uses=entry.outcome.uses + 1,
                    compliant=entry.outcome.compliant + int(compliant),
                    degraded=entry.outcome.degraded + int(not compliant),
                )
                changed = entry.model_copy(
                    update={"outcome": outcome, "weight": posterior_weight(outcome)}
                )
                values = {
                    "generation": self._next(connection),
                    "document": changed.model_dump_json(),
                }
                self._put(connection, entry.entry_id, values, known=True)
                records.append(self._again(connection, entry.entry_id))
        return records

    def without_vectors(self, model_id: str) -> list[KnowledgeEntry]:
        """Entries that have no vector of this model."""
        with self._reading() as connection:
            rows = connection.execute(
                select(ENTRIES)
                .where(
                    ~ENTRIES.c.removed,
                    (ENTRIES.c.vector.is_(None)) | (ENTRIES.c.model_id != model_id),
                )
                .order_by(ENTRIES.c.entry_id)
            ).all()
        return [_entry(row) for row in rows]

    def set_vector(self, entry_id: str, vector: Sequence[float], model_id: str) -> VectorRecord:
        """Give an entry its vector.

        Raises:
            NotFoundError: there is none of that id.
        """
        self.get(entry_id)
        blob, checksum = _packed(vector)
        with self._writing() as connection:
            values = {
                "generation": self._next(connection),
                "vector": blob,
                "model_id": model_id,
                "checksum": checksum,
            }
            self._put(connection, entry_id, values, known=True)
            return self._again(connection, entry_id)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with storage_errors(self._url, "be read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            self._lock,
            storage_errors(self._url, "be written"),
            self._engine.begin() as connection,
        ):
            if self._engine.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE knowledge_entries IN EXCLUSIVE MODE")
            yield connection

    def _next(self, connection: Connection) -> int:
        newest = connection.execute(select(func.max(ENTRIES.c.generation))).scalar()
        return int(newest or 0) + 1

    def _put(
        self, connection: Connection, entry_id: str, values: dict[str, Any], known: bool
    ) -> None:
        if known:
            connection.execute(
                update(ENTRIES).where(ENTRIES.c.entry_id == entry_id).values(**values)
            )
        else:
            connection.execute(insert(ENTRIES).values(entry_id=entry_id, **values))

    def _again(self, connection: Connection, entry_id: str) -> VectorRecord:
        row = connection.execute(select(ENTRIES).where(ENTRIES.c.entry_id == entry_id)).one()
        return _record(row)


def posterior_weight(outcome: Outcome) -> float:
    """The weight of an entry with this record, between 0.05 and 1."""
    mean = (PRIOR_SUCCESSES + outcome.compliant) / (PRIOR_SUCCESSES + PRIOR_FAILURES + outcome.uses)
    return max(
        LEAST_WEIGHT, min(1.0, mean / (PRIOR_SUCCESSES / (PRIOR_SUCCESSES + PRIOR_FAILURES)))
    )


def _packed(vector: Sequence[float] | None) -> tuple[bytes | None, str]:
    if vector is None:
        return None, ""
    blob = np.asarray(vector, dtype="<f4").tobytes()
    return blob, hashlib.sha256(blob).hexdigest()


def _entry(row: Any) -> KnowledgeEntry:
    try:
        return KnowledgeEntry.model_validate_json(row.document)
    except ValidationError as error:
        raise StorageError(
            f"knowledge entry {row.entry_id!r} is damaged in the database: {error}"
        ) from error


def _record(row: Any) -> VectorRecord:
    if row.removed:
        return VectorRecord(generation=row.generation, action="remove", entry_id=row.entry_id)
    vector: tuple[float, ...] = ()
    if row.vector is not None:
        if hashlib.sha256(row.vector).hexdigest() != row.checksum:
            raise KnowledgeError(
                f"the vector of {row.entry_id!r} does not match its checksum; remove the entry "
                "and add it again"
            )
        vector = tuple(np.frombuffer(row.vector, dtype="<f4").astype(np.float64).tolist())
    return VectorRecord(
        generation=row.generation,
        action="upsert",
        entry_id=row.entry_id,
        entry=_entry(row),
        vector=vector,
        model_id=row.model_id,
        checksum=row.checksum,
    )
