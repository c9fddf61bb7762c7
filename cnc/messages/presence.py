"""Presence of components, the clock, and control of one component."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cnc.messages.base import Body

PresenceState = Literal["birth", "alive", "exit", "lost"]
Layer = Literal["service", "e2e", "domain", "infrastructure", "client"]


class Presence(Body):
    """A component says that it lives; its last will says `lost`."""

    KIND: ClassVar[str] = "presence"
    state: PresenceState
    layer: Layer
    pid: Annotated[int, Field(ge=0)] = 0
    since: str = ""
    """RFC 3339 time of birth."""
    version: str = ""
    detail: str = ""
    """For people: policy, pace, or why the component ended."""


class ClockTick(Body):
    """The start of a slot, informative: telemetry is what starts the work."""

    KIND: ClassVar[str] = "clock_tick"
    slot: int
    frame: int
    pace: Literal["lockstep", "realtime"]
    slot_ms: Annotated[int, Field(ge=0)] = 0
    scenario: str = ""
    seed: int = 0
    load: float = 0.0
    policy: str = ""


class ControlRequest(Body):
    """Asks one component for a rebirth (report in full) or an orderly stop."""

    KIND: ClassVar[str] = "control_request"
    action: Literal["rebirth", "stop"]
    reason: str = ""
