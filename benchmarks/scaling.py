"""Cost of a slot from 21 to 2,101 domains: kernel, whole rollout with GRD agents, and memory.

    python benchmarks/scaling.py --plot docs/pictures

The world of scenario `paper` is made larger as `large` makes it: with the cells grow the
requests, the nodes of the transport domain and the capacity of the core. Every size runs in two
processes of its own, one for the kernel and one for the rollout, so that memory (the most that
was resident) belongs to one size. `kernel` is `Kernel.step` without checks, float64; `slot` is a
slot of `cnc.training.rollout` between frame starts: measuring, the decisions of all agents,
checks, kernel; `decision` is the agents' part, and `frame start` that part where replicas are
decided, too (every 10th slot). One thread, the least of all slots, as other work on the machine
hardly counts there. The slopes are of a power law through the sizes from 210 domains on.
Exit status: 0 every size ended within its time and below 8 GB, 1 not so, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance import print_provenance

if TYPE_CHECKING:
    from cnc.simulator.parameters import ScenarioParameters
    from cnc.simulator.world import World

CELLS = (10, 31, 105, 315, 525, 1050)
QUICK = (3, 10)
MOST_GB = 8.0
MOST_S = 300.0
"""Of one process, after which a size counts as unbounded."""
LARGE = 210
"""Domains from which on slopes are fitted; below, fixed costs dominate."""
SEED = 0


@dataclass(frozen=True)
class Size:
    """What one size costs."""

    domains: int
    nodes: int
    routes: int
    requests: float
    """A slot."""
    kernel_ms: float
    slot_ms: float
    """Whole slot, between frame starts."""
    decision_ms: float
    frame_start_ms: float
    """Decisions of a slot that also decides replicas."""
    setup_s: float
    """Drawing the world, cutting every domain's site, slot -1."""
    kernel_gb: float
    """Most resident memory of the process that steps the kernel."""
    rollout_gb: float


def scaled(cells: int) -> ScenarioParameters:
    """Scenario `paper` with that many cells, and a transport domain that grew with them."""
    from cnc.environment.scenario import load_scenario

    paper = load_scenario("paper")
    factor = cells / paper.cells
    nodes = max(1, round(paper.transport.nodes * factor))
    first, second = (
        replace(core, capacity_mbit_s=core.capacity_mbit_s * factor) for core in paper.core
    )
    return replace(
        paper,
        name=f"paper-{cells}",
        cells=cells,
        load=paper.load * factor,
        transport=replace(paper.transport, nodes=nodes),
        core=(first, second),
    )


