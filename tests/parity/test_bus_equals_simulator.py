"""What is trained offline is what runs on the bus: the same policies, slot by slot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import pytest

from cnc.bus.embedded import EmbeddedBroker
from cnc.processes.blueprint import Blueprint, SystemConfig
from cnc.processes.infrastructure import SlotRecord
from cnc.processes.supervisor import run_together
from cnc.training.rollout import rollout

SLOTS = 30
BROKERS = [
    "memory",
    pytest.param("nats", marks=pytest.mark.broker),
    pytest.param("mosquitto", marks=pytest.mark.broker),
]


@asynccontextmanager
async def broker_url(kind: str) -> AsyncIterator[str]:
    if kind == "memory":
        yield f"memory://parity-{id(asyncio.get_running_loop())}"
        return
    async with await EmbeddedBroker.start(force=kind) as broker:  # type: ignore[arg-type]
        yield broker.url


async def run_on_bus(kind: str, policy: str, home: Path, load: float) -> list[SlotRecord]:
    records: list[SlotRecord] = []
    async with broker_url(kind) as url:
        config = SystemConfig(
            broker=url,
            policy=policy,
            load=load,
            slots=SLOTS,
            home=home,
            persist=False,
            reorchestrate=False,
            understand=False,
            grace_s=30.0,
        )
        async with asyncio.timeout(100):
            await run_together(Blueprint(config), records.append)
    return records


@pytest.mark.parametrize("kind", BROKERS)
@pytest.mark.parametrize(("policy", "load"), [("grd", 300.0), ("rand", 900.0), ("hmarl", 900.0)])
async def test_a_run_on_the_bus_equals_the_same_policies_called_directly(
    kind: str, policy: str, load: float, tmp_path: Path
) -> None:
    records = await run_on_bus(kind, policy, tmp_path, load)

    blueprint = Blueprint(SystemConfig(broker="", policy=policy, load=load))
    direct = list(islice(rollout(blueprint.world, blueprint.policy, 0, load), SLOTS))
    assert [r.outcome.slot for r in records] == list(range(SLOTS))
    assert not any(record.degraded_timing for record in records)
    for record, reference in zip(records, direct, strict=True):
        outcome = record.outcome
        assert outcome.requests == reference.requests
        assert outcome.energy_j == pytest.approx(reference.energy_j, rel=1e-6)
        assert outcome.satisfied == pytest.approx(reference.satisfied, rel=1e-6)
        assert outcome.cost == pytest.approx(reference.cost, rel=1e-6)


async def test_two_runs_with_the_same_seed_are_the_same(tmp_path: Path) -> None:
    first = await run_on_bus("memory", "grd-plus", tmp_path, 600.0)
    second = await run_on_bus("memory", "grd-plus", tmp_path, 600.0)
    assert [r.outcome.cost for r in first] == [r.outcome.cost for r in second]
