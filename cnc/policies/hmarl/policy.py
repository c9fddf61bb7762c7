"""HMARL as a policy: E2E and the domains, each with the same shipped weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from cnc.environment.sites import Site
from cnc.errors import ConfigurationError
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.warm_agents import WarmEndToEnd, warm_domain
from cnc.policies.hmarl.warm_start import WarmStart
from cnc.settings import data_root
from cnc.simulator.world import World

FOLDER = "trained/hmarl"
"""Below the data folder `knowledge`."""


class HmarlPolicy:
    """Hierarchical multi-agent policy.

    Args:
        weights: of all networks; None takes the shipped ones of training seed 0.
        learn: every agent goes on learning from what is measured, beginning with these weights.
        warm: what agents begin with from knowledge.
    """

    def __init__(
        self, weights: Weights | None = None, learn: bool = False, warm: WarmStart | None = None
    ) -> None:
        self._weights = shipped(0) if weights is None else weights
        self._learn = learn
        self._warm = warm
        self.name = "hmarl-learn" if learn else "hmarl"

    def trained(self, training_seed: int) -> HmarlPolicy:
        """The policy with the weights of another training seed.

        Raises:
            ConfigurationError: there are none.
        """
        return HmarlPolicy(shipped(training_seed), self._learn, self._warm)

    def end_to_end(self, world: World, seed: int) -> QDistribution | WarmEndToEnd:
        """The E2E agent (it draws nothing unless it learns)."""
        agent = self._end_to_end(world, seed)
        if self._warm is None:
            return agent
        warm = WarmEndToEnd(agent)
        warm.warm(self._warm)
        return warm

    def _end_to_end(self, world: World, seed: int) -> QDistribution:
        if not self._learn:
            return QDistribution(world, self._weights)
        # imports torch, which agents that do not learn do without
        from cnc.policies.hmarl.learning.agents import learning_end_to_end

        return learning_end_to_end(world, self._weights, seed)

    def domain(self, site: Site, seed: int) -> HmarlDomain:
        """The agent of one domain."""
        agent = self._domain(site, seed)
        if self._warm is not None:
            warm_domain(agent, self._warm)
        return agent

    def _domain(self, site: Site, seed: int) -> HmarlDomain:
        if not self._learn:
            return HmarlDomain(site, self._weights)
        from cnc.policies.hmarl.learning.agents import learning_domain

        return learning_domain(site, self._weights, seed)


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
