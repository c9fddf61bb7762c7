"""World-slots a second beside two other Python simulators, on the nearest equal scenario.

    python -m pip install eclypse==0.9.1 leafsim==0.4.2     # only for this script
    python benchmarks/simulators_compared.py

All run the same slots (`compared_scenario.py`): the world of scenario `paper`, the same drawn
requests, background and link capacities, the same fixed decisions; only the line `rollout` decides
for itself, with GRD agents. Systems alternate, one thread, in one process. Speeds are by the clock
on the wall and, as other work on the machine does not count there, by processor time, of which
the ratios are. What each computes in a step is printed, with what it models that others do not.
Exit status: 0 measured, 2 wrong use or packages that are missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from compared_scenario import Common, Stretch, clock, common_scenario
from provenance import print_provenance

from cnc.policies.registry import policy_named
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.training.rollout import rollout

PACKAGES = {"eclypse": ("eclypse", "0.9.1"), "leaf": ("leafsim", "0.4.2")}
"""Module: distribution and the version that was read and measured."""
BATCH = 64
SLOTS = 20
"""Of each trace; they are run in turn."""
COMPUTES = """\
what a step computes
  cnc kernel   flows onto nodes and links; M/D/1 waits for links and M/M/m waits for replicas,
               latency of every class on every route, share served in time; energy in five
               terms; backlog (`cnc.simulator.kernel.Kernel.step`). Batch 1: float64, decisions
               checked; batch 64: 64 worlds at once, float32, unchecked, as training does
  cnc rollout  the same, after measuring and the decisions of all GRD agents
               (`cnc.training.rollout.rollout`)
  leafsim      releases and reserves compute and bandwidth for every application, refuses what
               does not fit, adds up power (`leaf.application.Application`,
               `leaf.power.PowerMeter`)
  eclypse      updates required and available assets, sums them over nodes, links and paths,
               compares (`eclypse.placement.PlacementManager.audit`,
               `eclypse.graph.Infrastructure.validate`)
modelled there and not here
  leafsim      nodes that move (`leaf.mobility.Location`), nodes that come and go
               (`leaf.infrastructure.Infrastructure.remove_node`), radio power by distance
               (`leaf.power.PowerModelLinkWirelessTx`), graphs of several tasks
               (`leaf.application.Application`), events at any time (SimPy)
  eclypse      graphs of several services (`eclypse.graph.Application`), further assets such as
               GPU, storage and availability (`eclypse.graph.assets`), failures
               (`eclypse.policies.failure`), changing topologies (`eclypse.policies.topology`),
               replay of measured assets (`eclypse.policies.replay`), emulation with the
               services' own code on Ray (`eclypse.remote`)
