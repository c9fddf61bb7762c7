"""How fast an agent learns, and how long it may be worse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LearningSettings:
    """Of one agent."""

    rate: float = 3e-3
    """Adam's, of the networks."""
    step_rate: float = 9e-3
    """Adam's, of the logarithms of the improvement steps."""
    clip: float = 1.0
    """Longest gradient."""
    replay: int = 32
    """Slots that are kept; snapshots hold them too, so they are few."""
    drawn: int = 2
    """Slots of a step beside the newest."""
    every: int = 1
    """Slots from one step to the next."""
    window: int = 30
    """Slots from one verdict of the guard to the next."""
    early: int = 5
    """Slots after which the guard may already take weights back that are far worse."""
    worse: float = 1.02
    """Cost over that of the last good weights from which weights are taken back."""
    far_worse: float = 1.10
    """The same, early."""


END_TO_END = LearningSettings()
DOMAIN = LearningSettings(every=2)
