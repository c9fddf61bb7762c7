"""Agents that begin from knowledge: the same ones, with what a `WarmStart` gives them.

E2E leans on the priors and begins its first search of replicas with the recorded ones; agents that
learn begin with the recorded weights and slots. Others keep their weights, since only learning
agents have a guard that takes worse ones back.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from cnc.environment.observations import EndToEndObservation, Expectation, Hosts
from cnc.environment.sites import Floats
from cnc.policies.hmarl.domain import HmarlDomain
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.warm_start import Leaning, WarmStart


@runtime_checkable
class Warmable(Protocol):
    """What learns, and can begin from knowledge."""

    def warm(self, start: WarmStart) -> None:
        """From the next decision on."""
        ...


def warm_domain(agent: object, start: WarmStart) -> None:
    """Give a domain's agent what concerns it; one that does not learn takes nothing."""
    if isinstance(agent, HmarlDomain) and isinstance(agent.traffic, Warmable):
        agent.traffic.warm(start)


class WarmEndToEnd:
    """The E2E agent with what it begins from.

    Args:
        agent: decides.
    """

    def __init__(self, agent: QDistribution) -> None:
        self.agent = agent
        self._leaning: Leaning | None = None

    @property
    def weights(self) -> Weights:
        """Of the networks, as they are now."""
        return self.agent._weights

    def warm(self, start: WarmStart) -> None:
        """From the next decision on."""
        self._leaning = None if start.priors is None else Leaning(start.priors)
        self.agent._wishes.begin_with(start.replicas)
        if isinstance(self.agent, Warmable):
            self.agent.warm(start)

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """As the agent wishes, leaning."""
        return self.agent.hosts(self._leant(observation))

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K] as the agent decides, leaning."""
        return self.agent.distribute(self._leant(observation))

    def expected(self) -> Expectation | None:
        """Of the domains, as the agent does."""
        return self.agent.expected()

    def _leant(self, observation: EndToEndObservation) -> EndToEndObservation:
        return observation if self._leaning is None else self._leaning.on(observation)

    def snapshot(self) -> dict[str, Any]:
        """The agent's, and the leaning."""
        snapshot = self.agent.snapshot()
        if self._leaning is not None and snapshot:
            snapshot["leaning"] = self._leaning.snapshot()
        return snapshot

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up both."""
        self.agent.restore(snapshot)
        leaning = snapshot.get("leaning")
        self._leaning = None if leaning is None else Leaning.restored(leaning)
