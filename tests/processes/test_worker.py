"""The background thread: results and errors come back, and it never keeps a program alive."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from cnc.errors import IntentError
from cnc.processes.worker import Worker


async def test_results_and_errors_come_back_in_order() -> None:
    worker = Worker("test-worker")
    seen: list[int] = []

    def job(number: int) -> int:
        seen.append(number)
        return number * 2

    results = await asyncio.gather(*(worker.run(lambda n=n: job(n)) for n in range(20)))
    assert results == [2 * n for n in range(20)]
    assert seen == list(range(20))

    def fail() -> None:
        raise IntentError("cannot be met")

    with pytest.raises(IntentError, match="cannot be met"):
        await worker.run(fail)
    worker.close()


async def test_the_loop_goes_on_while_the_worker_works() -> None:
    worker, release = Worker("test-worker"), threading.Event()
    waiting = asyncio.ensure_future(worker.run(release.wait))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    release.set()
    assert await waiting is True
    worker.close()


async def test_a_job_that_nobody_waits_for_any_more_is_not_started() -> None:
    worker, release = Worker("test-worker"), threading.Event()
    ran: list[str] = []
    first = asyncio.ensure_future(worker.run(release.wait))
    second = asyncio.ensure_future(worker.run(lambda: ran.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    release.set()
    await first
    await worker.run(lambda: ran.append("third"))
    assert ran == ["third"]
    worker.close()


def test_a_job_that_hangs_does_not_keep_the_program_alive() -> None:
    program = (
        "import asyncio, threading\n"
        "from cnc.processes.worker import Worker\n"
        "async def main():\n"
        "    worker = Worker('w')\n"
        "    task = asyncio.ensure_future(worker.run(threading.Event().wait))\n"
        "    await asyncio.sleep(0.1)\n"
        "    task.cancel()\n"
        "    worker.close()\n"
        "asyncio.run(main())\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 0
    assert time.monotonic() - began < 60
