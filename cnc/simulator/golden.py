"""Reading golden cases: runs of an independent reference implementation of the system model.

A file holds a world (`world_*`), per-slot inputs and the outcomes they must give; the form is
described in docs/system-model.md, "Golden cases".
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from cnc.errors import ConfigurationError
from cnc.simulator.blocks import LEAST
from cnc.simulator.generator import domain_names
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.topology import lay_out
from cnc.simulator.world import Integers, TrafficClasses, World

COMPARED = (
    "satisfied",
    "total_requests",
    "energy_computing_j",
    "energy_network_j",
    "energy_idle_j",
    "energy_keepalive_j",
    "energy_start_j",
    "energy_total_j",
    "cost",
    "node_utilisation",
    "replica_utilisation",
    "link_utilisation",
    "satisfied_per_origin_service",
    "satisfied_per_origin_class",
    "backlog_after_gc",
)
CONSTANTS = 7
REQUIRED = (
    "world_const",
    "requests",
    "routing",
    "replicas",
    "ready_replicas",
    "node_background",
    "link_capacity_mbit_s",
    "link_energy_j_mbit",
    "backlog_before_gc",
    *(
        f"world_{name}"
        for name in (
            *("service_class", "work_gc", "uplink_mbit", "downlink_mbit", "deadline_s"),
            *("memory_gb", "popularity", "node_capacity_gc_s", "node_speed_gc_s"),
            *("node_memory_gb", "node_idle_w", "node_dynamic_w", "replica_capacity_gc_s"),
            *("replica_servers", "keepalive_w", "start_energy_j", "link_propagation_s"),
            *("link_nominal_capacity_mbit_s", "link_nominal_energy_j_mbit", "node_domain"),
            *("route_node", "route_candidate", "route_links", "candidates"),
        )
    ),
)
"""Arrays without which a file is no golden case."""
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Deviation:
    """The largest relative error of one outcome over all slots of a file."""

    outcome: str
    error: float
    slot: int


def load_golden(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file.

    Raises:
        ConfigurationError: it cannot be read, or lacks arrays.
    """
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{path} is no golden case: {error}") from error
    for name in REQUIRED:
        if name not in arrays:
            raise ConfigurationError(f"{path} is no golden case: it has no array {name!r}")
    if len(arrays["world_const"]) != CONSTANTS:
        raise ConfigurationError(f"{path} is no golden case: world_const has {CONSTANTS} numbers")
    return arrays


def world_of(arrays: Arrays) -> World:
    """The world of a golden case, from its arrays alone; of any size.

    What the arrays do not say (which domain owns a link, its kind, which of parallel links a
    route takes) is taken from `lay_out` where the routes are the same, else it is -1.
    """
    constants = [float(value) for value in arrays["world_const"]]
    tau, frame, floor, clip, limit, reference, penalty = constants
    node_domain = arrays["world_node_domain"].astype(np.int64)
    cells = arrays["world_candidates"].shape[0]
    services = len(arrays["world_work_gc"])
    defaults = ScenarioParameters()
    parameters = ScenarioParameters(
        name="golden",
        cells=cells,
        services=services,
        slot_s=tau,
        frame_slots=int(frame),
        energy_floor=floor,
        utilisation_clip=clip,
        backlog_limit_s=limit,
        reference_j=reference,
        penalty=penalty,
        terminal=replace(defaults.terminal, nodes=int((node_domain == 0).sum())),
        ran=replace(defaults.ran, nodes=int((node_domain == cells).sum())),
        transport=replace(defaults.transport, nodes=int((node_domain == 2 * cells).sum())),
    )
    links = len(arrays["world_link_propagation_s"])
    route_links = _route_links(arrays)
    layout = lay_out(parameters)
    known = len(layout.link_domain) == links and np.array_equal(layout.route_links, route_links)
    unknown = np.full(links, -1, dtype=np.int64)
    minus = np.full(route_links.shape[1], -1, dtype=np.int64)
    return World(
        parameters=parameters,
        seed=-1,
        domain_ids=domain_names(cells),
        service_class=arrays["world_service_class"].astype(np.int64),
        work_gc=arrays["world_work_gc"],
        memory_gb=arrays["world_memory_gb"],
        popularity=arrays["world_popularity"],
        keepalive_w=arrays["world_keepalive_w"],
        classes=TrafficClasses(
            service=np.arange(services, dtype=np.int64),
            uplink_mbit=arrays["world_uplink_mbit"],
            downlink_mbit=arrays["world_downlink_mbit"],
            deadline_s=arrays["world_deadline_s"],
        ),
        node_capacity_gc_s=arrays["world_node_capacity_gc_s"],
        node_speed_gc_s=arrays["world_node_speed_gc_s"],
        node_memory_gb=arrays["world_node_memory_gb"],
        node_idle_w=arrays["world_node_idle_w"],
        node_dynamic_w=arrays["world_node_dynamic_w"],
        node_replica_capacity_gc_s=arrays["world_replica_capacity_gc_s"],
        node_servers=arrays["world_replica_servers"],
        node_start_energy_j=arrays["world_start_energy_j"],
        node_domain=node_domain,
        link_propagation_s=arrays["world_link_propagation_s"],
        link_nominal_capacity_mbit_s=arrays["world_link_nominal_capacity_mbit_s"],
        link_nominal_energy_j_mbit=arrays["world_link_nominal_energy_j_mbit"],
        link_domain=layout.link_domain if known else unknown,
        link_kind=layout.link_kind if known else unknown,
        candidates=arrays["world_candidates"].astype(np.int64),
        route_node=arrays["world_route_node"].astype(np.int64),
        route_candidate=arrays["world_route_candidate"].astype(np.int64),
        route_links=route_links,
        route_local=layout.route_local if known else minus,
        route_backhaul=layout.route_backhaul if known else minus,
        route_core=layout.route_core if known else minus,
    )


