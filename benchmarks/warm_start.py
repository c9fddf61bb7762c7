"""What a start from knowledge gives: right, no and wrong knowledge in regimes that are new.

    python benchmarks/warm_start.py --figure docs/pictures/warm-start.png

Scenario `small`, 10 worlds of the validation range. Two regimes: `mix`, the popularity of services
in reverse, and `lost`, one RAN domain lost; 240 requests a slot. In all arms agents learn, and
begin with untrained traffic networks and the shipped deployment network:

- `none`: that is all;
- `right`: what 60 slots of the same beginning left behind in the same regime and world, on another
  trace: weights, slots, replicas, priors;
- `wrong`: the same of another regime: the usual mix at 60 requests a slot for `mix`; the reversed
  mix at 60 requests and nothing lost for `lost`.

Gains are compared slot by slot with agents that do not learn, on the same trace, as means over
worlds. `slots to 95 %`: until the gain, as a mean over 10 slots, is 95 % of what `none` gains in
its last 30 slots. Intervals are 90 % of bootstrap resamples of worlds. `retrieved` counts how often
the entries of the right regime come first among all that were recorded in the world, by text and
context. `--parts` gives right knowledge one part at a time.

    python benchmarks/warm_start.py --record knowledge/recorded

writes the policies and histories that ship: recorded in the same way, but from the shipped weights
and in a world of the training range.

    python benchmarks/warm_start.py --shipped --worlds 6 --slots 40

compares learning from the shipped weights with and without these entries, in other worlds.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import warm_start_figure
from provenance import print_provenance

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry, OperatingContext
    from cnc.policies.hmarl.improvement import Weights
    from cnc.policies.hmarl.policy import HmarlPolicy
    from cnc.policies.hmarl.warm_start import WarmStart
    from cnc.simulator.world import World

LOAD, LIGHT = 240.0, 60.0
RECORDED_SLOTS = 60
FIRST, LAST = 10, 30
BOOTSTRAP = 1000
LOST = "ran-1"
SHIPPED_FROM = 20
"""Number of the first world in which the shipped entries are compared."""


@dataclass(frozen=True)
class Regime:
    """A state of the system."""

    name: str
    reversed_mix: bool = False
    lost: tuple[str, ...] = ()
    load: float = LOAD
    words: str = ""

    def of(self, world: World) -> World:
        """The world with this mix."""
        if not self.reversed_mix:
            return world
        return replace(world, popularity=world.popularity[::-1].copy())


MIX = Regime("mix", reversed_mix=True, words="with the popularity of services reversed")
LESS = Regime("lost", lost=(LOST,), words="while a RAN domain is lost")
TESTED = (MIX, LESS)
USUAL_LIGHT = Regime("usual-light", load=LIGHT, words="with the usual mix at light load")
MIX_LIGHT = Regime(
    "mix-light", reversed_mix=True, load=LIGHT, words="with the mix reversed, at light load"
)
WRONG = {MIX: USUAL_LIGHT, LESS: MIX_LIGHT}


@dataclass(eq=False)
class Run:
    """All agents of one world in one regime."""

    world: World
    regime: Regime
    policy: HmarlPolicy
    seed: int
    costs: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        from cnc.environment.infrastructure import Infrastructure
        from cnc.environment.sites import site_of

        self.infrastructure = Infrastructure(self.world, self.seed, self.regime.load, False)
        self.sites = [site_of(self.world, d) for d in range(len(self.world.domain_ids))]
        self.live = np.array([name not in self.regime.lost for name in self.world.domain_ids])
        self.end_to_end = self.policy.end_to_end(self.world, 0)
        self.agents = [self.policy.domain(site, 0) for site in self.sites]
        self.sent = np.zeros((len(self.world.classes), self.world.candidates.shape[1]))

    def slots(self, count: int) -> Run:
        """Run slot -1 and so many more; lost domains decide nothing and hold nothing."""
        from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
        from cnc.environment.views import order_for
        from cnc.policies.interface import expectation_of

        for _ in range(count + 1):
            measured = self.infrastructure.measure()
            observation = replace(observe_all(measured, self.world), live=self.live)
            hosts = self.end_to_end.hosts(observation) if measured.frame_start else None
            delta = self.end_to_end.distribute(observation)
            expected = expectation_of(self.end_to_end)
            parts = {}
            for site, agent in zip(self.sites, self.agents, strict=True):
                if not self.live[site.index]:
                    continue
                order = order_for(site, observation, delta, hosts, expected)
                seen = observe_domain(measured, site)
                agent.observe(order)
                replicas = agent.deploy(seen, order) if measured.frame_start else None
                parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
            outcome = self.infrastructure.actuate(assemble(self.world, self.sites, measured, parts))
            if outcome is not None:
                self.costs.append(outcome.cost)
                self.sent += (delta * measured.requests[..., None]).sum(0)
        return self


def context_of(world: World, regime: Regime, seed: int) -> OperatingContext:
    """What E2E sees of the regime before slot 0."""
    from cnc.environment.infrastructure import Infrastructure
    from cnc.intents.catalogue import load_catalogue
    from cnc.messages.knowledge import OperatingContext
    from cnc.orchestrators.offers import Offers

    requests = Infrastructure(world, seed, regime.load, False).measure().requests
    ids = Offers(load_catalogue().services, world).ids
    total = float(requests.sum())
    return OperatingContext(
        scenario=world.parameters.name,
        mix={name: float(n) / total for name, n in zip(ids, requests.sum(0), strict=True)},
        load=total,
        hotspot=world.domain_ids[int(requests.sum(1).argmax())],
        lost=regime.lost,
    )


def recorded(
    world: World, regime: Regime, seed: int, base: Weights, folder: Path
) -> list[tuple[KnowledgeEntry, Any]]:
    """The trained policy and the history of a run, as entries with their files."""
    from provenance import commit

    from cnc.knowledge.operating import operating_text
    from cnc.messages.knowledge import Effect, KnowledgeEntry, Manifest
    from cnc.policies.hmarl.learning.end_to_end import LearningDistribution
    from cnc.policies.hmarl.learning.traffic import LearningTraffic
    from cnc.policies.hmarl.policy import HmarlPolicy
    from cnc.policies.hmarl.recorded import read_recorded, write_recorded
    from cnc.policies.hmarl.recording import checkpoint_of, history_of

    run = Run(regime.of(world), regime, HmarlPolicy(base, learn=True), seed).slots(RECORDED_SLOTS)
    assert isinstance(run.end_to_end, LearningDistribution)
    domains = {
        site.domain: agent.traffic
        for site, agent in zip(run.sites, run.agents, strict=True)
        if isinstance(agent.traffic, LearningTraffic)
    }
    measured = run.infrastructure.measure()
    files = {
        "checkpoint": checkpoint_of(base, run.end_to_end, domains),
        "demonstrations": history_of(
            run.world, measured.classes, run.end_to_end, domains, measured.placed, run.sent
        ),
    }
    context = context_of(run.world, regime, seed)
    entries = []
    for kind, arrays in files.items():
        trained = kind == "checkpoint"
        reference = f"{regime.name}-{world.seed}-{kind}.safetensors"
        entry = KnowledgeEntry(
            entry_id=f"{regime.name}-{kind}-{world.seed}",
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            provenance="benchmarks/warm_start.py, measured in the simulator",
            title=f"{'Policy' if trained else 'History'} {regime.words}",
            text=f"Recorded with a {operating_text(context)}.",
            kind="trained_policy" if trained else "runtime_history",
            effect=Effect.model_validate({"kind": kind, "reference": reference}),
            context=context,
            manifest=Manifest(
                scenario=context.scenario,
                loads=(regime.load,),
                training_seeds=(seed,),
                commit=commit(),
                sha256=write_recorded(folder / reference, arrays),
                figures={"mean_cost_last_30_slots": float(np.mean(run.costs[-LAST:]))},
            ),
        )
        entries.append((entry, read_recorded(entry, folder)))
    return entries


def started(
    entries: Sequence[tuple[KnowledgeEntry, Any]], world: World, base: Weights
) -> WarmStart:
    """What agents begin with from these entries."""
    from cnc.messages.knowledge import ScoredEntry
    from cnc.policies.hmarl.warm_start import warm_start

    found = [(ScoredEntry(entry=entry, score=1.0), arrays, "") for entry, arrays in entries]
    return warm_start(found, world, base)


def only(start: WarmStart, part: str) -> WarmStart:
    """One part of a start."""
    from cnc.policies.hmarl.warm_start import WarmStart

    if part == "weights":
        return WarmStart(weights=start.weights, own_weights=start.own_weights)
    if part == "replay":
        return WarmStart(transitions=start.transitions, key=start.key)
    if part == "priors":
        return WarmStart(priors=start.priors)
    return WarmStart(replicas=start.replicas)


class Retrieval:
    """Looks for entries as E2E does: text by FAISS, then the context."""

    def __init__(self) -> None:
        from cnc.embedding.loading import load_embedder

        self._embedder = load_embedder()

    def finds(
        self, entries: Sequence[KnowledgeEntry], context: OperatingContext, regime: Regime
    ) -> bool:
        """Whether both of the regime's entries come first."""
        from cnc.knowledge.entries import embedding_text
        from cnc.knowledge.operating import operating_text, retrieve_operating

        texts = [operating_text(context), *map(embedding_text, entries)]
        vectors = self._embedder.encode(texts)
        index = self._index()
        index.apply(self._records(entries, vectors[1:]))
        found = retrieve_operating(index.search_each_kind(vectors[0], 20), context)
        return [s.entry.entry_id.rpartition("-")[0] for s in found] == [
            f"{regime.name}-checkpoint",
            f"{regime.name}-demonstrations",
        ]

    def _index(self) -> Any:
        from cnc.knowledge.index import KnowledgeIndex

        return KnowledgeIndex(self._embedder.dimension, self._embedder.model_id)

    def _records(self, entries: Sequence[KnowledgeEntry], vectors: Any) -> list[Any]:
        from cnc.messages.knowledge import VectorRecord

        return [
            VectorRecord(
                generation=at + 1,
                action="upsert",
                entry_id=entry.entry_id,
                entry=entry,
                vector=tuple(map(float, vector)),
                model_id=self._embedder.model_id,
            )
            for at, (entry, vector) in enumerate(zip(entries, vectors, strict=True))
        ]


