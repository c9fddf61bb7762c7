"""Every command ends by the rules: errors become messages, exit codes are those of docs/cli.md."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import typer

from cnc.cli.output import failed, notice
from cnc.cli.waiting import for_scripts
from cnc.errors import CncError, UsageError

INTERRUPTED = 130
BROKEN_PIPE = 141
CLOSING_S = 15.0
"""For closing everything after Ctrl-C; children are killed after 5 s of these."""
THREADS_S = 2.0
"""For threads that still load a model once all is closed; they cannot be cancelled."""
STOPPED = "interrupted; everything that was started has been stopped"
ResultT = TypeVar("ResultT")


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command; its signature, which Typer reads, stays."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            _check_encoding((*args, *kwargs.values()))
            with for_scripts(_json_asked((*args, *kwargs.values()), kwargs)):
                function(*args, **kwargs)
        except CncError as error:
            failed(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            failed(STOPPED)
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error

    return wrapper


def _json_asked(values: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Behind the subcommand, or before it."""
    contexts = [value for value in values if isinstance(value, typer.Context)]
    before = any(context.find_root().params.get("json_output") for context in contexts)
    return bool(options.get("json_output")) or before


def _check_encoding(values: tuple[Any, ...]) -> None:
    for value in values:
        if isinstance(value, list | tuple):
            _check_encoding(tuple(value))
        elif isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise UsageError(
                    f"{ascii(value)[:60]} is not valid UTF-8; check the terminal's encoding"
                ) from error


@contextlib.contextmanager
def fields_checked(what: str) -> Iterator[None]:
    """A message that is built from options names the field that is wrong.

    Raises:
        UsageError: a value is not what the field takes.
    """
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "value"
        value = ascii(first["input"])
        shown = value if len(value) <= 60 else f"{value[:57]}..."
        raise UsageError(f"{what}: {field} {shown} is wrong: {first['msg']}") from error


class Terminated(KeyboardInterrupt):
    """SIGTERM came: everything is closed as on Ctrl-C."""


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run to the end; Ctrl-C and SIGTERM close everything, a second one ends at once.

    Raises:
        KeyboardInterrupt: on Ctrl-C and SIGTERM, once all is closed.
    """
    if not logging.getLogger().handlers:
        logging.getLogger("cnc").addHandler(_ErrorsAsNotices())
    came: list[signal.Signals] = []
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(_ending_on_signals(work, came))
        except asyncio.CancelledError:
            if not came:
                raise
            _end_in(THREADS_S)
            raise (Terminated if came[0] == signal.SIGTERM else KeyboardInterrupt) from None


class _ErrorsAsNotices(logging.Handler):
    """What components log as errors is for people too; the rest is for `cnc run --log-level`."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Print one error."""
        with contextlib.suppress(Exception):
            notice(f"{record.name.removeprefix('cnc.')}: {record.getMessage()}")


async def _ending_on_signals(
    work: Coroutine[Any, Any, ResultT], came: list[signal.Signals]
) -> ResultT:
    task = asyncio.current_task()
    assert task is not None

    def interrupt(sent: signal.Signals) -> None:
        came.append(sent)
        if len(came) > 1:
            _end_now()
        _end_in(CLOSING_S)
        task.cancel()

    loop = asyncio.get_running_loop()
    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, interrupt, each)
    return await work


def _end_in(seconds: float) -> None:
    """End even if something hangs: brokers and children end with this process."""
    timer = threading.Timer(seconds, _end_now)
    timer.daemon = True
    timer.start()


def _end_now() -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        shown = "\x1b[?25h" if sys.stderr.isatty() else ""  # the cursor, which a spinner hides
        sys.stderr.write(f"{shown}error: {STOPPED}\n")
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
