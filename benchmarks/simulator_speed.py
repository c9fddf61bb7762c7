"""World-slots per second of the simulator kernel, over batch sizes.

    python benchmarks/simulator_speed.py

Each batch steps that many different worlds of scenario `paper` (seeds 0, 1, …) through slots
with requests spread over all admissible routes, in float32 without checks, as training does.
Requirement: at least 2,000 world-slots a second at batch 64 on two cores, and a cost per
world-slot that falls with the batch (processor time, the least of all rounds, as other work on
the machine does not count there). One thread is the default, as it is enough: two are faster
on an idle machine, but wait for each other at every operation where cores are shared.
Exit status: 0 met, 1 missed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import pairwise
from statistics import median

import numpy as np
import torch
from provenance import commit

from cnc.environment.scenario import load_scenario
from cnc.simulator.generator import generate_world
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.traffic import trace
from cnc.simulator.world import World

BATCHES = (1, 4, 16, 64, 256)
REQUIRED = 2_000.0
NOISE = 0.1
"""By which a larger batch may seem dearer; beyond 64 worlds the cost is level."""
SLOTS = 4
"""Different slots of each trace; they are stepped in turn."""


class Bench:
    """Worlds, a state, exogenous tensors and routing of one batch size."""

    def __init__(self, worlds: list[World], load: float) -> None:
        self.kernel = Kernel.of(worlds, dtype=torch.float32)
        traces = [trace(world, world.seed, load, SLOTS) for world in worlds]
        self.slots = [
            ExogenousTensors(
                *(
                    torch.tensor(np.stack([getattr(t, name)[slot] for t in traces])).float()
                    for name in (
                        "requests",
                        "node_background",
                        "link_capacity_mbit_s",
                        "link_energy_j_mbit",
                    )
                )
            )
            for slot in range(SLOTS)
        ]
        good = torch.tensor(
            np.stack([world.admissible_routes(world.classes) for world in worlds])
        ).float()
        good = torch.where(good.sum(-1, keepdim=True) > 0, good, torch.ones_like(good))
        self.routing = good / good.sum(-1, keepdim=True)
        self.replicas = torch.ones(len(worlds), self.kernel.services, self.kernel.nodes)
        self.state = State(
            torch.zeros(len(worlds), self.kernel.nodes), self.replicas, self.replicas
        )
        self.at = 0

    def step(self) -> None:
        """One slot of every world."""
        exogenous = self.slots[self.at % SLOTS]
        self.state, _ = self.kernel.step(self.state, exogenous, self.routing, check=False)
        self.at += 1

    def seconds(self, at_least_s: float) -> tuple[float, float]:
        """Mean seconds of a step over a stretch of about that length: wall clock, processor."""
        steps, begin, processor = 0, time.perf_counter(), time.process_time()
        while True:
            self.step()
            steps += 1
            taken = time.perf_counter() - begin
            if taken >= at_least_s:
                return taken / steps, (time.process_time() - processor) / steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="paper")
    parser.add_argument("--load", type=float, default=300.0, help="requests a slot")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="of all batches, taken in turn")
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES))
    options = parser.parse_args()
    if min(options.threads, options.rounds, *options.batches) < 1:
        parser.error("threads, rounds and batches are at least 1")
    torch.set_num_threads(options.threads)
    scenario = load_scenario(options.scenario)
    worlds = [generate_world(scenario, seed) for seed in range(max(options.batches))]
    print(f"command: python {' '.join(sys.argv)}")
    print(
        f"commit: {commit()}   torch {torch.__version__}, {options.threads} thread(s), float32, "
        f"scenario {scenario.name}, load {options.load:g}, "
        f"world and trace seeds 0 to {len(worlds) - 1}"
    )
    with torch.inference_mode():
        benches = {size: Bench(worlds[:size], options.load) for size in options.batches}
        for bench in benches.values():
            bench.step()
        taken: dict[int, list[tuple[float, float]]] = {size: [] for size in benches}
        for _ in range(options.rounds):
            for size, bench in benches.items():
                taken[size].append(bench.seconds(0.5))
    print(
        f"{'batch':>6} {'ms a slot':>10} {'world-slots/s':>14} {'best':>8} "
        f"{'processor us a world-slot':>26}"
    )
    costs, speeds = {}, {}
    for size, pairs in taken.items():
        wall = [pair[0] for pair in pairs]
        costs[size] = min(pair[1] for pair in pairs) / size
        speeds[size] = size / median(wall)
        print(
            f"{size:6d} {median(wall) * 1e3:10.2f} {speeds[size]:14.0f} {size / min(wall):8.0f} "
            f"{costs[size] * 1e6:26.1f}"
        )
    ordered = [costs[size] for size in sorted(costs)]
    falls = all(later < (1.0 + NOISE) * earlier for earlier, later in pairwise(ordered))
    enough = 64 not in costs or speeds[64] >= REQUIRED
    print(
        f"at least {REQUIRED:g} world-slots/s at batch 64: {'met' if enough else 'MISSED'}; "
        f"cost per world-slot falls with the batch: {'yes' if falls else 'NO'}"
    )
    return 0 if enough and falls else 1


if __name__ == "__main__":
    raise SystemExit(main())
