"""What is refused before a system is asked, or one is started for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent, IntentRequest
    from cnc.processes.blueprint import SystemConfig


def refused_at_once(request: IntentRequest, starts: SystemConfig | None) -> tuple[IntentEvent, ...]:
    """The events of a request that needs no system to be refused; none where it may need one.

    Args:
        request: what is needed.
        starts: of the system that would be started for it; None where one runs, whose domains
            are not known here.
    """
    from cnc.messages.intents import EMPTY_REQUEST, IntentEvent

    received = IntentEvent(event="received", intent_id=request.intent_id, text=request.text)
    if request.intent is None and not any(letter.isalnum() for letter in request.text):
        refused = IntentEvent(
            event="refused",
            intent_id=request.intent_id,
            reason="not_this_domain",
            message=EMPTY_REQUEST,
        )
        return received, refused
    if starts is None or request.origin is None:
        return ()
    from cnc.environment.areas import unplaced
    from cnc.environment.scenario import load_scenario

    why = unplaced(request.origin, load_scenario(starts.scenario).cells)
    if not why:
        return ()
    return received, IntentEvent(event="infeasible", intent_id=request.intent_id, message=why)
