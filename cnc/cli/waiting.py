"""A sign of life at a terminal while something takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cnc.cli.output import errors

if TYPE_CHECKING:
    from rich.status import Status

_scripted: ContextVar[bool] = ContextVar("scripted", default=False)


@contextmanager
def for_scripts(asked: bool) -> Iterator[None]:
    """While a command runs that was asked for JSON, nothing is shown."""
    token = _scripted.set(asked)
    try:
        yield
    finally:
        _scripted.reset(token)


class Waiting:
    """A spinner with a word on what is awaited, on stderr; nothing where nobody looks at it."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._status: Status | None = None

    def say(self, what: str) -> None:
        """Show what is awaited, such as "starting the emulator"."""
        if _scripted.get() or not errors().is_terminal:
            return
        if self._status is None:
            self._status = errors().status(f"[dim]{what} …[/]", spinner="dots")
            self._status.start()
        else:
            self._status.update(f"[dim]{what} …[/]")

    def done(self) -> None:
        """Take it away, before anything else is shown."""
        if self._status is not None:
            self._status.stop()
            self._status = None


@contextmanager
def waiting(what: str) -> Iterator[Waiting]:
    """A spinner from now on until the end, or until it is taken away."""
    shown = Waiting()
    shown.say(what)
    try:
        yield shown
    finally:
        shown.done()
