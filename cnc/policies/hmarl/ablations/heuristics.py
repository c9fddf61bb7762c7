"""One learned layer replaced by its heuristic, the others as they are."""

from __future__ import annotations

from typing import Any

from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Hosts,
    Order,
    Split,
)
from cnc.environment.sites import Floats, Site
from cnc.policies.greedy import GreedyDomain, GreedyEndToEnd
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.simulator.world import World


class ResidualDistribution(QDistribution):
    """Wishes for replicas as E2E does, distributes as `grd-plus`: by residual capacity.

    Args:
        world: its inventory.
        weights: of the networks.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        super().__init__(world, weights)
        self._heuristic = GreedyEndToEnd(world, neighbours=True)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K] by residual capacity."""
        self._wishes.see(observation)
        return self._heuristic.distribute(observation)

    def snapshot(self) -> dict[str, Any]:
        """The demand seen; there is no last decision."""
        return {"wishes": self._wishes.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the demand seen."""
        self._wishes.restore(snapshot.get("wishes", {}))


class Wishless(QDistribution):
    """Distributes as E2E does, and wishes for no replicas."""

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain hosts what it likes."""
        return GreedyEndToEnd(self._world, neighbours=True).hosts(observation)


def greedy_deployment(site: Site, weights: Weights) -> HmarlDomain:
    """A domain that deploys as `grd-work`, and splits as it has learned."""
    greedy = GreedyDomain(site, neighbours=True, weigh_by_work=True)
    return HmarlDomain(site, weights, deployment=greedy)


def residual_traffic(site: Site, weights: Weights) -> HmarlDomain:
    """A domain that deploys as it has learned, and splits by residual capacity."""
    return HmarlDomain(site, weights, traffic=ResidualTraffic(site))


class ResidualTraffic:
    """Splits by residual capacity. Args: site: the domain."""

    def __init__(self, site: Site) -> None:
        self._greedy = GreedyDomain(site, neighbours=True, weigh_by_work=False)

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """Sigma and path shares."""
        return self._greedy.split(observation, order)

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Nothing is remembered."""
