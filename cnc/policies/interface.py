"""What a distributed policy is: one end-to-end agent and one agent a domain.

Each agent sees its own information only, and draws from a generator seeded by
(seed, agent, slot), so that offline runs, bus runs and restarts agree.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Hosts,
    Order,
    Split,
)
from cnc.environment.sites import Floats, Integers, Site
from cnc.simulator.world import World

END_TO_END_AGENT = 1_000_003
"""Agent number of E2E in seeds; domains use their index."""


class EndToEndAgent(Protocol):
    """Decides across domains."""

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Which domains may host which services, at frame starts."""
        ...

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]: shares of each origin's requests per candidate; rows sum to 1 or 0."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, as JSON values."""
        ...

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        ...


class DomainAgent(Protocol):
    """Decides inside one domain."""

    def observe(self, order: Order) -> None:
        """Take note of a slot's demand; called once a slot, before the decisions."""
        ...

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n], at frame starts."""
        ...

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """sigma and path shares, every slot."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What a restart needs, as JSON values."""
        ...

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        ...


class DistributedPolicy(Protocol):
    """A policy that runs in the simulator and on the bus."""

    @property
    def name(self) -> str:
        """As the command line says it."""
        ...

    def end_to_end(self, world: World, seed: int) -> EndToEndAgent:
        """The E2E agent."""
        ...

    def domain(self, site: Site, seed: int) -> DomainAgent:
        """The agent of one domain."""
        ...


def generator_of(seed: int, agent: int, slot: int) -> np.random.Generator:
    """The agent's generator for one slot."""
    return np.random.default_rng([seed, agent, slot + 1])
