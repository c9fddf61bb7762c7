"""No coordination: every origin distributes by itself, with what its terminal can know.

A terminal-side domain knows all of its own nodes and links. Of other domains it knows the
inventory, which services they offer (else it could not send anything there), and how busy the nodes
were that served its own requests in the last slot: how long these took tells. That fades to the
mean of the inventory where it sends nothing. It knows neither others' requests, nor how many
replicas there are, nor backlogs, nor links of the moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation, Hosts
from cnc.environment.sites import Booleans, Floats
from cnc.policies.hmarl.improvement import KEPT, Shares, Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.simulator.traffic import mean_background
from cnc.simulator.world import World

MOST = 0.95
"""Utilisation by others that a terminal believes in at most."""


class UncoordinatedEndToEnd:
    """As many agents as there are origins, in the place of E2E. It wishes for no replicas.

    Args:
        world: its inventory.
        weights: of the networks.
    """

    def __init__(self, world: World, weights: Weights) -> None:
        self._origins = [OriginAlone(world, weights, i) for i in range(len(world.candidates))]

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain hosts what it likes."""
        prior = observation.hosts_prior
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K], each row by its own origin."""
        return np.stack([agent.distribute(observation)[i] for i, agent in enumerate(self._origins)])

    def snapshot(self) -> dict[str, Any]:
        """Of all origins."""
        return {"origins": [agent.snapshot() for agent in self._origins]}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        for agent, part in zip(self._origins, snapshot.get("origins", []), strict=False):
            agent.restore(part)


class OriginAlone(QDistribution):
    """E2E's agent, as one origin would run it for its own requests.

    Args:
        world: its inventory.
        weights: of the networks.
        origin: whose requests.
    """

    def __init__(self, world: World, weights: Weights, origin: int) -> None:
        super().__init__(world, weights)
        self._origin = origin
        own = world.candidates[origin, 0]
        self._own_nodes: Booleans = world.node_domain == own
        self._own_links: Booleans = world.link_domain == own
        self._mean = mean_background(world)
        self._met = self._mean.copy()
        self._work: Floats | None = None

    def decide(self, observation: EndToEndObservation) -> Shares:
        """The origin's decision; the rows of others say nothing."""
        seen = self._seen(observation)
        shares = super().decide(seen)
        if observation.slot >= 0:
            self._work = self._sent(seen, shares)
        return shares

    def _possible(self, observation: EndToEndObservation) -> Floats:
        possible = super()._possible(observation).copy()
        mine = possible[self._origin].copy()
        possible[..., :-1], possible[..., -1] = 0.0, 1.0
        possible[self._origin] = mine
        return possible

    def _seen(self, observation: EndToEndObservation) -> EndToEndObservation:
        """What is left of a slot's reports."""
        world, own = self._world, self._own_nodes
        self._remember(observation)
        requests, announced = (
            np.where(np.arange(len(demand))[:, None] == self._origin, demand, 0.0)
            for demand in (observation.requests, observation.announced)
        )
        links = self._own_links
        return replace(
            observation,
            requests=requests,
            announced=announced,
            background=np.where(own, observation.background, self._met),
            utilisation=np.where(own, observation.utilisation, self._met),
            backlog_gc=np.where(own, observation.backlog_gc, 0.0),
            ready=np.where(own, observation.ready, np.minimum(observation.ready, 1)),
            placed=np.where(own, observation.placed, 0),
            link_capacity_mbit_s=np.where(
                links, observation.link_capacity_mbit_s, world.link_nominal_capacity_mbit_s
            ),
            link_energy_j_mbit=np.where(
                links, observation.link_energy_j_mbit, world.link_nominal_energy_j_mbit
            ),
            link_utilisation=np.where(links, observation.link_utilisation, 0.0),
        )

    def _remember(self, observation: EndToEndObservation) -> None:
        """How busy others kept the nodes that served its requests in the last slot."""
        if observation.slot < 0 or self._work is None:
            return
        world = self._world
        memory = world.parameters.background.memory
        faded = self._mean + memory * (self._met - self._mean)
        capacity = world.node_capacity_gc_s * world.parameters.slot_s
        by_others = np.clip(observation.utilisation - self._work / capacity, 0.0, MOST)
        self._met = np.where(self._work > 0.0, by_others, faded)
        self._work = None

    def _sent(self, seen: EndToEndObservation, shares: Shares) -> Floats:
        """[N] work of its own requests, as far as it knows which nodes serve them."""
        layout = self._layout_for(seen.classes)
        world, origin = self._world, self._origin
        choice = shares.choice.reshape(len(seen.classes), -1, layout.choices)[:, origin, :-1]
        part = np.zeros((len(seen.classes), len(world.domain_ids)))
        np.add.at(part.T, world.candidates[origin], choice.T)
        flow = seen.requests[origin][:, None] * part
        work = (layout.to_service @ flow) * world.work_gc[:, None]
        node = np.where(shares.node < KEPT, 0.0, shares.node)
        return np.asarray((work[:, world.node_domain] * node).sum(0))

    def snapshot(self) -> dict[str, Any]:
        """The last decision, and what it met."""
        work = None if self._work is None else self._work.tolist()
        return {**super().snapshot(), "met": self._met.tolist(), "work": work}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        super().restore(snapshot if "choice" in snapshot else {})
        self._met = np.array(snapshot.get("met", self._mean), dtype=np.float64)
        work = snapshot.get("work")
        self._work = None if work is None else np.array(work, dtype=np.float64)
