"""The slot cycle of the whole system against the same messages exchanged empty, in one run.

21 domains, GRD, lockstep, Mosquitto, all in one process. The empty exchange is that of
`bus_cycle.py`: 84 messages a slot of the same sizes through the same clients, without any
decision. Usage: `python benchmarks/slot_cycle.py [--slots N] [--engine mosquitto|nats]`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import uvloop
from bus_cycle import measure_on
from provenance import print_provenance

from cnc.bus.embedded import EmbeddedBroker
from cnc.processes.blueprint import Blueprint, SystemConfig
from cnc.processes.infrastructure import SlotRecord
from cnc.processes.supervisor import run_together

TARGET_RATIO = 4.0
TARGET_SLOT_MS = 1_000.0


async def measure_system(engine: str, slots: int, load: float) -> list[float]:
    records: list[SlotRecord] = []
    with tempfile.TemporaryDirectory() as home:
        async with await EmbeddedBroker.start(force=engine) as broker:  # type: ignore[arg-type]
            config = SystemConfig(
                broker=broker.url,
                load=load,
                slots=slots,
                home=Path(home),
                persist=False,
                understand=False,
            )
            await run_together(Blueprint(config), records.append)
    return [record.duration_ms for record in records]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=200)
    parser.add_argument("--engine", default="mosquitto")
    parser.add_argument("--load", type=float, default=300.0)
    arguments = parser.parse_args()
    print_provenance(seeds=[0])
    empty = uvloop.run(measure_on(arguments.engine, slots=arguments.slots))
    full = uvloop.run(measure_system(arguments.engine, arguments.slots, arguments.load))
    again = uvloop.run(measure_on(arguments.engine, slots=arguments.slots))
    baseline = min(empty.p50_ms, again.p50_ms)
    median = statistics.median(full)
    ratio = median / baseline
    print(f"empty exchange   p50 {empty.p50_ms:6.1f} ms before, {again.p50_ms:6.1f} ms after")
    print(f"whole system     p50 {median:6.1f} ms, slowest slot {max(full):6.1f} ms")
    print(f"ratio            {ratio:.2f} (target at most {TARGET_RATIO:g})")
    good = ratio <= TARGET_RATIO and max(full) <= TARGET_SLOT_MS
    print("reached" if good else "NOT reached")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
