"""All components together: in one process, or an operating-system process each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from cnc.errors import CncError, ComponentLostError
from cnc.processes import components
from cnc.processes.blueprint import END_TO_END, INFRASTRUCTURE, SERVICE, Blueprint, SystemConfig

logger = logging.getLogger("cnc.supervisor")

END_PATIENCE_S = 5.0
"""How long a child may take to end after SIGTERM before it is killed."""


async def run_together(
    blueprint: Blueprint,
    on_slot: components.SlotCallback | None = None,
    on_notice: components.Notice | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run every component in this process until the emulator is done.

    The first component that fails ends all others and its error is raised.

    Raises:
        CncError: what the failed component raised.
    """
    work: dict[str, Coroutine[Any, Any, None]] = {
        SERVICE: components.run_service(blueprint, on_notice),
        END_TO_END: components.run_end_to_end(blueprint, on_notice),
    }
    for domain in blueprint.world.domain_ids:
        work[domain] = components.run_domain(blueprint, domain, on_notice)
    emulator = components.run_infrastructure(blueprint, on_slot, on_notice)
    tasks = [asyncio.create_task(job, name=name) for name, job in work.items()]
    main = asyncio.create_task(emulator, name=INFRASTRUCTURE)
    if ready is not None:
        ready()
    try:
        done, _ = await asyncio.wait([main, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
            if task is not main:
                logger.warning("%s has ended", task.get_name())
        if main not in done:
            await main
    finally:
        for task in (main, *tasks):
            task.cancel()
        await asyncio.gather(main, *tasks, return_exceptions=True)


class ChildProcesses:
    """Every component as an operating-system process, ended together.

    Children get SIGTERM, then SIGKILL; on Linux they also end when this process dies.
    """

    def __init__(self, config: SystemConfig, log_level: str = "warning") -> None:
        self._config = config
        self._log_level = log_level
        self.processes: dict[str, asyncio.subprocess.Process] = {}

    async def start(self, names: tuple[str, ...]) -> None:
        """Start one child a component."""
        for name in names:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *self._command(name),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                env={**os.environ, "CNC_PARENT": str(os.getpid()), "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )

    def _command(self, name: str) -> list[str]:
        config = self._config
        role = ["domain", name] if name not in (SERVICE, END_TO_END, INFRASTRUCTURE) else [name]
        command = [
            sys.executable, "-m", "cnc", "run", *role,
            "--broker", config.broker,
            "--home", str(config.home),
            "--scenario", config.scenario,
            "--seed", str(config.seed),
            "--load", str(config.load),
            "--policy", config.policy,
            "--pace", config.pace,
            "--slot-ms", str(config.slot_ms),
            "--topic-root", config.topic_root,
            "--log-level", self._log_level,
        ]  # fmt: skip
        if not config.reorchestrate:
            command.append("--no-reorchestrate")
        if name == INFRASTRUCTURE and config.slots is not None:
            command += ["--slots", str(config.slots)]
        return command

    async def watch(self) -> None:
        """Return when the emulator has ended well.

        Raises:
            ComponentLostError: a child ended early; the message names it and its exit code.
        """
        waits = {
            asyncio.create_task(process.wait(), name=name): name
            for name, process in self.processes.items()
        }
        try:
            while True:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name, code = waits.pop(task), task.result()
                    if name == INFRASTRUCTURE and code == 0:
                        return
                    raise ComponentLostError(
                        f"{name} ended with exit code {code}; its messages are above. Start it "
                        f"again with `cnc run {name}`"
                    )
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def stop(self) -> None:
        """End all children and wait for them."""
        running = [p for p in self.processes.values() if p.returncode is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        if running:
            waits = [asyncio.create_task(process.wait()) for process in running]
            _, late = await asyncio.wait(waits, timeout=END_PATIENCE_S)
            if late:
                for process in running:
                    if process.returncode is None:
                        process.kill()
                await asyncio.wait(late)


async def run_apart(
    config: SystemConfig,
    blueprint: Blueprint,
    follow: Coroutine[Any, Any, None] | None = None,
    log_level: str = "warning",
) -> None:
    """Run every component as its own process; `follow` runs beside them.

    Raises:
        ComponentLostError: a child ended early.
    """
    children = ChildProcesses(config, log_level)
    beside = None if follow is None else asyncio.create_task(follow)
    try:
        await children.start((*blueprint.components(), INFRASTRUCTURE))
        await children.watch()
    finally:
        await children.stop()
        if beside is not None:
            beside.cancel()
            results = await asyncio.gather(beside, return_exceptions=True)
            for result in results:
                if isinstance(result, CncError):
                    logger.warning("%s", result)
