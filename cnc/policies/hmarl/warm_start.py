"""Where agents begin, from knowledge that fits the state of the system (docs/hmarl.md).

Pure: entries and the arrays of their files come in, a `WarmStart` comes out. The simulator and
the bus give the same one to the same agents.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats, Integers
from cnc.messages.knowledge import ScoredEntry, Tier
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.learning.packing import Arrays, taken, under
from cnc.simulator.world import World

logger = logging.getLogger(__name__)

HALF_LIFE_SLOTS = 20.0
"""Slots of own experience that halve a leaning from knowledge: two frames."""
TIERS: tuple[Tier, ...] = ("terminal", "ran", "neighbour", "neighbour", "transport")
"""Of the candidates of an origin, in their order."""
LIMIT = 3.0
"""Log-weights stay within it, as those of intents do."""
AGENT = "agent/"
REPLAY = "replay/"
KEY = "classes"
END_TO_END = "e2e"


@dataclass(frozen=True, eq=False)
class Priors:
    """Leanings that fade with experience."""

    candidates: Floats
    """[C, K] log-weights on the candidates of the base classes."""
    hosts: Floats
    """[domains, S] log-weights on what replicas are worth."""
    half_life: float = HALF_LIFE_SLOTS
    """Slots."""

    def left(self, slots: int) -> float:
        """Part of them that still counts after so many slots."""
        return float(0.5 ** (max(0, slots) / self.half_life))


@dataclass(frozen=True)
class Change:
    """What one entry changed, or why it did not."""

    entry_id: str
    title: str
    score: float
    effect: str


@dataclass(frozen=True, eq=False)
class WarmStart:
    """What agents begin with instead of nothing; every part may be missing."""

    weights: Weights | None = None
    """Of the networks, for agents that learn (their guard takes worse ones back)."""
    own_weights: Mapping[str, Weights] = field(default_factory=dict)
    """By agent, `e2e` or a domain id: what it had learned by itself, over `weights`."""
    priors: Priors | None = None
    transitions: Mapping[str, Sequence[Arrays]] = field(default_factory=dict)
    """By agent: measured slots for its replay, oldest first."""
    key: bytes = b""
    """Of the traffic classes that the transitions were recorded with."""
    replicas: Integers | None = None
    """[domains, S] from which E2E's first search begins."""
    changes: tuple[Change, ...] = ()

    def weights_of(self, agent: str) -> Weights | None:
        """What that agent begins with; None leaves what it has."""
        if self.weights is None and agent not in self.own_weights:
            return None
        return {**(self.weights or {}), **self.own_weights.get(agent, {})}

    def part_of(self, agent: str) -> Arrays:
        """What concerns one domain, as it goes over the bus; empty for nothing."""
        arrays = under(f"{AGENT}{agent}/", dict(self.weights_of(agent) or {}))
        for at, sample in enumerate(self.transitions.get(agent, ())):
            arrays |= under(f"{REPLAY}{agent}/{at:03d}/", sample)
        if arrays and self.key:
            arrays[KEY] = np.frombuffer(self.key, dtype=np.uint8)
        return arrays


def of_part(arrays: Arrays) -> WarmStart:
    """What `part_of` was made from, as far as it concerns that agent."""
    return WarmStart(
        own_weights=_by_agent(taken(AGENT, arrays)),
        transitions=_transitions(arrays),
        key=arrays[KEY].tobytes() if KEY in arrays else b"",
    )


def warm_start(
    entries: Sequence[tuple[ScoredEntry, Arrays | None, str]], world: World, base: Weights
) -> WarmStart:
    """What agents begin with, from retrieved entries.

    Args:
        entries: best first, each with the arrays of its file (None for rules) and, where that
            could not be read, why.
        world: the inventory.
        base: weights that agents have without knowledge; others must have their shapes.

    Returns:
        Of several entries with weights, or with a history, the first usable one counts. Priors of
        rules add up. `changes` tells of every entry what it did.
    """
    start, changes = WarmStart(), []
    candidates = np.zeros((len(world.classes), world.candidates.shape[1]))
    hosts = np.zeros((len(world.domain_ids), len(world.work_gc)))
    leaning = False
    for scored, arrays, problem in entries:
        entry, done = scored.entry, [problem] if problem else []
        if problem:
            logger.warning("%s; goes on without it", problem)
        elif entry.effect.kind == "checkpoint" and arrays is not None and start.weights is None:
            start, told = _with_weights(start, arrays, base)
            done.append(told)
        elif entry.effect.kind == "demonstrations" and arrays is not None:
            start, several = _with_history(start, arrays, world)
            done += several
            if "prior" in arrays and arrays["prior"].shape == candidates.shape:
                candidates, leaning = candidates + arrays["prior"], True
                done.append(f"priors: candidates of {len(candidates)} services as measured")
            if "hosts" in arrays and arrays["hosts"].shape == hosts.shape:
                hosts, leaning = hosts + arrays["hosts"], True
                done.append("priors: deployment as measured")
        elif entry.effect.prior:
            row = np.array([entry.effect.prior.get(tier, 0.0) for tier in TIERS]) * entry.weight
            leaning = True
            if entry.effect.kind == "deployment_prior":
                hosts = hosts + _on_domains(row, world)[:, None]
                done.append("priors: deployment of all services")
            else:
                candidates = candidates + row
                done.append("priors: candidates of all services")
        effect = "; ".join(done) or "read, changes nothing"
        changes.append(Change(entry.entry_id, entry.title, scored.score, effect))
    if leaning:
        start = replace(
            start,
            priors=Priors(np.clip(candidates, -LIMIT, LIMIT), np.clip(hosts, -LIMIT, LIMIT)),
        )
    return replace(start, changes=tuple(changes))