modelled here and not there
  leafsim      latency (`leaf.infrastructure.Link.latency` only chooses paths), queues,
               deadlines, overload (what does not fit raises an error), memory, replicas and
               their starts, power that is not linear (`leaf.power.PowerModelNode` is)
  eclypse      energy, queues, backlog, partial service: latency is a constant of a link, and a
               requirement holds or the placement of its application is reset
  both         radio channels and moving hotspots (eclypse has noise and arrivals in
               `eclypse.policies.noise` and `.workload`), many worlds at once, gradients,
               agents that decide"""


@dataclass
class System:
    """One line of the table."""

    name: str
    group: str
    run: Callable[[float], Stretch]
    """A stretch of about that many seconds."""
    found: list[Stretch] = field(default_factory=list)

    @property
    def wall(self) -> list[float]:
        """World-slots a second of each round, by the clock on the wall."""
        return [each.slots / each.wall_s for each in self.found]

    @property
    def speed(self) -> float:
        """World-slots a second of processor time, the median."""
        return median(each.slots / each.processor_s for each in self.found)


def missing() -> list[str]:
    """Distributions that are not installed."""
    return [
        f"{name}=={wanted}"
        for module, (name, wanted) in PACKAGES.items()
        if importlib.util.find_spec(module) is None
    ]


class KernelRun:
    """The kernel on fixed decisions.

    Args:
        commons: worlds with their slots; one alone is stepped in float64 with checks.
    """

    def __init__(self, commons: list[Common]) -> None:
        single = len(commons) == 1
        self._check, self._worlds = single, len(commons)
        dtype = torch.float64 if single else torch.float32

        def tensor(arrays: list[np.ndarray]) -> torch.Tensor:
            return torch.as_tensor(arrays[0] if single else np.stack(arrays)).to(dtype)

        worlds = [common.world for common in commons]
        self.kernel = Kernel.of(worlds[0] if single else worlds, dtype=dtype)
        self.slots = [
            ExogenousTensors(
                *(
                    tensor([getattr(common.slots[at], name) for common in commons])
                    for name in ("counts", "background", "link_capacity_mbit_s")
                ),
                tensor([common.slots[at].link_energy_j_mbit for common in commons]),
            )
            for at in range(len(commons[0].slots))
        ]
        self.routing = tensor([common.routing for common in commons])
        replicas = tensor([common.replicas for common in commons])
        self.state = State(torch.zeros_like(replicas[..., 0, :]), replicas, replicas)
        self.at = 0

    def step(self) -> Any:
        """One slot of every world."""
        now = self.slots[self.at % len(self.slots)]
        self.at += 1
        self.state, outcome = self.kernel.step(self.state, now, self.routing, check=self._check)
        return outcome

    def __call__(self, seconds: float) -> Stretch:
        """Steps in turn."""
        with torch.inference_mode():
            self.step()
            steps, begin = 0, clock()
            while (end := clock())[0] - begin[0] < seconds:
                self.step()
                steps += 1
        return Stretch.between(steps * self._worlds, begin, end)


def run_rollout(common: Common, load: float) -> Callable[[float], Stretch]:
    """Slots with GRD agents, whole frames, after the first frame."""

    def run(seconds: float) -> Stretch:
        slots = rollout(common.world, policy_named("grd"), common.world.seed, load)
        frame = common.world.parameters.frame_slots
        list(islice(slots, frame))
        count, begin = 0, clock()
        while (end := clock())[0] - begin[0] < seconds or not count:
            count += len(list(islice(slots, frame)))
        return Stretch.between(count, begin, end)

    return run


def paced(once: Callable[[int], Stretch], first: int) -> Callable[[float], Stretch]:
    """Runs of as many slots as take about the time that is asked for."""
    speed = 0.0

    def run(seconds: float) -> Stretch:
        nonlocal speed
        found = once(max(3, int(seconds * speed)) if speed else first)
        speed = found.slots / found.wall_s
        return found

    return run


def systems(common: Common, load: float, batch: list[Common]) -> list[System]:
    """All that is compared, for one load."""
    from compared_eclypse import EclypseRun
    from compared_leaf import LeafRun

    found = [
        System("cnc kernel, batch 1", "cnc", KernelRun([common])),
        System(f"cnc kernel, batch {len(batch)}", "cnc", KernelRun(batch)),
        System("cnc rollout with GRD agents", "cnc", run_rollout(common, load)),
    ]
    for label, each in (("an application a flow", False), ("an application a request", True)):

        def leaf(count: int, each: bool = each) -> Stretch:
            return LeafRun(common, per_request=each).run(count)

        found.append(System(f"leafsim, {label}", "leafsim", paced(leaf, 5)))
    for label, each in (("one application", False), ("an application a service", True)):

        def eclypse(count: int, each: bool = each) -> Stretch:
            return EclypseRun(common, per_service=each).run(count)

        found.append(System(f"eclypse, {label}", "eclypse", paced(eclypse, 4)))
    return found


def outcomes(common: Common) -> dict[str, dict[str, float]]:
    """What each says of the same slots, all of them once."""
    import compared_eclypse
    import compared_leaf

    run = KernelRun([common])
    results = [run.step() for _ in common.slots]
    asked = sum(float(each.total_requests) for each in results)
    ours = {
        "dynamic_j": float(
            np.mean([float(each.energy_computing_j + each.energy_network_j) for each in results])
        ),
        "idle_j": float(results[0].energy_idle_j),
        "satisfied": sum(float(each.satisfied) for each in results) / asked,
    }
    return {
        "cnc": ours,
        "leafsim": compared_leaf.outcome(common, len(common.slots)),
        "eclypse": compared_eclypse.outcome(common, len(common.slots)),
    }


def print_speeds(found: list[System]) -> None:
    """World-slots a second, and how many times faster each of ours is (processor time)."""
    ours = [system for system in found if system.group == "cnc"]
    names = ("batch 1", ours[1].name.rpartition(", ")[2], "rollout")
    print(
        f"{'world-slots a second':34} {'median':>8} {'least':>8} {'most':>8} {'processor':>10}"
        f"   times faster: {' '.join(f'{name:>8}' for name in names)}"
    )
    for system in found:
        wall = system.wall
        line = f"{system.name:34} {median(wall):8.1f} {min(wall):8.1f} {max(wall):8.1f} "
        line += f"{system.speed:10.1f}"
        if system.group != "cnc":
            ratios = (own.speed / system.speed for own in ours)
            line += " " * 17 + " ".join(f"{ratio:8.1f}" for ratio in ratios)
        print(line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=float, nargs="+", default=[300.0, 800.0])
    parser.add_argument("--rounds", type=int, default=5, help="of all systems, taken in turn")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each system and round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--quick", action="store_true", help="one load, one short round")
    options = parser.parse_args()
    lacking = missing()
    if lacking:
        print(
            "the comparison needs packages that cnc itself does not; install them:\n"
            f"  python -m pip install {' '.join(lacking)}",
            file=sys.stderr,
        )
        return 2
    if options.quick:
        options.loads, options.rounds, options.seconds = options.loads[:1], 1, 0.05
    if min(options.rounds, options.seconds, *options.loads) <= 0:
        parser.error("loads, rounds and seconds are above 0")
    torch.set_num_threads(1)
    batch = 4 if options.quick else BATCH
    print_provenance((0, batch - 1))
    for name, wanted in PACKAGES.values():
        print(f"package   {name} {version(name)} (read and measured: {wanted})")
    print(COMPUTES)
    written: list[dict[str, Any]] = []
    for load in options.loads:
        commons = [common_scenario(seed, load, SLOTS) for seed in range(batch)]
        found = systems(commons[0], load, commons)
        for number in range(options.rounds + 1):  # the first only warms up and sets the pace
            for system in found:
                stretch = system.run(options.seconds)
                if number:
                    system.found.append(stretch)
        asked = float(np.mean([slot.requests.sum() for slot in commons[0].slots]))
        print(f"\nload {load:g}: {asked:.0f} requests a slot, {options.rounds} rounds")
        print_speeds(found)
        said = outcomes(commons[0])
        for name, values in said.items():
            print(f"{name:10}" + ", ".join(f"{key} {value:.4g}" for key, value in values.items()))
        stretches = {system.name: [asdict(each) for each in system.found] for system in found}
        written.append({"load": load, "stretches": stretches, "outcomes": said})
    if options.json:
        options.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
