"""The agent of one domain: deployment at frame starts, traffic every slot."""

from __future__ import annotations

from typing import Any

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Integers, Site
from cnc.policies.hmarl.deployment import Deployment
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.traffic import Traffic


class HmarlDomain:
    """Deployment at frame starts, traffic every slot.

    Args:
        site: the domain.
        weights: of the networks.
        deployment: another one than that of the weights, such as one that learns; its snapshot
            and that of `traffic` share a dictionary, in which `learning` is taken by the latter.
        traffic: another one, too.
    """

    def __init__(
        self,
        site: Site,
        weights: Weights,
        deployment: Deployment | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self.deployment = Deployment(site, weights) if deployment is None else deployment
        self.traffic = Traffic(site, weights) if traffic is None else traffic

    def observe(self, order: Order) -> None:
        """Update the popularity estimate."""
        self.deployment.observe(order)

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n]."""
        return self.deployment.deploy(observation, order)

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares."""
        return self.traffic.split(observation, order)

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs."""
        return {**self.deployment.snapshot(), **self.traffic.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        self.deployment.restore(snapshot)
        self.traffic.restore(snapshot)