def peak_gb() -> float:
    """The most memory of this process that was resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def measure_kernel(world: World, rounds: int, budget_s: float) -> dict[str, float]:
    """Steps of the kernel: one replica of each service everywhere, requests over all routes."""
    import torch

    from cnc.simulator.kernel import ExogenousTensors, Kernel, State
    from cnc.simulator.traffic import TrafficGenerator

    kernel = Kernel.of(world)
    drawn = TrafficGenerator(world, SEED, world.parameters.load).next()
    now = ExogenousTensors(
        *(
            torch.as_tensor(getattr(drawn, name), dtype=torch.float64)
            for name in (
                *("requests", "node_background", "link_capacity_mbit_s", "link_energy_j_mbit"),
            )
        )
    )
    shape = (kernel.origins, kernel.routes, kernel.classes)
    routing = torch.full(shape, 1.0 / kernel.routes, dtype=torch.float64).transpose(-1, -2)
    replicas = torch.ones(kernel.services, kernel.nodes, dtype=torch.float64)
    state = State(torch.zeros(kernel.nodes, dtype=torch.float64), replicas, replicas)
    taken: list[float] = []
    begin = time.perf_counter()
    while len(taken) <= rounds and (len(taken) < 4 or time.perf_counter() - begin < budget_s):
        start = time.perf_counter()
        kernel.step(state, now, routing, check=False)
        taken.append(time.perf_counter() - start)
    return {"kernel_ms": min(taken[1:]) * 1e3, "kernel_gb": peak_gb()}


def measure_rollout(world: World, rounds: int, budget_s: float) -> dict[str, float]:
    """Slots with GRD agents; the frame starts of slots 0 and 10 are apart."""
    from cnc.policies.registry import policy_named
    from cnc.training.rollout import episode

    begin = last = time.perf_counter()
    walls: list[float] = []
    decisions: list[float] = []
    starts: list[float] = []
    setup_s = 0.0
    for step in episode(world, policy_named("grd"), SEED, world.parameters.load):
        now = time.perf_counter()
        if step.measured.frame_start:
            starts.append(step.decision_s)
        else:
            walls.append(now - last)
            decisions.append(step.decision_s)
        if step.measured.slot == 0:
            setup_s = now - begin - step.decision_s
        last = now
        if len(walls) >= rounds or (len(walls) >= 3 and now - begin > budget_s):
            break
    return {
        "slot_ms": min(walls) * 1e3,
        "decision_ms": min(decisions) * 1e3,
        "frame_start_ms": min(starts) * 1e3,
        "setup_s": setup_s,
        "rollout_gb": peak_gb(),
    }


def measure_here(part: str, cells: int, rounds: int, budget_s: float) -> dict[str, float]:
    """One part of one size, in this process."""
    import torch

    from cnc.simulator.generator import generate_world

    torch.set_num_threads(1)
    world = generate_world(scaled(cells), SEED)
    sizes = {
        "domains": len(world.domain_ids),
        "nodes": len(world.node_domain),
        "routes": world.route_node.size,
        "requests": world.parameters.load,
    }
    measure = measure_kernel if part == "kernel" else measure_rollout
    with torch.inference_mode():
        return sizes | measure(world, rounds, budget_s)


def measure(cells: int, rounds: int, budget_s: float) -> Size:
    """One size, each part in a process of its own.

    Raises:
        subprocess.SubprocessError: a process failed, or took too long.
    """
    found: dict[str, Any] = {}
    for part in ("kernel", "rollout"):
        done = subprocess.run(
            [sys.executable, __file__, "--part", part, "--cells", str(cells),
             "--rounds", str(rounds), "--budget", str(budget_s)],
            check=True, stdout=subprocess.PIPE, text=True, timeout=MOST_S,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        found |= json.loads(done.stdout)
    return Size(**found)


def slope(sizes: list[Size], field: str, least: int = LARGE) -> float:
    """Exponent of a power law in the domains, by least squares in logarithms; nan below two."""
    chosen = [size for size in sizes if size.domains >= least]
    points = [(math.log(size.domains), math.log(getattr(size, field))) for size in chosen]
    if len(points) < 2:
        return math.nan
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def table(sizes: list[Size]) -> str:
    """The figures, a row a size, and the slopes."""
    lines = [
        f"{'domains':>8} {'nodes':>6} {'routes':>9} {'requests':>9} {'kernel ms':>10} "
        f"{'slot ms':>9} {'decision':>9} {'frame start':>12} {'setup s':>8} "
        f"{'kernel GB':>10} {'rollout GB':>11}"
    ]
    lines += [
        f"{s.domains:8d} {s.nodes:6d} {s.routes:9d} {s.requests:9.0f} {s.kernel_ms:10.2f} "
        f"{s.slot_ms:9.1f} {s.decision_ms:9.1f} {s.frame_start_ms:12.1f} {s.setup_s:8.1f} "
        f"{s.kernel_gb:10.2f} {s.rollout_gb:11.2f}"
        for s in sizes
    ]
    fields = ("kernel_ms", "slot_ms", "decision_ms", "frame_start_ms", "rollout_gb")
    slopes = ", ".join(f"{field} {slope(sizes, field):.2f}" for field in fields)
    lines.append(f"slopes from {LARGE} domains on: {slopes}")
    return "\n".join(lines)


def plot(sizes: list[Size], folder: Path) -> list[Path]:
    """`scaling.png` and `scaling.svg`, the same bytes for the same figures."""
    from scaling_figure import draw

    return draw(sizes, folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, nargs="+", help="sizes, in cells (2 domains each)")
    parser.add_argument("--rounds", type=int, default=12, help="slots of each size, at most")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds a part, about")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw into it")
    parser.add_argument(
        "--from-json", type=Path, nargs="+", metavar="FILE", help="take earlier figures"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--quick", action="store_true", help="two small sizes, a few slots")
    parser.add_argument("--part", choices=("kernel", "rollout"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    cells = options.cells or list(QUICK if options.quick else CELLS)
    rounds = 3 if options.quick else options.rounds
    if min(*cells, rounds, 1) < 1:
        parser.error("cells and rounds are at least 1")
    if options.part:
        print(json.dumps(measure_here(options.part, cells[0], rounds, options.budget)))
        return 0
    sizes = []
    if options.from_json:
        for file in options.from_json:
            sizes += [Size(**each) for each in json.loads(file.read_text("utf-8"))]
    else:
        print_provenance((SEED,))
        for each in cells:
            try:
                sizes.append(measure(each, rounds, options.budget))
            except subprocess.SubprocessError as error:
                print(f"{each} cells: {error}")
                return 1
            print(f"measured {sizes[-1].domains} domains", flush=True)
    print(table(sizes))
    if options.json:
        text = json.dumps([asdict(size) for size in sizes], indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.plot:
        for path in plot(sizes, options.plot):
            print(f"wrote {path.name}")
    most = max(max(size.kernel_gb, size.rollout_gb) for size in sizes)
    print(f"below {MOST_GB:g} GB: {'yes' if most < MOST_GB else 'NO'} (most {most:.2f} GB)")
    return 0 if most < MOST_GB else 1


if __name__ == "__main__":
    raise SystemExit(main())
