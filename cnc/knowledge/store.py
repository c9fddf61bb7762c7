"""The knowledge base in SQL: the authority that every index is derived from.

Every change is one transaction: the entry, its line in the change log and the generation, so
that a kill at any point leaves all of them or none. Safe to use from several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, true
from sqlalchemy.exc import IntegrityError

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge import rows, tables, words
from cnc.knowledge.change import PAGE_BYTES, Change, Standing, to_record, weight_on_the_bus
from cnc.knowledge.database import create_tables, open_database, translated, writing
from cnc.knowledge.tables import changes, counters, entries
from cnc.knowledge.weight import after_outcome
from cnc.messages.knowledge import KnowledgeEntry, KnowledgeKind, ScoredEntry, VectorRecord

Entries = list[KnowledgeEntry]
Records = list[VectorRecord]
Feed = list[Change]
Hits = list[ScoredEntry]


class KnowledgeStore:
    """Entries, their vectors and the change log."""

    def __init__(self, url: str) -> None:
        """Open the database and create its tables if need be.

        Args:
            url: `sqlite:///FILE`, `sqlite://` (in memory) or `postgresql://…`.

        Raises:
            StorageError: it cannot be opened, is no database, or cannot be written and lacks
                the tables; a damaged file is left as it is.
        """
        self._lock = threading.RLock()
        self._engine = open_database(url)
        self._writer = writing(self._engine)
        try:
            create_tables(self._engine, tables.metadata)
            self._start_counting()
        except StorageError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._engine.dispose()

    @property
    def generation(self) -> int:
        """How many changes there were; it never falls."""
        with self._read() as connection:
            value = connection.scalar(select(counters.c.value).where(rows.is_generation()))
            return int(value or 0)

    @property
    def identity(self) -> str:
        """What tells this database from every other one, a copy of it excepted.

        A database that was made by an earlier version gets its name here; empty where it cannot
        be written.

        Raises:
            StorageError: the database cannot be read.
        """
        with self._read() as connection:
            value = rows.identity(connection)
        if value is None:
            refused = suppress(StorageError)  # or another process was faster
            with refused, translated(self._engine), self._writer.begin() as connection:
                rows.name_database(connection)
            with self._read() as connection:
                value = rows.identity(connection)
        return "" if value is None else f"{value:x}"

    # -- changing --------------------------------------------------------------------------------

    def add(
        self, entry: KnowledgeEntry, vector: Sequence[float] | None, model_id: str
    ) -> VectorRecord:
        """Add an entry, or replace the one of its id; the same again changes nothing.

        Args:
            entry: the entry.
            vector: its embedding; None keeps the stored one while the embedded text is the same.
            model_id: names the model of the vector.

        Raises:
            KnowledgeError: the vector is not finite or all zero.
            StorageError: the database cannot be written.
        """
        return self.add_all([(entry, vector)], model_id)[0]

    def add_all(
        self, pairs: Iterable[tuple[KnowledgeEntry, Sequence[float] | None]], model_id: str
    ) -> Records:
        """Add entries with their vectors as `add` does, all of them or none.

        Raises:
            KnowledgeError: a vector is not finite or all zero.
            StorageError: the database cannot be written.
        """
        prepared = [(entry, tables.to_blob(vector)) for entry, vector in pairs]
        records = []
        with self._change() as connection:
            for entry, blob in prepared:
                before = rows.find(connection, entry.entry_id)
                model = model_id
                if before is not None and not blob:
                    blob, model = rows.kept_vector(before, entry)
                records.append(rows.put(connection, before, entry, blob, model))
        return records

    def add_unseen(self, shipped: Iterable[KnowledgeEntry]) -> Entries:
        """Add those entries, without vectors, whose ids this database never had.

        An entry that is there, edited or not, stays as it is, and one that was removed stays
        away. Nothing is written where nothing is new.

        Returns:
            What was added.

        Raises:
            StorageError: the database cannot be read, or lacks some and cannot be written.
        """
        wanted = {entry.entry_id: entry for entry in shipped}
        with self._read() as connection:
            if not (wanted.keys() - rows.seen(connection, wanted)):
                return []
        with self._change() as connection:
            known = rows.seen(connection, wanted)
            fresh = [entry for entry_id, entry in wanted.items() if entry_id not in known]
            for entry in fresh:
                rows.put(connection, None, entry, b"", "")
        return fresh

    def remove(self, entry_id: str) -> VectorRecord:
        """Remove an entry; its id stays in the change log.

        Raises:
            NotFoundError: no entry has this id.
            StorageError: the database cannot be written.
        """
        with self._change() as connection:
            if connection.execute(delete(entries).where(rows.has_id(entry_id))).rowcount == 0:
                raise _unknown(entry_id)
            generation = rows.log(connection, entry_id, "remove")
            return VectorRecord(generation=generation, action="remove", entry_id=entry_id)

    def set_vector(self, entry_id: str, vector: Sequence[float], model_id: str) -> VectorRecord:
        """Give an entry its embedding; the same again changes nothing.

        Raises:
            NotFoundError: no entry has this id.
            KnowledgeError: the vector is not finite or all zero.
            StorageError: the database cannot be written.
        """
        blob = tables.to_blob(vector)
        with self._change() as connection:
            before = rows.find(connection, entry_id)
            if before is None:
                raise _unknown(entry_id)
            return rows.put(connection, before, tables.read_entry(before), blob, model_id)

    def set_vectors(self, vectors: Iterable[tuple[str, Sequence[float]]], model_id: str) -> Records:
        """Give entries their embeddings in one transaction; those removed meanwhile are left out.

        Raises:
            KnowledgeError: a vector is not finite or all zero.
            StorageError: the database cannot be written.
        """
        prepared = [(entry_id, tables.to_blob(vector)) for entry_id, vector in vectors]
        records = []
        with self._change() as connection:
            for entry_id, blob in prepared:
                before = rows.find(connection, entry_id)
                if before is not None:
                    entry = tables.read_entry(before)
                    records.append(rows.put(connection, before, entry, blob, model_id))
        return records

    def record_outcome(
        self, entry_ids: Iterable[str], compliant: bool, request_id: str = ""
    ) -> Records:
        """Count one use of each entry; see `cnc.knowledge.weight` for what it does to weights.

        All entries change or none does; an id that is named twice counts once.

        Args:
            entry_ids: the entries that were used.
            compliant: how that ended.
            request_id: the same request counts once, however often it comes; empty: always.

        Raises:
            NotFoundError: no entry has one of the ids.
            StorageError: the database cannot be written.
        """
        records: Records = []
        with self._change() as connection:
            if request_id and not rows.first_time(connection, request_id):
                return records
            for entry_id in dict.fromkeys(entry_ids):
                before = rows.find(connection, entry_id)
                if before is None:
                    raise _unknown(entry_id)
                entry = after_outcome(tables.read_entry(before), compliant)
                blob = tables.read_blob(before)
                records.append(rows.put(connection, before, entry, blob, before.model_id))
        return records

    # -- reading ---------------------------------------------------------------------------------

    def get(self, entry_id: str) -> KnowledgeEntry:
        """The entry of an id.

        Raises:
            NotFoundError: no entry has this id.
            StorageError: the database cannot be read, or the entry is damaged.
        """
        with self._read() as connection:
            row = rows.find(connection, entry_id)
        if row is None:
            raise _unknown(entry_id)
        return tables.read_entry(row)

    def list(
        self,
        kind: KnowledgeKind | None = None,
        limit: int = 50,
        offset: int = 0,
        after: str = "",
    ) -> tuple[Entries, int]:
        """A page of entries by id, and how many there are in all.

        A page ends at `limit` entries or at `PAGE_BYTES`, whichever comes first. To read all of
        them, go on `after` the last id: unlike an offset it leaves none out and repeats none
        while others are added and removed.

        Raises:
            StorageError: the database cannot be read, or an entry is damaged.
        """
        wanted = true() if kind is None else entries.c.kind == kind
        counted = select(func.count()).select_from(entries).where(wanted)
        page = _texts().where(wanted, entries.c.entry_id > after)
        page = page.order_by(entries.c.entry_id).limit(limit).offset(offset)
        found: Entries = []
        size = 0
        with self._read() as connection:
            total = connection.scalar(counted)
            for row in connection.execute(page).all():
                size += len(row.body.encode()) + 100
                if found and size > PAGE_BYTES:
                    break
                found.append(tables.read_entry(row))
        return found, int(total or 0)

    def find_words(self, query: str, kind: KnowledgeKind | None = None, limit: int = 10) -> Hits:
        """The entries that contain words of a query, best first; needs no vectors.

        Raises:
            StorageError: the database cannot be read, or an entry is damaged.
        """
        wanted = words.words_of(query)
        if not wanted:
            return []
        with self._read() as connection:
            found = connection.execute(words.candidates(wanted, kind)).all()
        return words.rank(map(tables.read_entry, found), wanted)[:limit]

    def changes_since(self, generation: int, limit: int = 200) -> Records:
        """The newest state of each entry that changed after a generation, in order.

        A page ends at `limit` records or at `PAGE_BYTES`, whichever comes first; it is empty
        only when nothing changed, so ask again from the last record's generation until then.

        Raises:
            StorageError: the database cannot be read, or an entry is damaged.
        """
        records: Records = []
        size = 0
        for change in self.feed(generation, limit):
            size += weight_on_the_bus(change.body, len(change.vector) // 4)
            if records and size > PAGE_BYTES:
                break
            records.append(to_record(change))
        return records

    def feed(self, generation: int, limit: int) -> Feed:
        """As `changes_since`, as it is stored and without a limit of bytes: for an index here.

        Args:
            generation: of the last change that is known.
            limit: how many at most.

        Raises:
            StorageError: the database cannot be read, or an entry is damaged.
        """
        query = (
            select(changes.c.generation, changes.c.action, changes.c.entry_id.label("id"), entries)
            .join(entries, entries.c.entry_id == changes.c.entry_id, isouter=True)
            .where(changes.c.generation > generation)
            .order_by(changes.c.generation)
            .limit(limit)
        )
        with self._read() as connection:
            return [tables.read_change(row) for row in connection.execute(query)]

    def standing(self) -> dict[str, Standing]:
        """The state of every entry that ever was, by id.

        Raises:
            StorageError: the database cannot be read.
        """
        sums = entries.c.body_checksum, entries.c.vector_checksum
        query = select(changes.c.entry_id, changes.c.generation, *sums).join(
            entries, entries.c.entry_id == changes.c.entry_id, isouter=True
        )
        with self._read() as connection:
            found = connection.execute(query)
            return {row[0]: Standing(row[1], row[2] or "", row[3] or "") for row in found}

    def without_vectors(self, model_id: str, limit: int | None = None) -> Entries:
        """The entries that have no vector, or one of another model, by id.

        Raises:
            StorageError: the database cannot be read, or an entry is damaged.
        """
        query = _texts().where(_lacks(model_id)).order_by(entries.c.entry_id).limit(limit)
        with self._read() as connection:
            found = connection.execute(query).all()
        return [tables.read_entry(row) for row in found]

    def lacking(self, model_id: str) -> tuple[int, str]:
        """How many entries `without_vectors` gives, and a model that some of them are of.

        Raises:
            StorageError: the database cannot be read.
        """
        query = select(func.count(), func.max(entries.c.model_id)).where(_lacks(model_id))
        with self._read() as connection:
            number, other = connection.execute(query).one()
        return int(number), str(other or "")

    # -- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._lock, translated(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        """One transaction that no other writer can interleave with, on any database."""
        with self._lock, translated(self._engine), self._writer.begin() as connection:
            connection.execute(
                select(counters.c.value).where(rows.is_generation()).with_for_update()
            )
            yield connection

    def _start_counting(self) -> None:
        """Insert the generation's row, unless it is there (or another process was faster)."""
        counted = select(counters.c.value).where(rows.is_generation())
        with translated(self._engine):
            with self._engine.connect() as connection:
                if connection.scalar(counted) is not None:
                    return
            try:
                with self._writer.begin() as connection:
                    connection.execute(insert(counters).values(name="generation", value=0))
            except IntegrityError:
                return


def _texts() -> Select[Any]:
    """What `read_entry` needs, without the vectors."""
    return select(entries.c.entry_id, entries.c.body, entries.c.body_checksum)


def _lacks(model_id: str) -> ColumnElement[bool]:
    """No vector of this model; an entry without any has an empty one, so the index serves."""
    return or_(entries.c.model_id < model_id, entries.c.model_id > model_id)


def _unknown(entry_id: str) -> NotFoundError:
    return NotFoundError(
        f"no knowledge entry {entry_id}; list the known ones with: cnc knowledge list"
    )
