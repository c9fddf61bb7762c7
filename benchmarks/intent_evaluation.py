"""How well intents are recognised on the held-out sets of `intents/evaluation/`.

    python benchmarks/intent_evaluation.py [--json FILE] [--no-second] [--errors]

Prints shares with Wilson intervals (95 %), AUROC with a bootstrap interval (seed 0), typing slips
in one word of five (seed 1), latency and memory, and the command, commit and machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from cnc.embedding import load_embedder, load_multilingual
from cnc.errors import IntentError
from cnc.intents.catalogue import load_catalogue
from cnc.intents.evaluation import (
    EVERYTHING,
    NUMBERS,
    Labelled,
    answer_of,
    compare_slots,
    held_out,
)
from cnc.intents.examples import with_typos
from cnc.intents.normaliser import normalise
from cnc.intents.recogniser import Recogniser
from cnc.intents.slots import read_stated
from cnc.messages.intents import Recognition

REQUESTS = (
    ("requests", "services"),
    ("second set", "services-second"),
    ("final set", "services-final"),
    ("third set", "services-third"),
    ("last set", "services-last"),
    ("fresh set", "services-fresh"),
)
NEGATIONS = (
    ("negation", "negation"),
    ("negation, second set", "negation-second"),
    ("negation, last set", "negation-last"),
    ("negation, third set", "negation-third"),
    ("negation, fourth set", "negation-fourth"),
    ("negation, fresh set", "negation-fresh"),
)
REASONS = {
    "everyday": "not_this_domain",
    "operation": "network_operation",
    "vague": "no_service_class",
}
OTHERS = (
    ("everyday", "everyday", REASONS["everyday"]),
    ("final everyday", "everyday-final", REASONS["everyday"]),
    ("everyday, second set", "everyday-second", REASONS["everyday"]),
    ("everyday, last set", "everyday-last", REASONS["everyday"]),
    ("everyday, fresh set", "everyday-fresh", REASONS["everyday"]),
    ("statements", "statements", REASONS["everyday"]),
    ("network operations", "operations", REASONS["operation"]),
    ("network operations, second set", "operations-second", REASONS["operation"]),
    ("network operations, last set", "operations-last", REASONS["operation"]),
    ("no service named", "vague", REASONS["vague"]),
    ("no service named, second set", "vague-second", REASONS["vague"]),
    ("no service named, last set", "vague-last", REASONS["vague"]),
)
SLOTS = (
    ("slots", NUMBERS),
    ("slots-second", NUMBERS),
    ("slots-third", EVERYTHING),
    ("slots-fourth", EVERYTHING),
    ("slots-fifth", EVERYTHING),
    ("slots-sixth", EVERYTHING),
    ("slots-last", EVERYTHING),
    ("slots-fresh", EVERYTHING),
)
SEVERAL = (
    ("several services", "several"),
    ("several services, second set", "several-second"),
    ("several services, third set", "several-third"),
    ("several services, fresh set", "several-fresh"),
)
CHINESE = (
    ("Chinese", "chinese"),
    ("Chinese, second set", "chinese-second"),
    ("Chinese, last set", "chinese-last"),
)
CURVES = (
    ("first sets", "services", "everyday"),
    ("final sets", "services-final", "everyday-final"),
    ("third and second sets", "services-third", "everyday-second"),
    ("last sets", "services-last", "everyday-last"),
    ("fresh sets", "services-fresh", "everyday-fresh"),
)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Interval of a share, 95 %."""
    if total == 0:
        return 0.0, 1.0
    found = binomtest(hits, total).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a request scores above an everyday text."""
    truth = np.repeat([1, 0], [len(positive), len(negative)])
    return float(roc_auc_score(truth, np.concatenate([positive, negative])))


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
    accepted = right = asked = taken = 0
    scores = []
    for row in rows:
        found = recognise(row.text)
        good = answer_of(found) == row.label
        right += good
        accepted += good and found.outcome == "accepted"
        asked += found.outcome == "ask"
        taken += found.outcome == "accepted"
        scores.append(found.in_domain)
        if errors and not (good and found.outcome == "accepted"):
            print(f"    {found.outcome} {answer_of(found)} not {row.label}: {row.text}")
    report.share(f"{name}: right service accepted", accepted, len(rows))
    report.share(f"{name}: right service accepted or first", right, len(rows))
    report.share(f"{name}: right where accepted", accepted, taken)
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


def slots(report: Report, name: str, names: Sequence[str], errors: bool) -> None:
    """Sentences of which every slot is exact, and F1 over slots."""
    rows = held_out(name)
    exact = right = wrong = missed = 0
    for row in rows:
        try:
            stated = read_stated(normalise(row.text))
        except IntentError:
            stated = None
        found = compare_slots(row.label, stated, names)
        exact += not found.problems
        right, wrong, missed = right + found.right, wrong + found.wrong, missed + found.missed
        if errors and found.problems:
            print(f"    {found.problems}: {row.text}")
    report.share(f"{name}: every slot exact", exact, len(rows))
    report.value(f"{name}: slot F1", 2 * right / (2 * right + wrong + missed))


def several(
    report: Report, title: str, recognise: Callable[[str], Recognition], name: str, errors: bool
) -> None:
    """Texts for several services of which each one was found, in order."""
    rows = held_out(name)
    whole = hits = total = 0
    for row in rows:
        wanted = row.label.split(",")
        found = recognise(row.text)
        got = [part.intent.service for part in found.parts] or [answer_of(found)]
        whole += got == wanted
        hits += len(set(got) & set(wanted))
        total += len(wanted)
        if errors and got != wanted:
            print(f"    {found.outcome} {got}, not {wanted}: {row.text}")
    report.share(f"{title}: all found", whole, len(rows))
    report.share(f"{title}: services found", hits, total)


def divided(report: Report, recognise: Callable[[str], Recognition], errors: bool) -> None:
    """Requests for one service that became several intents, which none should."""
    sets = (*(name for _, name in (*REQUESTS, *NEGATIONS)), "one-service", *(n for n, _ in SLOTS))
    rows = [row for name in sets for row in held_out(name)]
    torn = [row for row in rows if recognise(row.text).parts]
    if errors:
        for row in torn:
            print(f"    divided, {row.label}: {row.text}")
    report.share("requests for one service: divided", len(torn), len(rows))


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

    scores: dict[str, list[float]] = {}
    for title, name in REQUESTS:
        scores[name] = requests(report, title, recogniser.recognise, held_out(name), errors)
    rng = random.Random(1)
    for title, name in (REQUESTS[0], REQUESTS[-1]):
        slipped = [Labelled(r.label, with_typos(r.text, rng)) for r in held_out(name)]
        requests(report, f"{title}, typing slips", recogniser.recognise, slipped, errors)
    for title, name in NEGATIONS:
        requests(report, title, recogniser.recognise, held_out(name), errors)
    for title, name, reason in OTHERS:
        rows = held_out(name)
        scores[name] = refusals(report, title, recogniser.recognise, rows, reason, errors)
    for name, names in SLOTS:
        slots(report, name, names, errors)
    for title, name in SEVERAL:
        several(report, title, recogniser.recognise, name, errors)
    divided(report, recogniser.recognise, errors)
    if not options.no_second:
        for title, name in CHINESE:
            rows = held_out(name)
            wishes = [row for row in rows if row.label not in REASONS]
            requests(report, title, recogniser.recognise, wishes, errors)
            for kind, reason in REASONS.items():
                some = [row for row in rows if row.label == kind]
                if some:
                    refusals(report, f"{title}, {kind}", recogniser.recognise, some, reason, errors)
    draws = np.random.default_rng(0)
    for title, yes, no in CURVES:
        p, n = np.array(scores[yes]), np.array(scores[no])
        samples = [auroc(draws.choice(p, len(p)), draws.choice(n, len(n))) for _ in range(1000)]
        low, high = np.quantile(samples, [0.025, 0.975])
        report.value(f"AUROC, {title}", auroc(p, n), f"[{low:.4f}, {high:.4f}]")

    times, worked = [], []
    for row in held_out(REQUESTS[0][1]):
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