def slots_to(gain: Any, goal: float) -> float:
    """Slots until the moving gain reaches the goal; as many as there are where it never does."""
    reached = np.flatnonzero(warm_start_figure.moving(gain) >= goal)
    return float(reached[0]) if len(reached) else float(len(gain))


def figures_of(costs: dict[str, Any], arm: str, worlds: Any) -> tuple[float, float, float]:
    """Jump-start, slots to 95 % and final cost of an arm, as means over some worlds [W]."""
    still, none, mine = (costs[name][worlds].mean(0) for name in ("still", "none", arm))
    goal = 0.95 * (still - none)[-LAST:].mean()
    return mine[:FIRST].mean(), slots_to(still - mine, goal), mine[-LAST:].mean()


def against_none(costs: dict[str, Any], arm: str, worlds: Any) -> tuple[float, float]:
    """Cost of an arm over that of `none`, in percent: of the first slots, and of all."""
    none, mine = (costs[name][worlds].mean(0) for name in ("none", arm))
    first, all_slots = (100.0 * (mine[:e].mean() / none[:e].mean() - 1) for e in (FIRST, None))
    return first, all_slots


def table(regime: Regime, costs: dict[str, Any], arms: Sequence[str]) -> None:
    """Print what each arm gave, with intervals."""
    stream = np.random.default_rng(0)
    worlds = len(costs["none"])
    draws = [np.arange(worlds), *stream.integers(worlds, size=(BOOTSTRAP, worlds))]
    heads = ("first 10 slots", "slots to 95 %", "last 30 slots", "% of none, first 10", "% all")
    print(f"\n{regime.name:16s}{''.join(f'{head:>25s}' for head in heads)}")
    needed = {}
    for arm in arms:
        found = np.array(
            [figures_of(costs, arm, draw) + against_none(costs, arm, draw) for draw in draws]
        )
        low, high = np.quantile(found[1:], (0.05, 0.95), axis=0)
        cells = (
            f"{mean:.1f} ({least:.1f} to {most:.1f})"
            for mean, least, most in zip(found[0], low, high, strict=True)
        )
        print(f"{arm:16s}{''.join(f'{cell:>25s}' for cell in cells)}", flush=True)
        needed[arm] = found[:, 1]
    more = needed["wrong"] - needed["none"]
    low, high = np.quantile(more[1:], (0.05, 0.95))
    print(f"slots to 95 %, wrong less none: {more[0]:.0f} ({low:.0f} to {high:.0f})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--slots", type=int, default=90)
    parser.add_argument("--parts", action="store_true", help="also each part of right knowledge")
    parser.add_argument("--figure", type=Path, help="PNG; costs go into a CSV beside it")
    parser.add_argument("--from-csv", type=Path, metavar="FILE", help="draw earlier costs")
    parser.add_argument("--shipped", action="store_true", help="what the shipped entries add")
    parser.add_argument("--record", type=Path, help="a folder for entries that ship")
    arguments = parser.parse_args()
    if arguments.from_csv is not None:
        if arguments.figure is None:
            parser.error("--from-csv needs --figure")
        warm_start_figure.draw(arguments.figure, warm_start_figure.read_costs(arguments.from_csv))
        return 0
    print_provenance(seeds=range(arguments.worlds))
    import logging
    import tempfile

    import torch

    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # what guards take back is counted in the costs
    if arguments.shipped:
        return compare_shipped(arguments.worlds, arguments.slots)
    if arguments.record is not None:
        return record(arguments.record)
    parts = ("weights", "replay", "priors", "replicas") if arguments.parts else ()
    arms = ("still", "shipped", "none", "right", "wrong", *(f"right, {part}" for part in parts))
    every: dict[Regime, dict[str, list[Any]]] = {
        regime: {arm: [] for arm in arms} for regime in TESTED
    }
    retrieval, hits = Retrieval(), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.worlds):
            hits += measure(number, arguments.slots, parts, every, retrieval, Path(folder))
            print(f"world {number} done", flush=True)
    print(f"\nretrieved {hits} of {len(TESTED) * arguments.worlds}")
    stacked = {
        regime: {arm: np.array(rows) for arm, rows in costs.items()}
        for regime, costs in every.items()
    }
    for regime, costs in stacked.items():
        table(regime, costs, arms)
    if arguments.figure is not None:
        curves = {regime.name: costs for regime, costs in stacked.items()}
        warm_start_figure.write_costs(arguments.figure.with_suffix(".csv"), curves)
        warm_start_figure.draw(arguments.figure, curves)
    return 0


