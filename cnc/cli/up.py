"""`cnc up`: the whole emulator, with a live table."""

from __future__ import annotations

import asyncio
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
    system_config,
)
from cnc.cli.output import emit, notice
from cnc.cli.waiting import waiting
from cnc.errors import UsageError
from cnc.policies.registry import DEFAULT as DEFAULT_POLICY

if TYPE_CHECKING:
    from cnc.bus.embedded import EmbeddedBroker
    from cnc.processes.blueprint import SystemConfig
    from cnc.processes.infrastructure import SlotRecord

CALM_SLOT_MS = 200
"""Least length of a lockstep slot when `up` runs without an end, to leave the machine usable."""


def up(
    context: typer.Context,
    processes: Annotated[
        Literal["one", "each"],
        typer.Option(help="All layers in one process, or an operating-system process each."),
    ] = "one",
    policy: Policy = DEFAULT_POLICY,
    learn: Learn = False,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    pace: Annotated[
        Pace, typer.Option(help="Virtual time that waits for all, or wall-clock slots.")
    ] = "lockstep",
    slot_ms: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="MS",
            help="Length of a slot (realtime, default 1000) or the least one (lockstep, default "
            f"{CALM_SLOT_MS}, or 0 with --slots).",
        ),
    ] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after N slots.")
    ] = None,
    reorchestrate: Annotated[
        bool,
        typer.Option(
            "--reorchestrate/--no-reorchestrate",
            help="Act on sustained violations, overload and hotspot shifts.",
        ),
    ] = True,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Run the emulator: service, end-to-end and domain orchestrators, infrastructure.

    Example: cnc up --processes each --load 800

    Without --broker an embedded broker is started; its address is printed.
    """
    common = Common(context)
    if slot_ms is None:
        slot_ms = 1000 if pace == "realtime" else 0 if slots else CALM_SLOT_MS
    if pace == "realtime" and slot_ms < 20:
        raise UsageError("a realtime slot lasts at least 20 ms; give --slot-ms 20 or more")
    config = system_config(
        broker=common.broker(broker),
        home=common.home(home),
        scenario=scenario,
        seed=seed,
        load=load,
        policy=policy,
        learn=learn,
        embedder=embedder,
        topic_root=topic_root,
        pace=pace,
        slot_ms=slot_ms,
        slots=slots,
        reorchestrate=reorchestrate,
    )
    run(_up(config, processes == "each", common.json(json_output)))


async def _up(config: SystemConfig, each: bool, as_json: bool) -> None:
    from dataclasses import replace

    with waiting("building the world"):
        from cnc.bus.embedded import EmbeddedBroker
        from cnc.processes.session import blueprint_check

        await asyncio.to_thread(blueprint_check, config)
    if config.broker:
        await _run(config, each, as_json)
        return
    async with await EmbeddedBroker.start(config.home) as embedded:
        notice(f"embedded broker ({embedded.engine}) at {embedded.url}")
        notice(f"other terminals: export CNC_BROKER={embedded.url}")
        await _with_broker(embedded, _run(replace(config, broker=embedded.url), each, as_json))


async def _with_broker(embedded: EmbeddedBroker, work: Coroutine[Any, Any, None]) -> None:
    """Work on an embedded broker, which is started again where it ends by itself."""

    async def keep() -> None:
        while True:
            notice(f"{await embedded.ended()}; it is started again")
            await embedded.restart()

    tasks = [asyncio.create_task(work), asyncio.create_task(keep())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(config: SystemConfig, each: bool, as_json: bool) -> None:
    from cnc.processes.blueprint import Blueprint

    blueprint = Blueprint(config)
    if as_json:
        await _apart_or_together(config, blueprint, each, _emit_slot, None)
        return
    from cnc.cli.up_view import UpView

    with UpView(config) as view:
        await _apart_or_together(config, blueprint, each, view.record, view.look)


async def _apart_or_together(
    config: SystemConfig,
    blueprint: Any,
    each: bool,
    on_slot: Callable[[Any], None],
    on_look: Callable[[Any], None] | None,
) -> None:
    from cnc.processes import supervisor
    from cnc.processes.follow import follow_system

    beside = None if on_look is None else asyncio.create_task(follow_system(config, on_look))
    runs = supervisor.run_apart if each else supervisor.run_together
    try:
        await runs(blueprint, on_slot, notice)
    finally:
        if beside is not None:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)


def _emit_slot(record: SlotRecord) -> None:
    emit(slot_document(record))


def slot_document(record: SlotRecord) -> dict[str, Any]:
    """One slot as docs/cli.md says it."""
    outcome = record.outcome
    return {
        "slot": outcome.slot,
        "energy_j": outcome.energy_j,
        "satisfied_share": outcome.satisfied_share,
        "requests": outcome.requests,
        "cost": outcome.cost,
        "duration_ms": record.duration_ms,
        "silent": list(record.silent),
    }
