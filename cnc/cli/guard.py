"""Every command ends by the rules: errors become messages, exit codes are those of docs/cli.md."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import typer

from cnc.cli.output import failed
from cnc.errors import CncError

INTERRUPTED = 130
BROKEN_PIPE = 141
ResultT = TypeVar("ResultT")


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command; its signature, which Typer reads, stays."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except CncError as error:
            failed(str(error))
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            failed("interrupted; everything that was started has been stopped")
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error

    return wrapper


class Terminated(KeyboardInterrupt):
    """SIGTERM came: everything is closed as on Ctrl-C."""


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run to the end; SIGTERM ends it as Ctrl-C does, with everything closed.

    Raises:
        KeyboardInterrupt: on Ctrl-C and SIGTERM, once all is closed.
    """
    if not logging.getLogger().handlers:
        logging.getLogger("cnc").addHandler(logging.NullHandler())
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_ending_on_sigterm(work))


async def _ending_on_sigterm(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    task = asyncio.current_task()
    assert task is not None
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work
    except asyncio.CancelledError:
        if terminated:
            raise Terminated from None
        raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
