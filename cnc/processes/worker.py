"""One background thread for work that would hold up the event loop.

Unlike the standard library's executors its thread is a daemon: a model that is still loading
never keeps a stopped program alive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnc.errors import RetryableError

WAITING_LIMIT = 1_000
"""Jobs that may wait; more means that the worker cannot keep up, which must be seen."""


@dataclass(frozen=True, eq=False)
class _Job:
    function: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


class Worker:
    """Runs jobs one after the other; make it inside a running loop, end it with `close`."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING_LIMIT)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], Any]) -> Any:
        """The function's result; what it raises is raised here.

        Raises:
            RetryableError: too many jobs wait already.
        """
        loop = asyncio.get_running_loop()
        job = _Job(function, loop, loop.create_future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise RetryableError(
                f"{WAITING_LIMIT} computations wait already; try again in a moment"
            ) from None
        return await job.done

    def close(self) -> None:
        """Take no more jobs; the one that runs is left to itself."""
        while True:
            try:
                self._jobs.put_nowait(None)
                return
            except queue.Full:
                self._jobs.get_nowait()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.done.cancelled():
                continue
            try:
                result = job.function()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the job
                self._tell(job, error=error)
            else:
                self._tell(job, result=result)

    @staticmethod
    def _tell(job: _Job, result: Any = None, error: BaseException | None = None) -> None:
        def settle() -> None:
            if job.done.done():
                return
            if error is not None:
                job.done.set_exception(error)
            else:
                job.done.set_result(result)

        if not job.loop.is_closed():
            job.loop.call_soon_threadsafe(settle)
