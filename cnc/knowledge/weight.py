"""How an entry's weight follows what happened when it was used.

The chance that a use ends compliant has the prior Beta(4, 1): one success in a row of four is
assumed, so that a single failure does not condemn an entry. The weight is the posterior mean
divided by the prior mean, at most 1, times the weight that the author gave:

    weight = given * min(1, (4 + compliant) / (5 + uses) / 0.8)

An unused entry keeps its weight; one failure costs a sixth, ten in a row two thirds, and later
successes win it back. It never reaches zero.
"""

from __future__ import annotations

from cnc.messages.knowledge import KnowledgeEntry, Outcome

PRIOR_COMPLIANT = 4.0
PRIOR_DEGRADED = 1.0


def after_outcome(entry: KnowledgeEntry, compliant: bool) -> KnowledgeEntry:
    """The entry after one more use."""
    before = entry.outcome
    after = Outcome(
        uses=before.uses + 1,
        compliant=before.compliant + int(compliant),
        degraded=before.degraded + int(not compliant),
    )
    given = min(1.0, entry.weight / trust(before))
    return entry.model_copy(
        update={"outcome": after, "weight": max(1e-6, round(given * trust(after), 9))}
    )


def trust(outcome: Outcome) -> float:
    """Posterior over prior mean of a compliant end, at most 1."""
    prior = PRIOR_COMPLIANT / (PRIOR_COMPLIANT + PRIOR_DEGRADED)
    seen = outcome.compliant + outcome.degraded
    mean = (PRIOR_COMPLIANT + outcome.compliant) / (PRIOR_COMPLIANT + PRIOR_DEGRADED + seen)
    return min(1.0, mean / prior)
