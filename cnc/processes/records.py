"""The service registry in SQL, in the same database as the knowledge base."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, insert, select, update

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge.store import open_engine, storage_errors
from cnc.messages.envelope import now
from cnc.messages.services import ServiceDescriptor, ServiceRecord

METADATA = MetaData()
SERVICES = Table(
    "services",
    METADATA,
    Column("service", String(128), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("registered_at", String(40), nullable=False),
    Column("descriptor", Text, nullable=False),
)


class Registry:
    """Registered services and their state.

    Args:
        url: SQLAlchemy URL.

    Raises:
        StorageError: the database cannot be opened or prepared.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = open_engine(url)
        try:
            with storage_errors(url, "be prepared"):
                METADATA.create_all(self._engine)
        except StorageError:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def register(self, descriptor: ServiceDescriptor) -> ServiceRecord:
        """Register a service, or replace its descriptor; its state stays."""
        text = descriptor.model_dump_json()
        chosen = SERVICES.c.service == descriptor.service
        with storage_errors(self._url, "be written"), self._engine.begin() as connection:
            row = connection.execute(select(SERVICES).where(chosen)).one_or_none()
            if row is None:
                connection.execute(
                    insert(SERVICES).values(
                        service=descriptor.service,
                        state="registered",
                        registered_at=now().isoformat(),
                        descriptor=text,
                    )
                )
            elif row.descriptor != text:
                connection.execute(update(SERVICES).where(chosen).values(descriptor=text))
        return self.get(descriptor.service)

    def list(self) -> list[ServiceRecord]:
        """All services by id."""
        with storage_errors(self._url, "be read"), self._engine.connect() as connection:
            rows = connection.execute(select(SERVICES).order_by(SERVICES.c.service)).all()
        return [_record(row) for row in rows]

    def get(self, service: str) -> ServiceRecord:
        """One service.

        Raises:
            NotFoundError: it is not registered.
        """
        with storage_errors(self._url, "be read"), self._engine.connect() as connection:
            row = connection.execute(
                select(SERVICES).where(SERVICES.c.service == service)
            ).one_or_none()
        if row is None:
            raise NotFoundError(
                f"service {service!r} is not registered; `cnc service list` shows those that are"
            )
        return _record(row)

    def set_state(self, service: str, state: str) -> ServiceRecord:
        """Mark a service as deployed or retired.

        Raises:
            NotFoundError: it is not registered.
        """
        self.get(service)
        with storage_errors(self._url, "be written"), self._engine.begin() as connection:
            connection.execute(
                update(SERVICES).where(SERVICES.c.service == service).values(state=state)
            )
        return self.get(service)


def _record(row: Any) -> ServiceRecord:
    return ServiceRecord(
        descriptor=ServiceDescriptor.model_validate_json(row.descriptor),
        state=row.state,
        registered_at=row.registered_at,
    )
