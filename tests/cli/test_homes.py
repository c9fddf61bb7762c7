"""Homes that cannot be used, scenarios that are broken: said plainly, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from cli.running import run_cnc
from cnc.cli.application import build

pytestmark = pytest.mark.e2e
REQUEST = ("intent", "--json", "--scenario", "small", "--slots", "1", "AR for 20 users")
USERS = [REQUEST, ("up", "--scenario", "small", "--slots", "1"), ("knowledge", "list")]


@pytest.mark.parametrize("args", USERS, ids=lambda args: args[0])
def test_a_home_that_cannot_be_made(args: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a regular file")
    run_cnc(*args, home=file / "home").fails(1, str(file), "--home")
    assert file.read_text() == "a regular file"


@contextlib.contextmanager
def full(folder: Path) -> Iterator[Path]:
    """A folder in which there is no space left; where mounting is not allowed, no folder."""
    folder.mkdir()
    mounted = os.geteuid() == 0 and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    try:
        if mounted:
            with contextlib.suppress(OSError), (folder / "filler").open("wb", 0) as filler:
                while True:
                    filler.write(b"x" * 4096)
            yield folder
        else:
            (folder / "filler").write_text("no folder below a file")
            yield folder / "filler"
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("args", USERS, ids=lambda args: args[0])
def test_a_full_home(args: tuple[str, ...], tmp_path: Path) -> None:
    with full(tmp_path / "full") as home:
        run_cnc(*args, home=home).fails(1, str(home), "--home")


@pytest.mark.parametrize("args", USERS, ids=lambda args: args[0])
def test_a_corrupt_database(args: tuple[str, ...], home: Path) -> None:
    home.mkdir()
    damaged = b"this is no database at all" * 400
    (home / "cnc.db").write_bytes(damaged)
    result = run_cnc(*args, home=home, within_s=90)
    result.fails(1, "cnc.db", "move it away")
    assert (home / "cnc.db").read_bytes() == damaged


def test_a_second_command_waits_for_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNC_BROKER", raising=False)
    monkeypatch.setattr("cnc.processes.session.LOCK_S", 0.2)
    home.mkdir()
    with FileLock(home / "cnc.lock"):
        result = CliRunner().invoke(build(), ["knowledge", "list", "--home", str(home)])
    assert result.exit_code == 1
    assert "another cnc command" in result.output and str(home.parent) in result.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: odd\nfoo: 3\n", ["line 2", "foo"]),
        ("cells: many\n", ["line 1", "cells"]),
        ("cells: -3\n", ["line 1", "cells"]),
        ("cells: [\n", ["line"]),
        ("- a\n- b\n", ["scenario.yaml"]),
    ],
)
def test_a_broken_scenario(text: str, words: list[str], home: Path, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    run_cnc("up", "--scenario", str(file), "--slots", "1", home=home).fails(2, str(file), *words)


def test_unknown_domain_and_scenario(home: Path) -> None:
    closed = "mqtt://127.0.0.1:9"
    args = ("run", "domain", "mars-1", "--scenario", "small")
    run_cnc(*args, home=home, broker=closed).fails(2, "mars-1", "ran-2", "transport")
    run_cnc("up", "--scenario", "atlantis", home=home).fails(2, "atlantis", "paper")
    run_cnc("up", "--policy", "opt", home=home).fails(2, "opt", "simulator only", "grd")
    run_cnc("up", "--scenario", str(home), home=home).fails(2, str(home))
