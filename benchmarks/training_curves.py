"""How steadily traffic is learned with and without decomposed rewards, in small worlds.

    python benchmarks/training_curves.py --work /tmp/curves --plot docs/pictures

Every variant of `training_variants.py` trains from five seeds (networks, order of frames, noise) on
the same 20 demonstrations of scenario `small`, and is measured on six others, with the replicas of
the demonstration, without noise. The figure is the cost over what the optimal reference had
planned, which knew the background; all start alike but for the selfish one, whose values differ.
The worlds and traces are those of training.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from provenance import print_provenance
from training_variants import CentralisedLearner, DecomposedLearner, DistributedLearner

from cnc.environment.scenario import load_scenario
from cnc.policies.hmarl.initial import initial_weights
from cnc.training.hmarl.demonstrations import Demonstration, demonstrate, drawn, read
from cnc.training.hmarl.traffic_stage import TrafficLearner

STATED = 0
"""Seed of the worlds and traces."""
MOST_LOAD = 500.0
"""Requests a slot; three cells cannot serve more, whatever is learned."""
MEMBERS = 4
"""Worlds of an episode."""
EVERY = 5
"""Episodes from one measurement to the next."""
NAME = "training-curves"
Learners = dict[str, Callable[[int, int], TrafficLearner]]
VARIANTS: Learners = {
    "decomposed": lambda seed, episodes: DecomposedLearner(initial_weights(seed), episodes),
    "centralised": lambda seed, episodes: CentralisedLearner(initial_weights(seed), episodes, seed),
    "distributed": lambda seed, episodes: DistributedLearner(initial_weights(seed), episodes),
}
LOOKS = {
    "decomposed": ("difference rewards (as shipped)", "#D55E00"),
    "centralised": ("one agent, the slot's cost alone", "#0072B2"),
    "distributed": ("each its own requests' cost", "#009E73"),
}
Row = dict[str, Any]


def demonstrations(count: int, folder: Path) -> list[Demonstration]:
    """The first demonstrations of a load that small worlds can serve, kept in a folder."""
    parameters = load_scenario("small")
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Demonstration] = []
    number = 0
    while len(found) < count:
        _, slots = drawn(parameters, STATED, number)
        if np.mean([slot.requests.sum() for slot in slots]) <= MOST_LOAD:
            demonstrate(parameters, STATED, folder, number)
            found.append(read(parameters, STATED, number, folder))
        number += 1
    return found


def curve(
    learner: TrafficLearner,
    frames: Sequence[Demonstration],
    held_out: Sequence[Demonstration],
    episodes: int,
    seed: int,
) -> list[tuple[int, float]]:
    """Episodes so far, and cost over plan on frames that are not learned from."""

    def measured() -> float:
        return learner.measured(held_out, [frame.replicas * 1.0 for frame in held_out])

    points = [(0, measured())]
    for episode in range(episodes):
        stream = np.random.default_rng([seed, episode, 0x7C])
        size = min(MEMBERS, len(frames))
        some = [frames[int(n)] for n in stream.choice(len(frames), size, replace=False)]
        learner.episode(some, [frame.replicas * 1.0 for frame in some])
        if (episode + 1) % EVERY == 0 or episode + 1 == episodes:
            points.append((episode + 1, measured()))
    return points


def trained(
    seeds: Sequence[int], episodes: int, shown: int, held_out: int, work: Path
) -> list[Row]:
    """All variants and seeds."""
    every = demonstrations(shown + held_out, work / "demonstrations")
    rows: list[Row] = []
    for variant, make in VARIANTS.items():
        for seed in seeds:
            begin = time.process_time()
            learner = make(seed, episodes)
            points = curve(learner, every[:shown], every[shown:], episodes, seed)
            rows += [
                {"variant": variant, "seed": seed, "episode": at, "cost_over_plan": cost}
                for at, cost in points
            ]
            took = time.process_time() - begin
            print(
                f"{variant:12} seed {seed}: {points[0][1]:.4f} to {points[-1][1]:.4f}, "
                f"{took:.0f} s of processor time", flush=True,
            )  # fmt: skip
    return rows


def table(rows: Sequence[Row]) -> str:
    """Begin, end, best and spread of each variant over its seeds."""
    lines = [f"{'variant':12} {'begin':>7} {'end':>7} {'best':>7} {'worst':>7} {'rises':>6}"]
    for variant in VARIANTS:
        curves = _curves(rows, variant)
        end = curves[:, -1]
        rises = float((np.diff(curves, axis=1) > 0.0).mean())
        lines.append(
            f"{variant:12} {curves[:, 0].mean():7.4f} {end.mean():7.4f} {end.min():7.4f} "
            f"{end.max():7.4f} {rises:6.0%}"
        )
    return "\n".join(lines)


def _curves(rows: Sequence[Row], variant: str) -> np.ndarray:
    """[seeds, points]"""
    mine = [row for row in rows if row["variant"] == variant]
    seeds = sorted({int(row["seed"]) for row in mine})
    return np.array(
        [[float(row["cost_over_plan"]) for row in mine if int(row["seed"]) == s] for s in seeds]
    )


def draw(rows: Sequence[Row], folder: Path) -> Path:
    """Every seed as a thin line, their mean as a thick one; the same rows give the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from cnc.training.figure_style import SETTINGS

    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(figsize=(5.2, 3.9), layout="constrained")
        for variant, (label, colour) in LOOKS.items():
            curves = _curves(rows, variant)
            at = sorted({int(row["episode"]) for row in rows if row["variant"] == variant})
            axes.plot(at, curves.T, color=colour, linewidth=0.6, alpha=0.55)
            axes.plot(at, curves.mean(0), color=colour, linewidth=2.0, label=label)
        axes.set_xlabel("episodes")
        axes.set_ylabel("slot cost over plan")
        figure.legend(loc="outside lower center", ncols=1, frameon=False)
        path = folder / f"{NAME}.png"
        figure.savefig(path, dpi=200, metadata={"Software": None})
        plt.close(figure)
    return path


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each variant")
    parser.add_argument("--episodes", type=int, default=60)
    parser.add_argument("--demonstrations", type=int, default=20, help="that are learned from")
    parser.add_argument("--held-out", type=int, default=6, help="that are measured on")
    parser.add_argument("--work", type=Path, required=True, help="keeps the demonstrations")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="CSV and figure")
    parser.add_argument("--from-csv", type=Path, metavar="FILE", help="draw earlier figures")
    options = parser.parse_args()
    if min(options.seeds, options.episodes, options.demonstrations, options.held_out) < 1:
        parser.error("there is at least one of each")
    torch.set_num_threads(1)
    if options.from_csv:
        rows = read_rows(options.from_csv)
    else:
        seeds = range(options.seeds)
        print_provenance(seeds)
        rows = trained(
            seeds, options.episodes, options.demonstrations, options.held_out, options.work
        )
    print(table(rows))
    if options.plot:
        print(f"wrote {draw(rows, options.plot).name}")
        if not options.from_csv:
            write_rows(rows, options.plot / f"{NAME}.csv")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
