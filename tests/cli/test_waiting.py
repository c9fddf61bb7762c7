"""Signs of life while something takes seconds."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cnc.cli import output
from cnc.cli.waiting import for_scripts, waiting


def shown(monkeypatch: pytest.MonkeyPatch, terminal: bool, scripted: bool) -> str:
    written = io.StringIO()
    made = Console(file=written, width=80, force_terminal=terminal, no_color=True)
    monkeypatch.setattr(output, "_consoles", {"err": made})
    with for_scripts(scripted), waiting("starting the emulator") as wait:
        wait.say("planning")
        wait.done()
        written.write("|")
        wait.say("deploying")
    return written.getvalue()


def test_people_see_what_is_awaited_and_nothing_is_left_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = shown(monkeypatch, terminal=True, scripted=False)
    before, after = text.split("|")
    assert "planning …" in before and "deploying …" in after
    for part in (before, after):
        assert part.endswith("\x1b[2K"), part[-30:]
        assert part.count("\x1b[?25l") == part.count("\x1b[?25h") == 1


@pytest.mark.parametrize(("terminal", "scripted"), [(False, False), (True, True), (False, True)])
def test_programs_and_files_get_nothing(
    terminal: bool, scripted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown(monkeypatch, terminal, scripted) == "|"
