"""Planning one intent: where would it run, what would it meet there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.messages.intents import Alternative, Figures, Placement
from cnc.messages.knowledge import Tier
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.outlook import Forecast, extended
from cnc.orchestrators.end_to_end.prediction import (
    RoutePrediction,
    mixture_figures,
    predict_routes,
)
from cnc.simulator.world import World

TIER_OF_CANDIDATE: tuple[Tier, ...] = ("terminal", "ran", "neighbour", "neighbour", "transport")


@dataclass(frozen=True, eq=False)
class Plan:
    """What E2E intends for one intent."""

    demand: Demand
    forecast: Forecast
    placements: tuple[Placement, ...]
    alternatives: tuple[Alternative, ...]
    predicted: Figures
    tier_shares: dict[Tier, float]


def candidate_rows(prior: dict[Tier, float]) -> Floats:
    """[K] log-weights of a prior over tiers."""
    return np.array([prior.get(tier, 0.0) for tier in TIER_OF_CANDIDATE])


def deadline_fit(world: World, observation: EndToEndObservation, demand: Demand) -> Floats:
    """[K] log-weights, 0 to -4: how well each candidate would keep the demand's deadline.

    The share that a candidate is predicted to serve in time, over all its ready nodes (a
    domain may choose any of them), as if every node had a replica where none has. Without it
    a policy that looks at capacity alone sends requests where they arrive late.
    """
    wide = extended(observation, demand, np.zeros(world.candidates.shape[1]))
    prediction = predict_routes(world, wide, len(wide.classes.service) - 1)
    within = prediction.share_within(demand.deadline_s * 1e3)
    anywhere: Booleans = np.asarray(prediction.ready.any(axis=0))
    share = np.zeros(world.candidates.shape[1])
    asked = demand.requests > 0
    for k in range(len(share)):
        routes = np.flatnonzero(np.asarray(world.route_candidate) == k)
        serving = (
            prediction.ready[:, routes]
            if anywhere[routes].any()
            else np.ones((len(within), len(routes)), dtype=bool)
        )
        part = np.where(serving, within[:, routes], 0.0).sum(axis=1)
        count = serving.sum(axis=1)
        mean = np.divide(part, count, out=within[:, routes].mean(axis=1), where=count > 0)
        share[k] = float(np.average(mean[asked], weights=demand.requests[asked]))
    return np.asarray(np.clip(2.0 * np.log(np.maximum(share, 1e-3)), -4.0, 0.0))


def energy_fit(world: World, observation: EndToEndObservation, demand: Demand) -> Floats:
    """[K] log-weights, 0 to -4: how little energy each candidate would spend on the demand.

    Twice the logarithm of the least predicted energy of a request over the candidate's own, over
    the nodes that are ready (over all where none is). It weighs as much as the deadline's fit.
    """
    wide = extended(observation, demand, np.zeros(world.candidates.shape[1]))
    prediction = predict_routes(world, wide, len(wide.classes.service) - 1)
    asked = demand.requests > 0
    energy = np.zeros(world.candidates.shape[1])
    for k in range(len(energy)):
        routes = np.flatnonzero(np.asarray(world.route_candidate) == k)
        ready = prediction.ready[:, routes]
        serving = ready if ready.any() else np.ones_like(ready)
        spent = np.where(serving, prediction.energy_j[:, routes], 0.0).sum(axis=1)
        count = serving.sum(axis=1)
        mean = np.divide(
            spent, count, out=prediction.energy_j[:, routes].mean(axis=1), where=count > 0
        )
        energy[k] = float(np.average(mean[asked], weights=demand.requests[asked]))
    least = max(float(energy.min()), 1e-9)
    return np.asarray(np.clip(2.0 * np.log(least / np.maximum(energy, least)), -4.0, 0.0))


def intent_fit(
    world: World, observation: EndToEndObservation, demand: Demand, *, green: bool
) -> Floats:
    """[K] log-weights of what the user asks: the deadline, and little energy where wished."""
    fit = deadline_fit(world, observation, demand)
    return fit + energy_fit(world, observation, demand) if green else fit


def energy_of(forecast: Forecast) -> float:
    """Predicted energy of a request, in J; 0 where none is served."""
    served = float(forecast.flow.sum())
    spent = float((forecast.flow * forecast.prediction.energy_j).sum())
    return spent / served if served > 0 else 0.0


def make_plan(
    world: World,
    forecast: Forecast,
    demand: Demand,
    node_names: Sequence[str],
    link_names: Sequence[str],
) -> Plan:
    """What a forecast means for the demand: where it would run, what it would meet.

    The nodes inside a domain are the domain's to choose; shown is the split by residual capacity,
    and the domains' own choice follows with the `deployed` event.
    """
    last = len(forecast.observation.classes.service) - 1
    unloaded = predict_routes(world, forecast.observation, last)
    return Plan(
        demand=demand,
        forecast=forecast,
        placements=_placements(world, forecast.flow, node_names, link_names),
        alternatives=_alternatives(world, unloaded, demand, forecast.delta, forecast.usable),
        predicted=mixture_figures(
            forecast.prediction, forecast.flow, demand.deadline_s * 1e3, demand.requests.sum()
        ),
        tier_shares=tier_shares(forecast.delta, demand.requests),
    )


def _placements(
    world: World, flow: Floats, node_names: Sequence[str], link_names: Sequence[str]
) -> tuple[Placement, ...]:
    """Rows by (node, kind of path), largest first; shares of all requests."""
    total = float(flow.sum())
    rows: dict[tuple[int, str], float] = {}
    for origin, route in np.argwhere(flow > 0):
        links = world.route_links[origin, route]
        path = " > ".join(_role(link_names[int(link)]) for link in links if link >= 0)
        key = (int(world.route_node[origin, route]), path)
        rows[key] = rows.get(key, 0.0) + float(flow[origin, route]) / total
    ordered = sorted(rows.items(), key=lambda row: -row[1])
    return tuple(
        Placement(
            domain=world.domain_ids[int(world.node_domain[node])],
            node=node_names[node],
            path=path,
            share=min(1.0, share),
        )
        for (node, path), share in ordered
    )


def _role(link_name: str) -> str:
    return link_name.split("/")[-1]


def _alternatives(
    world: World, prediction: RoutePrediction, demand: Demand, delta: Floats, usable: Booleans
) -> tuple[Alternative, ...]:
    """Each tier's prediction if it took everything, with the share that it gets."""
    alternatives = []
    total = float(demand.requests.sum())
    for tier, label in (
        ("terminal", "own terminals"),
        ("ran", "own RAN edge"),
        ("neighbour", "neighbouring RAN edges"),
        ("transport", "core and cloud"),
    ):
        candidates = [k for k, name in enumerate(TIER_OF_CANDIDATE) if name == tier]
        routes = np.isin(world.route_candidate, candidates)
        flow = np.where(usable & routes[None, :], demand.requests[:, None], 0.0)
        share = float((delta[:, candidates].sum(axis=1) * demand.requests).sum() / total)
        if flow.sum() <= 0:
            note = "no node that is quick enough has a ready replica"
            alternatives.append(
                Alternative(
                    domain=tier, latency_ms=None, energy_j_per_request=None, share=share, note=note
                )
            )
            continue
        figures = mixture_figures(prediction, flow, demand.deadline_s * 1e3)
        alternatives.append(
            Alternative(
                domain=tier,
                latency_ms=figures.p95_ms,
                energy_j_per_request=figures.energy_j_per_request,
                share=share,
                note=label,
            )
        )
    return tuple(alternatives)


def tier_shares(delta: Floats, requests: Floats) -> dict[Tier, float]:
    """The part of the requests that each tier gets."""
    shares: dict[Tier, float] = {}
    total = float(requests.sum())
    for k, tier in enumerate(TIER_OF_CANDIDATE):
        shares[tier] = shares.get(tier, 0.0) + float((delta[:, k] * requests).sum()) / total
    return shares
