"""How policies come through regime shifts: regret to opt-causal on the same trace, slot by slot.

    python benchmarks/regime_shifts.py --plot docs/pictures
    python benchmarks/regime_shifts.py --plot FOLDER --from-csv FOLDER/regime-shifts.csv

In the middle of a run something happens that stays (`cnc.environment.shifts`): the hotspot jumps to
the opposite cell, two RAN nodes in it are lost, the radio of three cells fades, or popularity turns
round. Regret is the slot's cost less that of the reference, which has all domains' measurements and
is told no more of the shift than they are; it plans with half of its usual effort. With `--plot
FOLDER` every finished run is kept in the folder at once; the same command goes on after an
interruption.
"""

from __future__ import annotations

import argparse
import copy
import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from provenance import print_provenance

from cnc.environment.infrastructure import Infrastructure
from cnc.environment.scenario import load_scenario
from cnc.environment.shifts import HotspotJump, MixChange, NodeLoss, RadioFade, Shift
from cnc.policies.optimal import Effort, OptimalPolicy
from cnc.policies.registry import policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import World
from cnc.training.rollout import episode

LOAD = 1000.0
SEEDS = (7, 8)
"""Of world and trace, from those that are free for tries."""
AT, SLOTS = 60, 140
REFERENCE = "opt-causal"
POLICIES = ("grd-plus", "hmarl", "hmarl-learn")
WINDOWS = ((-20, 0), (0, 20), (20, 40), (40, 80))
"""Slots after the shift, for the table."""
RUNNING = 10
"""Slots of the running mean."""
LINEAR = 300.0
"""Regret up to which the figure's axis is linear."""
MOST = 4000.0
"""Regret at the upper end of the figure."""
NAME = "regime-shifts"
TITLES = {
    "jump": "hotspot jumps to the opposite cell",
    "loss": "two RAN nodes in the hotspot are lost",
    "fade": "radio of three cells in the hotspot fades",
    "mix": "popularity of services turns round",
}
Costs = dict[tuple[str, int, str], list[float]]
"""By shift, seed and policy: of every slot."""


