"""What a demand would meet with its own load on top of what runs: now, or after the next frame.

Shares of candidates are the policy's, asked as if the demand were there; what it would then meet
are the kernel's formulas (`prediction`) at the utilisations that follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.deployable import replicas_after, spare_memory_gb
from cnc.orchestrators.end_to_end.loads import Load, Situation, load_of, situation
from cnc.orchestrators.end_to_end.prediction import RoutePrediction, predict_routes, share_within
from cnc.orchestrators.end_to_end.spreading import over_usable, spread
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import TrafficClasses, World

ROUNDS = 4
"""Domains split by what is left, which the flow itself changes: it is settled in rounds."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What runs when a demand comes."""

    observation: EndToEndObservation
    delta: Floats
    """[D, C, K] as the policy distributes what runs."""
    standing_gc: Floats
    """[S, N] work of what runs, by service."""
    committed: Load
    """Of intents that were planned and are not measured yet; of those that end, negative."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """A demand among its surroundings."""

    observation: EndToEndObservation
    """With the demand's class last; with `later`, ready replicas as they could be."""
    delta: Floats
    """[D, K]"""
    usable: Booleans
    """[D, R]"""
    flow: Floats
    """[D, R] requests."""
    added: Load
    at: Situation
    prediction: RoutePrediction
    share: float
    """Of all requests, served within the deadline."""
    later: bool
    """Replicas of the next frame start are counted on."""


def extended(base: EndToEndObservation, demand: Demand, prior: Floats) -> EndToEndObservation:
    """The observation as it would be with the demand's class added last."""
    classes: TrafficClasses = replace(
        base.classes,
        service=np.append(base.classes.service, demand.service).astype(np.int64),
        uplink_mbit=np.append(base.classes.uplink_mbit, demand.uplink_mbit),
        downlink_mbit=np.append(base.classes.downlink_mbit, demand.downlink_mbit),
        deadline_s=np.append(base.classes.deadline_s, demand.deadline_s),
    )
    return replace(
        base,
        classes=classes,
        requests=np.concatenate([base.requests, demand.requests[:, None]], axis=1),
        announced=np.concatenate([base.announced, np.zeros((len(demand.requests), 1))], axis=1),
        prior=np.concatenate([base.prior, prior[None, :]], axis=0),
    )


def surroundings(
    world: World, observation: EndToEndObservation, agent: EndToEndAgent, committed: Load
) -> Surroundings:
    """What runs now, with the work that each service's replicas do."""
    delta = agent.distribute(observation)
    standing = np.zeros((len(world.work_gc), len(world.node_domain)))
    for c, service in enumerate(observation.classes.service.tolist()):
        if observation.requests[:, c].any():
            flow = running_flow(world, observation, delta, c)
            standing += load_of(world, service, 0.0, flow).replica_gc
    return Surroundings(observation, delta, standing, committed)


def running_flow(world: World, observation: EndToEndObservation, delta: Floats, c: int) -> Floats:
    """[D, R] requests of a class that runs, where the policy's delta [D, C, K] sends them."""
    service = int(observation.classes.service[c])
    usable = _admissible(world, observation, c) & _serving(world, observation, service)
    at = situation(world, observation)
    return spread(world, observation, at, delta[:, c], usable) * observation.requests[:, c][:, None]


def _admissible(world: World, observation: EndToEndObservation, c: int) -> Booleans:
    """[D, R] routes that meet the class's deadline at zero load."""
    table = observation.classes
    one = TrafficClasses(
        service=table.service[c : c + 1],
        uplink_mbit=table.uplink_mbit[c : c + 1],
        downlink_mbit=table.downlink_mbit[c : c + 1],
        deadline_s=table.deadline_s[c : c + 1],
    )
    return np.asarray(world.admissible_routes(one)[:, 0])


def _serving(world: World, observation: EndToEndObservation, service: int) -> Booleans:
    """[D, R] routes to a live node with a ready replica."""
    live = observation.live[world.node_domain]
    return np.asarray(((observation.ready[service] > 0) & live)[world.route_node])


def look_ahead(
    world: World,
    around: Surroundings,
    demand: Demand,
    weights: Floats,
    agent: EndToEndAgent,
    required: float,
) -> Forecast:
    """The demand as it would fare now; where that is short, after the next deployment.

    Args:
        world: inventory.
        around: what runs.
        demand: what comes.
        weights: [K] log-weights of candidates.
        agent: whose distribution is asked for.
        required: the share that has to be in time.
    """
    wide = extended(around.observation, demand, weights)
    now = _forecast(world, around, wide, demand, agent, later=False)
    if now.share >= required:
        return now
    spare = spare_memory_gb(world, wide, around.standing_gc, demand.service)
    deployed = replace(wide, ready=replicas_after(world, wide, spare, demand.service))
    later = _forecast(world, around, deployed, demand, agent, later=True)
    return later if later.share > now.share else now


def _forecast(
    world: World,
    around: Surroundings,
    wide: EndToEndObservation,
    demand: Demand,
    agent: EndToEndAgent,
    later: bool,
) -> Forecast:
    last = len(wide.classes.service) - 1
    usable = _admissible(world, wide, last) & _serving(world, wide, demand.service)
    delta = over_usable(world, usable, agent.distribute(wide)[:, last])
    size = demand.uplink_mbit + demand.downlink_mbit
    flow = np.zeros_like(usable, dtype=np.float64)
    added = around.committed
    for done in range(ROUNDS):
        at = situation(world, wide, added, around.standing_gc)
        target = spread(world, wide, at, delta, usable) * demand.requests[:, None]
        flow = flow + (target - flow) / (done + 1)
        added = around.committed + load_of(world, demand.service, size, flow)
    at = situation(world, wide, added, around.standing_gc)
    prediction = predict_routes(world, wide, last, at)
    total = float(demand.requests.sum())
    share = share_within(prediction, flow, total, demand.deadline_s * 1e3) if total > 0 else 0.0
    return Forecast(
        observation=wide,
        delta=delta,
        usable=usable,
        flow=flow,
        added=added,
        at=at,
        prediction=prediction,
        share=min(1.0, share),
        later=later,
    )
