"""What E2E wishes the domains to host: replicas of every service in every domain, at frame starts.

E2E begins with what is in place, or, where nothing is, with what the domains would deploy by
themselves (their network is shared), and improves it by `replica_search` for the demand of the
last slots. A domain is told how many replicas of each service; on which nodes, it decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.readiness import hostable
from cnc.environment.sites import Floats, Integers, site_of
from cnc.environment.views import domain_view, order_for
from cnc.policies.hmarl.deployment import Deployment
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.marginal import Conditions, Layout
from cnc.policies.hmarl.placing import GONE, standing
from cnc.policies.hmarl.replica_search import Expected, ReplicaSearch
from cnc.policies.popularity import Popularity
from cnc.policies.shares import Candidates
from cnc.simulator.traffic import mean_background
from cnc.simulator.world import World

KEEP = 0.85
"""Of the old demand in each slot: a frame ends with four fifths of its own."""
MARGIN = 1.1
"""Demand that is deployed for, over what is expected."""
PERSISTENCE = 0.6
"""Of a background above or below its mean, over a frame."""
ROUNDS = 4
"""Of search at a frame start."""
FIRST_ROUNDS = 30
"""The same where nothing is in place yet."""


class Wishes:
    """E2E's wishes for deployment in one world.

    Args:
        world: its inventory.
        weights: of the networks.
        candidates: of the world.
    """

    def __init__(self, world: World, weights: Weights, candidates: Candidates) -> None:
        self._world, self._weights, self._candidates = world, weights, candidates
        self._search = ReplicaSearch(world, weights)
        self._demand = Popularity(KEEP)
        self._slot: int | None = None
        self._sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
        self._mean_background = mean_background(world)
        self._transport = world.node_domain == len(world.domain_ids) - 1
        self._recorded: Integers | None = None

    def begin_with(self, replicas: Integers | None) -> None:
        """Begin the first search with [domains, S] replicas that did well before."""
        self._recorded = replicas

    def see(self, observation: EndToEndObservation) -> None:
        """Take in a slot's demand; asking again in the same slot changes nothing."""
        if observation.slot != self._slot:
            self._demand.update(observation)
            self._slot = observation.slot

    def replicas(
        self, observation: EndToEndObservation, layout: Layout, shares: Shares
    ) -> Integers:
        """[S, N] as E2E would deploy.

        Args:
            observation: at a frame start.
            layout: of the world with the classes of now.
            shares: routing to begin with.
        """
        self.see(observation)
        world = self._world
        admissible = self._candidates.admissible_routes(observation)
        usable = hostable(world, observation.classes, admissible)
        rounds = ROUNDS
        begin = standing(
            observation.placed,
            usable | self._transport,
            world.memory_gb,
            world.node_memory_gb,
            world.parameters.most_replicas,
        )
        begins = [begin]
        if not begin.any():
            begins, rounds = self._first(observation), FIRST_ROUNDS
        demand = MARGIN * self._demand.mean
        routes = world.route_node.shape[1]
        mean = self._mean_background
        live = observation.live[world.node_domain] & (observation.background < GONE)
        expected = Expected(
            layout=layout,
            conditions=Conditions(
                background=mean + PERSISTENCE * (observation.background - mean),
                backlog_gc=np.zeros_like(observation.backlog_gc),
                ready=observation.placed * live * 1.0,
                link_mbit_s=observation.link_capacity_mbit_s,
                link_j_mbit=observation.link_energy_j_mbit,
            ),
            requests=np.repeat(demand.T, routes, axis=1),
            admissible=admissible.transpose(1, 0, 2).reshape(len(demand.T), -1),
            usable=usable & live,
            preference=np.exp(observation.hosts_prior.T[:, world.node_domain]),
        )
        found = [self._search.searched(b * live, expected, shares, rounds) for b in begins]
        return min(found, key=lambda one: one[1])[0]

    def of_domains(self, replicas: Floats | Integers) -> Floats:
        """[domains, S] of [S, N]."""
        world = self._world
        total = np.zeros((len(world.domain_ids), len(world.work_gc)))
        np.add.at(total, world.node_domain, replicas.T)
        return total

    def _first(self, observation: EndToEndObservation) -> list[Integers]:
        """What the search may begin with where nothing stands.

        What was recorded is tried beside what the domains would do, and the set counts that E2E
        expects to cost less: one of another state may lead to where the search does not get away.
        """
        begins = [self._deployed(observation, None)]
        if self._recorded is not None:
            begins.append(self._deployed(observation, self._recorded))
        return begins

    def _deployed(self, observation: EndToEndObservation, wish: Integers | None) -> Integers:
        """[S, N] what the domains would deploy with a wish [domains, S], or without."""
        replicas = np.zeros_like(observation.placed)
        origins, candidates = self._world.candidates.shape
        nobody = np.zeros((origins, len(observation.classes), candidates))
        for site in self._sites:
            order = order_for(site, observation, nobody, None)
            alone = Deployment(site, self._weights)
            alone.observe(order)
            seen = replace(domain_view(observation, site), frame_start=True)
            if wish is None:
                replicas[:, site.nodes] = alone.deploy_alone(seen, order)
            else:
                recorded = replace(order, prior=wish[site.index].astype(np.float64))
                replicas[:, site.nodes] = alone.deploy(seen, recorded)
        return replicas

    def snapshot(self) -> dict[str, Any]:
        """The demand seen."""
        return {"demand": self._demand.snapshot(), "slot": self._slot}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the demand seen."""
        self._demand.restore(snapshot.get("demand", {}))
        self._slot = snapshot.get("slot")
