"""NEAREST: the nearest tier first, up to a utilisation target (docs/system-model.md, "Baselines").

An origin's requests fill its candidates in the order of zero-load distance: own terminal, own
RAN, the neighbouring RAN domains, transport. Each takes them until its nodes or replicas reach
the target; the rest goes on to the next. What nobody has room for is shared in proportion to
room. Domains deploy as in `grd-work`.

The targets were tuned on worlds 100 to 102 of scenario `paper` (traces 100 to 102, slots 10 to
39), none of which serves for results. Mean cost a slot at 400 / 800 / 1200 requests:

| targets (terminal, RAN, transport) | 400 | 800 | 1200 |
| --- | --- | --- | --- |
| one for all: 0.4 | 245 | 787 | 2597 |
| 0.5 | 251 | 724 | 2391 |
| 0.6 | 275 | 711 | 1951 |
| 0.7 | 318 | 736 | 1804 |
| 0.8 | 376 | 840 | 1823 |
| 0.25, 0.6, 0.7 | 235 | 722 | 2186 |
| 0.35, 0.6, 0.7 | 239 | 714 | 2124 |
| 0.35, 0.7, 0.7 | 254 | 676 | 1838 |
| **0.35, 0.7, 0.6** | 254 | 668 | 1792 |
| 0.35, 0.8, 0.7 | 277 | 718 | 1771 |
| 0.5, 0.7, 0.7 | 269 | 680 | 1786 |
| for comparison: grd-plus | 243 | 679 | 2579 |
| grd-work | 244 | 696 | 2552 |

Terminals are filled less, since their two servers a replica make requests wait long before they
are full. A first version that looked at domains as a whole instead of their nodes did worse at
every load: it overran single nodes.
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
from cnc.environment.sites import Floats, Integers, Site
from cnc.policies.greedy import GreedyDomain, residual_paths
from cnc.policies.shares import Candidates, normalised
from cnc.simulator.world import World

ORDER = (0, 1, 2, 3, 4)
"""Candidates by zero-load distance: T_i, R_i, R_(i+1), R_(i-1), X."""
TARGETS = (0.35, 0.7, 0.6)


@dataclass(frozen=True)
class NearestPolicy:
    """Nearest tier first; deployment by work, as in `grd-work`."""

    name: str = "nearest"
    targets: tuple[float, float, float] = TARGETS
    """Utilisation of nodes (background included) and of replicas up to which terminal, RAN and
    transport are filled."""

    def end_to_end(self, world: World, seed: int) -> NearestEndToEnd:
        """The E2E agent (the seed is unused: nothing is drawn)."""
        return NearestEndToEnd(world, self.targets)

    def domain(self, site: Site, seed: int) -> NearestDomain:
        """The agent of one domain."""
        return NearestDomain(site, neighbours=True, weigh_by_work=True)


class NearestEndToEnd:
    """Fills candidates in order of distance.

    Information: the counts of the slot, and every domain's background, backlog and ready replicas
    as reported at the end of the last slot. How a domain splits is a rule that E2E knows, so it
    can tell which node would be full first. Where several origins compete for a domain, all get
    the same part of what they still have to place.

    Args:
        world: the world.
        targets: utilisation up to which the nodes and replicas of the three tiers are filled.
    """

    def __init__(self, world: World, targets: tuple[float, float, float]) -> None:
        self._world = world
        cells = world.parameters.cells
        tier = np.minimum(world.node_domain // cells, 2)
        self._target = np.array(targets)[tier]
        self._candidates = Candidates(world)

    def hosts(self, observation: EndToEndObservation) -> Hosts:
        """Every domain may host every service; knowledge and triggers give the prior."""
        prior = observation.hosts_prior
        return Hosts(allowed=np.ones(prior.shape, dtype=bool), prior=prior)

    def distribute(self, observation: EndToEndObservation) -> Floats:
        """delta [D, C, K]: nearest first, within the room of nodes and of replicas."""
        world, service = self._world, observation.classes.service
        tau = world.parameters.slot_s
        usable = self._candidates.usable(observation)
        work = observation.requests * world.work_gc[service]
        free = free_gc_s(world.node_capacity_gc_s, observation.background, observation.backlog_gc)
        preference = by_room(world.node_replica_capacity_gc_s, observation.ready, free)
        total = np.zeros((len(world.work_gc), len(world.domain_ids)))
        np.add.at(total.T, world.node_domain, preference.T)
        size = total[:, world.node_domain]
        sigma = np.divide(preference, size, out=np.zeros_like(preference), where=size > 0)
        spare = self._target - 1.0 + free / world.node_capacity_gc_s
        on_nodes = np.maximum(spare, 0.0) * world.node_capacity_gc_s * tau
        on_replicas = self._target * world.node_replica_capacity_gc_s * observation.ready * tau
        overflow = normalised(total.T[world.candidates][:, :, service].transpose(0, 2, 1), usable)
        left, placed = work.copy(), np.zeros(usable.shape)
        for candidate in ORDER:
            at = np.ix_(world.candidates[:, candidate], service)
            wanted = np.where(usable[:, :, candidate], left, 0.0)
            asked = np.zeros(total.T.shape)
            np.add.at(asked, at, wanted)
            part = self._part(asked, sigma, on_nodes, on_replicas)
            granted = wanted * part[at]
            taken = sigma * (asked * part).T[:, world.node_domain]
            on_nodes -= taken.sum(axis=0)
            on_replicas -= taken
            placed[:, :, candidate] = granted
            left -= granted
        shares = np.divide(
            placed + left[:, :, None] * overflow,
            work[:, :, None],
            out=overflow.copy(),
            where=work[:, :, None] > 0,
        )
        return self._candidates.by_prior(shares, observation)

    def _part(self, asked: Floats, sigma: Floats, on_nodes: Floats, on_replicas: Floats) -> Floats:
        """The part [domains, S] of what is asked [domains, S] (Gc) that there is room for.

        A domain takes no more of a service than the fullest of its nodes that serve it allows.

        Args:
            asked: Gc.
            sigma: [S, N] shares inside the domains.
            on_nodes: [N] room in Gc.
            on_replicas: [S, N] room in Gc.
        """
        of_node = self._world.node_domain
        arriving = sigma * asked.T[:, of_node]
        part = _ratio(on_replicas, arriving)
        part = part * _ratio(on_nodes, (arriving * part).sum(axis=0))
        lowest = np.ones(asked.shape)
        np.minimum.at(lowest, of_node, np.where(sigma > 0, part, 1.0).T)
        return lowest

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Nothing is remembered."""


