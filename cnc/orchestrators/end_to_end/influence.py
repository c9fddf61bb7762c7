"""What retrieved knowledge changes, said in words."""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Floats
from cnc.messages.intents import UsedKnowledge
from cnc.messages.knowledge import ScoredEntry, Tier
from cnc.messages.percent import percent
from cnc.orchestrators.end_to_end.planning import TIER_OF_CANDIDATE

TIER_WORDS: dict[Tier, str] = {
    "terminal": "own terminals",
    "ran": "own RAN",
    "neighbour": "neighbouring RAN",
    "transport": "core and cloud",
}


def used_knowledge(
    entries: tuple[ScoredEntry, ...], before: dict[Tier, float], after: dict[Tier, float]
) -> tuple[UsedKnowledge, ...]:
    """Each entry with its prior, and for those with one how the shares moved together."""
    moved = ", ".join(
        f"{TIER_WORDS[tier]} {percent(before[tier], 0)} → {percent(after[tier], 0)}"
        for tier in before
        if percent(before[tier], 0) != percent(after[tier], 0)
    )
    return tuple(
        UsedKnowledge(
            entry_id=scored.entry.entry_id,
            title=scored.entry.title,
            score=round(scored.score, 4),
            effect=_effect(scored, moved),
        )
        for scored in entries
    )


def _effect(scored: ScoredEntry, moved: str) -> str:
    effect = scored.entry.effect
    if effect.kind not in ("candidate_prior", "deployment_prior") or not effect.prior:
        return "read, changes no decision"
    weights = ", ".join(
        f"{TIER_WORDS[tier]} {weight:+.2f}" for tier, weight in effect.prior.items() if weight
    )
    return f"prior on candidates: {weights}; shares: {moved or 'unchanged'}"


def hosts_prior(
    prior: Floats | None, requests: Floats, candidates: np.ndarray, domains: int
) -> Floats:
    """[domains] the strongest wish among the origins that have users, for deployment."""
    wish = np.zeros(domains)
    if prior is None:
        return wish
    for origin in np.flatnonzero(requests > 0):
        for k in range(len(TIER_OF_CANDIDATE)):
            domain = candidates[origin, k]
            if abs(prior[k]) > abs(wish[domain]):
                wish[domain] = prior[k]
    return wish
