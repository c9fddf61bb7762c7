"""Paces and faults of the emulator on the in-memory bus: realtime, silence, refused actuations."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cnc.bus.connect import open_bus
from cnc.messages.presence import Presence
from cnc.processes import components
from cnc.processes.blueprint import Blueprint, SystemConfig
from cnc.processes.infrastructure import SlotRecord
from cnc.processes.supervisor import run_together


def config(name: str, home: Path, **changes: object) -> SystemConfig:
    fields: dict[str, object] = {
        "broker": f"memory://{name}",
        "scenario": "small",
        "load": 90.0,
        "home": home,
        "persist": False,
        "understand": False,
        "reorchestrate": False,
    }
    return SystemConfig(**{**fields, **changes})  # type: ignore[arg-type]


async def test_realtime_slots_keep_their_length_and_the_first_set_is_placed(
    tmp_path: Path,
) -> None:
    records: list[SlotRecord] = []
    system = config("realtime", tmp_path, pace="realtime", slot_ms=150, slots=6)
    began = asyncio.get_running_loop().time()
    await run_together(Blueprint(system), records.append)
    elapsed = asyncio.get_running_loop().time() - began
    assert len(records) == 6
    assert elapsed >= 6 * 0.15
    served = [record for record in records if not record.silent]
    assert served, "no slot was answered in time"
    assert served[-1].outcome.satisfied_share > 0.5


async def test_a_silent_domain_is_waited_for_once_and_then_left_out(tmp_path: Path) -> None:
    blueprint = Blueprint(config("silent", tmp_path, slots=3, grace_s=0.5))
    records: list[SlotRecord] = []
    notices: list[str] = []
    async with open_bus("memory://silent", "terminal-2", layer="domain") as mute:
        await mute.announce(Presence(state="birth", layer="domain"))
        domains = [d for d in blueprint.world.domain_ids if d != "terminal-2"]
        others = [
            asyncio.create_task(components.run_domain(blueprint, domain)) for domain in domains
        ]
        others.append(asyncio.create_task(components.run_end_to_end(blueprint)))
        try:
            await components.run_infrastructure(blueprint, records.append, notices.append)
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
    assert [record.silent for record in records] == [("terminal-2",)] * 3
    assert all(record.degraded_timing for record in records)
    assert sum("terminal-2" in text for text in notices) == 1
    assert records[-1].outcome.satisfied_share > 0.3


async def test_no_slot_begins_while_none_may(tmp_path: Path) -> None:
    blueprint = Blueprint(config("held", tmp_path, slots=2))
    records: list[SlotRecord] = []
    may_go_on = asyncio.Event()
    others = [
        asyncio.create_task(components.run_domain(blueprint, domain))
        for domain in blueprint.world.domain_ids
    ]
    others.append(asyncio.create_task(components.run_end_to_end(blueprint)))
    try:
        slots = asyncio.create_task(
            components.run_infrastructure(blueprint, records.append, None, may_go_on)
        )
        async with open_bus("memory://held", "watcher", layer="client") as bus:
            await bus.subscribe(bus.topics.presence("infrastructure"))
            await anext(bus.messages())
        await asyncio.sleep(0.2)
        assert records == [] and not slots.done()
        may_go_on.set()
        await slots
    finally:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    assert [record.outcome.slot for record in records] == [0, 1]


async def test_without_any_domain_the_emulator_says_what_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnc.errors import ComponentLostError
    from cnc.processes import infrastructure

    monkeypatch.setattr(infrastructure, "START_PATIENCE_S", 0.5)
    blueprint = Blueprint(config("alone", tmp_path, slots=1))
    with pytest.raises(ComponentLostError, match="cnc run domain"):
        await components.run_infrastructure(blueprint)
