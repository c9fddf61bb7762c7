"""From text hits to the entries that fit a context, and from entries to a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnc.messages.knowledge import AppliesTo, KnowledgeEntry, ScoredEntry, Tier

SERVICE_BONUS = 0.25
"""Added where the entry names the service; cosine similarities of related texts differ by less."""
DOMAIN_BONUS = 0.10
LOAD_PENALTY = 0.30
"""At most, for a load far outside the entry's range."""
LEAST_SCORE = 0.15
"""Below it an entry has nothing to do with the request."""
PRIOR_LIMIT = 3.0


@dataclass(frozen=True)
class Context:
    """The situation in which knowledge is looked for."""

    service: str
    """Catalogue id."""
    service_class: str | None = None
    load: float | None = None
    """Requests a slot."""
    users: int | None = None
    latency_ms: float | None = None
    hotspot: str | None = None
    lost_domains: tuple[str, ...] = ()


def context_text(context: Context) -> str:
    """The context in words, to be embedded together with the request."""
    parts = [context.service.replace("-", " ")]
    if context.service_class is not None:
        parts.append(f"{context.service_class} service")
    if context.load is not None:
        parts.append(f"{_load_word(context.load)} load")
    if context.lost_domains:
        parts.append(f"lost domains {', '.join(context.lost_domains)}")
    return ", ".join(parts)


def _load_word(load: float) -> str:
    return "light" if load < 400 else "medium" if load < 1000 else "heavy"


def retrieve(
    found: Sequence[tuple[KnowledgeEntry, float]], context: Context, k: int = 5
) -> tuple[ScoredEntry, ...]:
    """Re-rank text hits by context; entries for other services only are left out.

    Args:
        found: entries with their cosine similarity to the request.
        context: the situation.
        k: how many at most.

    Returns:
        Best first; the score is (similarity + fit to the context) x weight. Equal scores are
        ordered by id, so that the result does not depend on the order of `found`.
    """
    scored = []
    for entry, similarity in found:
        fit = _fit(entry.applies_to, context)
        if fit is None:
            continue
        score = (similarity + fit) * entry.weight
        if score >= LEAST_SCORE:
            scored.append(ScoredEntry(entry=entry, score=score))
    scored.sort(key=lambda s: (-s.score, s.entry.entry_id))
    return tuple(scored[:k])


def _fit(applies: AppliesTo, context: Context) -> float | None:
    """What the context adds to the similarity; None where the entry does not apply."""
    fit = 0.0
    if applies.services:
        if context.service not in applies.services:
            return None
        fit += SERVICE_BONUS
    if applies.domains:
        around = {context.hotspot, *context.lost_domains}
        if around & set(applies.domains):
            fit += DOMAIN_BONUS
    if context.load is not None:
        fit -= LOAD_PENALTY * _outside(context.load, applies.load_min, applies.load_max)
    return fit


def _outside(load: float, low: float | None, high: float | None) -> float:
    """How far a load lies outside a range: 0 inside, 1 from half or double of it on."""
    if low is not None and load < low:
        return min(1.0, 2.0 * (low - load) / low) if low > 0 else 0.0
    if high is not None and load > high:
        return min(1.0, (load - high) / high) if high > 0 else 1.0
    return 0.0


def candidate_prior(entries: Sequence[ScoredEntry]) -> dict[Tier, float]:
    """The entries' priors on candidates, added up by score and weight.

    Each entry counts with score x weight, relative to the best; sums stay within 3 (a factor
    of twenty), so that no number of entries overrules what is measured.
    """
    with_prior = [s for s in entries if s.entry.effect.kind == "candidate_prior"]
    if not with_prior:
        return {}
    best = max(s.score for s in with_prior)
    total: dict[Tier, float] = {}
    for scored in with_prior:
        part = scored.score / best * scored.entry.weight
        for tier, weight in scored.entry.effect.prior.items():
            total[tier] = total.get(tier, 0.0) + part * weight
    return {tier: max(-PRIOR_LIMIT, min(PRIOR_LIMIT, value)) for tier, value in total.items()}
