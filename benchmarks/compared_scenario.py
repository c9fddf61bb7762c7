"""The slots that every simulator of `simulators_compared.py` runs: same world, requests, decisions.

A world of scenario `paper` (74 nodes, 62 links, 30 services) and a drawn trace: requests per
origin and service, background of nodes, capacity of links. Decisions are fixed before the first
slot: all requests of an origin for a service go over one route to one node. A greedy rule chooses
the admissible route whose node and links are least loaded by expected requests, within memory.
Needs neither of the other packages.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnc.environment.scenario import load_scenario
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
FINE = 2.0**-20
"""Work and sizes are whole multiples of it: sums and differences are then exact, so that what
reserves and releases ends at 0 again."""


@dataclass(frozen=True)
class Stretch:
    """How long some world-slots took."""

    slots: int
    wall_s: float
    processor_s: float

    @staticmethod
    def between(slots: int, begin: tuple[float, float], end: tuple[float, float]) -> Stretch:
        """From two readings of `clock`."""
        return Stretch(slots, end[0] - begin[0], end[1] - begin[1])


def clock() -> tuple[float, float]:
    """Wall clock and processor time of this process in s."""
    return time.perf_counter(), time.process_time()


@dataclass(frozen=True, eq=False)
class Flow:
    """The requests of one origin for one service, and where they go."""

    origin: int
    service: int
    node: int
    route: int
    links: tuple[int, ...]
    work_gc: float
    """Of a request."""
    size_mbit: float
    """Of a request, up and down."""
    processing_s: float
    propagation_s: float
    """Both ways."""
    transmission_s: float
    """At nominal capacity."""
    deadline_s: float
    memory_gb: float
    """Its part of the replicas of its service on its node."""


@dataclass(frozen=True, eq=False)
class Slot:
    """What the world brings in a slot."""

    requests: Floats
    """[flows] requests of each."""
    capacity_gc_s: Floats
    """[N] what the background leaves."""
    background: Floats
    """[N]"""
    link_capacity_mbit_s: Floats
    link_energy_j_mbit: Floats
    counts: Floats
    """[D, S] the same requests."""


@dataclass(frozen=True, eq=False)
class Common:
    """A world with its slots and fixed decisions."""

    world: World
    flows: tuple[Flow, ...]
    replicas: Floats
    """[S, N]"""
    routing: Floats
    """[D, C, R] of 0 and 1."""
    slots: tuple[Slot, ...]


def common_scenario(seed: int, load: float, slots: int, scenario: str = "paper") -> Common:
    """Draw the world and the trace of a seed, and decide where requests go.

    Args:
        seed: of world and trace.
        load: nominal requests a slot.
        slots: of the trace, to be run in turn.
        scenario: name or file.
    """
    world = generate_world(load_scenario(scenario), seed)
    traffic = TrafficGenerator(world, seed, load)
    expected = traffic.expected_requests(np.ones(len(world.candidates)))
    route, replicas = assign(world, expected)
    origins, services = expected.shape
    sharing = np.zeros_like(replicas)
    node = world.route_node[np.arange(origins)[:, None], route]
    np.add.at(sharing, (np.arange(services)[None, :].repeat(origins, 0), node), 1.0)
    flows = tuple(
        _flow(world, i, s, int(route[i, s]), replicas, sharing)
        for i in range(origins)
        for s in range(services)
    )
    routing = np.zeros((origins, services, world.route_node.shape[1]))
    np.put_along_axis(routing, route[..., None], 1.0, axis=-1)
    drawn = [traffic.next() for _ in range(slots)]
    return Common(
        world,
        flows,
        replicas,
        routing,
        tuple(
            Slot(
                requests=np.array([each.requests[f.origin, f.service] for f in flows]),
                capacity_gc_s=world.node_capacity_gc_s * (1.0 - each.node_background),
                background=each.node_background,
                link_capacity_mbit_s=each.link_capacity_mbit_s,
                link_energy_j_mbit=each.link_energy_j_mbit,
                counts=each.requests,
            )
            for each in drawn
        ),
    )


def assign(world: World, expected: Floats) -> tuple[Integers, Floats]:
    """A route [D, S] for each origin and service, and the replicas [S, N] that serve them.

    The heaviest come first. Between an origin and a node all take the same route, as other
    simulators know one path between two vertices. A replica is added where the expected work
    needs more than half of those that stand; a node without room for a first one cannot be chosen.

    Args:
        world: the world.
        expected: [D, S] requests a slot.
    """
    admissible = world.admissible_routes(world.classes)
    capacity = world.node_capacity_gc_s * 0.75
    link_capacity = np.append(world.link_nominal_capacity_mbit_s * 0.75, np.inf)
    size = world.classes.uplink_mbit + world.classes.downlink_mbit
    work, traffic = np.zeros(len(capacity)), np.zeros(len(link_capacity))
    served = np.zeros(world.keepalive_w.shape)
    replicas = np.zeros(world.keepalive_w.shape)
    free = world.node_memory_gb.copy()
    route = np.zeros(expected.shape, dtype=np.int64)
    only = np.full((len(expected), len(capacity)), -1)
    number = np.arange(world.route_node.shape[1])
    order = np.argsort(-(expected * world.work_gc).ravel(), kind="stable")
    for origin, service in zip(*np.unravel_index(order, expected.shape), strict=True):
        more = expected[origin, service] * world.work_gc[service]
        bits = expected[origin, service] * size[service]
        nodes, links = world.route_node[origin], world.route_links[origin]
        pressure = (work[nodes] + more) / capacity[nodes]
        pressure = np.maximum(pressure, ((traffic[links] + bits) / link_capacity[links]).max(-1))
        room = (replicas[service, nodes] > 0) | (free[nodes] >= world.memory_gb[service])
        room &= (only[origin, nodes] < 0) | (only[origin, nodes] == number)
        usable = admissible[origin, service] & room
        usable = usable if usable.any() else room
        chosen = int(np.argmin(np.where(usable, pressure, np.inf)))
        route[origin, service], node = chosen, int(nodes[chosen])
        only[origin, node] = chosen
        work[node] += more
        used = links[chosen][links[chosen] >= 0]
        traffic[used] += bits
        served[service, node] += more
        while (
            served[service, node]
            > 0.5 * replicas[service, node] * world.node_replica_capacity_gc_s[node]
            and free[node] >= world.memory_gb[service]
            and replicas[service, node] < world.parameters.most_replicas
        ):
            replicas[service, node] += 1
            free[node] -= world.memory_gb[service]
    return route, replicas


def _flow(
    world: World, origin: int, service: int, route: int, replicas: Floats, sharing: Floats
) -> Flow:
    node = int(world.route_node[origin, route])
    links = tuple(int(x) for x in world.route_links[origin, route] if x >= 0)
    size = float(world.classes.uplink_mbit[service] + world.classes.downlink_mbit[service])
    capacity = world.link_nominal_capacity_mbit_s[list(links)]
    memory = world.memory_gb[service] * replicas[service, node] / sharing[service, node]
    return Flow(
        origin=origin,
        service=service,
        node=node,
        route=route,
        links=links,
        work_gc=round(float(world.work_gc[service]) / FINE) * FINE,
        size_mbit=round(size / FINE) * FINE,
        processing_s=float(world.work_gc[service] / world.node_speed_gc_s[node]),
        propagation_s=float(2.0 * world.link_propagation_s[list(links)].sum()),
        transmission_s=float(size * (1.0 / capacity).sum()),
        deadline_s=float(world.classes.deadline_s[service]),
        memory_gb=float(memory),
    )


@dataclass(frozen=True)
class Hop:
    """A directed edge of the graph that simulators with vertices need."""

    start: str
    end: str
    link: int | None
    """Of the world; None for an attachment without delay and limit."""


def ways(common: Common) -> dict[tuple[str, str], list[Hop]]:
    """The hops from each user site to each node that a flow uses.

    A graph has no parallel edges, so that each of two parallel links ends in a vertex of its own,
    to which what lies behind is attached.
    """
    found: dict[tuple[str, str], list[Hop]] = {}
    for flow in common.flows:
        user, node = f"user-{flow.origin}", common.world.node_name(flow.node)
        found.setdefault((user, node), hops(common.world, flow.origin, flow.route))
    return found


def hops(world: World, origin: int, route: int) -> list[Hop]:
    """The vertices along one route, with the link of each step."""
    links = [int(x) for x in world.route_links[origin, route] if x >= 0]
    node = world.node_name(int(world.route_node[origin, route]))
    user, site = f"user-{origin}", f"site-{origin}"
    k = int(world.route_candidate[route])
    if k == 0:
        local = f"local-{origin}-{int(world.route_local[route])}"
        return [Hop(user, local, links[0]), Hop(local, node, None)]
    path = [Hop(user, site, links[0])]
    if k == 1:
        return [*path, Hop(site, node, None)]
    if k in (2, 3):
        ran = int(world.candidates[origin, k]) - len(world.candidates)
        return [*path, Hop(site, f"site-{ran}", links[1]), Hop(f"site-{ran}", node, None)]
    metro = f"metro-{int(world.route_backhaul[route])}"
    cloud = f"cloud-{int(world.route_core[route])}"
    return [
        *path,
        Hop(site, metro, links[1]),
        Hop(metro, "gate", None),
        Hop("gate", cloud, links[2]),
        Hop(cloud, node, None),
    ]


def all_hops(world: World) -> dict[tuple[str, str], Hop]:
    """Every edge of the graph, by its ends."""
    origins, routes = world.route_node.shape
    return {
        (hop.start, hop.end): hop
        for origin in range(origins)
        for route in range(routes)
        for hop in hops(world, origin, route)
    }
