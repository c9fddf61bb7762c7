"""Brokers that vanish while slots run or an intent is measured."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil
import pytest
from cli.running import Running, gone, marked, start_cnc, wait_for

from cnc.bus.embedded import free_port


def broker_of(running: Running) -> psutil.Process:
    """The broker among what a command started."""

    def find() -> psutil.Process | None:
        for pid in marked(running.mark):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if "mosquitto" in process.name() or "nats" in process.name():
                    return process
        return None

    found = wait_for(find, 10, "a broker among the processes")
    assert isinstance(found, psutil.Process)
    return found


@pytest.mark.e2e
def test_the_broker_vanishes_during_an_intent(home: Path) -> None:
    args = ("intent", "--json", "--scenario", "small", "--slots", "5000", "AR for 20 users")
    with start_cnc(*args, home=home) as running:
        running.said('"event": "measured"', 60)
        broker_of(running).kill()
        assert running.process.wait(20) == 1
        gone(running.mark)
        assert "Traceback" not in running.told and "broker" in running.told


@pytest.mark.e2e
def test_the_broker_vanishes_under_up(home: Path) -> None:
    """The embedded broker is started again, and slots go on."""
    with start_cnc("up", "--json", "--scenario", "small", home=home) as running:
        running.said('"slot": 3', 60)
        broker_of(running).kill()
        running.said("started again", 10)
        before = len(running.out)
        wait_for(lambda: len(running.out) > before + 5, 45, "slots go on")
        assert running.end(signal.SIGINT) == 130
        assert "Traceback" not in running.told


@pytest.mark.e2e
@pytest.mark.broker
def test_a_broker_of_ones_own_may_come_back(home: Path) -> None:
    port = str(free_port())
    url = f"mqtt://127.0.0.1:{port}"
    with start_cnc("broker", "start", "--port", port, home=home) as first:
        first.said("mqtt://", 20)
        with start_cnc("up", "--json", "--scenario", "small", home=home, broker=url) as up:
            up.said('"slot": 3', 60)
            broker_of(first).kill()
            first.process.send_signal(signal.SIGTERM)
            first.process.wait(20)
            with start_cnc("broker", "start", "--port", port, home=home) as second:
                second.said("mqtt://", 20)
                before = len(up.out)
                wait_for(lambda: len(up.out) > before + 5, 45, "slots go on")
                assert up.end(signal.SIGINT) == 130
