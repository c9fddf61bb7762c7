"""RAND: random feasible replicas per frame and random splits (docs/system-model.md)."""

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
from cnc.environment.sites import Floats, Integers, Site
from cnc.policies.greedy import usable_nodes
from cnc.policies.interface import END_TO_END_AGENT, generator_of
from cnc.policies.placement import pack
from cnc.policies.shares import Candidates, normalised
from cnc.simulator.world import World


@dataclass(frozen=True)
class RandomPolicy:
    """The lower reference."""

    name: str = "rand"

    def end_to_end(self, world: World, seed: int) -> RandomEndToEnd:
        """The E2E agent."""
        return RandomEndToEnd(world, seed)

    def domain(self, site: Site, seed: int) -> RandomDomain:
        """The agent of one domain."""
        return RandomDomain(site, seed)


class RandomEndToEnd:
    """Uniform shares on the simplex of usable candidates."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._candidates = Candidates(world)

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain may host every service."""
        prior = observation.hosts_prior
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]: exponential draws, normalised (a uniform Dirichlet)."""
        generator = generator_of(self._seed, END_TO_END_AGENT, observation.slot)
        origins, candidates = self._world.candidates.shape
        shape = (origins, len(observation.classes.service), candidates)
        return self._candidates.by_prior(generator.standard_exponential(shape), observation)

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Nothing is remembered."""


class RandomDomain:
    """Random replicas until memory is full, random splits."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site = site
        self._seed = seed

    def observe(self, order: Order) -> None:
        """Random learns nothing."""

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Random (service, node) pairs, added while they fit; transport keeps one of each."""
        site = self._site
        generator = generator_of(self._seed, site.index, observation.slot)
        usable = usable_nodes(site, order.classes) & order.allowed[:, None]
        services, nodes = usable.shape
        replicas = np.zeros((services, nodes), dtype=np.int64)
        if site.kind == "transport":
            replicas = pack(
                np.zeros(services),
                site.memory_gb,
                site.node_memory_gb,
                usable,
                site.node_replica_gc_s,
                keep_one=True,
                most_replicas=site.most_replicas,
            )
        free = site.node_memory_gb - site.memory_gb @ replicas
        pairs = np.argwhere(usable)
        while len(pairs):
            fits = (site.memory_gb[pairs[:, 0]] <= free[pairs[:, 1]] + 1e-9) & (
                replicas[pairs[:, 0], pairs[:, 1]] < site.most_replicas
            )
            pairs = pairs[fits]
            if not len(pairs):
                break
            service, node = pairs[generator.integers(len(pairs))]
            replicas[service, node] += 1
            free[node] -= site.memory_gb[service]
        return replicas

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """Uniform draws on the simplex of ready nodes and of the two paths."""
        site = self._site
        generator = generator_of(self._seed + 1, site.index, observation.slot)
        services, nodes = observation.ready.shape
        sigma = normalised(generator.standard_exponential((services, nodes)), observation.ready > 0)
        paths = generator.standard_exponential((services, 2))
        if site.path_links is None:
            paths = np.tile(np.array([1.0, 0.0]), (services, 1))
        return Split(sigma=sigma, paths=paths / paths.sum(axis=1, keepdims=True))

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Nothing is remembered."""
