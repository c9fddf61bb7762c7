"""GRD and its stronger variants (docs/system-model.md, "Baselines").

Each domain deploys by its own popularity estimate until its memory is full; splits are
proportional to the capacity that was left in the last slot. Information: each agent's own
domain; E2E the reports of all. Variants:

- `grd`: candidates own terminal, own RAN and transport.
- `grd-plus`: also the two neighbouring RAN domains.
- `grd-work`: like `grd-plus`, but deployment weighs requests by their work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Hosts,
    Order,
    Split,
)
from cnc.environment.sites import Booleans, Floats, Integers, Site
from cnc.policies.placement import pack
from cnc.policies.popularity import Popularity
from cnc.policies.shares import Candidates, normalised
from cnc.simulator.world import TrafficClasses, World


@dataclass(frozen=True)
class GreedyPolicy:
    """The greedy family; see the module for the variants."""

    name: str = "grd"
    neighbours: bool = False
    weigh_by_work: bool = False

    def end_to_end(self, world: World, seed: int) -> GreedyEndToEnd:
        """The E2E agent (the seed is unused: greedy draws nothing)."""
        return GreedyEndToEnd(world, self.neighbours)

    def domain(self, site: Site, seed: int) -> GreedyDomain:
        """The agent of one domain."""
        return GreedyDomain(site, self.neighbours, self.weigh_by_work)


class GreedyEndToEnd:
    """Distributes in proportion to the capacity left in each candidate domain.

    A domain's capacity counts for an origin by that origin's part: what is left, over the number
    of origins that the domain serves. Otherwise all origins would count on all of the cloud.
    """

    def __init__(self, world: World, neighbours: bool) -> None:
        self._world = world
        self._candidates = Candidates(world)
        origins, candidates = world.candidates.shape
        self._weights = np.ones((origins, candidates))
        if not neighbours:
            self._weights[:, 2:4] = 0.0
        served = np.zeros(len(world.domain_ids))
        np.add.at(served, world.candidates, self._weights)
        self._weights /= np.maximum(served, 1.0)[world.candidates]

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain may host every service; knowledge and triggers give the prior."""
        prior = observation.hosts_prior
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K] by residual capacity."""
        residual = self._candidates.residual_gc_s(observation)[self._world.candidates]
        preference = np.repeat(
            (residual * self._weights)[:, None, :], len(observation.classes.service), axis=1
        )
        return self._candidates.by_prior(preference, observation)

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Nothing is remembered."""


class GreedyDomain:
    """Deploys by popularity, splits by the capacity that is left."""

    def __init__(self, site: Site, neighbours: bool, weigh_by_work: bool) -> None:
        self._site = site
        self._weigh_by_work = weigh_by_work
        self._popularity = Popularity()
        own = (site.candidate < 2) | (site.candidate == 4)
        self._origin_weights = np.where(own | neighbours, 1.0, 0.0)

    def observe(self, order: Order) -> None:
        """Update the popularity estimate."""
        self._popularity.update(order)

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n]: popular services first, until memory is full."""
        site = self._site
        services = len(site.work_gc)
        weights = self._popularity.per_service(order, services, self._origin_weights)
        if self._weigh_by_work:
            weights = weights * site.work_gc
        weights = np.where(order.allowed, weights * np.exp(order.prior), 0.0)
        return pack(
            weights,
            site.memory_gb,
            site.node_memory_gb,
            usable_nodes(site, order.classes),
            site.node_replica_gc_s,
            keep_one=site.kind == "transport",
            most_replicas=site.most_replicas,
        )

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """Shares in proportion to residual node and link capacity."""
        site = self._site
        used = np.maximum(observation.utilisation, observation.background)
        left = site.node_capacity_gc_s * np.maximum(1.0 - used, 0.01)
        sigma = normalised(
            np.repeat(left[None, :], len(site.work_gc), axis=0), observation.ready > 0
        )
        return Split(sigma=sigma, paths=residual_paths(site, observation))

    def snapshot(self) -> dict[str, Any]:
        """The popularity estimate."""
        return {"popularity": self._popularity.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the popularity estimate."""
        self._popularity.restore(snapshot.get("popularity", {}))


def usable_nodes(site: Site, classes: TrafficClasses) -> Booleans:
    """[S, n] nodes where some class of the service can be served in time from some origin."""
    per_class = site.admissible(classes).any(axis=0)
    usable = np.zeros((len(site.work_gc), len(site.nodes)), dtype=bool)
    np.logical_or.at(usable, classes.service, per_class)
    return usable


def residual_paths(site: Site, observation: DomainObservation) -> Floats:
    """[S, 2] shares of the two parallel links by the capacity left in the last slot."""
    services = len(site.work_gc)
    if site.path_links is None:
        return np.tile(np.array([1.0, 0.0]), (services, 1))
    pair = list(site.path_links)
    left = observation.link_capacity_mbit_s[pair] * np.maximum(
        1.0 - observation.link_utilisation[pair], 0.01
    )
    return np.tile(left / left.sum(), (services, 1))
