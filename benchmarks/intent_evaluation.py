"""How well intents are recognised on the held-out sets of `intents/evaluation/`.

    python benchmarks/intent_evaluation.py [--json FILE] [--no-second] [--errors]

Prints shares with Wilson intervals (95 %), AUROC with a bootstrap interval (seed 0), typing slips
in one word of five (seed 1), latency and memory, and the command, commit and machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cnc.embedding import load_embedder, load_multilingual
from cnc.errors import IntentError
from cnc.intents.catalogue import load_catalogue
from cnc.intents.evaluation import Labelled, answer_of, held_out, wrong_slots
from cnc.intents.examples import with_typos
from cnc.intents.normaliser import normalise
from cnc.intents.recogniser import Recogniser
from cnc.intents.slots import read_stated
from cnc.messages.intents import Recognition


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Interval of a share."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low = (centre - spread) / (1 + z * z / total)
    high = (centre + spread) / (1 + z * z / total)
    return max(0.0, low), min(1.0, high)


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a request scores above an everyday text."""
    return float(
        (positive[:, None] > negative[None, :]).mean()
        + 0.5 * (positive[:, None] == negative[None, :]).mean()
    )


class Report:
    """Prints figures as they come and keeps them."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def share(self, name: str, hits: int, total: int) -> None:
        """A share with its interval."""
        low, high = wilson(hits, total)
        self.rows[name] = {"share": hits / max(total, 1), "low": low, "high": high, "n": total}
        print(f"{name:<44} {hits / max(total, 1):7.1%}  [{low:.1%}, {high:.1%}]  {hits}/{total}")

    def value(self, name: str, value: float, note: str = "") -> None:
        """A plain number."""
        self.rows[name] = {"value": value, "note": note}
        print(f"{name:<44} {value:8.4g}  {note}")


def requests(
    report: Report,
    name: str,
    recognise: Callable[[str], Recognition],
    rows: list[Labelled],
    errors: bool,
) -> list[float]:
    """Accepted with the right service; right at all (accepted or offered first)."""
    accepted = right = asked = 0
    scores = []
    for row in rows:
        found = recognise(row.text)
        good = answer_of(found) == row.label
        right += good
        accepted += good and found.outcome == "accepted"
        asked += found.outcome == "ask"
        scores.append(found.in_domain)
        if errors and not (good and found.outcome == "accepted"):
            print(f"    {found.outcome} {answer_of(found)} not {row.label}: {row.text}")
    report.share(f"{name}: right service accepted", accepted, len(rows))
    report.share(f"{name}: right service accepted or first", right, len(rows))
    report.share(f"{name}: asked", asked, len(rows))
    return scores


def refusals(
    report: Report,
    name: str,
    recognise: Callable[[str], Recognition],
    rows: list[Labelled],
    reason: str,
    errors: bool,
) -> list[float]:
    """Accepted although it should not; refused for the right reason."""
    found = [recognise(row.text) for row in rows]
    if errors:
        for row, one in zip(rows, found, strict=True):
            if one.outcome != "refused" or one.reason != reason:
                print(f"    {one.outcome} {answer_of(one)}: {row.text}")
    report.share(f"{name}: accepted", sum(f.outcome == "accepted" for f in found), len(rows))
    report.share(f"{name}: asked", sum(f.outcome == "ask" for f in found), len(rows))
    report.share(f"{name}: right reason", sum(f.reason == reason for f in found), len(rows))
    return [one.in_domain for one in found]


def slots(report: Report, name: str, errors: bool) -> None:
    """Sentences of which every slot is exact."""
    rows = held_out(name)
    exact = 0
    for row in rows:
        try:
            wrong = wrong_slots(row.label, read_stated(normalise(row.text)))
        except IntentError as error:
            wrong = [str(error)]
        exact += not wrong
        if errors and wrong:
            print(f"    {wrong}: {row.text}")
    report.share(f"{name}: every slot exact", exact, len(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--no-second", action="store_true", help="without the multilingual model")
    parser.add_argument("--errors", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"command: {' '.join(sys.argv)}")
    print(f"commit: {commit}")
    load = os.getloadavg()[0]
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    report, errors = Report(), options.errors
    started = time.perf_counter()
    recogniser = Recogniser(
        load_catalogue(),
        load_embedder(),
        multilingual=None if options.no_second else load_multilingual,
    )
    recogniser.recognise("video conference for 20 people")
    report.value("load (s)", time.perf_counter() - started)

    services = held_out("services")
    positive = requests(report, "requests", recogniser.recognise, services, errors)
    rng = random.Random(1)
    slipped = [Labelled(row.label, with_typos(row.text, rng)) for row in services]
    requests(report, "with typing slips", recogniser.recognise, slipped, errors)
    requests(report, "negation", recogniser.recognise, held_out("negation"), errors)
    fresh = held_out("services-second")
    requests(report, "second set", recogniser.recognise, fresh, errors)
    final = requests(report, "final set", recogniser.recognise, held_out("services-final"), errors)
    last = refusals(
        report,
        "final everyday",
        recogniser.recognise,
        held_out("everyday-final"),
        "not_this_domain",
        errors,
    )
    everyday = refusals(
        report, "everyday", recogniser.recognise, held_out("everyday"), "not_this_domain", errors
    )
    refusals(
        report,
        "network operations",
        recogniser.recognise,
        held_out("operations"),
        "network_operation",
        errors,
    )
    refusals(
        report,
        "no service named",
        recogniser.recognise,
        held_out("vague"),
        "no_service_class",
        errors,
    )
    for name in ("slots", "slots-second"):
        slots(report, name, errors)
    if not options.no_second:
        chinese = held_out("chinese")
        wishes = [row for row in chinese if "-" in row.label]
        requests(report, "Chinese", recogniser.recognise, wishes, errors)
        other = [row for row in chinese if "-" not in row.label]
        refusals(report, "Chinese, no request", recogniser.recognise, other, "", False)
    draws = np.random.default_rng(0)
    for name, yes, no in (("first sets", positive, everyday), ("final sets", final, last)):
        p, n = np.array(yes), np.array(no)
        samples = [auroc(draws.choice(p, len(p)), draws.choice(n, len(n))) for _ in range(1000)]
        low, high = np.quantile(samples, [0.025, 0.975])
        report.value(f"AUROC, {name}", auroc(p, n), f"[{low:.4f}, {high:.4f}]")

    times, worked = [], []
    for row in services:
        begun, busy = time.perf_counter(), time.process_time()
        recogniser.recognise(row.text)
        worked.append((time.process_time() - busy) * 1e3)
        times.append((time.perf_counter() - begun) * 1e3)
    for percentile in (50, 99):
        report.value(f"latency p{percentile} (ms)", float(np.percentile(times, percentile)))
        report.value(f"CPU time p{percentile} (ms)", float(np.percentile(worked, percentile)))
    report.value("memory, most (MB)", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if options.json:
        options.json.write_text(
            json.dumps({"command": sys.argv, "commit": commit, "figures": report.rows}, indent=2)
        )


if __name__ == "__main__":
    main()
