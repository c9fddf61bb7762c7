"""What a class would meet on each route, from the state of the last slot.

The same formulas as the simulator's outcome (system model, "Outcome of a slot"), evaluated at
the utilisations that the reports show, or at those of a situation that is only considered: M/D/1
waits on links, Sakasegawa's tail on instances, requests lost to overload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.messages.intents import Figures
from cnc.orchestrators.end_to_end.loads import Situation, situation
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
    kept: Floats
    """Share that is not lost to overload."""
    ready: Booleans

    def share_within(self, latency_ms: float) -> Floats:
        """[D, R] share that is served, and within the latency."""
        slack = latency_ms - self.base_ms
        tail = self.wait_probability * np.exp(-np.maximum(slack, 0.0) * self.wait_rate_per_ms)
        return np.asarray(np.where(slack > 0, 1.0 - tail, 0.0) * self.kept)


def predict_routes(
    world: World,
    observation: EndToEndObservation,
    traffic_class: int,
    at: Situation | None = None,
) -> RoutePrediction:
    """Latency and energy of one class on every route.

    Args:
        world: inventory.
        observation: classes, capacities, backlog and ready replicas.
        traffic_class: which class.
        at: the utilisations; those of the last slot by default.
    """
    at = situation(world, observation) if at is None else at
    classes = observation.classes
    service = int(classes.service[traffic_class])
    size = float(classes.uplink_mbit[traffic_class] + classes.downlink_mbit[traffic_class])
    work = float(world.work_gc[service])
    capacity = observation.link_capacity_mbit_s
    load = np.minimum(at.link, CLIP)
    mean_size = float((world.classes.uplink_mbit + world.classes.downlink_mbit).mean())
    per_link = (
        2.0 * world.link_propagation_s
        + load / (2.0 * (1.0 - load)) * mean_size / capacity
        + size / capacity
    )
    energy_link = observation.link_energy_j_mbit * size
    network = np.append(per_link, 0.0)[world.route_links].sum(-1)
    link_energy = np.append(energy_link, 0.0)[world.route_links].sum(-1)
    usage, beta = at.node, observation.background
    pressure = np.minimum(np.maximum(usage, at.replica[service]), CLIP)
    replicas = np.maximum(observation.ready[service], 1)
    servers = world.node_servers * replicas
    wait_probability = pressure ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)
    rate = (1.0 - pressure) * servers * world.node_speed_gc_s / work
    free = world.node_capacity_gc_s * np.maximum(1.0 - beta, 0.02)
    processing = work / world.node_speed_gc_s + observation.backlog_gc / free
    slope = 0.4 + 1.8 * np.minimum(usage, 1.0) ** 2
    per_gc = world.node_dynamic_w / world.node_capacity_gc_s * slope
    own = np.maximum(usage - beta, 1e-12)
    node_kept = np.minimum(1.0, (1.0 - beta) / own) / np.maximum(at.replica[service], 1.0)
    link_kept = np.append(1.0 / np.maximum(at.link, 1.0), 1.0)[world.route_links].prod(-1)
    node = world.route_node
    return RoutePrediction(
        base_ms=(network + processing[node]) * 1e3,
        wait_probability=wait_probability[node],
        wait_rate_per_ms=rate[node] / 1e3,
        energy_j=work * per_gc[node] + link_energy,
        kept=node_kept[node] * link_kept,
        ready=(observation.ready[service] > 0)[node],
    )


def mixture_figures(
    prediction: RoutePrediction,
    flow: Floats,
    latency_ms: float,
    requests: float | None = None,
) -> Figures:
    """Percentiles, satisfied share and energy of a flow [D, R] over the routes.

    Args:
        prediction: of the routes.
        flow: requests on each.
        latency_ms: that is asked.
        requests: all that are asked for; what the flow leaves out is unserved.
    """
    served = float(flow.sum())
    total = served if requests is None else float(requests)
    if served <= 0:
        return Figures(satisfied_share=0.0)
    return Figures(
        p50_ms=quantile_ms(prediction, flow, total, 0.5),
        p95_ms=quantile_ms(prediction, flow, total, 0.95),
        p99_ms=quantile_ms(prediction, flow, total, 0.99),
        satisfied_share=min(1.0, share_within(prediction, flow, total, latency_ms)),
        energy_j_per_request=float((flow * prediction.energy_j).sum() / served),
    )


def share_within(
    prediction: RoutePrediction, flow: Floats, total: float, latency_ms: float
) -> float:
    """The part of `total` requests that a flow [D, R] serves within the latency."""
    used = flow > 0
    return float((flow * prediction.share_within(latency_ms))[used].sum() / total)


def quantile_ms(
    prediction: RoutePrediction, flow: Floats, total: float, level: float
) -> float | None:
    """The latency within which that part of `total` requests is served; None if it never is."""
    return _quantile(lambda limit: share_within(prediction, flow, total, limit), level)


def _quantile(within: Callable[[float], float], level: float) -> float | None:
    low, high = 0.0, 60_000.0
    if within(high) < level:
        return None
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if within(middle) >= level else (middle, high)
    return high