def _route_links(arrays: Arrays) -> Integers:
    """[D, R, 3] links of every route in order, padded with -1.

    Raises:
        ConfigurationError: a route of more than three links, which the model does not have.
    """
    rows: dict[tuple[int, int], list[int]] = {}
    for origin, route, link in arrays["world_route_links"].tolist():
        rows.setdefault((origin, route), []).append(link)
    route_links = np.full((*arrays["world_route_node"].shape, 3), -1, dtype=np.int64)
    for (origin, route), links in rows.items():
        if len(links) > 3:
            raise ConfigurationError(
                f"route {route} of origin {origin} has {len(links)} links; at most 3 are allowed"
            )
        route_links[origin, route, : len(links)] = links
    return route_links


def classes_of(arrays: Arrays, world: World) -> TrafficClasses:
    """The class table of a golden case."""
    if "class_service" not in arrays:
        return world.classes
    return TrafficClasses(
        service=arrays["class_service"].astype(np.int64),
        uplink_mbit=arrays["class_uplink_mbit"],
        downlink_mbit=arrays["class_downlink_mbit"],
        deadline_s=arrays["class_deadline_s"],
    )


def deviations(arrays: Arrays, dtype: torch.dtype = torch.float64) -> list[Deviation]:
    """Replay a golden case, every slot from its own recorded state, and compare.

    Each slot is stepped alone and as a batch of equal members, which take another way through
    the kernel (`blocks`); the larger error of the two counts.

    The error of an array in a slot is max|a - b| / max|b|, absolute where b is all zeros.
    """
    world = world_of(arrays)
    kernel = Kernel.of(world, classes_of(arrays, world), dtype=dtype)
    worst: dict[str, Deviation] = {}
    for slot in range(len(arrays["requests"])):
        for name, error in _slot_errors(arrays, kernel, slot, dtype).items():
            if name not in worst or error > worst[name].error:
                worst[name] = Deviation(name, error, slot)
    return list(worst.values())


def _slot_errors(arrays: Arrays, kernel: Kernel, slot: int, dtype: torch.dtype) -> dict[str, float]:
    def at(name: str) -> torch.Tensor:
        return torch.as_tensor(arrays[name][slot].astype(np.float64)).to(dtype)

    before = arrays["replicas"][slot - 1] if slot > 0 else arrays["replicas"][0]
    state = State(
        backlog_gc=at("backlog_before_gc"),
        placed=torch.as_tensor(before.astype(np.float64)).to(dtype),
        ready=at("ready_replicas"),
    )
    exogenous = ExogenousTensors(
        requests=at("requests"),
        node_background=at("node_background"),
        link_capacity=at("link_capacity_mbit_s"),
        link_energy=at("link_energy_j_mbit"),
    )
    errors: dict[str, float] = {}
    for members in ((), (LEAST,)):
        routing = at("routing").expand(*members, -1, -1, -1)
        after, outcome = kernel.step(state, exogenous, routing, at("replicas"))
        for name in COMPARED:
            if name not in arrays:
                continue
            if name == "backlog_after_gc":
                found = after.backlog_gc
            elif name == "satisfied_per_origin_service":
                found = outcome.satisfied_per_origin_class
            else:
                found = getattr(outcome, name)
            wanted = np.broadcast_to(arrays[name][slot], (*members, *arrays[name].shape[1:]))
            error = _error(found.to(torch.float64).numpy(), wanted)
            errors[name] = max(errors.get(name, 0.0), error)
    return errors


def _error(found: np.ndarray, wanted: np.ndarray) -> float:
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    scale = float(np.abs(wanted).max(initial=0.0))
    distance = float(np.abs(found - wanted).max(initial=0.0))
    return distance / scale if scale > 0 else distance
