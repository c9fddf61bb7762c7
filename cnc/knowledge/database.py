"""Opening the database behind a URL, and saying what to do when it refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from cnc.errors import StorageError

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another process's transaction."""

_ELSEWHERE = "name another with --home DIR or CNC_DATABASE=URL"
_ADVICE = (
    (
        ("readonly", "read-only"),
        f"change its rights, or {_ELSEWHERE}",
    ),
    (("disk is full", "disk full", "no space"), "free some space and try again"),
    (
        ("malformed", "not a database", "corrupt"),
        "it was left as it was: move it away and restore a backup or import an export "
        f"(cnc knowledge import FILE), or {_ELSEWHERE}",
    ),
    (("locked", "busy"), "another process holds it: end that process or try again later"),
    (
        ("unable to open", "disk i/o"),
        f"check that its folder exists and can be written, or {_ELSEWHERE}",
    ),
    (
        ("could not connect", "connection refused", "connection failed", "password", "translate"),
        "check that the server runs and that host, user and password in the URL are right",
    ),
    (
        ("no such column", "no column", "undefined column", "does not exist"),
        f"it was written by another version: {_ELSEWHERE} and import an export of the old one",
    ),
)


def open_database(url: str) -> Engine:
    """An engine for the URL; SQLite runs in WAL mode with full synchronisation.

    SQLite transactions begin as readers unless the engine carries the option `writes`
    (`writing(engine)`): then they take the write lock at once, so that they wait for another
    writer instead of failing half-way.

    Raises:
        StorageError: the URL is wrong, its driver is missing, or the file's folder cannot be
            made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(_with_driver(parsed), pool_pre_ping=True)
        if _in_memory(parsed):
            engine = create_engine(
                parsed, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        else:
            _make_folder(parsed)
            engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StorageError(
            f"the database URL cannot be used ({error}); write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME (the latter needs pip install 'cnc[postgres]')"
        ) from error
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock when they begin."""
    return engine.execution_options(writes=True)


def create_tables(engine: Engine, metadata: MetaData) -> None:
    """Create the tables that are missing; a database that has them all is only read.

    Raises:
        StorageError: the database cannot be read, or lacks tables and cannot be written.
    """
    with translated(engine), engine.connect() as connection:
        names = set(connection.dialect.get_table_names(connection))
    if names >= set(metadata.tables):
        return
    with translated(engine), writing(engine).begin() as connection:
        metadata.create_all(connection)


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turns what the driver raises into a StorageError that says what to do next.

    Raises:
        StorageError: the database refused.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        todo = advice(reason)
        raise StorageError(f"the database {name(engine)} failed ({reason}); {todo}") from error


def name(engine: Engine) -> str:
    """The database as a message names it, without the password."""
    url = engine.url
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string()


def advice(reason: str) -> str:
    """What to do about a driver's message."""
    lowered = reason.lower()
    for words, todo in _ADVICE:
        if any(word in lowered for word in words):
            return todo
    return "see whether it can be opened with the database's own tools"


def _with_driver(url: URL) -> URL:
    """PostgreSQL through psycopg 3 unless the URL names a driver."""
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _make_folder(url: URL) -> None:
    place = str(url.database)
    if place.startswith("file:"):
        return
    folder = Path(place).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} of the database cannot be made ({error.strerror or error}); "
            f"change its rights, or {_ELSEWHERE}"
        ) from error


def _configure(connection: Any, _record: object) -> None:
    """Every new SQLite connection: transactions are ours, the log is safe against power loss."""
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        with suppress(sqlite3.OperationalError):  # a read-only file keeps the mode it has
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
