"""The program at a terminal: a pseudo-terminal in which a test reads and types as a user does."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from cli.running import environment, gone, marked


class Terminal:
    """A command whose input and output are a terminal."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int, mark: str) -> None:
        self.process, self.shown = process, ""
        self._screen, self._mark, self._read = screen, mark, 0

    def until(self, word: str, within_s: float = 60.0) -> str:
        """What is shown from the last such place up to and with a word."""
        end = time.monotonic() + within_s
        while (at := self.shown.find(word, self._read)) < 0:
            assert self._more(end), f"{word!r} is not in {self.shown[self._read :]!r}"
        start, self._read = self._read, at + len(word)
        return self.shown[start : self._read]

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        os.write(self._screen, f"{line}\n".encode())

    def end(self, within_s: float = 60.0) -> int:
        """Read to the end; the exit code. Nothing may be left."""
        end = time.monotonic() + within_s
        while self._more(end):
            pass
        code = self.process.wait(max(0.1, end - time.monotonic()))
        gone(self._mark)
        return code

    def _more(self, end: float) -> bool:
        """Read what is shown next; false at the end of the command."""
        left = end - time.monotonic()
        assert left > 0, f"nothing more is shown, and it does not end: {self.shown[-500:]!r}"
        if not select.select([self._screen], [], [], left)[0]:
            return True
        try:
            data = os.read(self._screen, 65_536)
        except OSError:  # how Linux tells that the other side has closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextlib.contextmanager
def at_terminal(*args: str, home: Path, broker: str | None = None) -> Iterator[Terminal]:
    """Start a command at a terminal; it and all it started is ended afterwards."""
    mark = uuid.uuid4().hex
    screen, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cnc", *args],
        env=environment(mark, home, broker),
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    try:
        yield Terminal(process, screen, mark)
    finally:
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(15)
        os.close(screen)
