"""What an orchestrator can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnc.messages.base import Body


@dataclass(frozen=True)
class StartedEvent:
    """The component begins; `snapshot` is what it persisted before, if anything."""

    snapshot: dict[str, Any] | None = None


@dataclass(frozen=True)
class MessageEvent:
    """A message arrived."""

    topic: str
    sender: str
    body: Body
    slot: int | None = None
    run: str = ""
    message_id: str = ""
    correlation: str | None = None
    reply_to: str | None = None
    retained: bool = False
    incarnation: str = ""


@dataclass(frozen=True)
class TimerEvent:
    """A timer that was set has run out."""

    key: str


@dataclass(frozen=True)
class ComputedEvent:
    """A computation came back; exactly one of result and error is meaningful."""

    name: str
    token: str
    result: Any = None
    error: str = ""


@dataclass(frozen=True)
class GapEvent:
    """Messages of a sender are missing on a topic."""

    sender: str
    topic: str
    missing: int


Event = StartedEvent | MessageEvent | TimerEvent | ComputedEvent | GapEvent
