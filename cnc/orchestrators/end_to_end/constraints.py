"""What stands against a demand: the resource, where, how much is needed and how much there is.

An obstacle is certain: no placement overcomes it. A bottleneck is what a forecast suffers most
from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.messages.feasibility import Constraint, Resource
from cnc.messages.percent import percent
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.loads import Situation
from cnc.orchestrators.end_to_end.outlook import Forecast
from cnc.orchestrators.end_to_end.prediction import (
    predict_routes,
    quantile_ms,
    share_within,
)
from cnc.simulator.world import LOCAL, RADIO, World

SHOWN = 3
"""Names in a list; the rest is counted."""
RELIEVED = 0.3
"""Utilisation at which a resource hardly delays anybody."""
MOST = 0.8
"""Of the gain that the relief of one kind gives, where it does not suffice alone."""
STEPS = 12
"""Of a bisection between that and what is asked: to a thousandth of the capacity."""


def obstacle(world: World, observation: EndToEndObservation, demand: Demand) -> Constraint | None:
    """Why no placement can meet the demand; None when nothing is certain to stand against it.

    `observation` has the demand's class last. Checked: the deadline against zero-load latency,
    the radio and local bandwidth of each origin, the computing capacity in reach.
    """
    asked = demand.requests > 0
    if not asked.any():
        return Constraint(
            resource="request",
            needed=1.0,
            available=float(demand.requests.sum()),
            unit="requests per slot",
            detail="it asks for no requests in a slot; state more users",
        )
    last = len(observation.classes.service) - 1
    live = observation.live[world.node_domain][world.route_node]
    latency = np.where(live, world.zero_load_latency_s(observation.classes)[:, last], np.inf)
    return (
        _out_of_reach(world, latency, demand)
        or _short_of_bandwidth(world, observation, demand, latency)
        or _short_of_computing(world, observation, demand, latency)
    )


def _out_of_reach(world: World, latency: Floats, demand: Demand) -> Constraint | None:
    """The user that is farthest from everything that runs."""
    asked = np.flatnonzero(demand.requests > 0)
    origin = int(asked[np.argmax(latency[asked].min(axis=1))])
    route = int(np.argmin(latency[origin]))
    best_ms, limit_ms = float(latency[origin, route]) * 1e3, demand.deadline_s * 1e3
    name = world.domain_ids[origin]
    if not np.isfinite(best_ms):
        return Constraint(
            resource="reach",
            where=name,
            needed=1.0,
            available=0.0,
            unit="live domains",
            detail=f"no live domain is in reach of {name}; bring one back (`cnc status`)",
        )
    if best_ms < limit_ms:
        return None
    node = int(world.route_node[origin, route])
    working_ms = float(world.work_gc[demand.service] / world.node_speed_gc_s[node]) * 1e3
    return Constraint(
        resource="latency",
        where=f"{name} to {world.node_name(node)}",
        needed=best_ms,
        available=limit_ms,
        unit="ms",
        detail=f"no placement meets {limit_ms:g} ms: with no load at all the nearest, "
        f"{world.node_name(node)} for users at {name}, needs {best_ms:.1f} ms "
        f"(network {best_ms - working_ms:.1f}, processing {working_ms:.1f})",
    )


def _short_of_bandwidth(
    world: World, observation: EndToEndObservation, demand: Demand, latency: Floats
) -> Constraint | None:
    size = demand.uplink_mbit + demand.downlink_mbit
    slot_s = world.parameters.slot_s
    for origin in np.flatnonzero(demand.requests > 0):
        routes = np.flatnonzero(latency[origin] < demand.deadline_s)
        first = np.unique(world.route_links[origin, routes, 0])
        first = first[first >= 0]
        room = float(observation.link_capacity_mbit_s[first].sum()) * slot_s
        need = float(demand.requests[origin]) * size
        if need > room:
            where = listed(world.link_name(int(link)) for link in first)
            return Constraint(
                resource="access_link",
                where=where,
                needed=need,
                available=room,
                unit="Mbit per slot",
                detail=f"its users at {world.domain_ids[origin]} need {need:,.0f} Mbit per slot, "
                f"the links there ({where}) have {room:,.0f}",
            )
    return None


def _short_of_computing(
    world: World, observation: EndToEndObservation, demand: Demand, latency: Floats
) -> Constraint | None:
    asked = np.flatnonzero(demand.requests > 0)
    nodes = np.unique(world.route_node[asked][latency[asked] < demand.deadline_s])
    left = world.node_capacity_gc_s[nodes] * (1.0 - observation.background[nodes])
    room = float(left.sum()) * world.parameters.slot_s
    need = float(demand.requests.sum() * world.work_gc[demand.service])
    if need <= room:
        return None
    return Constraint(
        resource="computing",
        where=f"{len(nodes)} nodes in reach",
        needed=need,
        available=room,
        unit="Gc per slot",
        detail=f"it needs {need:,.0f} Gc per slot, the {len(nodes)} nodes in reach have "
        f"{room:,.0f} beside their own work",
    )


@dataclass(frozen=True, eq=False)
class _Kind:
    """A kind of resource whose relief is tried."""

    resource: Resource
    relieved: Callable[[Situation, float], Situation]
    """The situation with these resources at most that full."""


def bottleneck(world: World, forecast: Forecast, demand: Demand, required: float) -> Constraint:
    """The resource whose relief helps the flow most; the latency itself where none does."""

    def share(at: Situation) -> float:
        seen = forecast.observation
        found = predict_routes(world, seen, len(seen.classes.service) - 1, at)
        total = float(demand.requests.sum())
        return share_within(found, forecast.flow, total, demand.deadline_s * 1e3)

    def most(kind: _Kind) -> float:
        """How full it may be for the required share, or for most of what its relief can give."""
        goal = min(required, forecast.share + MOST * (gains[kind] - forecast.share))
        low, high = RELIEVED, 2.0
        for _ in range(STEPS):
            middle = 0.5 * (low + high)
            fits = share(kind.relieved(forecast.at, middle)) >= goal
            low, high = (middle, high) if fits else (low, middle)
        return low

    unserved = float(demand.requests.sum() - forecast.flow.sum())
    if unserved > 1e-6:
        return _nowhere_to_run(world, forecast, demand)
    gains = {kind: share(kind.relieved(forecast.at, RELIEVED)) for kind in _kinds(world, demand)}
    best = max(gains, key=lambda kind: gains[kind])
    if gains[best] <= forecast.share + 0.2 * max(0.0, required - forecast.share):
        crowded = max(gains, key=lambda kind: _most_full(world, forecast, demand, kind.resource)[1])
        if _most_full(world, forecast, demand, crowded.resource)[1] <= 1.0:
            return _too_slow(world, forecast, demand, required)
        return _fullest(world, forecast, demand, crowded.resource, 1.0)
    return _fullest(world, forecast, demand, best.resource, most(best))


def _kinds(world: World, demand: Demand) -> tuple[_Kind, ...]:
    access = np.isin(world.link_kind, (LOCAL, RADIO))

    def nodes(at: Situation, most: float) -> Situation:
        return replace(at, node=np.minimum(at.node, most))

    def replicas(at: Situation, most: float) -> Situation:
        return replace(at, replica=np.minimum(at.replica, most))

    def links(which: Booleans) -> Callable[[Situation, float], Situation]:
        def relieved(at: Situation, most: float) -> Situation:
            return replace(at, link=np.where(which, np.minimum(at.link, most), at.link))

        return relieved

    return (
        _Kind("computing", nodes),
        _Kind("replicas", replicas),
        _Kind("access_link", links(access)),
        _Kind("transport_link", links(~access)),
    )


def _nowhere_to_run(world: World, forecast: Forecast, demand: Demand) -> Constraint:
    """Some origin has no node with memory for a replica."""
    short = np.flatnonzero((demand.requests > 0) & (forecast.flow.sum(axis=1) <= 1e-9))
    return short_of_memory(world, demand.service, short.tolist())


def short_of_memory(world: World, service: int, origins: Sequence[int]) -> Constraint:
    """No node that is quick enough for these origins has memory for a replica."""
    need = float(world.memory_gb[service])
    where = listed(world.domain_ids[origin] for origin in origins)
    return Constraint(
        resource="replicas",
        where=where,
        needed=need,
        available=0.0,
        unit="GB of memory",
        detail=f"a replica needs {need:.1f} GB, and no node in reach of {where} that is quick "
        "enough has them to spare",
    )


def _too_slow(world: World, forecast: Forecast, demand: Demand, required: float) -> Constraint:
    """Nothing is full: the way and the work take longer than asked."""
    asked_ms = demand.deadline_s * 1e3
    total = float(demand.requests.sum())
    reached = quantile_ms(forecast.prediction, forecast.flow, total, required)
    needed = asked_ms if reached is None else reached
    return Constraint(
        resource="latency",
        where=listed(_busiest_domains(world, forecast.flow)),
        needed=needed,
        available=asked_ms,
        unit="ms",
        detail=f"{required * 100:.6g} % of the requests need {needed:.1f} ms where they would run, "
        f"and {asked_ms:g} ms are asked",
    )


def _busiest_domains(world: World, flow: Floats) -> list[str]:
    """Domains by the requests that they would serve, the largest first."""
    served = np.zeros(len(world.domain_ids))
    np.add.at(served, world.node_domain[world.route_node], flow)
    order = [int(domain) for domain in np.argsort(-served) if served[domain] > 0]
    return [world.domain_ids[domain] for domain in order]


def _most_full(
    world: World, forecast: Forecast, demand: Demand, resource: Resource
) -> tuple[int, float]:
    """The node or link of a kind that is fullest among those that carry part of the flow."""
    if resource in ("access_link", "transport_link"):
        carried = np.isin(world.link_kind, (LOCAL, RADIO)) == (resource == "access_link")
        used = np.unique(world.route_links[forecast.flow > 1e-9])
        carried[np.setdiff1d(np.arange(len(carried)), used)] = False
        link = int(np.argmax(np.where(carried, forecast.at.link, -1.0)))
        return link, float(forecast.at.link[link]) if carried.any() else 0.0
    nodes = np.unique(world.route_node[forecast.flow > 1e-9])
    loads = forecast.at.node if resource == "computing" else forecast.at.replica[demand.service]
    node = int(nodes[np.argmax(loads[nodes])])
    return node, float(loads[node])


def _fullest(
    world: World, forecast: Forecast, demand: Demand, resource: Resource, most: float
) -> Constraint:
    """The one of its kind that is fullest, with the load up to which it would do."""
    slot_s = world.parameters.slot_s
    at, full = _most_full(world, forecast, demand, resource)
    if resource in ("access_link", "transport_link"):
        name, unit = world.link_name(at), "Mbit"
        capacity = float(forecast.observation.link_capacity_mbit_s[at]) * slot_s
    else:
        node, name, unit = at, world.node_name(at), "Gc"
        if resource == "computing":
            capacity = float(world.node_capacity_gc_s[node]) * slot_s
        else:
            ready = float(forecast.observation.ready[demand.service, node])
            capacity = float(world.node_replica_capacity_gc_s[node]) * ready * slot_s
    needed, available = full * capacity, min(most, full) * capacity
    what = {
        "computing": f"node {name}",
        "replicas": f"the replicas that {name} has memory for",
    }.get(resource, f"link {name}")
    return Constraint(
        resource=resource,
        where=name,
        needed=needed,
        available=available,
        unit=f"{unit} per slot",
        detail=f"{what} would carry {needed:,.0f} {unit} per slot ({percent(full, 0)} of what it "
        f"can), and up to {available:,.0f} ({percent(min(most, full), 0)}) enough would be in time",
    )


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    rest = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
