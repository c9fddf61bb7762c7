"""All components together: in one process, or an operating-system process each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from cnc.bus.address import parse_address
from cnc.processes import components
from cnc.processes.blueprint import END_TO_END, INFRASTRUCTURE, SERVICE, Blueprint, SystemConfig

logger = logging.getLogger("cnc.supervisor")

END_PATIENCE_S = 5.0
"""How long a child may take to end after SIGTERM before it is killed."""


async def run_together(
    blueprint: Blueprint,
    on_slot: components.SlotCallback | None = None,
    on_notice: components.Notice | None = None,
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
                env={
                    **os.environ,
                    "CNC_PARENT": str(os.getpid()),
                    "CNC_BROKER": self._config.broker,  # where others cannot read a password
                    "OMP_NUM_THREADS": "1",
                },
                start_new_session=True,
            )

    def _command(self, name: str) -> list[str]:
        config = self._config
        command = [
            sys.executable, "-m", "cnc", "run", *_role(name),
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
        if config.learn:
            command.append("--learn")
        return command

    async def watch(self, on_notice: components.Notice) -> None:
        """Say when a child ends early; the others go on without it. Ends when all have ended."""
        waits = {
            asyncio.create_task(process.wait()): name for name, process in self.processes.items()
        }
        try:
            while waits:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = waits.pop(task)
                    on_notice(
                        f"{name} ended with exit code {task.result()}; the others go on without "
                        f"it. Start it again: cnc run {' '.join(_role(name))} "
                        f"{_as_options(self._config)}"
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


def _role(name: str) -> list[str]:
    """How `cnc run` names a component."""
    return [name] if name in (SERVICE, END_TO_END) else ["domain", name]


def _as_options(config: SystemConfig) -> str:
    """What another `cnc run` must be given to join this system; passwords are left out."""
    usual = SystemConfig(broker="")
    options = {
        name: getattr(config, name)
        for name in ("scenario", "seed", "load", "policy", "pace", "slot_ms", "topic_root", "home")
        if getattr(config, name) != getattr(usual, name)
    }
    told = {"broker": parse_address(config.broker).shown, **options}
    words = [
        word for name, value in told.items() for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    return shlex.join([*words, *(["--learn"] if config.learn else [])])


async def run_apart(
    blueprint: Blueprint,
    on_slot: components.SlotCallback | None = None,
    on_notice: components.Notice | None = None,
    log_level: str = "error",
) -> None:
    """Run every orchestrator as its own process, and the infrastructure in this one.

    A child that ends early is told of; the system goes on without it.

    Raises:
        CncError: the infrastructure failed, or a child could not be started.
    """
    tell = on_notice or logger.warning
    children = ChildProcesses(blueprint.config, log_level)
    watcher: asyncio.Task[None] | None = None
    try:
        await children.start(blueprint.components())
        watcher = asyncio.create_task(children.watch(tell))
        await components.run_infrastructure(blueprint, on_slot, on_notice)
    finally:
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        await children.stop()
