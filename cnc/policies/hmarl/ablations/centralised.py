"""One agent with all information: it distributes, splits and deploys at once.

The same networks and values, and as many turns as E2E and the domains have together. What E2E only
expects of the domains is its own decision here, RAN backhauls included, and replicas stand exactly
where E2E's search puts them. No domain may know that much: it runs in the simulator only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnc.environment.assembly import observe_all
from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats
from cnc.policies.hmarl.improvement import Weights, routing
from cnc.policies.hmarl.policy import shipped
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.hmarl.turns import Patience
from cnc.policies.interface import GlobalDecision
from cnc.simulator.world import World

if TYPE_CHECKING:
    from cnc.environment.infrastructure import Measurement


class CentralisedPolicy:
    """`hmarl-centralised`.

    Args:
        weights: of all networks; None takes the shipped ones of training seed 0.
    """

    name = "hmarl-centralised"

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = shipped(0) if weights is None else weights

    def trained(self, training_seed: int) -> CentralisedPolicy:
        """The policy with the weights of another training seed.

        Raises:
            ConfigurationError: there are none.
        """
        return CentralisedPolicy(shipped(training_seed))

    def agent(self, world: World, seed: int, load: float) -> CentralisedAgent:
        """The agent of one episode (it draws nothing, and foresees nothing)."""
        return CentralisedAgent(world, self._weights)


class CentralisedAgent:
    """Decides everything of one episode.

    Args:
        world: the world.
        weights: of the networks.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        self._world = world
        self._whole = WholeDecision(world, weights)

    def decide(self, measured: Measurement) -> GlobalDecision:
        """The decisions of one slot."""
        observation = observe_all(measured, self._world)
        replicas = self._whole.replicas(observation) if measured.frame_start else None
        return GlobalDecision(self._whole.routing(observation), replicas)


class WholeDecision(QDistribution):
    """E2E's agent, whose whole joint decision counts.

    Args:
        world: the world.
        weights: of the networks.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        super().__init__(world, weights)
        self._patience = Patience(most=Patience.most + len(weights["domain.steps"]))

    def routing(self, observation: EndToEndObservation) -> Floats:
        """Y [D, C, R]; nothing before slot 0."""
        y = routing(self._layout_for(observation.classes), self.decide(observation))[0]
        by_origin = y.reshape(len(y), *self._world.route_node.shape).transpose(1, 0, 2)
        return np.ascontiguousarray(by_origin if observation.slot >= 0 else 0.0 * by_origin)
