"""HMARL as a policy: E2E and the domains, each with the same shipped weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from cnc.environment.observations import DomainObservation, Order, Split
from cnc.environment.sites import Integers, Site
from cnc.errors import ConfigurationError
from cnc.policies.hmarl.deployment import Deployment
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.traffic import Traffic
from cnc.settings import data_root
from cnc.simulator.world import World

FOLDER = "trained/hmarl"
"""Below the data folder `knowledge`."""


class HmarlPolicy:
    """Hierarchical multi-agent policy.

    Args:
        weights: of all networks; None takes the shipped ones of training seed 0.
    """

    name = "hmarl"

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = shipped(0) if weights is None else weights

    def trained(self, training_seed: int) -> HmarlPolicy:
        """The policy with the weights of another training seed.

        Raises:
            ConfigurationError: there are none.
        """
        return HmarlPolicy(shipped(training_seed))

    def end_to_end(self, world: World, seed: int) -> QDistribution:
        """The E2E agent (the seed is unused: it draws nothing)."""
        return QDistribution(world, self._weights)

    def domain(self, site: Site, seed: int) -> HmarlDomain:
        """The agent of one domain."""
        return HmarlDomain(site, self._weights)


class HmarlDomain:
    """Deployment at frame starts, traffic every slot."""

    def __init__(self, site: Site, weights: Weights) -> None:
        self._deployment = Deployment(site, weights)
        self._traffic = Traffic(site, weights)

    def observe(self, order: Order) -> None:
        """Update the popularity estimate."""
        self._deployment.observe(order)

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n]."""
        return self._deployment.deploy(observation, order)

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares."""
        return self._traffic.split(observation, order)

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs."""
        return {**self._deployment.snapshot(), **self._traffic.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        self._deployment.restore(snapshot)
        self._traffic.restore(snapshot)


@lru_cache(maxsize=8)
def shipped(training_seed: int) -> Weights:
    """The weights that ship for a training seed, in float64.

    Raises:
        ConfigurationError: there are none, or the file is damaged.
    """
    return read_weights(data_root() / "knowledge" / FOLDER / f"seed-{training_seed}.safetensors")


def read_weights(path: Path) -> Weights:
    """Weights of a file.

    Raises:
        ConfigurationError: it is not there, or damaged.
    """
    if not path.is_file():
        raise ConfigurationError(f"there are no trained weights at {path}; `cnc train` makes some")
    try:
        return {name: array.astype("float64") for name, array in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise ConfigurationError(
            f"the weights in {path} cannot be read ({error}); train or fetch them again"
        ) from error
