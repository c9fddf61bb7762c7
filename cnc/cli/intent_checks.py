"""What is refused before a system is asked, or one is started for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent, IntentRequest
    from cnc.processes.blueprint import SystemConfig

EMPTY = (
    "the request is empty; ask for a service, such as "
    '"augmented reality for 200 users with latency below 50 ms"'
)


def refused_at_once(request: IntentRequest, starts: SystemConfig | None) -> tuple[IntentEvent, ...]:
    """The events of a request that needs no system to be refused; none where it may need one.

    Args:
        request: what is needed.
        starts: of the system that would be started for it; None where one runs, whose domains
            are not known here.
    """
    from cnc.messages.intents import IntentEvent

    received = IntentEvent(event="received", intent_id=request.intent_id, text=request.text)
    if request.intent is None and not any(letter.isalnum() for letter in request.text):
        refused = IntentEvent(
            event="refused",
            intent_id=request.intent_id,
            reason="not_this_domain",
            message=EMPTY,
        )
        return received, refused
    if starts is None or request.origin is None:
        return ()
    why = _unplaced(request.origin, starts)
    if not why:
        return ()
    return received, IntentEvent(event="infeasible", intent_id=request.intent_id, message=why)


def _unplaced(origin: str, starts: SystemConfig) -> str:
    """Why no users can be at a domain; empty where they can."""
    from cnc.environment.scenario import load_scenario

    cells = load_scenario(starts.scenario).cells
    kind, _, number = origin.rpartition("-")
    if kind in ("ran", "terminal") and number in map(str, range(cells)):
        return ""
    return (
        f"users cannot be placed in {origin!r}: name a domain of theirs, ran-0 to ran-{cells - 1} "
        f"or terminal-0 to terminal-{cells - 1}"
    )