class NearestDomain(GreedyDomain):
    """Deploys as `grd-work`; splits by the room of a service's replicas on each node.

    Information: its own nodes and links, and the demand that its candidate origins have.
    """

    def split(self, observation: DomainObservation, order: Order) -> Split:
        """Shares by room, and links as the greedy family shares them."""
        site = self._site
        free = free_gc_s(site.node_capacity_gc_s, observation.background, observation.backlog_gc)
        room = by_room(site.node_replica_gc_s, observation.ready, free)
        sigma = normalised(room, observation.ready > 0)
        return Split(sigma=sigma, paths=residual_paths(site, observation))


def free_gc_s(capacity: Floats, background: Floats, backlog: Floats) -> Floats:
    """[n] Gc/s beside background and backlog (of a slot of 1 s), at least 1 % of all."""
    return np.asarray(np.maximum(capacity * (1.0 - background) - backlog, 0.01 * capacity))


def by_room(replica_gc_s: Floats, ready: Integers, free: Floats) -> Floats:
    """[S, n] Gc/s that a service's ready replicas could use on each node."""
    return np.asarray(np.minimum(replica_gc_s * ready, free))


def _ratio(room: Floats, asked: Floats) -> Floats:
    """The part of what is asked that there is room for, at most 1."""
    part = np.divide(np.maximum(room, 0.0), asked, out=np.ones_like(asked), where=asked > 0)
    return np.asarray(np.minimum(part, 1.0))
