"""Drawing a world from a scenario and a seed."""

from __future__ import annotations

import numpy as np

from cnc.simulator.parameters import Range, ScenarioParameters
from cnc.simulator.topology import Layout, lay_out
from cnc.simulator.world import Floats, Integers, TrafficClasses, World

NOMINAL_SNR_DB = 16.0
"""Middle of the cells' mean SNR; the radio capacity of admissibility."""


def generate_world(parameters: ScenarioParameters, seed: int) -> World:
    """Draw a world. The same parameters and seed give the same world on every machine.

    Services, terminal, RAN and transport nodes draw from streams of their own, so that another
    number of one kind leaves the others as they are.
    """
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]
    layout = lay_out(parameters)
    services = _services(parameters, streams[0])
    tiers = (parameters.terminal, parameters.ran, parameters.transport)
    domains = (parameters.cells, parameters.cells, 1)
    drawn: dict[str, list[Floats]] = {}
    for tier, count, stream in zip(tiers, domains, streams[1:], strict=True):
        nodes = tier.nodes * count
        capacity = _draw(stream, tier.capacity_gc_s, nodes)
        speed = np.minimum(_draw(stream, tier.speed_gc_s, nodes), capacity)
        replica = np.minimum(parameters.replica_speeds * speed, capacity)
        columns = {
            "capacity": capacity,
            "speed": speed,
            "memory": np.full(nodes, tier.memory_gb),
            "idle": _draw(stream, tier.idle_w, nodes),
            "dynamic": capacity * _draw(stream, tier.energy_j_per_gc, nodes),
            "replica": replica,
            "start": np.full(nodes, tier.start_energy_j),
        }
        for name, values in columns.items():
            drawn.setdefault(name, []).append(values)
    node = {name: np.concatenate(values) for name, values in drawn.items()}
    nodes = len(node["capacity"])
    service_class, work, uplink, deadline, memory = services
    return World(
        parameters=parameters,
        seed=seed,
        domain_ids=domain_names(parameters.cells),
        service_class=service_class,
        work_gc=work,
        memory_gb=memory,
        popularity=_popularity(parameters, service_class),
        keepalive_w=np.repeat((parameters.keepalive_w_per_gb * memory)[:, None], nodes, axis=1),
        classes=TrafficClasses(
            service=np.arange(parameters.services, dtype=np.int64),
            uplink_mbit=uplink,
            downlink_mbit=parameters.downlink_share * uplink,
            deadline_s=deadline,
        ),
        node_capacity_gc_s=node["capacity"],
        node_speed_gc_s=node["speed"],
        node_memory_gb=node["memory"],
        node_idle_w=node["idle"],
        node_dynamic_w=node["dynamic"],
        node_replica_capacity_gc_s=node["replica"],
        node_servers=node["replica"] / node["speed"],
        node_start_energy_j=node["start"],
        node_domain=layout.node_domain,
        link_propagation_s=layout.link_propagation_s,
        link_nominal_capacity_mbit_s=_nominal(parameters, layout.link_capacity_mbit_s),
        link_nominal_energy_j_mbit=_nominal_energy(parameters, layout),
        link_domain=layout.link_domain,
        link_kind=layout.link_kind,
        candidates=layout.candidates,
        route_node=layout.route_node,
        route_candidate=layout.route_candidate,
        route_links=layout.route_links,
        route_local=layout.route_local,
        route_backhaul=layout.route_backhaul,
        route_core=layout.route_core,
    )


def domain_names(cells: int) -> tuple[str, ...]:
    """`terminal-0` …, `ran-0` …, `transport`."""
    return (
        *(f"terminal-{i}" for i in range(cells)),
        *(f"ran-{i}" for i in range(cells)),
        "transport",
    )


def zipf_popularity(services: int, exponent: float) -> Floats:
    """[S] shares of requests by rank."""
    weights = np.arange(1, services + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum())


def _popularity(parameters: ScenarioParameters, service_class: Integers) -> Floats:
    """[S] by Zipf, or of a trace (each count plus a half, so that none is 0)."""
    zipf, trace = zipf_popularity(parameters.services, parameters.zipf), parameters.traffic
    if trace is None:
        return zipf
    counts = trace.counts().sum(axis=0) + 0.5
    if trace.columns == "class":
        per_class = np.bincount(service_class, weights=zipf, minlength=trace.width)
        counts = counts[service_class] * zipf / per_class[service_class]
    return np.asarray(counts / counts.sum())


def spectral_efficiency(parameters: ScenarioParameters, snr_db: Floats) -> Floats:
    """bit/s/Hz per layer: min(0.75 log2(1 + snr), 7.4)."""
    radio = parameters.radio
    shannon = np.log2(1.0 + 10.0 ** (np.asarray(snr_db) / 10.0))
    return np.asarray(np.minimum(radio.efficiency * shannon, radio.most_bit_s_hz))


def radio_capacity_mbit_s(parameters: ScenarioParameters, snr_db: Floats) -> Floats:
    """Bandwidth x layers x spectral efficiency."""
    radio = parameters.radio
    return radio.bandwidth_mhz * radio.layers * spectral_efficiency(parameters, snr_db)


def _draw(stream: np.random.Generator, between: Range, count: int) -> Floats:
    return stream.uniform(between.low, between.high, count)


def _services(
    parameters: ScenarioParameters, stream: np.random.Generator
) -> tuple[Integers, Floats, Floats, Floats, Floats]:
    """Class, work, uplink, deadline and memory: one of each class in every three ranks."""
    count = parameters.services
    triples = -(-count // 3)
    order = np.concatenate([stream.permutation(3) for _ in range(triples)])
    service_class = order[:count].astype(np.int64)
    columns = []
    for name in ("work_gc", "uplink_mbit", "deadline_s", "memory_gb"):
        low = np.array([getattr(c, name).low for c in parameters.service_classes])
        high = np.array([getattr(c, name).high for c in parameters.service_classes])
        part = stream.uniform(0.0, 1.0, count)
        columns.append(low[service_class] + part * (high - low)[service_class])
    work, uplink, deadline, memory = columns
    return service_class, work, uplink, deadline, memory


def _nominal(parameters: ScenarioParameters, capacity: Floats) -> Floats:
    radio = float(radio_capacity_mbit_s(parameters, np.array(NOMINAL_SNR_DB)))
    return np.where(np.isnan(capacity), radio, capacity)


def _nominal_energy(parameters: ScenarioParameters, layout: Layout) -> Floats:
    capacity = _nominal(parameters, layout.link_capacity_mbit_s)
    return np.where(
        np.isnan(layout.link_energy_j_mbit),
        parameters.radio.power_w / capacity,
        layout.link_energy_j_mbit,
    )
