"""Whether learning has made an agent better or worse, by hindsight in the same slots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from cnc.policies.hmarl.learning.settings import LearningSettings

Verdict = Literal["none", "promote", "revert"]


@dataclass
class Guard:
    """Sums over a window of what three decisions for the same slots cost in hindsight.

    Args:
        settings: length of the window, and what counts as worse.
    """

    settings: LearningSettings
    learned: float = 0.0
    """Of the decisions that were taken."""
    good: float = 0.0
    """Of those that the last good weights would have taken."""
    heuristic: float = 0.0
    """Of a split by residual capacity."""
    slots: int = 0
    reverts: int = 0
    promotions: int = 0

    def compare(self, learned: float, good: float, heuristic: float) -> Verdict:
        """Take in a slot; what follows for the weights.

        A window ends early where the weights are far worse. Weights that are better than the last
        good ones are promoted even where both are worse than the heuristic: going back would
        only make it worse.
        """
        self.learned += learned
        self.good += good
        self.heuristic += heuristic
        self.slots += 1
        verdict = self._verdict()
        if verdict == "revert":
            self.reverts += 1
        if verdict == "promote":
            self.promotions += 1
        if verdict != "none" or self.slots >= self.settings.window:
            self.begin()
        return verdict

    def _verdict(self) -> Verdict:
        settings = self.settings
        if not math.isfinite(self.learned):
            return "revert"
        if self.slots >= settings.window:
            if self.learned < self.good:
                return "promote"
            lost = self.learned > settings.worse * self.good
            beaten = self.learned > max(self.heuristic, self.good)
            return "revert" if lost or beaten else "none"
        far = self.slots >= settings.early and self.learned > settings.far_worse * self.good
        return "revert" if far else "none"

    def begin(self) -> None:
        """A new window."""
        self.learned = self.good = self.heuristic = 0.0
        self.slots = 0

    def snapshot(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in FIELDS}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        for name in FIELDS:
            setattr(self, name, snapshot[name])


FIELDS = ("learned", "good", "heuristic", "slots", "reverts", "promotions")
