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
from cnc.policies.greedy import usable_nodes
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.marginal import Array
from cnc.policies.hmarl.placing import GONE, Room, standing
from cnc.policies.popularity import Popularity
from cnc.simulator.world import TrafficClasses

KINDS = ("terminal", "ran", "transport")
FEATURES = 14 + len(KINDS)
ORIGIN_WEIGHT = np.array([1.0, 1.0, 0.5, 0.5, 1.0])
"""Of an origin's demand, by which candidate the domain is to it."""
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
        usable = usable_nodes(self._site, order.classes) & (observation.background < GONE)
        seen = features(self._site, self._popularity, observation, order)
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


def features(
    site: Site, popularity: Popularity, observation: DomainObservation, order: Order
) -> Floats:
    """[S, n, FEATURES] of a service on a node."""
    classes, services, nodes = order.classes, len(site.work_gc), len(site.nodes)
    tau = site.parameters.slot_s
    weight = ORIGIN_WEIGHT[site.candidate]
    asked = popularity.per_service(order, services, weight)
    demand = asked * site.work_gc
    capacity = site.node_capacity_gc_s * tau
    size, deadline = _per_service(classes, services)
    processing = site.work_gc[:, None] / site.node_speed_gc_s
    finite = np.where(np.isfinite(site.zero_load_s), site.zero_load_s, 1e3)
    path = (finite[:, None] + size[:, None, None] * site.per_mbit_s[:, None]).min(-1)
    network = (path * weight[:, None, None]).sum(0) / weight.sum()
    slack = (deadline[:, None] - network - processing) / deadline[:, None]
    nearest = (deadline[:, None] - path.min(0) - processing) / deadline[:, None]
    every = max(float(demand.sum()), 1e-9)

    def wide(array: Floats) -> Floats:
        return np.broadcast_to(array, (services, nodes))

    return np.stack(
        [
            wide(np.log1p(8.0 * demand[:, None] / capacity)),
            wide(np.log1p(demand[:, None] / site.node_replica_gc_s / tau)),
            wide(np.log1p(4.0 * demand.sum(keepdims=True)[:, None] / capacity.sum())),
            wide(4.0 * demand[:, None] / every),
            wide(np.log1p(asked)[:, None]),
            wide(processing / deadline[:, None]),
            np.clip(slack, -2.0, 1.0),
            np.clip(nearest, -2.0, 1.0),
            wide((site.node_dynamic_w / site.node_capacity_gc_s)[None]),
            wide(observation.background[None]),
            wide(site.memory_gb[:, None] / site.node_memory_gb),
            wide(np.log(size)[:, None]),
            wide(np.log(site.work_gc)[:, None]),
            wide((site.node_replica_gc_s / site.node_capacity_gc_s)[None]),
            *(wide(np.full((1, 1), float(site.kind == kind))) for kind in KINDS),
        ],
        -1,
    )


def _per_service(classes: TrafficClasses, services: int) -> tuple[Floats, Floats]:
    """[S] largest size and least deadline of a service's classes."""
    size, deadline = np.zeros(services), np.full(services, np.inf)
    np.maximum.at(size, classes.service, classes.uplink_mbit + classes.downlink_mbit)
    np.minimum.at(deadline, classes.service, classes.deadline_s)
    return np.maximum(size, 1e-3), np.where(np.isfinite(deadline), deadline, 1.0)


def values(xp: ModuleType, weights: Weights, seen: Array) -> Array:
    """[…] logarithm of the replicas that are worth having, from features […, FEATURES]."""
    hidden = xp.tanh(seen @ weights["deploy.w1"] + weights["deploy.b1"])
    hidden = xp.tanh(hidden @ weights["deploy.w2"] + weights["deploy.b2"])
    return (hidden @ weights["deploy.w3"] + weights["deploy.b3"])[..., 0]
