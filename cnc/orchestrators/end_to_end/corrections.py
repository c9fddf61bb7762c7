"""Corrections of what texts mean, asked for on the bus: kept by the process that recognises."""

from __future__ import annotations

from cnc.messages.intents import Correction, Corrections, IntentRequest
from cnc.orchestrators.events import ComputedEvent, MessageEvent
from cnc.orchestrators.instructions import Compute, Instruction, Publish

ACTIONS = ("correct", "forget", "corrections")
COMPUTATION = "correct"


class CorrectionDesk:
    """Hands corrections on to the recogniser, and answers when it is done."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def request(self, event: MessageEvent, body: IntentRequest) -> list[Instruction]:
        """A user corrects, forgets or lists."""
        if event.reply_to is None:
            return []
        self._waiting[event.message_id] = event.reply_to
        arguments = {
            "action": body.action,
            "text": body.text,
            "service": body.service or "",
            "correction_id": body.intent_id,
        }
        return [Compute(COMPUTATION, event.message_id, arguments)]

    def computed(self, event: ComputedEvent) -> list[Instruction]:
        """The recogniser is done."""
        reply_to = self._waiting.pop(event.token, None)
        if reply_to is None:
            return []
        entries: tuple[Correction, ...] = () if event.error else tuple(event.result)
        body = Corrections(entries=entries, error=event.error)
        return [Publish(reply_to, body, correlation=event.token)]
