"""The ablations as policies, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnc.environment.sites import Site
from cnc.policies.hmarl.ablations.distributed import UncoordinatedEndToEnd
from cnc.policies.hmarl.ablations.heuristics import (
    ResidualDistribution,
    Wishless,
    greedy_deployment,
    residual_traffic,
)
from cnc.policies.hmarl.ablations.reticent import Reticent
from cnc.policies.hmarl.ablations.selfish import SelfishDistribution, selfish_domain
from cnc.policies.hmarl.deployment import Deployment
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.policy import shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import World


@dataclass(frozen=True)
class Variant:
    """How the agents of an ablation are made."""

    end_to_end: Callable[[World, Weights], EndToEndAgent]
    domain: Callable[[Site, Weights], HmarlDomain]


def _alone(site: Site, weights: Weights) -> HmarlDomain:
    return HmarlDomain(site, weights, deployment=Deployment(site, weights, coordinated=False))


VARIANTS = {
    "hmarl-distributed": Variant(UncoordinatedEndToEnd, _alone),
    "hmarl-grd-deployment": Variant(Wishless, greedy_deployment),
    "hmarl-grd-distribution": Variant(ResidualDistribution, HmarlDomain),
    "hmarl-grd-traffic": Variant(QDistribution, residual_traffic),
    "hmarl-no-expectation": Variant(Reticent, HmarlDomain),
    "hmarl-selfish": Variant(SelfishDistribution, selfish_domain),
}
"""All but the centralised one, which is no set of agents."""


class AblatedPolicy:
    """HMARL without one of its ideas.

    Args:
        name: of the variant.
        weights: of all networks; None takes the shipped ones of training seed 0.
    """

    def __init__(self, name: str, weights: Weights | None = None) -> None:
        self.name = name
        self._variant = VARIANTS[name]
        self._weights = shipped(0) if weights is None else weights

    def trained(self, training_seed: int) -> AblatedPolicy:
        """The policy with the weights of another training seed.

        Raises:
            ConfigurationError: there are none.
        """
        return AblatedPolicy(self.name, shipped(training_seed))

    def end_to_end(self, world: World, seed: int) -> EndToEndAgent:
        """The E2E agent (it draws nothing)."""
        return self._variant.end_to_end(world, self._weights)

    def domain(self, site: Site, seed: int) -> HmarlDomain:
        """The agent of one domain (it draws nothing)."""
        return self._variant.domain(site, self._weights)
