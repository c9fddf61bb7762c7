"""Whether a plan that was confirmed is still the one that is deployed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cnc.messages.percent import percent

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent

MOVED = 0.2
"""Share of the requests that go to other domains from which on a plan is another one."""
SERVED = 0.02
"""Share in time that it is predicted to lose."""


def changed(before: IntentEvent, now: IntentEvent) -> str:
    """What differs materially between two plans of one request; empty where nothing does.

    Args:
        before: `planned`, as it was confirmed.
        now: `planned`, as it is deployed.
    """
    told = []
    moved = _moved(before, now)
    if moved >= MOVED:
        told.append(f"{percent(moved, 0)} of the requests go to other domains")
    if before.predicted is not None and now.predicted is not None:
        was, becomes = before.predicted.satisfied_share, now.predicted.satisfied_share
        if was - becomes >= SERVED:
            told.append(f"{percent(becomes)} predicted in time instead of {percent(was)}")
    return ", ".join(told)


def _moved(before: IntentEvent, now: IntentEvent) -> float:
    """Total variation between the shares of domains."""
    shares: dict[str, float] = defaultdict(float)
    for event, sign in ((before, 1.0), (now, -1.0)):
        for row in event.placements:
            shares[row.domain] += sign * row.share
    return sum(abs(share) for share in shares.values()) / 2
