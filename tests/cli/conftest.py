from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.running import Result, Running, call_cnc, run_cnc, start_cnc, wait_for


@dataclass
class Emulator:
    """A running system and the commands of a user beside it."""

    broker: str
    home: Path
    up: Running
    recording: Path

    def __call__(self, *args: str) -> Result:
        """In this process: the same program without the seconds of its start."""
        return call_cnc(*args, home=self.home, broker=self.broker)

    def apart(self, *args: str, **extra: str) -> Result:
        """As a process of its own."""
        return run_cnc(*args, home=self.home, broker=self.broker, **extra)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Mosquitto of its own, as a user starts one."""
    home = tmp_path_factory.mktemp("broker")
    with start_cnc("broker", "start", "--engine", "mosquitto", "--json", home=home) as running:
        running.said("mqtt://", 20)
        yield str(running.rows()[0]["broker"])


@pytest.fixture(scope="session")
def emulator(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A small system, watched from its first slot on."""
    home = tmp_path_factory.mktemp("emulator")
    recording = home / "recording.jsonl"
    watch = ("tail", "--json", "--record", str(recording), "--count", "150")
    with (
        start_cnc(*watch, home=home, broker=broker) as tail,
        start_cnc(
            "up", "--scenario", "small", "--json", "--slot-ms", "100", home=home, broker=broker
        ) as up,
    ):
        up.said('"slot": 2', 60)
        wait_for(lambda: tail.process.poll() is not None, 30, "150 messages are recorded")
        yield Emulator(broker, home, up, recording)