def record(folder: Path) -> int:
    """Write entries and their files, as they ship."""
    import yaml

    from cnc.environment.scenario import load_scenario
    from cnc.policies.hmarl.policy import shipped
    from cnc.simulator.generator import generate_world
    from cnc.training.seeds import Purpose, trace_seed

    seed = trace_seed(Purpose.TRAINING, 0, 0, 0)
    world = generate_world(load_scenario("small"), seed)
    entries = []
    for at, regime in enumerate(
        (*TESTED, Regime("usual", words="with the usual mix"), USUAL_LIGHT)
    ):
        trace = trace_seed(Purpose.TRAINING, 0, 0, 1 + at)
        for entry, _ in recorded(world, regime, trace, shipped(0), folder):
            reference = f"{folder.name}/{entry.effect.reference}"
            effect = entry.effect.model_copy(update={"reference": reference})
            whole = entry.model_copy(update={"effect": effect})
            entries.append(whole.model_dump(mode="json", exclude_defaults=True))
    text = yaml.safe_dump({"entries": entries}, sort_keys=False, allow_unicode=True)
    (folder / "small.yaml").write_text("# Written by benchmarks/warm_start.py --record.\n" + text)
    return 0


def compare_shipped(worlds: int, slots: int) -> int:
    """Print what the shipped entries of a regime change, beside learning from shipped weights."""
    from cnc.environment.scenario import load_scenario
    from cnc.knowledge.entries import load_seed_entries
    from cnc.policies.hmarl.policy import HmarlPolicy, shipped
    from cnc.policies.hmarl.recorded import read_recorded
    from cnc.settings import data_root
    from cnc.simulator.generator import generate_world
    from cnc.training.seeds import Purpose, trace_seed

    entries = [entry for entry in load_seed_entries() if entry.context is not None]
    for regime in TESTED:
        changes = []
        mine = [e for e in entries if e.entry_id.startswith(f"{regime.name}-")]
        known = [(entry, read_recorded(entry, data_root() / "knowledge")) for entry in mine]
        for number in range(SHIPPED_FROM, SHIPPED_FROM + worlds):
            world, trace = (trace_seed(Purpose.VALIDATION, 0, number, at) for at in (0, 1))
            here = regime.of(generate_world(load_scenario("small"), world))
            warm = started(known, here, shipped(0))
            without, given = (
                np.array(Run(here, regime, policy, trace).slots(slots).costs)
                for policy in (HmarlPolicy(learn=True), HmarlPolicy(learn=True, warm=warm))
            )
            ends = (FIRST, slots)
            changes.append([100.0 * (given[:e].mean() / without[:e].mean() - 1) for e in ends])
        mean, error = np.mean(changes, 0), np.std(changes, 0, ddof=1) / worlds**0.5
        told = [f"{m:+.1f} +- {e:.1f} %" for m, e in zip(mean, error, strict=True)]
        print(
            f"{regime.name}: first {FIRST} slots {told[0]}, all {slots} slots {told[1]}", flush=True
        )
    return 0


