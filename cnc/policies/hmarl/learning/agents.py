"""The agents of a policy that learns."""

from __future__ import annotations

import torch

from cnc.environment.sites import Site
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.learning.end_to_end import LearningDistribution
from cnc.policies.hmarl.learning.traffic import LearningTraffic
from cnc.simulator.world import World


def learning_end_to_end(world: World, weights: Weights, seed: int) -> LearningDistribution:
    """E2E, learning to distribute."""
    torch.set_num_threads(1)  # the same numbers on every machine, and small arrays gain nothing
    return LearningDistribution(world, weights, seed)


def learning_domain(site: Site, weights: Weights, seed: int) -> HmarlDomain:
    """A domain, learning to split; its deployment stays as it was trained."""
    torch.set_num_threads(1)
    return HmarlDomain(site, weights, traffic=LearningTraffic(site, weights, seed))
