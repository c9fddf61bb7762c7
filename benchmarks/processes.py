"""`cnc up --processes each`: how soon all report, and the memory of all processes together.

Memory is the proportional set size: pages that processes share are counted once. Usage:
`python benchmarks/processes.py [--scenario NAME]`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time

import psutil
from provenance import print_provenance

from cnc.bus.embedded import EmbeddedBroker
from cnc.processes.blueprint import INFRASTRUCTURE, Blueprint, SystemConfig
from cnc.processes.client import client_bus, look

UP_S, MEMORY_GB, PATIENCE_S = 40.0, 3.0, 300.0


async def all_report(url: str, wanted: set[str]) -> None:
    """Until every component is alive and a view of all domains has been made."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        async with client_bus(url) as bus:
            seen = await look(bus, 0.5)
        alive = {name for name in wanted if seen.alive(name)}
        view = seen.view
        if alive == wanted and view is not None and all(d.state == "live" for d in view.domains):
            return
    raise SystemExit(f"not alive within {PATIENCE_S:g} s: {sorted(wanted - alive)}")


def memory(root: psutil.Process) -> tuple[int, float]:
    """Processes and their proportional set size in GB."""
    members = [root, *root.children(recursive=True)]
    total = 0
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += member.memory_full_info().pss
    return len(members), total / 1e9


async def measure(scenario: str, seed: int) -> tuple[float, int, float]:
    wanted = {*Blueprint(SystemConfig("", scenario=scenario, seed=seed)).components()}
    wanted.add(INFRASTRUCTURE)
    with tempfile.TemporaryDirectory() as home:
        async with await EmbeddedBroker.start() as broker:
            began = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cnc", "up", "--processes", "each", "--json",
                "--scenario", scenario, "--seed", str(seed), "--broker", broker.url,
                stdout=subprocess.DEVNULL, env={**os.environ, "CNC_HOME": home},
            )  # fmt: skip
            try:
                await all_report(broker.url, wanted)
                seconds = time.perf_counter() - began
                await asyncio.sleep(20.0)  # E2E and service have loaded their models by then
                count, gigabytes = memory(psutil.Process(process.pid))
            finally:
                process.terminate()
                await process.wait()
    return seconds, count, gigabytes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="paper")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print_provenance(seeds=[arguments.seed])
    seconds, count, gigabytes = asyncio.run(measure(arguments.scenario, arguments.seed))
    print(f"{count} processes are up and report after {seconds:.1f} s (target {UP_S:g})")
    print(f"their proportional set size is {gigabytes:.2f} GB in all (target {MEMORY_GB:g})")
    good = seconds <= UP_S and gigabytes <= MEMORY_GB
    print("reached" if good else "NOT reached")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
