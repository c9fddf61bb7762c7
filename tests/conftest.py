from __future__ import annotations

import os
from pathlib import Path

import pytest

# Tests work on small arrays: a second thread only waits, and where cores are busy it waits long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder of its own."""
    return tmp_path / "home"
