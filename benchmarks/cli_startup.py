"""How soon client commands answer: `cnc --help` and others that must load no model.

Usage: `python benchmarks/cli_startup.py [--repeats N]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from provenance import print_provenance

TARGET_S = 0.3
COMMANDS = (["--help"], ["--version"], ["intent", "--help"], ["bus", "schema"])


def seconds(args: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cnc", *args],
        stdout=subprocess.DEVNULL, check=True, env={**os.environ},
    )  # fmt: skip
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    print_provenance()
    seconds(["--help"])  # compiled and in the page cache
    medians = {}
    for args in COMMANDS:
        taken = [seconds(args) for _ in range(arguments.repeats)]
        medians[args[0]] = statistics.median(taken)
        name = f"cnc {' '.join(args)}"
        print(f"{name:<22} median {medians[args[0]]:.3f} s, {min(taken):.3f} to {max(taken):.3f}")
    good = medians["--help"] <= TARGET_S
    print(f"target {TARGET_S} s for cnc --help: {'reached' if good else 'NOT reached'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
