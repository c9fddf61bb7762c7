"""From text hits to the entries that fit a context, and from entries to a prior."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnc.messages.knowledge import AppliesTo, KnowledgeEntry, ScoredEntry, Tier

CANDIDATES = 60
"""Of each kind, the nearest that are ranked by context. Those that do not apply take places among
them: of 20, half of the requests got other entries than from ranking all
(benchmarks/knowledge_candidates.py)."""
SERVICE_BONUS = 0.25
"""Added where the entry names the service; cosine similarities of related texts differ by less."""
DOMAIN_BONUS = 0.10
"""Added where the hotspot or a lost domain is one that the entry is about."""
LOSS_BONUS = 0.35
"""Added while a domain is lost for which the entry was written: a failure comes first."""
RANGE_PENALTY = 0.50
"""At most, for each of load, users and latency that lies far outside the entry's range: one of them
must outweigh the service's bonus."""
LEAST_SCORE = 0.15
"""Below it an entry has nothing to do with the request."""
HISTORIES_MOST = 2
"""Among what is retrieved: histories resemble the next request of their sort more than any rule
does, and would push out the rules, which alone say what to prefer."""
PRIOR_LIMIT = 3.0
"""A factor of twenty: knowledge leans, it does not command."""


@dataclass(frozen=True)
class Context:
    """The situation in which knowledge is looked for."""

    service: str | None
    """Catalogue id; empty: none in particular, so that entries that name services are left out;
    None: whichever, they stay in."""
    service_class: str | None = None
    """interactive, analytic or heavy."""
    load: float | None = None
    """Requests a slot."""
    users: int | None = None
    latency_ms: float | None = None
    """What the users ask for."""
    hotspot: str | None = None
    """Domain id."""
    lost_domains: tuple[str, ...] = ()
    """Domain ids."""


def context_text(context: Context) -> str:
    """The context in words, to be embedded together with the request."""
    parts = [] if context.service is None else [context.service.replace("-", " ")]
    if context.service_class is not None:
        parts.append(f"{context.service_class} service")
    if context.load is not None:
        parts.append(f"{_load_word(context.load)} load")
    if context.hotspot is not None:
        parts.append(f"hotspot at {context.hotspot}")
    parts += [f"while the {_place(domain)} {domain} is lost" for domain in context.lost_domains]
    return ", ".join(parts)


def _place(domain: str) -> str:
    """What people call a domain of this kind; entries about losses use the same words."""
    return {"terminal": "terminal side", "ran": "RAN site", "transport": "core"}.get(
        domain.rpartition("-")[0] or domain, "domain"
    )


def _load_word(load: float) -> str:
    return "light" if load < 400 else "medium" if load < 1000 else "heavy"


def retrieve(
    found: Sequence[tuple[KnowledgeEntry, float]],
    context: Context,
    k: int = 5,
    histories_most: int = HISTORIES_MOST,
) -> tuple[ScoredEntry, ...]:
    """Re-rank text hits by context.

    Entries for other services only, and those for a loss that did not happen, are left out, and
    at most `histories_most` are runtime histories.

    Args:
        found: entries with their cosine similarity to the request.
        context: the situation.
        k: how many at most.
        histories_most: how many of them may be runtime histories.

    Returns:
        Best first; the score is (similarity + fit to the context) x weight. Equal scores are
        ordered by id, so that the result does not depend on the order of `found`.
    """
    scored = []
    for entry, similarity in found:
        if entry.effect.kind in ("checkpoint", "demonstrations"):
            continue  # about the whole system: `operating` looks for these
        fit = _fit(entry.applies_to, context)
        if fit is None:
            continue
        score = (similarity + fit) * entry.weight
        if score >= LEAST_SCORE:
            scored.append(ScoredEntry(entry=entry, score=score))
    scored.sort(key=lambda s: (-s.score, s.entry.entry_id))
    best: list[ScoredEntry] = []
    histories = 0
    for hit in scored:
        if hit.entry.kind == "runtime_history":
            histories += 1
            if histories > histories_most:
                continue
        best.append(hit)
    return tuple(best[:k])


def _fit(applies: AppliesTo, context: Context) -> float | None:
    """What the context adds to the similarity; None where the entry does not apply."""
    fit = 0.0
    if applies.services and context.service is not None:
        if context.service not in applies.services:
            return None
        fit += SERVICE_BONUS
    if applies.lost:
        if not _names_or_kinds(context.lost_domains) & set(applies.lost):
            return None
        fit += LOSS_BONUS
    around = (*context.lost_domains, *((context.hotspot,) if context.hotspot else ()))
    if _names_or_kinds(around) & set(applies.domains):
        fit += DOMAIN_BONUS
    for value, low, high in (
        (context.load, applies.load_min, applies.load_max),
        (context.users, applies.users_min, applies.users_max),
        (context.latency_ms, applies.latency_min_ms, applies.latency_max_ms),
    ):
        if value is not None:
            fit -= RANGE_PENALTY * _outside(value, low, high)
    return fit


def _names_or_kinds(domains: Iterable[str]) -> set[str]:
    """Domain ids together with their kinds: `ran-3` is of kind `ran`."""
    return {name for domain in domains for name in (domain, domain.rpartition("-")[0] or domain)}


def _outside(value: float, low: float | None, high: float | None) -> float:
    """How far a value lies outside a range: 0 inside, 1 from half or double of it on."""
    if low is not None and value < low:
        return min(1.0, 2.0 * (low - value) / low)
    if high is not None and value > high:
        return min(1.0, (value - high) / high) if high > 0 else 1.0
    return 0.0


@dataclass(frozen=True)
class Contribution:
    """What one entry adds to the combined prior."""

    entry_id: str
    prior: dict[Tier, float]
    """Log-weight per tier; those of all entries add up to the prior before its limit."""


def contributions(entries: Sequence[ScoredEntry]) -> tuple[Contribution, ...]:
    """What each entry with a prior on candidates adds to `candidate_prior`, in their order.

    An entry counts with its score (which holds its weight already) times its weight, relative
    to the best one's score. The parts are divided by the square root of what they weigh
    together: agreeing entries strengthen one another, yet five of them not fivefold.
    """
    with_prior = [s for s in entries if s.entry.effect.kind == "candidate_prior" and s.score > 0]
    if not with_prior:
        return ()
    best = max(s.score for s in with_prior)
    parts = [s.score / best * s.entry.weight for s in with_prior]
    scale = max(1.0, sum(parts)) ** 0.5
    return tuple(
        Contribution(
            s.entry.entry_id,
            {tier: part / scale * weight for tier, weight in s.entry.effect.prior.items()},
        )
        for s, part in zip(with_prior, parts, strict=True)
    )


def candidate_prior(entries: Sequence[ScoredEntry]) -> dict[Tier, float]:
    """The entries' priors on candidates in one: log-weights per tier, each within 3.

    It is the sum of their `contributions`.
    """
    total: dict[Tier, float] = {}
    for contribution in contributions(entries):
        for tier, weight in contribution.prior.items():
            total[tier] = total.get(tier, 0.0) + weight
    return {tier: max(-PRIOR_LIMIT, min(PRIOR_LIMIT, value)) for tier, value in total.items()}
