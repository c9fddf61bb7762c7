"""World-slots per second of the batched environment, over batch sizes, and where the time goes.

    python benchmarks/batched_environment.py

Each batch holds that many different worlds of scenario `paper` (seeds 0, 1, …), each with a trace
of its own, in float32 without checks, as training does. Decisions are fixed: every service has a
replica on each node that has room, and shares are equal. Traffic is drawn as the slots go by;
`drawing`, `composing` and `kernel` are the parts of a step, `evaluating` is that of one
alternative, all in ms of processor time. One thread is the default, as elsewhere.
Requirement: at batch 64 drawing traffic takes less than half of a step. Exit status: 0 met,
1 missed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from provenance import print_provenance

from cnc.environment.batched import BatchedEnvironment
from cnc.environment.scenario import load_scenario
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import World

BATCHES = (1, 8, 64, 256)
MOST_DRAWING = 0.5


def everywhere(world: World) -> np.ndarray:
    """[S, N] one replica of every service on each node while there is room."""
    free = world.node_memory_gb.copy()
    replicas = np.zeros(world.keepalive_w.shape)
    for service, memory in enumerate(world.memory_gb):
        fits = memory <= free
        replicas[service, fits] = 1.0
        free -= memory * fits
    return replicas


def equal_shares(environment: BatchedEnvironment) -> list[torch.Tensor]:
    """delta, sigma, local, backhaul and core, all alike over what is ready."""
    world = environment.worlds[0]
    batch, (services, _) = len(environment), world.keepalive_w.shape
    cells = world.parameters.cells
    ready = (environment.observe().ready > 0).float()
    domain = torch.as_tensor(world.node_domain)
    count = torch.zeros(batch, services, len(world.domain_ids)).index_add_(2, domain, ready)
    sigma = ready / count.clamp(min=1.0)[..., domain]
    open_ = (count > 0).float()[..., torch.as_tensor(world.candidates)].transpose(1, 2)
    delta = open_ / open_.sum(-1, keepdim=True).clamp(min=1.0)
    pair = torch.full((batch, cells, services, 2), 0.5)
    return [delta, sigma, pair, pair, pair[:, 0]]


def processor_ms(work: Callable[[], object], at_least_s: float) -> float:
    """Processor time of one call, the mean over a stretch of about that length."""
    calls, begin = 0, time.process_time()
    while True:
        work()
        calls += 1
        taken = time.process_time() - begin
        if taken >= at_least_s:
            return taken / calls * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", default="paper")
    parser.add_argument("--load", type=float, default=800.0, help="requests a slot")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES))
    options = parser.parse_args()
    if min(options.threads, options.rounds, *options.batches) < 1:
        parser.error("threads, rounds and batches are at least 1")
    torch.set_num_threads(options.threads)
    scenario = load_scenario(options.scenario)
    worlds = [generate_world(scenario, seed) for seed in range(max(options.batches))]
    print_provenance((0, len(worlds) - 1))
    print(
        f"setting   {scenario.name}, load {options.load:g}, world and trace seeds 0 to "
        f"{len(worlds) - 1}, torch {torch.__version__}, {options.threads} thread(s), float32"
    )
    print(
        f"{'batch':>6} {'world-slots/s':>14} {'ms a step':>10} {'drawing':>8} {'composing':>10} "
        f"{'kernel':>7} {'evaluating':>11}"
    )
    enough = True
    for size in options.batches:
        chosen, seeds = worlds[:size], range(size)
        environment = BatchedEnvironment(
            chosen, seeds, options.load, dtype=torch.float32, check=False
        )
        environment.place(torch.as_tensor(np.stack([everywhere(world) for world in chosen])))
        shares = equal_shares(environment)
        routing = environment.compose(*shares)
        traffic = [TrafficGenerator(w, s, options.load) for w, s in zip(chosen, seeds, strict=True)]

        def wall_ms(environment: BatchedEnvironment, shares: list[torch.Tensor]) -> float:
            steps, begin = 0, time.perf_counter()
            while time.perf_counter() - begin < 0.5:
                environment.step(*shares)
                steps += 1
            return (time.perf_counter() - begin) / steps * 1e3

        wall_ms(environment, shares)
        environment.evaluate_routing(routing)
        wall = median(wall_ms(environment, shares) for _ in range(options.rounds))
        parts = {
            "step": lambda e=environment, s=shares: e.step(*s),
            "drawing": lambda t=traffic: [each.next() for each in t],
            "composing": lambda e=environment, s=shares: e.compose(*s),
            "kernel": lambda e=environment, r=routing: e.evaluate_routing(r),
            "evaluating": lambda e=environment, s=shares: e.evaluate(*s),
        }
        taken = {
            name: min(processor_ms(work, 0.2) for _ in range(options.rounds))
            for name, work in parts.items()
        }
        print(
            f"{size:6d} {size / wall * 1e3:14.0f} {taken['step']:10.2f} {taken['drawing']:8.2f} "
            f"{taken['composing']:10.2f} {taken['kernel']:7.2f} {taken['evaluating']:11.2f}"
        )
        if size == 64:
            enough = taken["drawing"] < MOST_DRAWING * taken["step"]
    print(
        f"drawing below {MOST_DRAWING:.0%} of a step at batch 64: {'met' if enough else 'MISSED'}"
    )
    return 0 if enough else 1


if __name__ == "__main__":
    raise SystemExit(main())
