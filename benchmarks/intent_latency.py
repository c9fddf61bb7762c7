"""How soon an intent is answered, cold and beside a running emulator.

Cold: `cnc intent` with nothing running, to the first line of its life cycle and to the end.
Warm: a running emulator with its models loaded, from `recognised` to `planned` as its events
are stamped. Usage: `python benchmarks/intent_latency.py [--cold N] [--warm N]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime

from provenance import print_provenance

TEXT = "low-latency AR for 200 users"
FIRST_S, TOTAL_S, PLAN_MS = 2.0, 25.0, 150.0
CNC = [sys.executable, "-m", "cnc"]


def environment(home: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CNC_")}
    return {**kept, "CNC_HOME": home}


def cold(scenario: str, seed: int) -> tuple[float, float, str]:
    """Seconds to the first line and to the end, and the last event."""
    command = [*CNC, "intent", "--json", "--scenario", scenario, "--seed", str(seed), TEXT]
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment(home)
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            first = time.perf_counter() - began
            lines += list(process.stdout)
        total = time.perf_counter() - began
    return first, total, json.loads(lines[-1])["event"]


@contextlib.contextmanager
def emulator(scenario: str, seed: int) -> Iterator[dict[str, str]]:
    """A running system; the environment of its clients."""
    command = [*CNC, "up", "--json", "--scenario", scenario, "--seed", str(seed)]
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(home),
        ) as process,
    ):  # fmt: skip
        assert process.stderr is not None and process.stdout is not None
        try:
            url = next(line for line in process.stderr if "CNC_BROKER=" in line)
            process.stdout.readline()
            drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
            yield {**environment(home), "CNC_BROKER": url.strip().partition("CNC_BROKER=")[2]}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            drain.wait(10)


def warm(client: dict[str, str]) -> float:
    """Milliseconds from recognised to planned."""
    command = [*CNC, "intent", "--json", "--dry-run", TEXT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=client)
    at = {
        row["event"]: datetime.fromisoformat(row["at"])
        for row in map(json.loads, done.stdout.splitlines())
    }
    return (at["planned"] - at["recognised"]).total_seconds() * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", type=int, default=3)
    parser.add_argument("--warm", type=int, default=10)
    parser.add_argument("--scenario", default="paper")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print_provenance(seeds=[arguments.seed])
    results = [cold(arguments.scenario, arguments.seed) for _ in range(arguments.cold)]
    first = statistics.median(row[0] for row in results)
    total = statistics.median(row[1] for row in results)
    print(f"cold: first line {first:.2f} s (target {FIRST_S:g}), to the end {total:.1f} s (target "
          f"{TOTAL_S:g}), ended {', '.join(row[2] for row in results)}")  # fmt: skip
    with emulator(arguments.scenario, arguments.seed) as client:
        warm(client)  # until the models are loaded
        taken = [warm(client) for _ in range(arguments.warm)]
    plan = statistics.median(taken)
    print(f"warm: recognised to planned {plan:.0f} ms in the median, {min(taken):.0f} to "
          f"{max(taken):.0f} (target {PLAN_MS:g})")  # fmt: skip
    good = first <= FIRST_S and total <= TOTAL_S and plan <= PLAN_MS
    print("reached" if good else "NOT reached")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
