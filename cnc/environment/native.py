"""The emulator's southbound side: measurements in each domain kind's native data model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cnc.environment.infrastructure import Measurement, SlotOutcome
from cnc.environment.sites import Integers, Site
from cnc.messages.telemetry import (
    AccessInterface,
    Cell,
    ClassQuality,
    Cluster,
    Device,
    DeviceApp,
    DomainOutcome,
    DomainTelemetry,
    EdgePort,
    EdgeServer,
    Pod,
    RanTelemetry,
    TerminalTelemetry,
    TrafficClass,
    TransportTelemetry,
    TransportTunnel,
)
from cnc.simulator.world import World

MIB_PER_GB = 1024.0
Instances = tuple[tuple[int, int, int], ...]


def native_telemetry(
    world: World,
    site: Site,
    measured: Measurement,
    last: SlotOutcome | None,
    rejected: int,
    groups: tuple[TrafficClass, ...] = (),
) -> DomainTelemetry:
    """What one domain's devices report at the start of a slot."""
    native: TerminalTelemetry | RanTelemetry | TransportTelemetry
    if site.kind == "terminal":
        native = _terminal(world, site, measured, last)
    elif site.kind == "ran":
        native = _ran(world, site, measured)
    else:
        native = _transport(world, site, measured)
    return DomainTelemetry.model_construct(
        domain=site.domain,
        frame_start=measured.frame_start,
        classes=len(measured.classes.service),
        native=native,
        groups=groups,
        outcome=None if last is None else _outcome(site, last),
        rejected=rejected,
    )


def _outcome(site: Site, last: SlotOutcome) -> DomainOutcome:
    terms = {name: float(values[site.nodes].sum()) for name, values in last.node_energy_j.items()}
    return DomainOutcome(
        computing_j=terms["computing"],
        network_j=float(last.link_energy_j[site.links].sum()),
        idle_j=terms["idle"],
        keepalive_j=terms["keepalive"],
        start_j=terms["start"],
    )


def _present(ready: Integers, placed: Integers, node: int) -> Instances:
    """(service, ready, placed) of the services on a node."""
    here = np.flatnonzero((ready[:, node] > 0) | (placed[:, node] > 0))
    return tuple((int(s), int(ready[s, node]), int(placed[s, node])) for s in here)


@lru_cache(maxsize=4096)
def _apps(present: Instances) -> tuple[DeviceApp, ...]:
    """The same within a frame, so built once."""
    return tuple(DeviceApp(service=s, running=ready, wanted=placed) for s, ready, placed in present)


@lru_cache(maxsize=4096)
def _pods(present: Instances) -> tuple[Pod, ...]:
    """The same within a frame, so built once."""
    return tuple(Pod(service=s, ready=ready, desired=placed) for s, ready, placed in present)


def _terminal(
    world: World, site: Site, measured: Measurement, last: SlotOutcome | None
) -> TerminalTelemetry:
    devices = tuple(
        Device.model_construct(
            serial=name.replace("/", ":"),
            cpu_gcps=float(world.node_capacity_gc_s[node]),
            core_gcps=float(world.node_speed_gc_s[node]),
            ram_mib=float(world.node_memory_gb[node]) * MIB_PER_GB,
            own_apps_cpu=float(measured.background[node]),
            cpu=float(measured.utilisation[node]),
            backlog_gc=float(measured.backlog_gc[node]),
            apps=_apps(_present(measured.ready, measured.placed, node)),
        )
        for name, node in zip(site.node_names, site.nodes.tolist(), strict=True)
    )
    interfaces = tuple(
        AccessInterface.model_construct(
            interface=name.replace("/", ":"),
            phy_rate_mbps=float(measured.link_capacity_mbit_s[link]),
            energy_j_per_mbit=float(measured.link_energy_j_mbit[link]),
            airtime=float(measured.link_utilisation[link]),
        )
        for name, link in zip(site.link_names, site.links.tolist(), strict=True)
    )
    return TerminalTelemetry.model_construct(
        technology="terminal",
        devices=devices,
        interfaces=interfaces,
        arrivals=tuple(measured.requests[site.index].tolist()),
        quality=_quality(site.index, last),
    )


