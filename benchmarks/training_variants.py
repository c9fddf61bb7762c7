"""Three ways to learn the traffic of all agents, which `training_curves.py` compares.

All begin with the same networks. What differs is the signal that moves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.improvement import CAP, Shares, routing
from cnc.policies.hmarl.joint import JointTraffic, View
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.marginal import marginal_cost
from cnc.policies.hmarl.situation import Conditions
from cnc.simulator.world import World
from cnc.training.hmarl.traffic_stage import Played, TrafficLearner

NOISE = 0.1
"""Standard deviation of exploration, in logits."""
TINY = 1e-6


class DecomposedLearner(TrafficLearner):
    """As the shipped weights are trained: every share answers for what it adds to the cost."""


class CentralisedLearner(TrafficLearner):
    """The slot's cost as one number for all shares at once, by the score function.

    All logits get noise; the more a slot costs than the same slot without it, the less likely
    these very deviations are made. That baseline depends on no noise, so the gradient is unbiased.

    Args:
        weights: to begin with.
        episodes: that training will have.
        seed: of the noise.
    """

    def __init__(self, weights: dict[str, np.ndarray], episodes: int, seed: int) -> None:
        super().__init__(weights, episodes)
        self._generator = torch.Generator().manual_seed(seed)

    def _joint(self, worlds: Sequence[World]) -> JointTraffic:
        exploring = torch.is_grad_enabled()
        return ExploringTraffic(worlds, self._generator) if exploring else JointTraffic(worlds)

    def _loss(self, played: Played) -> torch.Tensor:
        joint = played.joint
        assert isinstance(joint, ExploringTraffic) and joint.quiet is not None
        with torch.no_grad():
            _, outcome = played.kernel.step(played.state, played.now, joint.quiet, check=False)
            advantage = played.ratio - outcome.cost / played.planned
        return (advantage * joint.log_probability).mean()


class DistributedLearner(TrafficLearner):
    """Every share answers for its own requests alone, and values look to these alone too."""

    def _joint(self, worlds: Sequence[World]) -> JointTraffic:
        return SelfishTraffic(worlds)

    def _loss(self, played: Played) -> torch.Tensor:
        joint = played.joint
        assert isinstance(joint, SelfishTraffic)
        return (joint.own_cost(played) / played.planned).mean()


class ExploringTraffic(JointTraffic):
    """Decides, and deviates from it; remembers the decision without the deviation."""

    def __init__(self, worlds: Sequence[World], generator: torch.Generator) -> None:
        super().__init__(worlds)
        self._generator = generator
        self.quiet: torch.Tensor | None = None
        """[B, D, C, R] routing without noise."""
        self.log_probability = torch.zeros(len(worlds))
        """[B] of the deviations of a slot, but for a constant."""

    def decide(
        self,
        view: View,
        weights: Mapping[str, torch.Tensor],
        before: tuple[Shares, Shares] | None,
    ) -> tuple[torch.Tensor, tuple[Shares, Shares]]:
        """Routing with noise, and what is remembered."""
        quiet, (mine, done) = super().decide(view, weights, before)
        self.quiet = quiet.detach()
        layout, batch = self._global, quiet.shape[0]
        self.log_probability = quiet.new_zeros(batch)
        choice = normalised(
            self._explored(done.choice).reshape(*done.choice.shape[:-1], -1, layout.choices)
        )
        sides = self._explored(done.side[..., :-1])
        sides = normalised(sides.reshape(*sides.shape[:-1], -1, 2)).reshape(sides.shape)
        tried = Shares(
            choice.reshape(done.choice.shape),
            normalised(self._explored(done.node), layout.onto_domain),
            torch.cat([sides, done.side[..., -1:]], -1),
        )
        flow = routing(layout, tried)[0].reshape(batch, quiet.shape[2], quiet.shape[1], -1)
        return flow.transpose(1, 2), (mine, done)

    def _explored(self, share: torch.Tensor) -> torch.Tensor:
        """Shares whose logits have noise, not yet normalised; notes how likely that was."""
        real = share.detach() > 0
        mean = share.clip(min=TINY).log()
        noise = torch.randn(share.shape, generator=self._generator) * real
        tried = mean.detach() + NOISE * noise
        score = -0.5 * ((tried - mean) / NOISE) ** 2 * real
        self.log_probability = self.log_probability + score.flatten(1).sum(1)
        return tried.exp() * real


class SelfishTraffic(JointTraffic):
    """Decides by values that leave out what requests take from others."""

    def __init__(self, worlds: Sequence[World]) -> None:
        super().__init__(worlds)
        self._global: Layout = replace(self._global, others=False)
        self._local: Layout = replace(self._local, others=False)

    def own_cost(self, played: Played) -> torch.Tensor:
        """[B] what requests cost themselves, at the prices that the others have left."""
        layout, now = self._global, played.now
        y = played.routing.transpose(1, 2).flatten(2)
        requests = now.requests.transpose(1, 2)[..., layout.route_choice // layout.choices]
        with torch.no_grad():
            met = Conditions(
                now.node_background,
                played.state.backlog_gc,
                played.state.ready,
                now.link_capacity,
                now.link_energy,
            )
            price = marginal_cost(torch, layout, met, requests, y).total.clip(max=CAP)
        served = (requests * y * price).sum((1, 2))
        unserved = now.requests * (1.0 - played.routing.sum(-1))
        return served + layout.penalty * unserved.sum((1, 2))
