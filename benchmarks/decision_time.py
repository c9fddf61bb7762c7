"""How long deciding a slot takes: HMARL's agents, beside grd-plus and the optimal reference.

    python benchmarks/decision_time.py

Time is that of `cnc.training.rollout.episode` for all agents of scenario `paper` (E2E and 21
domains, one after the other, in one thread), without measuring and stepping. Frame starts, where
replicas are decided as well, are every 10th slot and count in the mean. Of HMARL, E2E is given
apart, and the domain with the largest median: where every agent has a core of its own, a decision
takes as long as these two. `two processes` is HMARL with the domains shared between two processes
(`shared_domains.py`). `processor` is the mean processor time within the agents, which other work on
the machine disturbs less; it leaves out how observations are cut and decisions put together. Of two
processes it is all that the one with E2E takes for a slot.
Policies take turns at each load, with the same world and trace. The optimal references run for one
frame with its plan: slots 1 to 10.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean, median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from provenance import print_provenance
from shared_domains import measured_slots

from cnc.policies.interface import expectation_of

if TYPE_CHECKING:
    from cnc.environment.sites import Site
    from cnc.policies.interface import DistributedPolicy, GlobalPolicy
    from cnc.simulator.world import World

LOADS = (400, 800, 1200, 1600)
FRAME = 10
SEED = 0


class TimedAgent:
    """An agent with the time that its calls took."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self._wall_s = self._processor_s = 0.0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._agent, name)

        def timed(*arguments: Any) -> Any:
            wall, processor = perf_counter(), process_time()
            result = method(*arguments)
            self._processor_s += process_time() - processor
            self._wall_s += perf_counter() - wall
            return result

        return timed

    def expected(self) -> Any:
        """What E2E expects of domains; a protocol does not see what `__getattr__` finds."""
        return expectation_of(self._agent)

    def taken_ms(self) -> tuple[float, float]:
        """By the clock on the wall and by processor time, since the last call."""
        taken = 1e3 * self._wall_s, 1e3 * self._processor_s
        self._wall_s = self._processor_s = 0.0
        return taken


class TimedDistributed:
    """A policy whose agents, E2E and then the domains, are timed."""

    def __init__(self, policy: DistributedPolicy) -> None:
        self.name, self._policy = policy.name, policy
        self.agents: list[TimedAgent] = []

    def end_to_end(self, world: World, seed: int) -> Any:
        """The timed E2E agent."""
        self.agents.append(TimedAgent(self._policy.end_to_end(world, seed)))
        return self.agents[-1]

    def domain(self, site: Site, seed: int) -> Any:
        """A timed domain agent."""
        self.agents.append(TimedAgent(self._policy.domain(site, seed)))
        return self.agents[-1]


class TimedCentral:
    """A policy whose only agent is timed."""

    def __init__(self, policy: GlobalPolicy) -> None:
        self.name, self._policy = policy.name, policy
        self.agents: list[TimedAgent] = []

    def agent(self, world: World, seed: int, load: float) -> Any:
        """The timed agent."""
        self.agents.append(TimedAgent(self._policy.agent(world, seed, load)))
        return self.agents[-1]


@dataclass(frozen=True)
class Taken:
    """Milliseconds of each slot."""

    label: str
    wall_ms: Sequence[float]
    processor_ms: Sequence[float]

    def row(self, load: int) -> str:
        """Of the table."""
        ranked = sorted(self.wall_ms)
        figures = (
            fmean(ranked),
            median(ranked),
            ranked[int(0.95 * (len(ranked) - 1))],
            ranked[0],
            fmean(self.processor_ms),
        )
        cells = "".join(f"{figure:10.2f}" for figure in figures)
        return f"{load:5d}  {self.label:24s}{cells}{len(ranked):7d}"


def measure(world: World, name: str, load: int, slots: int, warm_up: int) -> list[Taken]:
    """All agents' time of each slot, and of HMARL that of E2E and of the slowest domain."""
    from cnc.policies.interface import GlobalPolicy
    from cnc.policies.registry import policy_named
    from cnc.training.rollout import episode

    policy = policy_named(name)
    timed = TimedCentral(policy) if isinstance(policy, GlobalPolicy) else TimedDistributed(policy)
    every, by_agent = [], []
    for at, step in enumerate(islice(episode(world, timed, SEED, load), warm_up + slots)):
        taken = [agent.taken_ms() for agent in timed.agents]
        if at >= warm_up:
            every.append(1e3 * step.decision_s)
            by_agent.append(taken)
    agents = [Taken("", *zip(*of_agent, strict=True)) for of_agent in zip(*by_agent, strict=True)]
    together = [sum(processor for _, processor in taken) for taken in by_agent]
    found = [Taken(name, every, together)]
    if name == "hmarl":
        end_to_end, *domains = agents
        slowest = max(domains, key=lambda domain: median(domain.wall_ms))
        found.append(replace(end_to_end, label="hmarl, E2E"))
        found.append(replace(slowest, label="hmarl, slowest domain"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, nargs="+", default=list(LOADS))
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--optimal-slots", type=int, default=FRAME, help="0 leaves it out")
    parser.add_argument("--two-processes", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--scenario", default="paper")
    arguments = parser.parse_args()
    print_provenance(seeds=[SEED])
    import torch

    from cnc.environment.scenario import load_scenario
    from cnc.simulator.generator import generate_world

    torch.set_num_threads(1)
    world = generate_world(load_scenario(arguments.scenario), SEED)
    names = ("mean", "p50", "p95", "least", "processor")
    print(f"\n load  {'ms a slot of':24s}{''.join(f'{name:>10s}' for name in names)}  slots")
    for load in arguments.loads:
        hmarl = measure(world, "hmarl", load, arguments.slots, FRAME)
        found = list(hmarl)
        if arguments.two_processes:
            shared = measured_slots(world, load, arguments.slots, FRAME)
            walls, processors = zip(*((s.wall_ms, s.processor_ms) for s in shared), strict=True)
            found.append(Taken("hmarl, two processes", walls, processors))
        found += measure(world, "grd-plus", load, arguments.slots, FRAME)
        optimal = []
        if arguments.optimal_slots:
            for name in ("opt", "opt-causal"):
                optimal += measure(world, name, load, arguments.optimal_slots, 1)
        for taken in found + optimal:
            print(taken.row(load), flush=True)
        for reference in optimal:
            wall, processor = (
                fmean(getattr(reference, clock)) / fmean(getattr(hmarl[0], clock))
                for clock in ("wall_ms", "processor_ms")
            )
            label = f"{reference.label} / hmarl"
            print(f"{load:5d}  {label:24s}{wall:8.0f} x{processor:38.0f} x", flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
    raise SystemExit(main())