def shift_named(name: str, world: World, centre: int) -> Shift:
    """The shift in a world whose hotspot is at a cell."""
    cells = world.parameters.cells
    if name == "jump":
        return HotspotJump(cells // 2)
    if name == "loss":
        nodes = np.flatnonzero(world.node_domain == cells + centre)[:2]
        return NodeLoss(tuple(nodes.tolist()))
    if name == "fade":
        return RadioFade(tuple(sorted({(centre + step) % cells for step in (-1, 0, 1)})))
    return MixChange()


def centre_of(world: World, seed: int, load: float, at: int) -> int:
    """Where the hotspot is in a slot."""
    traffic = TrafficGenerator(world, seed, load)
    slots = [traffic.next() for _ in range(at + 1)]
    return int(np.argmax(slots[-1].hotspot_weights))


def reference_costs(
    world: World, seed: int, load: float, at: int, slots: int, shifts: dict[str, Shift]
) -> dict[str, list[float]]:
    """Costs of the reference by shift; what is before it, is worked out once."""
    effort = replace(Effort.quick(), slot_steps=Effort().slot_steps)
    agent: Any = OptimalPolicy(clairvoyant=False, effort=effort).agent(world, seed, load)
    infrastructure = Infrastructure(world, seed, load, measure_quality=False)

    def go_on(agent: Any, infrastructure: Infrastructure, until: int) -> list[float]:
        costs = []
        while infrastructure.slot < until:
            decision = agent.decide(infrastructure.measure())
            routing = torch.from_numpy(decision.routing)
            outcome = infrastructure.route(routing, decision.replicas)
            if outcome is not None:
                costs.append(outcome.cost)
        return costs

    before = go_on(agent, infrastructure, at)
    found = {}
    for name, shift in shifts.items():
        mine, there = copy.deepcopy((agent, infrastructure))
        there.shift(shift)
        found[name] = before + go_on(mine, there, slots)
    return found


def costs_of(
    policy: str, world: World, seed: int, load: float, at: int, slots: int, shift: Shift
) -> list[float]:
    """Of every slot of a policy's run."""

    def disturb(infrastructure: Infrastructure) -> None:
        if infrastructure.slot == at:
            infrastructure.shift(shift)

    steps = episode(world, policy_named(policy), seed, load, disturb=disturb)
    return [step.outcome.cost for step in islice(steps, slots)]


def measured(
    scenario: str,
    seeds: Sequence[int],
    load: float,
    at: int,
    slots: int,
    costs: Costs,
    keep: Callable[[Costs], None],
    policies: Sequence[str] = POLICIES,
) -> Costs:
    """All costs, those that are there already included; each run is kept when it is done."""
    for seed in seeds:
        world = generate_world(load_scenario(scenario), seed)
        centre = centre_of(world, seed, load, at)
        shifts = {name: shift_named(name, world, centre) for name in TITLES}
        for policy in (*policies, REFERENCE):
            missing = {n: s for n, s in shifts.items() if (n, seed, policy) not in costs}
            if policy == REFERENCE and missing:
                begin = time.process_time()
                found = reference_costs(world, seed, load, at, slots, missing)
                costs |= {(name, seed, policy): each for name, each in found.items()}
                keep(costs)
                _say(seed, policy, begin)
                continue
            for name, shift in missing.items():
                begin = time.process_time()
                costs[name, seed, policy] = costs_of(policy, world, seed, load, at, slots, shift)
                keep(costs)
                _say(seed, f"{policy}, {name}", begin)
    return costs


def _say(seed: int, what: str, begin: float) -> None:
    took = time.process_time() - begin
    print(f"seed {seed}, {what}: {took:.0f} s of processor time", flush=True)


def regret(costs: Costs, shift: str, policy: str) -> np.ndarray:
    """[seeds, slots] cost over that of the reference."""
    seeds = sorted({seed for name, seed, _ in costs if name == shift})
    return np.array(
        [np.subtract(costs[shift, seed, policy], costs[shift, seed, REFERENCE]) for seed in seeds]
    )


def complete(costs: Costs) -> list[str]:
    """The policies that have run in every world of the reference."""
    runs = [(shift, seed) for shift, seed, policy in costs if policy == REFERENCE]
    return [name for name in POLICIES if all((*run, name) in costs for run in runs)]


def table(costs: Costs, at: int) -> str:
    """Mean regret a slot in windows around each shift, in Markdown."""
    heads = [f"{first} to {last}" for first, last in WINDOWS]
    lines = [
        f"| shift | policy | {' | '.join(heads)} |",
        f"| --- | --- |{' ---: |' * len(WINDOWS)}",
    ]
    for shift, title in TITLES.items():
        of_reference = [
            costs[shift, seed, REFERENCE] for seed in sorted({s for n, s, _ in costs if n == shift})
        ]
        rows = {policy: regret(costs, shift, policy) for policy in complete(costs)}
        rows[f"{REFERENCE} itself: cost"] = np.array(of_reference)
        for policy, each in rows.items():
            means = [each[:, at + first : at + last].mean() for first, last in WINDOWS]
            lines.append(f"| {title} | {policy} | {' | '.join(f'{m:.0f}' for m in means)} |")
            title = ""
    return "\n".join(lines)


def draw(costs: Costs, at: int, folder: Path) -> Path:
    """Four panels; the same costs give the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from cnc.training.figure_style import SETTINGS, look_of

    looks = {
        "grd-plus": ("GRD-PLUS", look_of("grd-plus").line, "-"),
        "hmarl": ("HMARL", look_of("hmarl").line, "--"),
        "hmarl-learn": ("HMARL, learning", "#0072B2", "-"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(SETTINGS):
        figure, panels = plt.subplots(2, 2, figsize=(7.4, 5.0), sharex=True, layout="constrained")
        for panel, (shift, title) in zip(panels.flat, TITLES.items(), strict=True):
            for policy in complete(costs):
                label, colour, style = looks[policy]
                mean = regret(costs, shift, policy).mean(0)
                running = np.convolve(mean, np.ones(RUNNING) / RUNNING, "valid")
                slots = np.arange(len(running)) + RUNNING - 1 - at
                panel.plot(slots, running, style, color=colour, linewidth=1.4, label=label)
            panel.axvline(0, color="#888888", linewidth=0.8, linestyle=":")
            panel.axhline(0, color="#CCCCCC", linewidth=0.8, zorder=0)
            # linear where HMARL is, logarithmic above
            panel.set_yscale("symlog", linthresh=LINEAR, linscale=2.5)
            panel.set_yticks([-100, 0, 100, 200, 300, 1000, 3000])
            panel.set_yticklabels(["\N{MINUS SIGN}100", "0", "100", "200", "300", "1000", "3000"])
            panel.set_yticks([], minor=True)
            panel.set_ylim(top=MOST)
            panel.set_title(title, fontsize=9)
        for panel in panels[1]:
            panel.set_xlabel("slots after the shift")
        figure.supylabel("regret to OPT-CAUSAL, cost a slot", fontsize=9.5)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
        path = folder / f"{NAME}.png"
        figure.savefig(path, dpi=180, metadata={"Software": None})
        plt.close(figure)
    return path


def write_costs(costs: Costs, path: Path) -> None:
    """CSV: a row a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("shift", "seed", "policy", "cost of slot 0, 1, …"))
        for (shift, seed, policy), each in sorted(costs.items()):
            writer.writerow((shift, seed, policy, *(f"{cost:.2f}" for cost in each)))


def read_costs(path: Path) -> Costs:
    """CSV; nothing where there is none yet."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {(row[0], int(row[1]), row[2]): [float(cost) for cost in row[3:]] for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="CSV and figure")
    parser.add_argument("--from-csv", type=Path, metavar="FILE", help="draw earlier figures")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), metavar="SEED")
    parser.add_argument("--policies", nargs="+", default=list(POLICIES), choices=POLICIES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.from_csv:
        costs = read_costs(options.from_csv)
    else:
        print_provenance(options.seeds)
        path = options.plot / f"{NAME}.csv" if options.plot else None
        costs = measured(
            "paper", options.seeds, LOAD, AT, SLOTS,
            read_costs(path) if path else {},
            lambda done: write_costs(done, path) if path else None,
            options.policies,
        )  # fmt: skip
    print(table(costs, AT))
    if options.plot:
        print(f"wrote {draw(costs, AT, options.plot).name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
