"""From text hits to the entries that fit the state of the whole system.

`retrieval` looks for what is known of one request; here the question is where the agents should
begin: with which weights, which slots of experience, which replicas, and which leaning. The text
finds candidates, the numbers of the context decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cnc.knowledge.retrieval import Context, context_text, retrieve
from cnc.messages.knowledge import KnowledgeEntry, OperatingContext, ScoredEntry

LOAD_WEIGHT = 0.5
LOAD_FACTOR = 4.0
"""Loads that differ by this factor or more are as far apart as loads can be."""
LOST_WEIGHT = 0.6
HOTSPOT_WEIGHT = 0.15
SCENARIO_WEIGHT = 0.4
UNKNOWN_MIX = 0.4
"""Distance of an entry for any state: one recorded in a state nearer than that comes first."""
FAR = 0.75
"""Entries beyond this distance are left out: the policy begins as it was shipped."""
CHANGED = 0.5
"""From this distance to the context of the last retrieval on, knowledge is looked for again."""
RULES_MOST = 3


def operating_text(context: OperatingContext) -> str:
    """The context in words, to be embedded; entries' texts use the same ones."""
    common = sorted(context.mix, key=lambda name: (-context.mix[name], name))[:3]
    services = ", ".join(name.replace("-", " ") for name in common)
    parts = [f"service mix led by {services}"] if services else []
    said = context_text(_as_request(context)).lstrip(", ")
    return ", ".join([*parts, *([said] if said else [])]) or "any state of the system"


def context_distance(here: OperatingContext, there: OperatingContext) -> float:
    """How far apart two states are; 0 for the same, at most 2.65.

    The total variation between the service mixes (0 to 1), plus up to 0.5 for the load (by its
    logarithm), 0.6 for what is lost (half of it where other domains of the same kinds are),
    0.15 for the hotspot and 0.4 for another scenario. What one side does not know counts
    nothing, but for the mix.
    """
    mix = UNKNOWN_MIX
    if here.mix and there.mix:
        names = sorted({*here.mix, *there.mix})
        mix = 0.5 * sum(abs(_share(here, name) - _share(there, name)) for name in names)
    distance = mix + LOST_WEIGHT * _unlike(here.lost, there.lost)
    if here.load is not None and there.load is not None:
        apart = abs(math.log(max(here.load, 1.0) / max(there.load, 1.0))) / math.log(LOAD_FACTOR)
        distance += LOAD_WEIGHT * min(1.0, apart)
    if here.hotspot and there.hotspot and here.hotspot != there.hotspot:
        distance += HOTSPOT_WEIGHT
    if here.scenario and there.scenario and here.scenario != there.scenario:
        distance += SCENARIO_WEIGHT
    return distance


def changed_a_lot(before: OperatingContext, now: OperatingContext) -> bool:
    """Whether knowledge for the one is no knowledge for the other."""
    return context_distance(before, now) >= CHANGED


def retrieve_operating(
    found: Sequence[tuple[KnowledgeEntry, float]], context: OperatingContext
) -> tuple[ScoredEntry, ...]:
    """The trained policy and the history nearest to a context, and the rules for any service.

    Args:
        found: entries with their cosine similarity to `operating_text`.
        context: the state of the system.

    Returns:
        At most one checkpoint, one entry with demonstrations, and `RULES_MOST` rules, in this
        order. The score of the first two is (1 + similarity - distance) x weight.
    """
    nearest: list[ScoredEntry] = []
    for kind in ("checkpoint", "demonstrations"):
        scored = [
            ScoredEntry(entry=entry, score=(1.0 + similarity - distance) * entry.weight)
            for entry, similarity in found
            if entry.effect.kind == kind
            and entry.effect.reference
            and (distance := _distance_of(entry, context)) <= FAR
        ]
        nearest += sorted(scored, key=lambda s: (-s.score, s.entry.entry_id))[:1]
    rules = [
        (entry, similarity)
        for entry, similarity in found
        if entry.kind == "expert_rule"
        and entry.effect.prior
        and entry.applies_to.users_min is None
        and entry.applies_to.latency_max_ms is None
    ]
    return (*nearest, *retrieve(rules, _as_request(context), RULES_MOST))


def _distance_of(entry: KnowledgeEntry, context: OperatingContext) -> float:
    """An entry without a context is for any state."""
    return UNKNOWN_MIX if entry.context is None else context_distance(context, entry.context)


def _as_request(context: OperatingContext) -> Context:
    """For no service in particular: entries that name services do not apply."""
    return Context(
        service="", load=context.load, hotspot=context.hotspot, lost_domains=context.lost
    )


def _share(context: OperatingContext, service: str) -> float:
    return context.mix.get(service, 0.0) / max(sum(context.mix.values()), 1e-12)


def _unlike(one: Sequence[str], other: Sequence[str]) -> float:
    """1 - what two sets have in common; a domain of the same kind counts half."""
    if not one and not other:
        return 0.0
    mine, yours = set(one), set(other)
    same = len(mine & yours)
    kinds = [{name.rpartition("-")[0] or name for name in names} for names in (mine, yours)]
    alike = 0.5 * len(kinds[0] & kinds[1]) / max(len(kinds[0] | kinds[1]), 1)
    return 1.0 - max(same / len(mine | yours), alike)
