from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres import schema

from cnc.knowledge.store import KnowledgeStore


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'cnc.db'}"


@pytest.fixture(params=["file", "memory", "postgres"])
def url(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[str]:
    """Each kind of database, empty."""
    if request.param == "file":
        yield sqlite_url
    elif request.param == "memory":
        yield "sqlite://"
    else:
        with schema(request.getfixturevalue("postgres")) as inside:
            yield inside


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
