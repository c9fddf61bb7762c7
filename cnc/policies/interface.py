"""What a distributed policy is: one end-to-end agent and one agent a domain.

Each agent sees its own information only, and draws from a generator seeded by
(seed, agent, slot), so that offline runs, bus runs and restarts agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Expectation,
    Hosts,
    Order,
    Split,
)
from cnc.environment.sites import Floats, Integers, Site
from cnc.simulator.world import World

if TYPE_CHECKING:
    from cnc.environment.infrastructure import Measurement

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


@runtime_checkable
class Expecting(Protocol):
    """An end-to-end agent that also says what it expects domains to do."""

    def expected(self) -> Expectation | None:
        """Of the slot that it distributed last; None where it expects nothing."""
        ...


def expectation_of(agent: EndToEndAgent) -> Expectation | None:
    """What an end-to-end agent expects in the slot that it has just distributed, if it says."""
    return agent.expected() if isinstance(agent, Expecting) else None


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


@dataclass(frozen=True, eq=False)
class GlobalDecision:
    """What a global agent decides in a slot."""

    routing: Floats
    """y [D, C, R], free of the product form; not used in slot -1."""
    replicas: Integers | None
    """[S, N] at frame starts, slot -1 included, else None."""


class GlobalAgent(Protocol):
    """Decides everything of one episode."""

    def decide(self, measured: Measurement) -> GlobalDecision:
        """The decisions of one slot; called once for each slot, from -1 on."""
        ...


@runtime_checkable
class GlobalPolicy(Protocol):
    """A reference with information that no domain has; it runs in the simulator only."""

    @property
    def name(self) -> str:
        """As the command line says it."""
        ...

    def agent(self, world: World, seed: int, load: float) -> GlobalAgent:
        """The agent of one episode on the trace (world, seed, load)."""
        ...


def generator_of(seed: int, agent: int, slot: int) -> np.random.Generator:
    """The agent's generator for one slot."""
    return np.random.default_rng([seed, agent, slot + 1])
