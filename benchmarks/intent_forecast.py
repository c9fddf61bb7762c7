"""How well the share in time that is predicted before acting agrees with what is measured.

    python benchmarks/intent_forecast.py

Each request is a call of `cnc intent` of its own (policy hmarl, scenario paper, load 300, seed 0,
an empty home folder, so that no history of another request is retrieved). Printed are the state of
the feasibility check, the predicted share, and the share measured over 20 slots. Requests that the
check refuses are not measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from provenance import print_provenance

SLOTS = 20
REQUESTS = (
    "AR for 200 users within 100 ms",
    "AR for 800 users within 100 ms",
    "AR for 1600 users within 100 ms",
    "AR for 2200 users within 100 ms",
    "AR for 200 users within 50 ms",
    "AR for 800 users within 50 ms",
    "video surveillance for 400 cameras within 300 ms",
    "video surveillance for 800 cameras within 300 ms",
    "LLM inference for 200 users within 1 s",
    "LLM inference for 600 users within 1 s",
)


def outcome(request: str) -> list[dict[str, Any]]:
    """The events of one request."""
    with TemporaryDirectory() as home:
        command = [sys.executable, "-m", "cnc", "intent", request, "--json", "--home", home]
        result = subprocess.run(
            [*command, "--slots", str(SLOTS)], capture_output=True, text=True, check=False
        )
    return [json.loads(line) for line in result.stdout.splitlines()]


def main() -> None:
    """Print a row a request."""
    print_provenance(seeds=[0])
    for request in REQUESTS:
        events = outcome(request)
        checked = next((e["feasibility"] for e in events if "feasibility" in e), None)
        if checked is None:
            print(f"| {request} | {events[-1]['event']} | | |")
            continue
        measured = events[-1].get("measured")
        share = "" if measured is None else f"{measured['satisfied_share']:.1%}"
        print(
            f"| {request} | {checked['state']} | {checked['predicted_share']:.1%} | {share} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
