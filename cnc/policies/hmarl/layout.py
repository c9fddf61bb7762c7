"""The layouts of a whole world (E2E's view) and of one domain (its own view)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from cnc.environment.sites import Floats, Integers, Site
from cnc.policies.hmarl.layout_fields import Layout
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import TrafficClasses, World

DENSE = 4_000_000
"""Entries of an incidence matrix up to which it is kept dense."""


def layout_of(world: World, classes: TrafficClasses, nominal: bool = False) -> Layout:
    """The layout of all of a world, in numpy.

    Args:
        world: the world.
        classes: the traffic classes.
        nominal: as domains see it: transmission at nominal capacities, waiting only on the
            pairs of parallel links that terminal and transport domains split between, and
            backhauls used alike.
    """
    origins, routes = world.route_node.shape
    links, candidates = len(world.link_domain), world.candidates.shape[1]
    along = np.where(world.route_links < 0, links, world.route_links).reshape(origins * routes, -1)
    propagation = np.append(2.0 * world.link_propagation_s, 0.0)[along].sum(-1)
    capacity = world.link_nominal_capacity_mbit_s
    inverse = np.divide(1.0, capacity, out=np.zeros_like(capacity), where=capacity > 0)
    per_mbit = np.append(inverse, 0.0)[along].sum(-1)
    origin = np.repeat(np.arange(origins), routes)

    def each(per_route: Integers) -> Integers:
        return np.tile(per_route, origins)

    local, backhaul, core = (
        each(world.route_local),
        each(world.route_backhaul),
        each(world.route_core),
    )
    none = 2 * (2 * origins + 1)
    first = np.where(
        local >= 0,
        2 * origin + local,
        np.where(backhaul >= 0, 2 * (origins + origin) + backhaul, none),
    )
    second = np.where(core >= 0, 4 * origins + core, none)
    weight = np.ones(origins * routes)
    if nominal:
        weight = np.where(backhaul >= 0, 0.5, 1.0)
        first = np.where(backhaul >= 0, none, first)
        own = np.isin(world.link_kind, (0, 4))
        along = np.where(np.append(own, False)[along], along, links)
    return _layout(
        world.parameters,
        world.work_gc,
        classes,
        nodes=(
            world.node_capacity_gc_s,
            world.node_speed_gc_s,
            world.node_servers,
            world.node_replica_capacity_gc_s,
            world.node_dynamic_w,
        ),
        links=links,
        fixed_s=propagation,
        per_mbit_s=per_mbit if nominal else None,
        route_node=world.route_node.reshape(-1),
        along=along,
        choice=origin * (candidates + 1) + each(world.route_candidate),
        candidate=world.route_candidate,
        origins=origins,
        choices=candidates + 1,
        side=np.stack([first, second], -1),
        pairs=2 * origins + 1,
        weight=weight,
        domain=world.node_domain,
        domains=len(world.domain_ids),
    )


def layout_at(site: Site, classes: TrafficClasses) -> Layout:
    """The layout of one domain: its nodes and, as its only links, the pair that it splits between.

    Args:
        site: the domain.
        classes: the traffic classes.
    """
    origins, nodes, paths = site.zero_load_s.shape
    origin, node, path = (
        axis.reshape(-1) for axis in np.indices((origins, nodes, paths), dtype=np.int64)
    )
    real = np.isfinite(site.zero_load_s[origin, node, path])
    origin, node, path = origin[real], node[real], path[real]
    split = site.path_links is not None and site.kind != "ran"
    side = path % 2
    replica = site.node_replica_gc_s
    return _layout(
        site.parameters,
        site.work_gc,
        classes,
        nodes=(
            site.node_capacity_gc_s,
            site.node_speed_gc_s,
            replica / site.node_speed_gc_s,
            replica,
            site.node_dynamic_w,
        ),
        links=2 if split else 0,
        fixed_s=site.zero_load_s[origin, node, path],
        per_mbit_s=site.per_mbit_s[origin, node, path],
        route_node=node,
        along=side[:, None] if split else np.zeros((len(node), 0), dtype=np.int64),
        choice=origin,
        candidate=np.zeros(0, dtype=np.int64),
        origins=origins,
        choices=1,
        side=side[:, None] if split else np.zeros((len(node), 0), dtype=np.int64),
        pairs=1 if split else 0,
        weight=np.full(len(node), 0.5 if site.kind == "transport" else 1.0),
        domain=np.zeros(nodes, dtype=np.int64),
        domains=1,
    )


def _layout(
    parameters: ScenarioParameters,
    work_gc: Floats,
    classes: TrafficClasses,
    *,
    nodes: tuple[Floats, Floats, Floats, Floats, Floats],
    links: int,
    fixed_s: Floats,
    per_mbit_s: Floats | None,
    route_node: Integers,
    along: Integers,
    choice: Integers,
    candidate: Integers,
    origins: int,
    choices: int,
    side: Integers,
    pairs: int,
    weight: Floats,
    domain: Integers,
    domains: int,
) -> Layout:
    services = len(work_gc)
    to_service = np.zeros((services, len(classes)))
    to_service[classes.service, np.arange(len(classes))] = 1.0
    capacity, speed, servers, replica, dynamic_w = nodes
    size = classes.uplink_mbit + classes.downlink_mbit
    processing = (work_gc[:, None] / speed)[classes.service][:, route_node]
    slack = classes.deadline_s[:, None] - fixed_s - processing
    if per_mbit_s is not None:
        slack = slack - size[:, None] * per_mbit_s
    return Layout(
        capacity_gc_s=capacity,
        servers=servers,
        replica_gc_s=replica,
        dynamic_w=dynamic_w,
        work_gc=work_gc,
        size_mbit=size,
        deadline_s=classes.deadline_s,
        slack_s=slack,
        nominal=per_mbit_s is not None,
        per_server_hz=speed / work_gc[:, None],
        service=classes.service,
        to_service=to_service,
        class_is_service=np.array_equal(classes.service, np.arange(services)),
        route_node=route_node,
        along=np.asfortranarray(along),
        onto_node=_incidence(route_node[:, None], len(capacity)),
        onto_link=_incidence(along, links),
        route_choice=choice,
        onto_candidate=(candidate[:, None] == np.arange(choices)) * 1.0,
        origins=origins,
        choices=choices,
        route_side=np.asfortranarray(side),
        onto_side=_incidence(side, 2 * pairs),
        weight=weight,
        domain=domain,
        onto_domain=_incidence(domain[:, None], domains),
        energy_floor=parameters.energy_floor,
        clip=parameters.utilisation_clip,
        unit_j=parameters.reference_j,
        penalty=parameters.penalty,
        slot_s=parameters.slot_s,
    )


def _incidence(columns: Integers, count: int) -> Any:
    """[rows, count] 1 at the columns named in each row; those beyond the count are left out."""
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    flat = columns.reshape(-1)
    kept = flat < count
    ones = np.ones(int(kept.sum()))
    matrix = sparse.csr_array((ones, (rows[kept], flat[kept])), shape=(len(columns), count))
    return matrix.toarray() if len(columns) * count <= DENSE else matrix