def _quality(origin: int, last: SlotOutcome | None) -> tuple[ClassQuality, ...]:
    if last is None or last.quality is None:
        return ()
    quality = last.quality
    asked = np.flatnonzero(quality.requests[origin] > 0)
    latency = np.round(quality.latency_ms[origin], 3)
    return tuple(
        ClassQuality.model_construct(
            traffic_class=int(c),
            requests=float(quality.requests[origin, c]),
            satisfied=float(quality.satisfied[origin, c]),
            lost=max(0.0, float(quality.lost[origin, c])),
            latency_ms=tuple(latency[c].tolist()) if np.isfinite(latency[c]).all() else (),
            energy_j=float(quality.energy_j[origin, c]),
        )
        for c in asked
    )


def _ran(world: World, site: Site, measured: Measurement) -> RanTelemetry:
    radio = world.parameters.radio
    servers = tuple(
        EdgeServer.model_construct(
            hostname=name.replace("/", ":"),
            capacity_gcps=float(world.node_capacity_gc_s[node]),
            thread_gcps=float(world.node_speed_gc_s[node]),
            memory_mib=float(world.node_memory_gb[node]) * MIB_PER_GB,
            vran_load=float(measured.background[node]),
            load=float(measured.utilisation[node]),
            queued_gc=float(measured.backlog_gc[node]),
            pods=_pods(_present(measured.ready, measured.placed, node)),
        )
        for name, node in zip(site.node_names, site.nodes.tolist(), strict=True)
    )
    cell: Cell | None = None
    ports: list[EdgePort] = []
    for name, link in zip(site.link_names, site.links.tolist(), strict=True):
        capacity = float(measured.link_capacity_mbit_s[link])
        role = name.split("/")[-1]
        load = float(measured.link_utilisation[link])
        if role.startswith("radio"):
            cell = Cell.model_construct(
                cell_id=name.replace("/", ":"),
                bandwidth_mhz=radio.bandwidth_mhz,
                layers=radio.layers,
                spectral_efficiency=capacity / (radio.bandwidth_mhz * radio.layers),
                transmit_w=radio.power_w,
                prb_utilisation=load,
            )
        else:
            ports.append(
                EdgePort.model_construct(
                    port=name.replace("/", ":"),
                    role="xn" if role.startswith("xn") else "backhaul",
                    rate_mbps=capacity,
                    energy_j_per_mbit=float(measured.link_energy_j_mbit[link]),
                    utilisation=load,
                )
            )
    assert cell is not None, f"{site.domain} has no radio link"
    return RanTelemetry.model_construct(
        technology="ran", cell=cell, ports=tuple(ports), servers=servers
    )


def _transport(world: World, site: Site, measured: Measurement) -> TransportTelemetry:
    tunnels = tuple(
        TransportTunnel.model_construct(
            tunnel=name.replace("/", ":"),
            available_mbps=float(measured.link_capacity_mbit_s[link]),
            energy_j_per_gbit=float(measured.link_energy_j_mbit[link]) * 1e3,
            load=float(measured.link_utilisation[link]),
        )
        for name, link in zip(site.link_names, site.links.tolist(), strict=True)
    )
    clusters = tuple(
        Cluster.model_construct(
            cluster=name.replace("/", ":"),
            allocatable_gcps=float(world.node_capacity_gc_s[node]),
            core_gcps=float(world.node_speed_gc_s[node]),
            allocatable_mib=float(world.node_memory_gb[node]) * MIB_PER_GB,
            tenants=float(measured.background[node]),
            usage=float(measured.utilisation[node]),
            pending_gc=float(measured.backlog_gc[node]),
            deployments=_present(measured.ready, measured.placed, node),
        )
        for name, node in zip(site.node_names, site.nodes.tolist(), strict=True)
    )
    return TransportTelemetry.model_construct(
        technology="transport", tunnels=tunnels, clusters=clusters
    )