def _with_weights(start: WarmStart, arrays: Arrays, base: Weights) -> tuple[WarmStart, str]:
    own = _by_agent(taken(AGENT, arrays))
    shared = {name: array for name, array in arrays.items() if not name.startswith(AGENT)}
    for found in (shared, *own.values()):
        wrong = [n for n, a in found.items() if n not in base or base[n].shape != a.shape]
        if wrong:
            return start, f"its weights do not fit the networks ({wrong[0]}); shipped ones are used"
    every = {name: array.astype(np.float64) for name, array in shared.items()}
    mine = {
        agent: {name: array.astype(np.float64) for name, array in found.items()}
        for agent, found in own.items()
    }
    whose = f", {len(mine)} agents with their own" if mine else ""
    told = f"weights: learning agents begin with its {len(every) or 'own'} arrays{whose}"
    return replace(start, weights=every, own_weights=mine), told


def _with_history(start: WarmStart, arrays: Arrays, world: World) -> tuple[WarmStart, list[str]]:
    told = []
    shape = (len(world.domain_ids), len(world.work_gc))
    if "replicas" in arrays and start.replicas is None:
        if arrays["replicas"].shape == shape:
            replicas = arrays["replicas"].astype(np.int64)
            start = replace(start, replicas=replicas)
            told.append(f"replicas: the first search also begins with {replicas.sum()} of them")
        else:
            told.append("replicas: left out, they are of another inventory")
    transitions = _transitions(arrays)
    if transitions and not start.transitions:
        key = arrays[KEY].tobytes() if KEY in arrays else b""
        if key == world.classes.key:
            start = replace(start, transitions=transitions, key=key)
            slots = max(len(samples) for samples in transitions.values())
            told.append(f"replay: {slots} slots for {len(transitions)} agents")
        else:
            told.append("replay: left out, it is of other traffic classes")
    return start, told


def _on_domains(row: Floats, world: World) -> Floats:
    """[domains] of weights by tier; a RAN domain is own to one origin, which counts."""
    of_kind = {"terminal": row[0], "ran": row[1], "transport": row[-1]}
    kinds = [name.rpartition("-")[0] or name for name in world.domain_ids]
    return np.array([of_kind[kind] for kind in kinds])


def _by_agent(arrays: Arrays) -> dict[str, Arrays]:
    found: dict[str, Arrays] = {}
    for name, array in arrays.items():
        agent, _, rest = name.partition("/")
        found.setdefault(agent, {})[rest] = array
    return found


def _transitions(arrays: Arrays) -> dict[str, tuple[Arrays, ...]]:
    return {
        agent: tuple(_by_agent(slots)[at] for at in sorted(_by_agent(slots)))
        for agent, slots in _by_agent(taken(REPLAY, arrays)).items()
    }


class Leaning:
    """Priors on what E2E observes, which fade while it gathers experience."""

    def __init__(self, priors: Priors) -> None:
        self._priors = priors
        self._since: int | None = None

    def on(self, observation: EndToEndObservation) -> EndToEndObservation:
        """The observation with what is left of the priors."""
        if self._since is None:
            self._since = observation.slot
        left = self._priors.left(observation.slot - self._since)
        prior = observation.prior.copy()
        known = min(len(prior), len(self._priors.candidates))
        prior[:known] += left * self._priors.candidates[:known]
        return replace(
            observation,
            prior=prior,
            hosts_prior=observation.hosts_prior + left * self._priors.hosts,
        )

    def snapshot(self) -> dict[str, Any]:
        """As JSON values."""
        priors = self._priors
        return {
            "candidates": priors.candidates.tolist(),
            "hosts": priors.hosts.tolist(),
            "half_life": priors.half_life,
            "since": self._since,
        }

    @staticmethod
    def restored(snapshot: Mapping[str, Any]) -> Leaning:
        """From a snapshot."""
        priors = Priors(
            np.array(snapshot["candidates"]), np.array(snapshot["hosts"]), snapshot["half_life"]
        )
        leaning = Leaning(priors)
        leaning._since = snapshot["since"]
        return leaning
