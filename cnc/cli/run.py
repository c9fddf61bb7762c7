"""`cnc run`: one component as its own process, on any host that reaches the broker."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnc.cli.guard import run
from cnc.cli.options import (
    ROOT,
    Broker,
    Common,
    Embedder,
    Home,
    Json,
    Learn,
    Load,
    Pace,
    Policy,
    Scenario,
    Seed,
    TopicRoot,
    required_broker,
    system_config,
)
from cnc.cli.output import emit, notice
from cnc.policies.registry import DEFAULT as DEFAULT_POLICY

if TYPE_CHECKING:
    from cnc.processes.blueprint import Blueprint, SystemConfig

HELP = """Run one component as its own process, on any host that reaches the broker.

Example: cnc run domain ran-3 --broker mqtt://10.0.0.5:1883

All components of a system are given the same scenario, seed, load and policy, and --learn where
it learns.
"""
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option("--log-level", help="What is logged on stderr."),
]
SlotMs = Annotated[int, typer.Option("--slot-ms", min=0, metavar="MS", help="Length of a slot.")]
PaceOption = Annotated[Pace, typer.Option("--pace", help="Of the slots.")]
Reorchestrate = Annotated[bool, typer.Option("--reorchestrate/--no-reorchestrate")]


def _configured(
    context: typer.Context, what: str, log_level: str, broker: str | None, **settings: Any
) -> SystemConfig:
    _logging(log_level)
    common = Common(context)
    settings["home"] = common.home(settings["home"])
    url = required_broker(common.broker(broker), f"run {what}")
    return system_config(broker=url, **settings)


def _logging(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _go(
    work: Callable[[Blueprint], Coroutine[Any, Any, None]], config: SystemConfig, name: str
) -> None:
    from cnc.bus.address import parse_address
    from cnc.cli.guard import Terminated
    from cnc.processes.blueprint import Blueprint

    if os.environ.get("CNC_PARENT") is None:
        notice(f"{name} for the broker at {parse_address(config.broker).shown}; Ctrl-C ends it")
    try:
        run(_until_parent_ends(work(Blueprint(config))))
    except Terminated:
        if os.environ.get("CNC_PARENT") is None:
            notice("stopped")


async def _until_parent_ends(work: Coroutine[Any, Any, None]) -> None:
    """A child of `cnc up` ends when its parent is gone, however that ended."""
    parent = os.environ.get("CNC_PARENT")
    task = asyncio.ensure_future(work)
    if parent is None:
        await task
        return
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=1.0)
            if os.getppid() != int(parent):
                notice("the parent process is gone; ends")
                return
        task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def domain(
    context: typer.Context,
    domain_id: Annotated[str, typer.Argument(metavar="ID", help="Such as ran-3.")],
    policy: Policy = DEFAULT_POLICY,
    learn: Learn = False,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    pace: PaceOption = "lockstep",
    slot_ms: SlotMs = 0,
    reorchestrate: Reorchestrate = True,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    log_level: LogLevel = "info",
    json_output: Json = False,
) -> None:
    """Run one domain orchestrator.

    Example: cnc run domain ran-3 --broker mqtt://127.0.0.1:1883
    """
    from cnc.processes import components

    config = _configured(
        context, "domain", log_level, broker, home=home, policy=policy, learn=learn,
        scenario=scenario, seed=seed, load=load, pace=pace, slot_ms=slot_ms, topic_root=topic_root,
        reorchestrate=reorchestrate,
    )  # fmt: skip
    _go(
        lambda blueprint: components.run_domain(blueprint, domain_id), config, f"domain {domain_id}"
    )


def end_to_end(
    context: typer.Context,
    policy: Policy = DEFAULT_POLICY,
    learn: Learn = False,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    pace: PaceOption = "lockstep",
    slot_ms: SlotMs = 0,
    reorchestrate: Reorchestrate = True,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    log_level: LogLevel = "info",
    json_output: Json = False,
) -> None:
    """Run the end-to-end orchestrator.

    Example: cnc run e2e --broker mqtt://127.0.0.1:1883
    """
    from cnc.processes import components

    config = _configured(
        context, "e2e", log_level, broker, home=home, policy=policy, learn=learn,
        scenario=scenario, seed=seed, load=load, pace=pace, slot_ms=slot_ms, topic_root=topic_root,
        reorchestrate=reorchestrate, embedder=embedder,
    )  # fmt: skip
    _go(lambda blueprint: components.run_end_to_end(blueprint), config, "e2e")


def service(
    context: typer.Context,
    policy: Policy = DEFAULT_POLICY,
    learn: Learn = False,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    pace: PaceOption = "lockstep",
    slot_ms: SlotMs = 0,
    reorchestrate: Reorchestrate = True,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    log_level: LogLevel = "info",
    json_output: Json = False,
) -> None:
    """Run the service orchestrator.

    Example: cnc run service --broker mqtt://127.0.0.1:1883
    """
    from cnc.processes import components

    config = _configured(
        context, "service", log_level, broker, home=home, policy=policy, learn=learn,
        scenario=scenario, seed=seed, load=load, pace=pace, slot_ms=slot_ms, topic_root=topic_root,
        reorchestrate=reorchestrate, embedder=embedder,
    )  # fmt: skip
    _go(lambda blueprint: components.run_service(blueprint), config, "service")


def infrastructure(
    context: typer.Context,
    policy: Policy = DEFAULT_POLICY,
    learn: Learn = False,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    pace: PaceOption = "lockstep",
    slot_ms: SlotMs = 0,
    slots: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N slots.")
    ] = None,
    reorchestrate: Reorchestrate = True,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    log_level: LogLevel = "info",
    json_output: Json = False,
) -> None:
    """Run the infrastructure emulator; with --json one object a slot.

    Example: cnc run infrastructure --broker mqtt://127.0.0.1:1883 --load 800
    """
    from cnc.processes import components

    config = _configured(
        context, "infrastructure", log_level, broker, home=home, policy=policy, learn=learn,
        scenario=scenario, seed=seed, load=load, pace=pace, slot_ms=slot_ms, slots=slots,
        topic_root=topic_root, reorchestrate=reorchestrate,
    )  # fmt: skip
    on_slot: Any = None
    if Common(context).json(json_output):
        from cnc.cli.up import slot_document

        def on_slot(record: Any) -> None:
            emit(slot_document(record))

    _go(
        lambda blueprint: components.run_infrastructure(blueprint, on_slot),
        config,
        "infrastructure",
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "service": service,
    "e2e": end_to_end,
    "domain": domain,
    "infrastructure": infrastructure,
}
