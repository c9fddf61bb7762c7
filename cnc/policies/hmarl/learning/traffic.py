"""A domain's traffic as it learns to split (docs/hmarl.md, "Learning on the bus")."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Site
from cnc.policies.greedy import GreedyDomain
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.learning.learner import Learner
from cnc.policies.hmarl.learning.loss import Role
from cnc.policies.hmarl.learning.packing import Arrays, taken, under
from cnc.policies.hmarl.learning.samples import sample_of
from cnc.policies.hmarl.learning.settings import DOMAIN, LearningSettings
from cnc.policies.hmarl.marginal import Conditions, Layout
from cnc.policies.hmarl.traffic import Traffic
from cnc.policies.hmarl.warm_start import WarmStart

ROLE = Role("domain", ("node.", "domain."), chooses=False)


class LearningTraffic(Traffic):
    """Splits as `Traffic`, with weights that move.

    Args:
        site: the domain.
        weights: to begin with.
        seed: of the policy.
        settings: rates and windows.
    """

    def __init__(
        self, site: Site, weights: Weights, seed: int, settings: LearningSettings = DOMAIN
    ) -> None:
        super().__init__(site, weights)
        self.learner = Learner(site.domain, weights, ROLE, settings, seed, site.index)
        self._weights = self.learner.weights
        self._shadow = Traffic(site, self.learner.good)
        self._heuristic = GreedyDomain(site, neighbours=True, weigh_by_work=True)
        self._started: tuple[Conditions, Shares] | None = None

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares; learns from the slot before on the way."""
        slot = order.slot
        if slot < 0 or slot == self.learner.slot:
            return super().split(observation, order)
        self.learner.suit(order.classes.key, self._layout_for(order))
        self._follow(self.learner.look_back(slot, observation.background))
        mine = super().split(observation, order)
        safe = self._shadow.split(observation, order)
        if not np.isfinite(mine.sigma).all():
            self.learner.take_back()
            self._follow("revert")
            mine = safe
        self._remember(observation, order, mine, safe)
        return mine

    def _start(
        self, observation: DomainObservation, order: Order, layout: Layout
    ) -> tuple[Conditions, Shares]:
        self._started = super()._start(observation, order, layout)
        return self._started

    def _follow(self, verdict: str) -> None:
        """The weights as the learner has them; the shadow as the last good ones."""
        self._weights = self.learner.weights
        shadow = self._shadow
        if verdict == "revert":
            self._node, self._side = shadow._node, shadow._side
        if verdict == "promote":
            shadow._weights = self.learner.good
            shadow._node, shadow._side = self._node, self._side

    def _remember(
        self, observation: DomainObservation, order: Order, mine: Split, safe: Split
    ) -> None:
        assert self._started is not None
        now, start = self._started
        plain = self._heuristic.split(observation, order)
        self.learner.remember(
            order.slot,
            sample_of(order.requests.T, start.choice, start, now),
            [self._shares(split, start) for split in (mine, safe, plain)],
        )

    def _shares(self, split: Split, start: Shares) -> Shares:
        """As the domain's layout wants them; a RAN domain's paths are not its own routes'."""
        side = np.ones_like(start.side)
        if self._side is not None:
            side[:, :2] = split.paths
        return Shares(start.choice, split.sigma, side)

    def warm(self, start: WarmStart) -> None:
        """Begin from knowledge."""
        self.learner.warm(start)
        self._weights = self.learner.weights

    def snapshot(self) -> dict[str, Any]:
        """The last split, and all that was learned."""
        shadow = {"node": self._shadow._node, "side": self._shadow._side}
        others: Arrays = under("shadow/", {n: a for n, a in shadow.items() if a is not None})
        return {**super().snapshot(), "learning": self.learner.snapshot(others)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up both."""
        super().restore(snapshot)
        if "learning" not in snapshot:
            return
        shadow = taken("shadow/", self.learner.restore(snapshot["learning"]))
        self._weights = self.learner.weights
        self._shadow._weights = self.learner.good
        self._shadow._node, self._shadow._side = shadow.get("node"), shadow.get("side")
