"""Two intents that cannot both hold: which one is kept, and by which rule.

Priority decides, 1 (most urgent) before 9; at the same priority the earlier intent is kept. An
intent that yields and would leave the other too little is suspended (TS 28.312 suspends intents in
conflict as well); one that merely falls short itself goes on and is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnc.messages.feasibility import Conflict, Constraint
from cnc.messages.intents import Intent
from cnc.messages.percent import percent
from cnc.orchestrators.end_to_end.assessment import TOLERANCE, Assessment, Harm, Rival, Trial

Rivals = tuple[Rival, ...]


@dataclass(frozen=True, eq=False)
class Resolution:
    """What follows for a new intent from those that run."""

    trial: Trial
    """Of the intent with what yields to it thought away."""
    conflicts: tuple[Conflict, ...] = ()
    yields: bool = False
    """The new intent cannot be had as it is asked."""
    suspended: tuple[str, ...] = ()
    """Intents that carry no traffic while the new one runs."""


def goes_before(rival: Rival, intent: Intent) -> bool:
    """A rival is the earlier one, and is kept unless it is less urgent."""
    return rival.priority <= intent.priority.value


def resolve(assessment: Assessment, intent_id: str, intent: Intent) -> Resolution:
    """Weigh a new intent against those that run."""
    trial = assessment.attempt(intent)
    suspended: Rivals = ()
    conflicts: list[Conflict] = []
    if trial.obstacle is None and trial.share < trial.required - TOLERANCE:
        blocking, alone = _blocking(assessment, intent, trial)
        binding = assessment.binding(trial)
        kept = tuple(rival for rival in blocking if goes_before(rival, intent))
        if kept and binding is not None:
            found = tuple(
                _refused(intent_id, intent, rival, binding, alone.share, trial.share)
                for rival in kept
            )
            return Resolution(trial, found, yields=True)
        if blocking and binding is not None:
            conflicts += [
                _suspends(intent_id, intent, rival, binding, alone.share, trial.share)
                for rival in blocking
            ]
            suspended, trial = blocking, alone
    if not trial.near:
        return Resolution(trial)
    stronger = [harm for harm in trial.harmed if goes_before(harm.rival, intent)]
    if stronger:
        found = tuple(_spared(intent_id, intent, harm) for harm in stronger)
        return Resolution(trial, found, yields=True)
    conflicts += [_harms(intent_id, intent, harm) for harm in trial.harmed]
    return Resolution(
        trial, tuple(conflicts), suspended=tuple(rival.intent_id for rival in suspended)
    )


def acceptable(trial: Trial) -> bool:
    """Met, and no intent that goes before it falls short."""
    return trial.met and not any(goes_before(harm.rival, trial.intent) for harm in trial.harmed)


def _blocking(assessment: Assessment, intent: Intent, whole: Trial) -> tuple[Rivals, Trial]:
    """The fewest rivals, the least urgent first, without whom the intent is met, or nearly."""
    order = sorted(enumerate(assessment.rivals), key=lambda entry: (-entry[1].priority, -entry[0]))
    nearly: tuple[Rivals, Trial] | None = None
    away: Rivals = ()
    if not order or not assessment.attempt(intent, assessment.rivals).near:
        return (), whole
    for _, rival in order:
        away = (*away, rival)
        trial = assessment.attempt(intent, away)
        if trial.met:
            return _fewest(assessment, intent, away, trial)
        if trial.near and not whole.near and nearly is None:
            nearly = away, trial
    return ((), whole) if nearly is None else nearly


def _fewest(
    assessment: Assessment, intent: Intent, away: Rivals, trial: Trial
) -> tuple[Rivals, Trial]:
    """Without those that the last one made needless."""
    for rival in away[:-1]:
        fewer = tuple(other for other in away if other is not rival)
        found = assessment.attempt(intent, fewer)
        if found.met:
            away, trial = fewer, found
    return away, trial


def _rule(rival: Rival, intent: Intent) -> str:
    return "priority" if rival.priority != intent.priority.value else "earlier"


def _conflict(
    rival: Rival, intent: Intent, binding: Constraint, keeps: str, yields: str, **fields: object
) -> Conflict:
    return Conflict.model_validate(
        {
            "with_intent": rival.intent_id,
            "with_service": rival.service_name,
            "resource": binding.resource,
            "where": binding.where,
            "rule": _rule(rival, intent),
            "keeps": keeps,
            "yields": yields,
            **fields,
        }
    )


def _named(rival: Rival) -> str:
    return f"{rival.service_name} for {rival.intent_id}"


def _why(rival: Rival, intent: Intent) -> str:
    """The rule in words."""
    if rival.priority == intent.priority.value:
        return f"both have priority {rival.priority}, and the earlier is kept"
    first, second = sorted((rival.priority, intent.priority.value))
    return f"priority {first} goes before priority {second}"


def _refused(
    intent_id: str, intent: Intent, rival: Rival, binding: Constraint, alone: float, together: float
) -> Conflict:
    """The new intent would be short because of the rival."""
    return _conflict(
        rival,
        intent,
        binding,
        keeps=rival.intent_id,
        yields=intent_id,
        solution="MODIFY",
        short=intent_id,
        share_alone=alone,
        share_together=together,
        detail=f"{_named(rival)} takes what it needs at {binding.where}: {percent(together)} would "
        f"be in time beside it, {percent(alone)} without it; {_why(rival, intent)}",
    )


def _spared(intent_id: str, intent: Intent, harm: Harm) -> Conflict:
    """The rival would be short because of the new intent."""
    rival = harm.rival
    return _conflict(
        rival,
        intent,
        harm.constraint,
        keeps=rival.intent_id,
        yields=intent_id,
        solution="MODIFY",
        short=rival.intent_id,
        share_alone=harm.before,
        share_together=harm.after,
        detail=f"{_named(rival)} would fall from {percent(harm.before)} to {percent(harm.after)} "
        f"in time ({rival.required * 100:.6g} % asked) at {harm.constraint.where}; "
        f"{_why(rival, intent)}",
    )


def _suspends(
    intent_id: str,
    intent: Intent,
    rival: Rival,
    binding: Constraint,
    alone: float,
    together: float,
) -> Conflict:
    """The rival would leave the new intent too little."""
    return _conflict(
        rival,
        intent,
        binding,
        keeps=intent_id,
        yields=rival.intent_id,
        solution="DELETE",
        suspended=True,
        short=intent_id,
        share_alone=alone,
        share_together=together,
        detail=f"{_named(rival)} is suspended until {intent_id} ends, since both do not fit at "
        f"{binding.where}; {_why(rival, intent)}",
    )


def _harms(intent_id: str, intent: Intent, harm: Harm) -> Conflict:
    """The rival falls short and goes on."""
    rival = harm.rival
    return _conflict(
        rival,
        intent,
        harm.constraint,
        keeps=intent_id,
        yields=rival.intent_id,
        solution="MODIFY",
        short=rival.intent_id,
        share_alone=harm.before,
        share_together=harm.after,
        detail=f"{_named(rival)} falls from {percent(harm.before)} to {percent(harm.after)} in "
        f"time ({rival.required * 100:.6g} % asked) at {harm.constraint.where}; "
        f"{_why(rival, intent)}",
    )
