"""What must outlive a process, in SQL: registered services, lives of intents, snapshots.

All of it may share the database of the knowledge base. Each change is one transaction, so a kill
leaves it done or not done. Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge.database import create_tables, open_database, translated, writing
from cnc.messages.intents import IntentEvent
from cnc.messages.services import ServiceDescriptor, ServiceRecord

ServiceState = Literal["registered", "deployed", "retired"]

_metadata = MetaData()
_services = Table(
    "services",
    _metadata,
    Column("service", String(128), primary_key=True),
    Column("descriptor", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("registered_at", String(40), nullable=False),
)
_events = Table(
    "intent_events",
    _metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("intent_id", String(128), nullable=False, index=True),
    Column("body", Text, nullable=False),
)
_snapshots = Table(
    "component_snapshots",
    _metadata,
    Column("component", String(128), primary_key=True),
    Column("slot", BigInteger, nullable=False),
    Column("saved_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("checksum", String(64), nullable=False),
)


class _Opened:
    """An open database with these tables."""

    def __init__(self, url: str) -> None:
        self._lock = threading.RLock()
        self._engine = open_database(url)
        self._writer = writing(self._engine)
        try:
            create_tables(self._engine, _metadata)
        except StorageError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        with self._lock:
            self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._lock, translated(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        with self._lock, translated(self._engine), self._writer.begin() as connection:
            yield connection


class _Kept:
    """A part of the records, on a database of its own or on that of `Records`."""

    def __init__(self, database: str | _Opened) -> None:
        """Open the database and create the tables if need be.

        Args:
            database: `sqlite:///FILE`, `sqlite://` (in memory) or `postgresql://…`.

        Raises:
            StorageError: it cannot be opened, is no database, or lacks the tables and cannot be
                written; a damaged file is left as it is.
        """
        self._database = _Opened(database) if isinstance(database, str) else database

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


class Registry(_Kept):
    """Registered services and their states."""

    def register(self, descriptor: ServiceDescriptor) -> ServiceRecord:
        """Register a service, or replace its descriptor; state and time stay as they are.

        Raises:
            StorageError: the database cannot be written.
        """
        body = descriptor.model_dump_json()
        with self._database.change() as connection:
            row = _row(connection, descriptor.service)
            if row is None:
                values = {
                    "service": descriptor.service,
                    "descriptor": body,
                    "state": "registered",
                    "registered_at": datetime.now(UTC).isoformat(timespec="seconds"),
                }
                connection.execute(insert(_services).values(**values))
            elif row.descriptor != body:
                connection.execute(_update(descriptor.service).values(descriptor=body))
            return _record(_row(connection, descriptor.service), descriptor.service)

    def set_state(self, service: str, state: ServiceState) -> ServiceRecord:
        """Change the state of a service.

        Raises:
            NotFoundError: no service has this id.
            StorageError: the database cannot be written.
        """
        with self._database.change() as connection:
            connection.execute(_update(service).values(state=state))
            return _record(_row(connection, service), service)

    def get(self, service: str) -> ServiceRecord:
        """The record of a service.

        Raises:
            NotFoundError: no service has this id.
            StorageError: the database cannot be read.
        """
        with self._database.read() as connection:
            return _record(_row(connection, service), service)

    def list(self) -> list[ServiceRecord]:
        """Every service by id.

        Raises:
            StorageError: the database cannot be read.
        """
        query = select(_services).order_by(_services.c.service)
        with self._database.read() as connection:
            return [_record(row, row.service) for row in connection.execute(query)]


class IntentLog(_Kept):
    """The life of every intent, event by event."""

    def append(self, event: IntentEvent) -> bool:
        """Add an event to its intent's life.

        Returns:
            False when it repeats the intent's last event (messages may arrive twice); nothing
            changes then.

        Raises:
            StorageError: the database cannot be written.
        """
        body = event.model_dump_json()
        last = select(_events.c.body).where(_events.c.intent_id == event.intent_id)
        last = last.order_by(_events.c.position.desc()).limit(1)
        with self._database.change() as connection:
            if connection.scalar(last) == body:
                return False
            connection.execute(insert(_events).values(intent_id=event.intent_id, body=body))
        return True

    def latest(self, limit: int = 50, offset: int = 0) -> tuple[IntentEvent, ...]:
        """The last event of each intent, the intent that changed last first.

        Raises:
            StorageError: the database cannot be read, or an event is damaged.
        """
        newest = select(func.max(_events.c.position)).group_by(_events.c.intent_id)
        query = select(_events).where(_events.c.position.in_(newest))
        query = query.order_by(_events.c.position.desc()).limit(limit).offset(offset)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(_event(row) for row in rows)

    def of(self, intent_id: str) -> tuple[IntentEvent, ...]:
        """Every event of one intent, oldest first.

        Raises:
            NotFoundError: no intent has this id.
            StorageError: the database cannot be read, or an event is damaged.
        """
        query = select(_events).where(_events.c.intent_id == intent_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_events.c.position)).all()
        if not rows:
            raise NotFoundError(f"no intent {intent_id}; list the known ones with: cnc intent list")
        return tuple(_event(row) for row in rows)


@dataclass(frozen=True)
class Snapshot:
    """What a component kept for a restart."""

    component: str
    slot: int
    """The slot whose end it describes."""
    saved_at: str
    """RFC 3339."""
    state: dict[str, Any]


class Snapshots(_Kept):
    """The newest snapshot of each component."""

    def save(self, component: str, slot: int, state: Mapping[str, Any]) -> None:
        """Keep a snapshot in place of the component's last one, whatever slot that was of.

        Raises:
            StorageError: the state is no JSON, or the database cannot be written.
        """
        try:
            body = json.dumps(dict(state))
        except (TypeError, ValueError) as error:
            raise StorageError(
                f"the snapshot of {component} cannot be kept ({error}); it must be JSON values"
            ) from error
        values = {
            "slot": slot,
            "saved_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "body": body,
            "checksum": _checksum(body),
        }
        mine = _snapshots.c.component == component
        with self._database.change() as connection:
            if connection.execute(update(_snapshots).where(mine).values(**values)).rowcount == 0:
                connection.execute(insert(_snapshots).values(component=component, **values))

    def load(self, component: str) -> Snapshot | None:
        """The component's last snapshot; None when it never kept one.

        Raises:
            StorageError: the database cannot be read, or the snapshot is damaged.
        """
        query = select(_snapshots).where(_snapshots.c.component == component)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if _checksum(row.body) != row.checksum:
            raise StorageError(
                f"the snapshot of {component} does not match its checksum; restore the database "
                "from a backup, or forget the snapshot to start that component afresh"
            )
        return Snapshot(row.component, row.slot, row.saved_at, json.loads(row.body))

    def forget(self, component: str) -> None:
        """Drop a component's snapshot, if it has one.

        Raises:
            StorageError: the database cannot be written.
        """
        with self._database.change() as connection:
            connection.execute(delete(_snapshots).where(_snapshots.c.component == component))


class Records(_Kept):
    """All records of one database, over one set of connections."""

    def __init__(self, url: str) -> None:
        """Open the database and create the tables if need be.

        Raises:
            StorageError: as for each part.
        """
        super().__init__(url)
        self.services = Registry(self._database)
        self.intents = IntentLog(self._database)
        self.snapshots = Snapshots(self._database)


def _row(connection: Connection, service: str) -> Row[Any] | None:
    query = select(_services).where(_services.c.service == service).with_for_update()
    return connection.execute(query).one_or_none()


def _update(service: str) -> Any:
    return update(_services).where(_services.c.service == service)


def _record(row: Row[Any] | None, service: str) -> ServiceRecord:
    if row is None:
        raise NotFoundError(
            f"no service {service} is registered; list the known ones with: cnc service list"
        )
    try:
        return ServiceRecord(
            descriptor=ServiceDescriptor.model_validate_json(row.descriptor),
            state=row.state,
            registered_at=row.registered_at,
        )
    except ValidationError as error:
        raise StorageError(
            f"the record of service {service} is damaged; register the service again"
        ) from error


def _event(row: Row[Any]) -> IntentEvent:
    try:
        return IntentEvent.model_validate_json(row.body)
    except ValidationError as error:
        raise StorageError(
            f"an event of intent {row.intent_id} is damaged or of another version; restore the "
            "database from a backup"
        ) from error


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
