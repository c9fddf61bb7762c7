"""Ctrl-C and SIGTERM end everything that was started, at any moment; so does a killed parent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cli.running import gone, marked, start_cnc

pytestmark = pytest.mark.e2e
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_started_broker_ends(sent: signal.Signals, home: Path) -> None:
    with start_cnc("broker", "start", "--json", home=home) as running:
        running.said("mqtt://", 20)
        assert len(marked(running.mark)) >= 2
        assert running.end(sent) == 130
        assert "interrupted" in running.told and "Traceback" not in running.told


@pytest.mark.parametrize("sent", SIGNALS)
def test_up_ends(sent: signal.Signals, home: Path) -> None:
    with start_cnc("up", "--scenario", "small", "--json", home=home) as running:
        running.said('"slot": 1', 60)
        assert running.end(sent) == 130
        assert "Traceback" not in running.told
        assert (home / "state").is_dir()


@pytest.mark.parametrize("word", ["received", "measured"])
def test_an_intent_with_its_own_emulator_ends(word: str, home: Path) -> None:
    """Also while models are still being loaded by threads that cannot be cancelled."""
    args = ("intent", "--json", "--scenario", "small", "--slots", "5000", "AR for 20 users")
    with start_cnc(*args, home=home) as running:
        running.said(f'"event": "{word}"', 60)
        assert running.end(signal.SIGINT) == 130
        assert "interrupted" in running.told and "Traceback" not in running.told


def test_a_client_that_waits_ends(home: Path, broker: str) -> None:
    args = ("tail", "--json", "--topic-root", "nobody/here")
    with start_cnc(*args, home=home, broker=broker, PYTHONFAULTHANDLER="1") as running:
        os.kill(running.process.pid, 0)
        with pytest.raises(AssertionError):
            running.said("anything", 1.5)
        assert running.end(signal.SIGINT) == 130


def test_a_killed_parent_leaves_no_broker(home: Path) -> None:
    with start_cnc("up", "--scenario", "small", "--json", home=home) as running:
        running.said('"slot": 1', 60)
        running.process.kill()
        running.process.wait(10)
        gone(running.mark, 10)
