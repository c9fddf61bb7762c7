"""The commit of results: of the checkout, with its changes, or the version."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnc
from cnc.training import provenance

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package in a folder of its own, not in git yet."""
    folder = tmp_path / "checkout" / "cnc"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(provenance, "_PACKAGE", folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    provenance.commit.cache_clear()
    yield folder
    provenance.commit.cache_clear()


def commit_all(package: Path) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "test")):
        subprocess.run(["git", *command], cwd=package.parent, check=True, capture_output=True)


def commit_now() -> str:
    provenance.commit.cache_clear()
    return provenance.commit()


def test_installed_it_is_the_version(package: Path) -> None:
    assert commit_now() == f"v{cnc.__version__}"


def test_in_the_checkout_of_something_else_it_is_the_version(package: Path) -> None:
    (package.parent / ".gitignore").write_text("cnc/\n")
    commit_all(package)
    assert commit_now() == f"v{cnc.__version__}"


def test_changes_are_part_of_it(package: Path) -> None:
    commit_all(package)
    clean = commit_now()
    assert re.fullmatch(r"[0-9a-f]{10}", clean)
    (package.parent / "README.md").write_text("of no matter")
    assert commit_now() == clean
    (package / "new.py").write_text("1")
    first = commit_now()
    assert re.fullmatch(rf"{clean}\+[0-9a-f]{{8}}", first)
    (package / "new.py").write_text("2")
    second = commit_now()
    (package / "__init__.py").write_text("3")
    assert len({first, second, commit_now()}) == 3


def test_without_git_it_is_the_version(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_all(package)
    monkeypatch.setenv("PATH", "")
    assert commit_now() == f"v{cnc.__version__}"
