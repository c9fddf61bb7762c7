"""A site: what one domain knows of itself before anything is measured.

This is configuration data (an inventory), the only static knowledge a domain policy gets: its
own nodes and links, the services on offer, and the routes from its candidate origins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnc.messages.reports import DomainKind

if TYPE_CHECKING:
    from cnc.simulator.parameters import ScenarioParameters
    from cnc.simulator.world import TrafficClasses, World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Site:
    """One domain's inventory. Shapes: S services, n own nodes, l own links, O origins, P paths."""

    index: int
    domain: str
    kind: DomainKind
    nodes: Integers
    """[n] positions of its nodes in the world."""
    links: Integers
    """[l] positions of the links that it owns."""
    node_names: tuple[str, ...]
    link_names: tuple[str, ...]
    origins: Integers
    """[O] origins for which it is a candidate."""
    candidate: Integers
    """[O] as which candidate (0 terminal, 1 RAN, 2 and 3 neighbours, 4 transport)."""
    node_capacity_gc_s: Floats
    node_speed_gc_s: Floats
    node_memory_gb: Floats
    node_replica_gc_s: Floats
    node_dynamic_w: Floats
    """[n] above idle at full load"""
    link_propagation_s: Floats
    """[l] one way"""
    work_gc: Floats
    memory_gb: Floats
    most_replicas: int
    """Of one service on one node."""
    path_links: tuple[int, int] | None
    """Positions (in `links`) of the two parallel links whose shares it decides."""
    zero_load_s: Floats
    """[O, n, P] two-way propagation of each route to each node (inf where there is none)."""
    per_mbit_s: Floats
    """[O, n, P] sum of 1/C along the route at nominal capacity."""
    base_classes: TrafficClasses = field(repr=False)
    parameters: ScenarioParameters = field(repr=False)

    def admissible(self, classes: TrafficClasses) -> Booleans:
        """[O, C, n]: some route meets the class's deadline at zero load (system model)."""
        size = (classes.uplink_mbit + classes.downlink_mbit)[None, :, None, None]
        service = classes.service
        processing = self.work_gc[service][:, None] / self.node_speed_gc_s[None, :]
        latency = self.zero_load_s[:, None] + size * self.per_mbit_s[:, None]
        latency = latency + processing[None, :, :, None]
        return np.asarray((latency < classes.deadline_s[None, :, None, None]).any(axis=-1))


def site_of(world: World, domain: int) -> Site:
    """Cut the inventory of one domain out of the world."""
    nodes = world.nodes_of(domain)
    links = world.links_of(domain)
    name = world.domain_ids[domain]
    kind: DomainKind = (
        "terminal"
        if name.startswith("terminal")
        else "ran"
        if name.startswith("ran")
        else "transport"
    )
    places = [
        (origin, k)
        for origin, k in np.argwhere(world.candidates == domain).tolist()
        if (world.route_candidate == k).any()
        and k == int(np.flatnonzero(world.candidates[origin] == domain)[0])
    ]
    origins = np.array([origin for origin, _ in places], dtype=np.int64)
    candidate = np.array([k for _, k in places], dtype=np.int64)
    position = {int(node): at for at, node in enumerate(nodes)}
    most = 1
    rows: dict[tuple[int, int], list[tuple[float, float]]] = {}
    propagation = np.append(2.0 * world.link_propagation_s, 0.0)
    capacity = np.append(world.link_nominal_capacity_mbit_s, np.inf)
    for row, (origin, k) in enumerate(places):
        routes = np.flatnonzero(world.route_candidate == k)
        along = world.route_links[origin, routes]  # -1, where there is none, is the end: no time
        entries = zip(
            propagation[along].sum(-1).tolist(),
            (1.0 / capacity[along]).sum(-1).tolist(),
            strict=True,
        )
        for node, entry in zip(world.route_node[origin, routes].tolist(), entries, strict=True):
            at = (row, position[node])
            rows.setdefault(at, []).append(entry)
            most = max(most, len(rows[at]))
    zero_load = np.full((len(places), len(nodes), most), np.inf)
    per_mbit = np.zeros((len(places), len(nodes), most))
    for (row, node), found in rows.items():
        for path, (latency, per_size) in enumerate(found):
            zero_load[row, node, path] = latency
            per_mbit[row, node, path] = per_size
    return Site(
        index=domain,
        domain=name,
        kind=kind,
        nodes=nodes,
        links=links,
        node_names=tuple(world.node_name(int(node)) for node in nodes),
        link_names=tuple(world.link_name(int(link)) for link in links),
        origins=origins,
        candidate=candidate,
        node_capacity_gc_s=world.node_capacity_gc_s[nodes],
        node_speed_gc_s=world.node_speed_gc_s[nodes],
        node_memory_gb=world.node_memory_gb[nodes],
        node_replica_gc_s=world.node_replica_capacity_gc_s[nodes],
        node_dynamic_w=world.node_dynamic_w[nodes],
        link_propagation_s=world.link_propagation_s[links],
        work_gc=world.work_gc,
        memory_gb=world.memory_gb,
        most_replicas=world.parameters.most_replicas,
        path_links=_parallel_links(world, domain, kind, links),
        zero_load_s=zero_load,
        per_mbit_s=per_mbit,
        base_classes=world.classes,
        parameters=world.parameters,
    )


def _parallel_links(
    world: World, domain: int, kind: DomainKind, links: Integers
) -> tuple[int, int] | None:
    """Where the two links lie between which this domain splits traffic."""
    names = [world.link_name(int(link)) for link in links]
    word = {"terminal": "local", "ran": "backhaul", "transport": "core"}[kind]
    pair = [at for at, name in enumerate(names) if name.split("/")[-1].startswith(word)]
    return (pair[0], pair[1]) if len(pair) == 2 else None
