"""Systems for the time of one call: a whole emulator, or the service orchestrator alone."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from cnc.bus.embedded import EmbeddedBroker
from cnc.errors import BusError, CncError, ComponentLostError, RetryableError, StorageError
from cnc.processes import components
from cnc.processes.blueprint import SERVICE, Blueprint, SystemConfig
from cnc.processes.client import OWN_CONNECT_S, client_bus, look
from cnc.settings import ensure_home

LOCK_S = 20.0
"""Wait for another command that uses the same home folder."""
BIRTH_S = 30.0
READY_S = 20.0
"""Slots start after this even without models and knowledge."""


@asynccontextmanager
async def emulator(
    config: SystemConfig,
    on_notice: Callable[[str], None] | None = None,
    may_go_on: asyncio.Event | None = None,
) -> AsyncIterator[tuple[SystemConfig, Callable[[], None]]]:
    """An embedded broker and the whole emulator in this process, ended afterwards.

    Args:
        config: of the system.
        on_notice: gets lines for people.
        may_go_on: while it is not set, no slot begins: time stands still while a user thinks.

    Yields:
        The configuration with the broker's address, and a function that raises what a component
        failed with, if one did.

    Raises:
        CncError: the broker or a component could not start.
    """
    blueprint_check(config)
    async with await EmbeddedBroker.start() as broker:
        running = replace(config, broker=broker.url, persist=False)
        task = asyncio.create_task(_run(running, on_notice, may_go_on))
        lost = asyncio.create_task(broker.ended())

        def check() -> None:
            if lost.done():
                raise BusError(f"{lost.result()}, and the emulator with it; repeat the request")
            if task.done():
                task.result()
                raise ComponentLostError("the emulator ended before the call was done; try again")

        try:
            yield running, check
        finally:
            task.cancel()
            lost.cancel()
            await asyncio.gather(task, lost, return_exceptions=True)


def blueprint_check(config: SystemConfig) -> None:
    """Fail early and plainly: an unknown policy, a broken scenario, an unusable home.

    Raises:
        CncError: what is wrong and what to do.
    """
    blueprint = Blueprint(config)
    _ = blueprint.policy
    _ = blueprint.world
    if config.database is None:
        _check_database(ensure_home(config.home) / "cnc.db")


def _check_database(path: Path) -> None:
    """Whether it is a database at all; a read-only look without loading a library."""
    if not path.exists():
        return
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        return  # busy, or not readable in this way: whoever opens it says more
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"the database {path} failed ({error}); it was left as it was: move it away and "
            "restore a backup or import an export (cnc knowledge import FILE), or name another "
            "with --home DIR or CNC_DATABASE=URL"
        ) from error


async def _run(
    config: SystemConfig,
    on_notice: Callable[[str], None] | None,
    may_go_on: asyncio.Event | None,
) -> None:
    """E2E first, so that the user is answered while the simulator is still loading."""
    blueprint = Blueprint(config)
    await asyncio.to_thread(getattr, blueprint, "world")
    ready = asyncio.Event()
    tasks = [
        asyncio.create_task(components.run_end_to_end(blueprint, on_notice, ready)),
        asyncio.create_task(components.run_service(blueprint, on_notice)),
    ]
    try:
        await asyncio.to_thread(importlib.import_module, "cnc.processes.infrastructure")
        await _either(ready, tasks)
        tasks += [
            asyncio.create_task(components.run_domain(blueprint, domain, on_notice))
            for domain in blueprint.world.domain_ids
        ]
        slots = components.run_infrastructure(blueprint, None, on_notice, may_go_on)
        tasks.append(asyncio.create_task(slots))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _either(ready: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Slots that run while models load only slow them down: wait, but not for ever.

    Raises:
        CncError: what a component failed with in the meantime.
    """
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({waiting, *tasks}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        waiting.cancel()


@asynccontextmanager
async def steward(
    config: SystemConfig, on_notice: Callable[[str], None] | None = None
) -> AsyncIterator[SystemConfig]:
    """The service orchestrator alone, on an embedded broker, under a lock in the home folder.

    What runs inside ends with it: nobody would answer.

    Raises:
        RetryableError: another command holds the home folder.
        CncError: the broker, the home folder or a store cannot be used.
    """
    home = ensure_home(config.home)
    lock = FileLock(home / "cnc.lock")
    try:
        await asyncio.to_thread(lock.acquire, timeout=LOCK_S)
    except Timeout as error:
        raise RetryableError(
            f"another cnc command uses {home}; wait for it, or name another home with --home DIR"
        ) from error
    try:
        async with await EmbeddedBroker.start() as broker:
            running = replace(config, broker=broker.url, persist=False)
            task = asyncio.create_task(components.run_service(Blueprint(running), on_notice))
            try:
                await _born(running, task)
                async with _while_running(task):
                    yield running
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    finally:
        lock.release()


@asynccontextmanager
async def _while_running(task: asyncio.Task[None]) -> AsyncIterator[None]:
    """Cancels what runs inside when a task ends, and raises what that ended with."""
    inside = asyncio.current_task()
    assert inside is not None

    def ended(_: asyncio.Task[None]) -> None:
        inside.cancel()

    task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if not task.done() or inside.uncancel() > 0:
            raise
        task.result()
        raise CncError("the service orchestrator ended; try again") from None
    finally:
        task.remove_done_callback(ended)


async def _born(config: SystemConfig, task: asyncio.Task[None]) -> None:
    async with client_bus(config.broker, config.topic_root, OWN_CONNECT_S) as bus:
        looking = asyncio.create_task(look(bus, BIRTH_S, until=SERVICE))
        await asyncio.wait({looking, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            task.result()
            raise CncError("the service orchestrator ended at once")
        await looking
