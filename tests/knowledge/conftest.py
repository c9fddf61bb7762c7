from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from cnc.knowledge.store import KnowledgeStore

POSTGRES = os.environ.get("CNC_TEST_POSTGRES")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'cnc.db'}"


@pytest.fixture(params=["file", "memory", *(["postgres"] if POSTGRES else [])])
def url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """Each kind of database, empty."""
    if request.param == "file":
        yield sqlite_url
    elif request.param == "memory":
        yield "sqlite://"
    else:
        assert POSTGRES is not None
        schema = f"cnc_test_{uuid.uuid4().hex[:12]}"
        parsed = sqlalchemy.make_url(POSTGRES)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        admin = sqlalchemy.create_engine(parsed)
        with admin.begin() as connection:
            connection.execute(sqlalchemy.text(f"CREATE SCHEMA {schema}"))
        inside = parsed.update_query_dict({"options": f"-csearch_path={schema}"})
        yield inside.render_as_string(hide_password=False)
        with admin.begin() as connection:
            connection.execute(sqlalchemy.text(f"DROP SCHEMA {schema} CASCADE"))
        admin.dispose()


@pytest.fixture
def opened() -> Iterator[Callable[[str], KnowledgeStore]]:
    """Opens stores and closes them after the test."""
    stores: list[KnowledgeStore] = []

    def open_store(url: str) -> KnowledgeStore:
        stores.append(KnowledgeStore(url))
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, opened: Callable[[str], KnowledgeStore]) -> KnowledgeStore:
    return opened(url)