def measure(
    number: int,
    slots: int,
    parts: Sequence[str],
    every: dict[Regime, dict[str, list[Any]]],
    retrieval: Retrieval,
    folder: Path,
) -> int:
    """All arms in one world; how many regimes found their own entries."""
    from cnc.environment.scenario import load_scenario
    from cnc.policies.hmarl.initial import initial_weights
    from cnc.policies.hmarl.policy import HmarlPolicy, shipped
    from cnc.simulator.generator import generate_world
    from cnc.training.seeds import Purpose, trace_seed

    def seed(trace: int) -> int:
        return trace_seed(Purpose.VALIDATION, 0, number, trace)

    world = generate_world(load_scenario("small"), seed(0))
    base = {**shipped(0), **initial_weights(number)}
    known = {
        regime: recorded(world, regime, seed(10 + at), base, folder)
        for at, regime in enumerate((*TESTED, *WRONG.values()))
    }
    entries = [entry for found in known.values() for entry, _ in found]
    hits = 0
    for regime, costs in every.items():
        here = regime.of(world)
        hits += retrieval.finds(entries, context_of(here, regime, seed(1)), regime)
        right = started(known[regime], here, base)
        policies = {
            "still": HmarlPolicy(base),
            "shipped": HmarlPolicy(),
            "none": HmarlPolicy(base, True),
            "right": HmarlPolicy(base, True, right),
            "wrong": HmarlPolicy(base, True, started(known[WRONG[regime]], here, base)),
        }
        policies |= {f"right, {part}": HmarlPolicy(base, True, only(right, part)) for part in parts}
        for arm, policy in policies.items():
            costs[arm].append(Run(here, regime, policy, seed(1)).slots(slots).costs)
    return hits


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
    raise SystemExit(main())
