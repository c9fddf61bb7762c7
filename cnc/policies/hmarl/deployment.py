"""A domain's deployment: how many replicas of each service, on which nodes (docs/hmarl.md).

What a service is worth on a node is learned: a network over features of the pair, without units,
shared by all domains, services and nodes, gives the number of replicas that it should have there.
Where E2E wishes for numbers of replicas in the domain, these count, and the values say where they
go. Without wishes the domain deploys alone: it begins with empty nodes and adds replicas of the
service that it is shortest of, on the node where that service is worth most, until nothing is short
or fits.

Deviations from the paper, whose DDQN chooses among whole sets: single replicas, so that one network
fits any number of services and nodes; trained on demonstrations by the optimal reference, as DQfD
begins. The sequence of actions that a DDQN would explore is searched by E2E, with values in closed
form (`replica_search`).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from cnc.environment.observations import DomainObservation, Order
from cnc.environment.sites import Booleans, Floats, Integers, Site
from cnc.policies.hmarl.deployment_features import DeploymentFeatures
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.marginal import Array
from cnc.policies.hmarl.placing import GONE, Room, standing
from cnc.policies.popularity import Popularity

MOST = 3.0
"""Logarithm of the most replicas that a service can be worth on a node."""
SHORT = 0.5
"""A service is short of replicas while wanted / (given + 1/2) is at least this."""
TRACE = 0.02
"""Replicas wanted in a domain below which a service is left out."""


class Deployment:
    """The deployment part of a domain's agent.

    Args:
        site: the domain.
        weights: of the network.
        coordinated: E2E's wishes are followed.
    """

    def __init__(self, site: Site, weights: Weights, coordinated: bool = True) -> None:
        self._site, self._weights = site, weights
        self._coordinated = coordinated
        self._popularity = Popularity()
        self._features: DeploymentFeatures | None = None

    def observe(self, order: Order) -> None:
        """Update the popularity estimate."""
        self._popularity.update(order)

    def deploy(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n]: as many as E2E wishes, where they are worth most."""
        site = self._site
        if not self._coordinated:
            return self.deploy_alone(observation, order)
        worth, usable = self._worth(observation, order)
        return realised(
            order.prior * order.allowed,
            worth,
            usable,
            observation.placed,
            site.memory_gb,
            site.node_memory_gb,
            site.most_replicas,
            keep_one=site.kind == "transport",
        )

    def deploy_alone(self, observation: DomainObservation, order: Order) -> Integers:
        """Replicas [S, n] by the domain's own values."""
        site = self._site
        worth, usable = self._worth(observation, order)
        return fill(
            worth * order.allowed[:, None],
            usable,
            site.memory_gb,
            site.node_memory_gb,
            site.most_replicas,
            keep_one=site.kind == "transport",
        )

    def _worth(self, observation: DomainObservation, order: Order) -> tuple[Floats, Booleans]:
        known, key = self._features, order.classes.key
        if known is None or key != known.key:
            known = self._features = DeploymentFeatures(self._site, order.classes)
        usable = known.usable & (observation.background < GONE)
        seen = known.seen(self._popularity, observation, order)
        return np.exp(np.minimum(values(np, self._weights, seen), MOST)) * usable, usable

    def snapshot(self) -> dict[str, Any]:
        """The popularity estimate."""
        return {"popularity": self._popularity.snapshot()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up the popularity estimate."""
        self._popularity.restore(snapshot.get("popularity", {}))


def fill(
    worth: Floats,
    usable: Booleans,
    memory_gb: Floats,
    node_memory_gb: Floats,
    most: int,
    keep_one: bool,
) -> Integers:
    """Replicas [S, n] within memory from what services are worth [S, n] on nodes."""
    room = Room(worth, usable, memory_gb, node_memory_gb, most)
    if keep_one:
        for service in np.argsort(-memory_gb, kind="stable"):
            room.place(int(service), anywhere=True)
    wanted = worth.sum(1)
    live = wanted > TRACE
    while live.any():
        shortage = np.where(live, wanted / (room.replicas.sum(1) + 0.5), -np.inf)
        service = int(np.argmax(shortage))
        if shortage[service] < SHORT:
            break
        live[service] = room.place(service)
    return room.replicas


def realised(
    wish: Floats,
    worth: Floats,
    usable: Booleans,
    placed: Integers,
    memory_gb: Floats,
    node_memory_gb: Floats,
    most: int,
    keep_one: bool,
) -> Integers:
    """Replicas [S, n] within memory as E2E wishes, keeping what stands where it can.

    Args:
        wish: [S] replicas in the domain.
        worth: [S, n] of services on nodes, which decides where.
        usable: [S, n]
        placed: [S, n]
        memory_gb: [S] of a replica.
        node_memory_gb: [n]
        most: replicas of a service on a node.
        keep_one: at least one of each.
    """
    anywhere = usable | keep_one
    kept = standing(placed, anywhere, memory_gb, node_memory_gb, most)
    wished = np.rint(np.maximum(wish, 1.0) if keep_one else wish).astype(np.int64)
    room = Room(worth, usable, memory_gb, node_memory_gb, most, kept)
    missing = wished - kept.sum(1)
    for service in np.flatnonzero(missing < 0):
        for _ in range(-int(missing[service])):
            room.take(int(service))
    _place(room, missing, memory_gb, keep_one)
    if keep_one and (room.replicas.sum(1) == 0).any():
        # what stands leaves no room for one of each: from the beginning
        room = Room(worth, usable, memory_gb, node_memory_gb, most)
        _place(room, np.ones_like(wished), memory_gb, anywhere=True)
        _place(room, wished - room.replicas.sum(1), memory_gb, anywhere=True)
    return room.replicas


def _place(room: Room, missing: Integers, memory_gb: Floats, anywhere: bool) -> None:
    """Place what is missing [S], the largest first, as far as it fits."""
    for service in np.argsort(-memory_gb, kind="stable"):
        for _ in range(max(0, int(missing[service]))):
            if not room.place(int(service), anywhere):
                break


def values(xp: ModuleType, weights: Weights, seen: Array) -> Array:
    """[…] logarithm of the replicas that are worth having, from features […, FEATURES]."""
    # all pairs in one product
    flat = seen.reshape(-1, seen.shape[-1])
    hidden = xp.tanh(flat @ weights["deploy.w1"] + weights["deploy.b1"])
    hidden = xp.tanh(hidden @ weights["deploy.w2"] + weights["deploy.b2"])
    out = hidden @ weights["deploy.w3"] + weights["deploy.b3"]
    return out[:, 0].reshape(seen.shape[:-1])
