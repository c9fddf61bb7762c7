"""Stage 1: what the optimal reference would deploy, on worlds and traces of the training range.

A demonstration is one frame: a world, a trace at some load, and the replicas that OPT plans for
the ten slots of the frame. Each is a file of its own, so that an interrupted stage goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats, Integers
from cnc.errors import ConfigurationError
from cnc.files import write_whole
from cnc.policies.optimal import Effort
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import Exogenous, TrafficGenerator
from cnc.simulator.world import World
from cnc.training.seeds import Purpose, trace_seed, world_seed
from cnc.training.workers import side_by_side

BEFORE, FRAME = 11, 10
"""Slots that a demonstration's domains have seen, and that its set serves."""
WORLDS = 100
LOADS = (150.0, 2000.0)
"""Requests a slot, drawn with even logarithms."""


@dataclass(frozen=True, eq=False)
class Demonstration:
    """One frame."""

    world: World
    slots: Sequence[Exogenous]
    """[BEFORE + FRAME]"""
    replicas: Integers
    """[S, N]"""
    cost: float
    """Mean of a slot, as planned."""

    @property
    def demand(self) -> Floats:
        """[D, S] mean requests of the slots before."""
        return np.asarray(np.mean([slot.requests for slot in self.slots[: BEFORE - 1]], axis=0))

    @property
    def observation(self) -> EndToEndObservation:
        """What E2E sees before the frame, with nothing in place yet."""
        world = self.world
        before, now = self.slots[BEFORE - 2], self.slots[BEFORE - 1]
        domains, candidates = len(world.domain_ids), world.candidates.shape[1]
        nothing = np.zeros_like(self.replicas)
        return EndToEndObservation(
            slot=BEFORE - 1,
            frame_start=True,
            requests=self.demand,
            announced=np.zeros_like(self.demand),
            classes=world.classes,
            background=before.node_background,
            utilisation=before.node_background,
            backlog_gc=np.zeros(nothing.shape[1]),
            ready=nothing,
            placed=nothing,
            link_capacity_mbit_s=now.link_capacity_mbit_s,
            link_energy_j_mbit=now.link_energy_j_mbit,
            link_utilisation=np.full(len(world.link_domain), 0.3),
            live=np.ones(domains, dtype=bool),
            prior=np.zeros((len(world.classes), candidates)),
            hosts_prior=np.zeros((domains, len(world.work_gc))),
        )


def effort() -> Effort:
    """Of planning: about 2 s a frame. Only the set counts, so its routing is refined little."""
    return replace(Effort.quick(), rounds=3, comparison_steps=15, start_steps=2, final_steps=15)


def drawn(
    parameters: ScenarioParameters, stated: int, number: int
) -> tuple[World, list[Exogenous]]:
    """World and slots of a demonstration."""
    stream = np.random.default_rng([stated, number, 0xDE])
    at = int(stream.integers(WORLDS))
    load = float(np.exp(stream.uniform(math.log(LOADS[0]), math.log(LOADS[1]))))
    world = generate_world(parameters, world_seed(Purpose.TRAINING, stated, at))
    seed = trace_seed(Purpose.TRAINING, stated, at, number % 1000)
    traffic = TrafficGenerator(world, seed, load)
    return world, [traffic.next() for _ in range(BEFORE + FRAME)]


def demonstrate(parameters: ScenarioParameters, stated: int, folder: Path, number: int) -> Path:
    """Plan one demonstration and keep it; does nothing where it is kept already."""
    import torch

    from cnc.policies.optimal.horizon import Slot
    from cnc.policies.optimal.planning import Planner

    path = folder / f"{number:05d}.npz"
    if path.exists():
        return path
    torch.set_num_threads(1)
    world, slots = drawn(parameters, stated, number)
    ahead = [
        Slot(x.requests, x.node_background, x.link_capacity_mbit_s, x.link_energy_j_mbit)
        for x in slots[BEFORE:]
    ]
    plan = Planner(world, world.classes, effort()).plan(
        ahead, np.zeros(len(world.node_domain)), True
    )

    def write(file: Path) -> None:
        with file.open("wb") as opened:  # a path without .npz would get it
            np.savez_compressed(opened, replicas=plan.replicas, cost=plan.cost / len(ahead))

    write_whole(path, write)
    return path


def demonstrate_all(
    parameters: ScenarioParameters,
    stated: int,
    count: int,
    folder: Path,
    jobs: int,
    progress: Callable[[int, int], None],
) -> None:
    """All demonstrations of a training seed, in several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    work = partial(demonstrate, parameters, stated, folder)
    for done, _ in enumerate(side_by_side(work, range(count), jobs), start=1):
        progress(done, count)


def read(parameters: ScenarioParameters, stated: int, number: int, folder: Path) -> Demonstration:
    """A kept demonstration.

    Raises:
        ConfigurationError: it is missing or damaged.
    """
    path = folder / f"{number:05d}.npz"
    try:
        with np.load(path) as kept:
            replicas, cost = kept["replicas"], float(kept["cost"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"demonstration {path} cannot be read ({error}); delete it and train again"
        ) from error
    world, slots = drawn(parameters, stated, number)
    return Demonstration(world, slots, replicas, cost)
