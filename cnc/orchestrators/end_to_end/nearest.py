"""The nearest offers: the least latency, and the most users, that are predicted to be met.

Found by bisection over what-if questions, so that asking for an offer is answered as feasible,
and one millisecond less or one user more is not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

from cnc.messages.feasibility import Offer
from cnc.messages.intents import Intent
from cnc.orchestrators.end_to_end.assessment import Assessment, Trial
from cnc.orchestrators.end_to_end.prediction import quantile_ms

LONGEST_MS = 60_000
WIDENED = 1.3
"""A latency that does not suffice is widened by this until one does."""
TRIES = 10

Accepts = Callable[[Trial], bool]


def nearest_offers(assessment: Assessment, trial: Trial, accepts: Accepts) -> tuple[Offer, ...]:
    """Offers beside a trial that is not accepted.

    Args:
        assessment: answers what-if questions.
        trial: of the intent as it was asked.
        accepts: which trials count as met.
    """
    intent, found = trial.intent, []
    slower = _least_latency(assessment, intent, _guess_ms(trial), accepts)
    if slower is not None:
        found.append(slower)
    fewer = _most_users(assessment, intent, accepts)
    if fewer is not None:
        found.append(fewer)
    return tuple(found) or _both(assessment, intent, trial, accepts)


def _both(
    assessment: Assessment, intent: Intent, trial: Trial, accepts: Accepts
) -> tuple[Offer, ...]:
    """Where neither helps alone: the users that fit at a latency that leaves room for load."""
    one = with_users(intent, 1)
    least = _least_latency(assessment, one, _guess_ms(trial), accepts)
    if least is None:
        return ()
    roomy = with_latency(intent, ceil(1.5 * least.latency_ms))
    fewer = _most_users(assessment, roomy, accepts)
    return (fewer if fewer is not None else least,)


def _guess_ms(trial: Trial) -> float:
    """About the latency at which the required share is in time."""
    asked = trial.intent.latency_ms.value
    if trial.forecast is None:
        binds = trial.obstacle is not None and trial.obstacle.resource == "latency"
        return trial.obstacle.needed if binds and trial.obstacle is not None else asked
    total = float(trial.demand.requests.sum())
    found = quantile_ms(trial.forecast.prediction, trial.forecast.flow, total, trial.required)
    return asked if found is None else max(asked, found)


def _least_latency(
    assessment: Assessment, intent: Intent, guess_ms: float, accepts: Accepts
) -> Offer | None:
    """The least whole milliseconds above what is asked that are accepted."""

    def at(milliseconds: int) -> Trial | None:
        trial = assessment.attempt(with_latency(intent, milliseconds))
        return trial if accepts(trial) else None

    short = floor(intent.latency_ms.value)
    wide, met = max(short + 1, ceil(guess_ms)), None
    for _ in range(TRIES):
        met = at(wide)
        if met is not None or wide >= LONGEST_MS:
            break
        short, wide = wide, min(LONGEST_MS, ceil(WIDENED * wide))
    if met is None:
        return None
    while wide - short > 1:
        middle = (wide + short) // 2
        trial = at(middle)
        if trial is None:
            short = middle
        else:
            wide, met = middle, trial
    return _offer(met)


def _most_users(assessment: Assessment, intent: Intent, accepts: Accepts) -> Offer | None:
    """The most users, fewer than are asked for, that are accepted."""
    few, many, met = 0, intent.users.value, None
    while many - few > 1:
        middle = (few + many) // 2
        trial = assessment.attempt(with_users(intent, middle))
        if accepts(trial):
            few, met = middle, trial
        else:
            many = middle
    return None if met is None else _offer(met)


def _offer(trial: Trial) -> Offer:
    return Offer(
        users=trial.intent.users.value,
        latency_ms=trial.intent.latency_ms.value,
        predicted_share=trial.share,
    )


def with_latency(intent: Intent, milliseconds: float) -> Intent:
    """The intent with another latency."""
    slot = intent.latency_ms.model_copy(update={"value": float(milliseconds)})
    return intent.model_copy(update={"latency_ms": slot})


def with_users(intent: Intent, users: int) -> Intent:
    """The intent with another number of users."""
    return intent.model_copy(update={"users": intent.users.model_copy(update={"value": users})})
