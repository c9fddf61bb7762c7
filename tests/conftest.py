from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import server

# Tests work on small arrays: a second thread only waits, and where cores are busy it waits long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of its own."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with server() as url:
        yield url
