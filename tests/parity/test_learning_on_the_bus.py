"""Learning on the bus: the same numbers as in the simulator, through restarts, and on request."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from orchestrators.systems import System

from cnc.errors import UsageError
from cnc.orchestrators.events import StartedEvent
from cnc.processes import components
from cnc.processes.blueprint import END_TO_END, Blueprint, SystemConfig
from cnc.processes.infrastructure import SlotRecord
from cnc.processes.supervisor import ChildProcesses, run_together
from cnc.training.rollout import rollout

SLOTS = 14
LOAD = 160.0


def config_of(home: Path, **settings: Any) -> SystemConfig:
    return SystemConfig(
        broker=f"memory://learning-{home.name}",
        scenario="small",
        policy="hmarl",
        learn=True,
        load=LOAD,
        home=home,
        reorchestrate=False,
        understand=False,
        grace_s=30.0,
        **settings,
    )


async def test_learning_on_the_bus_equals_learning_in_the_simulator(tmp_path: Path) -> None:
    records: list[SlotRecord] = []
    blueprint = Blueprint(config_of(tmp_path, slots=SLOTS, persist=False))
    async with asyncio.timeout(60):
        await run_together(blueprint, records.append)
    assert blueprint.policy.name == "hmarl-learn"
    direct = list(islice(rollout(blueprint.world, blueprint.policy, 0, LOAD), SLOTS))
    assert not any(record.degraded_timing for record in records)
    for record, reference in zip(records, direct, strict=True):
        assert record.outcome.requests == reference.requests
        assert record.outcome.cost == pytest.approx(reference.cost, rel=1e-6)
    plain = Blueprint(SystemConfig(broker="", scenario="small", policy="hmarl"))
    still = list(islice(rollout(plain.world, plain.policy, 0, LOAD), SLOTS))
    assert still[-1].cost != pytest.approx(direct[-1].cost, rel=1e-6)


@pytest.mark.parametrize("component", ["e2e", "transport", "terminal-1"])
def test_a_reborn_orchestrator_has_not_forgotten(component: str) -> None:
    system, twin = (System(policy="hmarl-learn", load=LOAD) for _ in range(2))
    for _ in range(12):  # the last one is slot 10, a frame start
        system.step()
        twin.step()
    snapshot = json.loads(json.dumps(system.snapshots[component]))
    assert snapshot["agent"]["learning"]["steps"] > 0
    if component == "e2e":
        system.e2e = system.new_e2e()
        system.e2e.handle(StartedEvent(snapshot))
    else:
        system.domains[component] = system.new_domain(component)
        system.domains[component].handle(StartedEvent(snapshot))
    for _ in range(10):
        system.step()
        twin.step()
    assert [o.cost for o in system.outcomes] == [o.cost for o in twin.outcomes]
    again = system.snapshots[component]["agent"]["learning"]
    assert again == twin.snapshots[component]["agent"]["learning"]
    assert again["steps"] > snapshot["agent"]["learning"]["steps"]


async def test_what_was_learned_survives_on_disk(tmp_path: Path) -> None:
    config = config_of(tmp_path, slot_ms=50)
    blueprint = Blueprint(config)
    file = tmp_path / "state" / "cnc_v1" / "e2e.json"
    jobs = {"service": components.run_service(blueprint), "e2e": _e2e(blueprint)}
    jobs |= {d: components.run_domain(blueprint, d) for d in blueprint.world.domain_ids}
    jobs["infrastructure"] = components.run_infrastructure(blueprint)
    tasks = {name: asyncio.create_task(job) for name, job in jobs.items()}
    try:
        async with asyncio.timeout(60):
            await _changed(file, 12)
            tasks["e2e"].cancel()
            await asyncio.gather(tasks["e2e"], return_exceptions=True)
            kept = steps_in(file)
            tasks["e2e"] = asyncio.create_task(_e2e(blueprint))
            # a new one would begin with no step, and write its first snapshot within ten slots
            assert await _changed(file, 0) > kept
        assert not any(task.done() for task in tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _e2e(blueprint: Blueprint) -> None:
    await components.run_end_to_end(blueprint)


def steps_in(file: Path) -> int:
    """Steps in the snapshot on disk, which is replaced, never half written; -1 without one."""
    if not file.exists():
        return -1
    return int(json.loads(file.read_text())["agent"].get("learning", {}).get("steps", -1))


async def _changed(file: Path, least: int) -> int:
    """Steps once the snapshot is another one, with so many at least."""
    old = steps_in(file)
    while (now := steps_in(file)) == old or now < least:  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.05)
    return now


def test_components_as_processes_are_told_to_learn(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert "--learn" in ChildProcesses(config)._command("ran-0")
    assert "--learn" in ChildProcesses(config)._command(END_TO_END)
    plain = SystemConfig(broker="memory://x", policy="hmarl")
    assert "--learn" not in ChildProcesses(plain)._command("ran-0")


def test_a_policy_that_cannot_learn_is_refused() -> None:
    with pytest.raises(UsageError, match="'grd' cannot learn"):
        _ = Blueprint(SystemConfig(broker="", policy="grd", learn=True)).policy


def test_agents_that_do_not_learn_import_no_torch() -> None:
    code = (
        "import sys\n"
        "from cnc.processes.blueprint import Blueprint, SystemConfig\n"
        "plan = Blueprint(SystemConfig(broker='', scenario='small', policy='hmarl'))\n"
        "plan.policy.end_to_end(plan.world, 0)\n"
        "plan.policy.domain(plan.sites[0], 0)\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
