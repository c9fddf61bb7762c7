"""An intent with what became of it: what is written as a standard's document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnc.errors import NotFoundError
from cnc.messages.feasibility import Conflict, Feasibility
from cnc.messages.intents import EventName, Figures, Intent, IntentEvent


@dataclass(frozen=True)
class Described:
    """One intent, as its events tell it."""

    intent_id: str
    intent: Intent
    text: str = ""
    event: EventName = "recognised"
    """The last event."""
    message: str = ""
    measured: Figures | None = None
    feasibility: Feasibility | None = None
    """Of the last time that it was planned, or found infeasible."""
    conflicts: tuple[Conflict, ...] = ()
    """Of the last event, or of its planning."""
    written_at: str | None = None
    """When the document is written, RFC 3339."""

    @property
    def suspended(self) -> bool:
        """It yields to another intent and carries no traffic."""
        return self.event == "degraded" and any(
            conflict.suspended and conflict.yields == self.intent_id for conflict in self.conflicts
        )


def describe(events: Sequence[IntentEvent], written_at: str | None = None) -> Described:
    """What the events of one intent say in the end.

    Args:
        events: of one intent, the oldest first.
        written_at: the time now, for reports.

    Raises:
        NotFoundError: no event carries a structured intent.
    """
    intents = [event.intent for event in events if event.intent is not None]
    if not intents:
        name = events[-1].intent_id if events else "of no events"
        what = events[-1].event if events else "not received"
        raise NotFoundError(
            f"intent {name} has no structured form (it was {what}), so that there is nothing to "
            "write; ask again in other words"
        )
    measured = [event.measured for event in events if event.measured is not None]
    planned = next((e for e in reversed(events) if e.feasibility is not None), None)
    last = events[-1]
    conflicts = last.conflicts or (() if planned is None else planned.conflicts)
    return Described(
        intent_id=events[-1].intent_id,
        intent=intents[-1],
        text=next((event.text for event in events if event.text), ""),
        event=events[-1].event,
        message=events[-1].message,
        measured=measured[-1] if measured else None,
        feasibility=None if planned is None else planned.feasibility,
        conflicts=conflicts,
        written_at=written_at,
    )
