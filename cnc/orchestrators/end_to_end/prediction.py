"""What a class would meet on each route, from the state of the last slot.

The same formulas as the simulator's outcome (system model, "Outcome of a slot"), evaluated at
the utilisations that the reports show: M/D/1 waits on links, Sakasegawa's tail on instances.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.messages.intents import Figures
from cnc.simulator.world import World

CLIP = 0.98
"""Utilisation beyond which waits are not extrapolated (system model)."""


@dataclass(frozen=True, eq=False)
class RoutePrediction:
    """Per origin and route, for one class [D, R]."""

    base_ms: Floats
    """Network, processing and backlog, without waiting for a server."""
    wait_probability: Floats
    wait_rate_per_ms: Floats
    energy_j: Floats
    """Marginal energy of one request."""
    ready: Booleans

    def share_within(self, latency_ms: float) -> Floats:
        """[D, R] probability to be served within the latency."""
        slack = latency_ms - self.base_ms
        tail = self.wait_probability * np.exp(-np.maximum(slack, 0.0) * self.wait_rate_per_ms)
        return np.where(slack > 0, 1.0 - tail, 0.0)


def predict_routes(
    world: World, observation: EndToEndObservation, traffic_class: int
) -> RoutePrediction:
    """Latency and energy of one class on every route, at the last slot's utilisations."""
    classes = observation.classes
    service = int(classes.service[traffic_class])
    size = float(classes.uplink_mbit[traffic_class] + classes.downlink_mbit[traffic_class])
    work = float(world.work_gc[service])
    capacity = observation.link_capacity_mbit_s
    load = np.minimum(observation.link_utilisation, CLIP)
    mean_size = float((world.classes.uplink_mbit + world.classes.downlink_mbit).mean())
    per_link = (
        2.0 * world.link_propagation_s
        + load / (2.0 * (1.0 - load)) * mean_size / capacity
        + size / capacity
    )
    energy_link = observation.link_energy_j_mbit * size
    network = np.append(per_link, 0.0)[world.route_links].sum(-1)
    link_energy = np.append(energy_link, 0.0)[world.route_links].sum(-1)
    usage = np.maximum(observation.utilisation, observation.background)
    pressure = np.minimum(usage, CLIP)
    replicas = np.maximum(observation.ready[service], 1)
    servers = world.node_servers * replicas
    wait_probability = pressure ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)
    rate = (1.0 - pressure) * servers * world.node_speed_gc_s / work
    free = world.node_capacity_gc_s * np.maximum(1.0 - observation.background, 0.02)
    processing = work / world.node_speed_gc_s + observation.backlog_gc / free
    slope = 0.4 + 1.8 * np.minimum(usage, 1.0) ** 2
    per_gc = world.node_dynamic_w / world.node_capacity_gc_s * slope
    node = world.route_node
    return RoutePrediction(
        base_ms=(network + processing[node]) * 1e3,
        wait_probability=wait_probability[node],
        wait_rate_per_ms=rate[node] / 1e3,
        energy_j=work * per_gc[node] + link_energy,
        ready=(observation.ready[service] > 0)[node],
    )


def mixture_figures(prediction: RoutePrediction, flow: Floats, latency_ms: float) -> Figures:
    """Percentiles, satisfied share and energy of a flow [D, R] over the routes."""
    total = float(flow.sum())
    if total <= 0:
        return Figures(satisfied_share=0.0)
    weight = flow / total
    used = weight > 0

    def within(limit_ms: float) -> float:
        return float((weight * prediction.share_within(limit_ms))[used].sum())

    return Figures(
        p50_ms=_quantile(within, 0.5),
        p95_ms=_quantile(within, 0.95),
        p99_ms=_quantile(within, 0.99),
        satisfied_share=min(1.0, within(latency_ms)),
        energy_j_per_request=float((weight * prediction.energy_j).sum()),
    )


def _quantile(within: Callable[[float], float], level: float) -> float | None:
    low, high = 0.0, 60_000.0
    if within(high) < level:
        return None
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if within(middle) >= level else (middle, high)
    return high
