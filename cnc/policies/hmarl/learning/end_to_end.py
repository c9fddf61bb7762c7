"""E2E as it learns to distribute (docs/hmarl.md, "Learning on the bus")."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats
from cnc.policies.greedy import GreedyEndToEnd
from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.learning.learner import Learner
from cnc.policies.hmarl.learning.loss import Role
from cnc.policies.hmarl.learning.packing import Arrays, taken, under
from cnc.policies.hmarl.learning.samples import SHARES, sample_of
from cnc.policies.hmarl.learning.settings import END_TO_END, LearningSettings
from cnc.policies.hmarl.marginal import Conditions, Layout
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.warm_start import END_TO_END as NAME
from cnc.policies.hmarl.warm_start import WarmStart
from cnc.policies.interface import END_TO_END_AGENT
from cnc.simulator.world import World


class LearningDistribution(QDistribution):
    """Decides as `QDistribution`, with weights that move.

    Beside it, a shadow decides every slot with the last good weights, for the guard.

    Args:
        world: its inventory.
        weights: to begin with.
        seed: of the policy.
        settings: rates and windows.
    """

    def __init__(
        self, world: World, weights: Weights, seed: int, settings: LearningSettings = END_TO_END
    ) -> None:
        super().__init__(world, weights)
        role = Role("e2e", ("e2e.",), chooses=True)
        self.learner = Learner(NAME, weights, role, settings, seed, END_TO_END_AGENT)
        self._weights = self.learner.weights
        self._shadow = QDistribution(world, self.learner.good)
        self._heuristic = GreedyEndToEnd(world, neighbours=True)
        self._started: tuple[Conditions, Floats, Shares] | None = None

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]; learns from the slot before on the way.

        What is asked again in the same slot is a question (the plan of an intent, say), not a
        decision, and leaves no trace.
        """
        slot = observation.slot
        if slot < 0:
            return super().distribute(observation)
        if slot == self.learner.slot:
            last = self._last
            delta = super().distribute(observation)
            self._last = last
            return delta
        classes = observation.classes
        layout = self._layout_for(classes)
        self.learner.suit(classes.key, layout)
        self._follow(self.learner.look_back(slot, observation.background))
        delta = super().distribute(observation)
        safe = self._shadow.distribute(observation)
        if not np.isfinite(delta).all():
            self.learner.take_back()
            self._follow("revert")
            delta = safe
        self._remember(observation, layout)
        return delta

    def _start(
        self, observation: EndToEndObservation, layout: Layout, now: Conditions, possible: Floats
    ) -> Shares:
        start = super()._start(observation, layout, now, possible)
        self._started = (now, possible, start)
        return start

    def _follow(self, verdict: str) -> None:
        """The weights as the learner has them; the shadow as the last good ones."""
        self._weights = self.learner.weights
        if verdict == "revert":
            self._last = self._shadow._last
        if verdict == "promote":
            self._shadow._weights = self.learner.good
            self._shadow._last = self._last

    def _remember(self, observation: EndToEndObservation, layout: Layout) -> None:
        assert self._started is not None and self._last is not None
        assert self._shadow._last is not None
        now, possible, start = self._started
        flat = possible.transpose(1, 0, 2).reshape(start.choice.shape)
        self.learner.remember(
            observation.slot,
            sample_of(observation.requests.T, flat, start, now),
            (self._last, self._shadow._last, self._by_capacity(observation, layout)),
        )

    def _by_capacity(self, observation: EndToEndObservation, layout: Layout) -> Shares:
        """What `grd-plus` would decide, with domains that split by residual capacity too."""
        delta = self._heuristic.distribute(observation).transpose(1, 0, 2)
        unserved = (1.0 - delta.sum(-1, keepdims=True)).clip(min=0.0)
        choice = np.concatenate([delta, unserved], -1).reshape(len(delta), -1)
        used = np.maximum(observation.utilisation, observation.background)
        left = layout.capacity_gc_s * (1.0 - used).clip(min=0.01)
        node = normalised((observation.ready > 0) * left, layout.onto_domain)
        return Shares(choice, node, self._sides(observation))

    def warm(self, start: WarmStart) -> None:
        """Begin from knowledge."""
        self.learner.warm(start)
        self._weights = self.learner.weights

    def snapshot(self) -> dict[str, Any]:
        """The last decision, and all that was learned."""
        if self._last is None:
            return {}
        others: Arrays = {}
        if self._shadow._last is not None:
            last = self._shadow._last
            others = under("shadow/", {name: getattr(last, name) for name in SHARES})
        return {**super().snapshot(), "learning": self.learner.snapshot(others)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up both."""
        super().restore(snapshot)
        if "learning" not in snapshot:
            return
        shadow = taken("shadow/", self.learner.restore(snapshot["learning"]))
        self._weights = self.learner.weights
        self._shadow._weights = self.learner.good
        self._shadow._last = Shares(*(shadow[name] for name in SHARES)) if shadow else None
