"""The program run as a user runs it: as a process, with its own home, watched to its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from typer.testing import CliRunner

import cnc
from cnc.cli import output
from cnc.cli.application import build

ROOT = Path(cnc.__file__).parent.parent
MARK = "CNC_TEST_MARK"
FINAL = {"refused", "ask", "infeasible", "compliant", "degraded"}


def environment(mark: str, home: Path, broker: str | None = None) -> dict[str, str]:
    """Nothing of the caller's cnc, and a mark by which all descendants are found."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CNC_")}
    kept |= {MARK: mark, "CNC_HOME": str(home), "PYTHONPATH": str(ROOT)}
    kept |= {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
    return kept if broker is None else {**kept, "CNC_BROKER": broker}


def marked(mark: str) -> list[int]:
    """Processes that carry the mark: what a command started, and what those started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.environ().get(MARK) == mark:
                found.append(process.pid)
    return found


def wait_for(condition: Callable[[], Any], within_s: float, what: str) -> Any:
    """The first true value of a condition."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s:g} s: {what}")


def gone(mark: str, within_s: float = 5.0) -> None:
    """Nothing that a command started is left."""
    wait_for(lambda: not marked(mark), within_s, f"processes end, left are {marked(mark)}")


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every line of stdout, which must be JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        """The only line."""
        (row,) = self.rows
        return row

    def fails(self, code: int, *words: str) -> Result:
        """A plain message on stderr that says all these words, and no traceback."""
        told = " ".join(self.err.split())
        assert self.code == code, self
        assert "Traceback" not in self.err + self.out, self
        assert told, "nothing is said on stderr"
        for word in words:
            assert word in told, (word, told)
        return self

    def good(self) -> Result:
        """Done, without a traceback."""
        assert self.code == 0, self
        assert "Traceback" not in self.err, self
        return self


def run_cnc(
    *args: str, home: Path, broker: str | None = None, within_s: float = 60.0, **extra: str
) -> Result:
    """Run a command to its end; no process may be left."""
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-m", "cnc", *args],
        env={**environment(mark, home, broker), **extra},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    gone(mark)
    return Result(done.returncode, done.stdout, done.stderr)


def call_cnc(*args: str, home: Path, broker: str | None = None) -> Result:
    """Run a command in this process, with the outcome that its process would have."""
    output._consoles.clear()  # they remember the width of the terminal
    wanted = environment("in-process", home, broker)
    gone_too = {key: None for key in os.environ if key.startswith("CNC_")}
    done = CliRunner().invoke(
        build(), list(args), prog_name="cnc", env={**gone_too, **wanted, "PYTHONPATH": None}
    )
    error = done.exception
    if error is None or isinstance(error, SystemExit):
        return Result(done.exit_code, done.stdout, done.stderr)
    return Result(done.exit_code, done.stdout, "".join(traceback.format_exception(error)))


@dataclass
class Running:
    """A command that goes on, with what it has said so far."""

    process: subprocess.Popen[str]
    mark: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines so far."""
        return [json.loads(line) for line in list(self.out)]

    def said(self, word: str, within_s: float = 60.0) -> str:
        """The first line, of stdout or stderr, that holds a word."""

        def look() -> str | None:
            return next((line for line in [*self.err, *self.out] if word in line), None)

        return str(wait_for(look, within_s, f"{word!r} in {self.err[-5:]} {self.out[-2:]}"))

    def end(self, sent: signal.Signals, within_s: float = 30.0) -> int:
        """Send a signal and wait; nothing may be left."""
        self.process.send_signal(sent)
        code = self.process.wait(within_s)
        gone(self.mark, within_s)
        return code

    @property
    def told(self) -> str:
        """All of stderr, on one line."""
        return " ".join(" ".join(self.err).split())


@contextlib.contextmanager
def start_cnc(*args: str, home: Path, broker: str | None = None, **extra: str) -> Iterator[Running]:
    """Start a command; it and all it started is ended afterwards, whatever happens."""
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [sys.executable, "-m", "cnc", *args],
        env={**environment(mark, home, broker), **extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        running = Running(process, mark)
        readers = [
            threading.Thread(target=_collect, args=(process.stdout, running.out), daemon=True),
            threading.Thread(target=_collect, args=(process.stderr, running.err), daemon=True),
        ]
        for reader in readers:
            reader.start()
        try:
            yield running
        finally:
            for pid in marked(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            for pid in marked(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(15)
            for reader in readers:
                reader.join(5)


def _collect(stream: Any, into: list[str]) -> None:
    for line in stream:
        into.append(line.rstrip("\n"))


def sent_lines(result: Result | list[dict[str, Any]]) -> list[str]:
    """The names of the events of an intent."""
    rows = result.rows if isinstance(result, Result) else result
    return [row["event"] for row in rows]
