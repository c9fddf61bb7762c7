"""The service registry in SQL, in the same database as the knowledge base.

Each change is one transaction, so a kill leaves it done or not done. Safe to use from several
threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Row,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge.database import create_tables, open_database, translated, writing
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


class Registry:
    """Registered services and their states."""

    def __init__(self, url: str) -> None:
        """Open the database and create the table if need be.

        Args:
            url: `sqlite:///FILE`, `sqlite://` (in memory) or `postgresql://…`.

        Raises:
            StorageError: it cannot be opened, is no database, or lacks the table and cannot be
                written; a damaged file is left as it is.
        """
        self._lock = threading.RLock()
        self._engine = open_database(url)
        self._writer = writing(self._engine)
        try:
            create_tables(self._engine, _metadata)
        except StorageError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._engine.dispose()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._lock, translated(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        with self._lock, translated(self._engine), self._writer.begin() as connection:
            yield connection

    def register(self, descriptor: ServiceDescriptor) -> ServiceRecord:
        """Register a service, or replace its descriptor; state and time stay as they are.

        Raises:
            StorageError: the database cannot be written.
        """
        body = descriptor.model_dump_json()
        with self._change() as connection:
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
        with self._change() as connection:
            connection.execute(_update(service).values(state=state))
            return _record(_row(connection, service), service)

    def get(self, service: str) -> ServiceRecord:
        """The record of a service.

        Raises:
            NotFoundError: no service has this id.
            StorageError: the database cannot be read.
        """
        with self._read() as connection:
            return _record(_row(connection, service), service)

    def list(self) -> list[ServiceRecord]:
        """Every service by id.

        Raises:
            StorageError: the database cannot be read.
        """
        query = select(_services).order_by(_services.c.service)
        with self._read() as connection:
            return [_record(row, row.service) for row in connection.execute(query)]


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
