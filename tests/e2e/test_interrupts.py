"""Ctrl-C and SIGTERM end everything that was started, at any moment; so does a killed parent."""

from __future__ import annotations

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


def test_up_ends(home: Path) -> None:
    with start_cnc("up", "--scenario", "small", "--json", home=home) as running:
        running.said('"slot": 1', 60)
        assert running.end(signal.SIGINT) == 130
        assert "Traceback" not in running.told
        assert (home / "state").is_dir()


def test_an_intent_with_its_own_emulator_ends(home: Path) -> None:
    """While models are still being loaded by threads that cannot be cancelled."""
    args = ("intent", "--json", "--scenario", "small", "--slots", "5000", "AR for 20 users")
    with start_cnc(*args, home=home) as running:
        running.said('"event": "received"', 60)
        assert running.end(signal.SIGINT) == 130
        assert "interrupted" in running.told and "Traceback" not in running.told


def test_a_client_that_waits_ends(home: Path) -> None:
    """`tail` of a system that is not there, and the broker that it watches."""
    with start_cnc("broker", "start", "--json", home=home) as broker:
        broker.said("mqtt://", 20)
        url = str(broker.rows()[0]["broker"])
        with start_cnc("tail", "--json", home=home, broker=url) as tail:
            with pytest.raises(AssertionError):
                tail.said("anything", 2.0)
            assert tail.end(signal.SIGINT) == 130


def test_a_killed_parent_leaves_no_broker(home: Path) -> None:
    with start_cnc("up", "--scenario", "small", "--json", home=home) as running:
        running.said('"slot": 1', 60)
        running.process.kill()
        running.process.wait(10)
        gone(running.mark, 10)
