"""The agent of one domain: deployment at frame starts, traffic every slot."""

from __future__ import annotations

from typing import Any, Protocol

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Integers, Site
from cnc.policies.hmarl.deployment import Deployment
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.traffic import Traffic


class DeploymentPart(Protocol):
    """Decides on replicas at frame starts."""

    def observe(self, order: Order) -> None:
        """Take note of a slot's demand."""
        ...

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n]."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, under names that the other part does not use."""
        ...

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        ...


class TrafficPart(Protocol):
    """Splits every slot."""

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, under names that the other part does not use."""
        ...

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        ...


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
        deployment: DeploymentPart | None = None,
        traffic: TrafficPart | None = None,
    ) -> None:
        self.deployment: DeploymentPart = (
            Deployment(site, weights) if deployment is None else deployment
        )
        self.traffic: TrafficPart = Traffic(site, weights) if traffic is None else traffic

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
