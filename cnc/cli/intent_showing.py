"""Showing the events of a request as they come: for scripts, or for people with signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cnc.cli.intent_changes import changed
from cnc.cli.intent_documents import event_document
from cnc.cli.output import emit, notice
from cnc.cli.waiting import Waiting

if TYPE_CHECKING:
    from cnc.cli.intent_view import IntentView
    from cnc.messages.intents import IntentEvent

KNOWN = ("received", "recognised", "planned")
"""What need not be shown again once it was confirmed."""
NEXT = {
    "received": "understanding",
    "recognised": "looking for knowledge, planning",
    "planned": "deploying",
    "deployed": "measuring",
}
"""What is awaited after an event."""


class Showing:
    """Takes the events of one request, shows them and keeps them."""

    def __init__(
        self,
        as_json: bool,
        wait: Waiting | None = None,
        confirmed: Sequence[IntentEvent] = (),
        ends_with: str = "",
        answered: bool = False,
    ) -> None:
        """Nothing is shown yet.

        Args:
            as_json: one event a line.
            wait: a spinner that is taken away for each event.
            confirmed: events that the user has seen and agreed to; they are not shown again, but
                for a plan that has become another one.
            ends_with: the event after which nothing is awaited.
            answered: the same words again, with the user's choice.
        """
        self.events: list[IntentEvent] = []
        self._wait = wait
        self._planned = {_part(e): e for e in confirmed if e.event == "planned"}
        self._ends_with = ends_with
        self._view: IntentView | None = None
        if not as_json:
            from cnc.cli.intent_view import IntentView

            self._view = IntentView(KNOWN if confirmed else ("received",) if answered else ())

    def __call__(self, event: IntentEvent, at: datetime) -> None:
        """Show an event that came at a time."""
        self.events.append(event)
        if self._view is None:
            emit(event_document(event, at))
            return
        if self._wait is not None:
            self._wait.done()
        before = self._planned.get(_part(event)) if event.event == "planned" else None
        why = "" if before is None else changed(before, event)
        if why:
            self._view.close()
            notice(f"the plan is not the confirmed one any more, as the load changed: {why}")
        self._view.show(event, although_known=bool(why))
        more = event.event in NEXT and event.event != self._ends_with
        if self._wait is not None and more and not self._view.measuring:
            self._wait.say(NEXT[event.event])

    def close(self) -> None:
        """End what moves."""
        if self._wait is not None:
            self._wait.done()
        if self._view is not None:
            self._view.close()


def _part(event: IntentEvent) -> str:
    """Which of several services; the same before and after a question."""
    return "" if event.parent_id is None else event.intent_id.rpartition(".")[2]
