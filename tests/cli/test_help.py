"""Every command explains itself with an example, knows --json, and refuses wrong use."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from cli.running import ROOT, run_cnc
from cnc import __version__
from cnc.cli.application import build

runner = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
APPLICATION = build()


def commands() -> Iterator[tuple[str, ...]]:
    def below(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, command in getattr(group, "commands", {}).items():
            yield from below(command, (*path, name))

    yield from below(typer.main.get_command(APPLICATION), ())


PATHS = list(commands())


def test_all_commands_of_record_are_there() -> None:
    named = {" ".join(path) for path in PATHS}
    for command in (
        "intent", "intent recognise", "intent list", "intent show", "intent withdraw", "up",
        "run service", "run e2e", "run domain", "run infrastructure", "status", "tail", "replay",
        "explain", "knowledge add", "knowledge list", "knowledge show", "knowledge search",
        "knowledge remove", "knowledge import", "knowledge export", "service register",
        "service list", "service show", "service deploy", "service retire", "broker start",
        "broker check", "bus schema", "evaluate", "study paper", "plot",
    ):  # fmt: skip
        assert command in named


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_has_an_example(path: tuple[str, ...]) -> None:
    result = runner.invoke(APPLICATION, [*path, "--help"], prog_name="cnc")
    assert result.exit_code == 0, result.output
    assert re.search(r"Example: cnc \w", result.output), result.output


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["--dry-run", "--help"]], ids=" ".join)
def test_help_of_intent_has_the_options_of_a_request(args: list[str]) -> None:
    result = runner.invoke(APPLICATION, ["intent", *args], prog_name="cnc")
    assert result.exit_code == 0, result.output
    for word in ("--dry-run", "--yes", "--origin", "--slots", "--from", "recognise", "withdraw"):
        assert word in result.output
    assert runner.invoke(APPLICATION, ["intent", "list", "-h"]).output.count("--dry-run") == 0


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_each_command_takes_json(path: tuple[str, ...]) -> None:
    if path and any(other[:-1] == path for other in PATHS):
        return  # groups: their commands take it
    result = runner.invoke(APPLICATION, [*path, "--help"], prog_name="cnc")
    assert "--json" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["up", "--slots", "0"],
        ["up", "--slots", "three"],
        ["up", "--pace", "sometimes"],
        ["up", "--pace", "realtime", "--slot-ms", "5"],
        ["up", "--processes", "some"],
        ["up", "--seed", "-1"],
        ["up", "--load", "-5"],
        ["intent", "--slots", "0", "AR for 20 users"],
        ["intent", "--slots", "many", "AR for 20 users"],
        ["intent", "recognise"],
        ["status", "--no-such-option"],
        ["status"],
        ["tail"],
        ["explain", "intent-1"],
        ["intent", "list"],
        ["broker", "check"],
        ["run", "domain", "ran-0"],
        ["status", "--broker", "http://127.0.0.1"],
        ["status", "--broker", "mqtt://"],
        ["knowledge", "add"],
        ["knowledge", "add", "text", "--prefer", "ran"],
        ["knowledge", "add", "text", "--prefer", "moon=1"],
        ["knowledge", "search", "  "],
        ["up", "--policy", "opt"],
        ["up", "--policy", "nonsense"],
        ["up", "--scenario", "atlantis"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_2(
    args: list[str], monkeypatch: pytest.MonkeyPatch, home: Path, capsys: Any
) -> None:
    monkeypatch.delenv("CNC_BROKER", raising=False)
    monkeypatch.setenv("CNC_HOME", str(home))
    result = runner.invoke(APPLICATION, args, prog_name="cnc")
    assert result.exit_code == 2, (result.output, result.exception)
    assert isinstance(result.exception, SystemExit)


def test_version_and_module_are_the_same_program(home: Path) -> None:
    assert run_cnc("--version", home=home).good().out == f"cnc {__version__}\n"
    assert run_cnc(home=home).code in (0, 2)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["cnc"] == "cnc.cli.__main__:main"


def test_options_before_and_after_the_subcommand(home: Path) -> None:
    closed = "mqtt://127.0.0.1:9"
    before = run_cnc("--json", "--broker", closed, "status", home=home)
    after = run_cnc("status", "--broker", closed, "--json", home=home)
    before.fails(1, "no broker answers", closed, "--broker")
    assert (before.code, before.err, before.out) == (after.code, after.err, after.out)
    assert before.out == ""


def test_the_variable_gives_way_to_the_option(home: Path) -> None:
    result = run_cnc("status", "--broker", "mqtt://127.0.0.1:9", home=home, broker="mqtt://[::1]:8")
    result.fails(1, "mqtt://127.0.0.1:9")


def test_the_schema_is_a_document(home: Path) -> None:
    text = run_cnc("bus", "schema", home=home).good().out
    assert text.startswith("asyncapi: 3.0.0")
    document = json.loads(run_cnc("bus", "schema", "--json", home=home).good().out)
    assert document["asyncapi"] == "3.0.0"
    assert any("directive" in name for name in document["channels"])
