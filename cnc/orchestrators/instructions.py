"""What an orchestrator can want done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cnc.messages.base import Body


@dataclass(frozen=True)
class Publish:
    """Send a message; ids, time, incarnation and sequence are stamped by the shell."""

    topic: str
    body: Body
    slot: int | None = None
    retain: bool = False
    correlation: str | None = None
    reply_to: str | None = None
    replaceable: bool = False
    """A newer message of the same topic may take its place while it waits."""
    expiry_s: int | None = None


@dataclass(frozen=True)
class Compute:
    """Run a named computation away from the loop; it comes back as a `ComputedEvent`."""

    name: str
    token: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SetTimer:
    """Wake me after `seconds`; setting a key again replaces it, 0 or less cancels it."""

    key: str
    seconds: float


@dataclass(frozen=True)
class Persist:
    """Keep this snapshot for a restart."""

    snapshot: dict[str, Any]


@dataclass(frozen=True)
class Log:
    """Say something to the operator."""

    level: Literal["debug", "info", "warning", "error"]
    text: str


@dataclass(frozen=True)
class Stop:
    """End this component in an orderly way."""

    reason: str


@dataclass(frozen=True)
class Fail:
    """End this component with an error: it cannot do its work."""

    text: str


Instruction = Publish | Compute | SetTimer | Persist | Log | Stop | Fail
