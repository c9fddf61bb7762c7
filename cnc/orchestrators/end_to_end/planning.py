"""Planning one intent: can it be met, where would it run, what would it meet there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Booleans, Floats
from cnc.messages.intents import Alternative, Figures, Placement
from cnc.messages.knowledge import Tier
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.prediction import (
    RoutePrediction,
    mixture_figures,
    predict_routes,
)
from cnc.policies.interface import EndToEndAgent
from cnc.simulator.world import TrafficClasses, World

TIER_OF_CANDIDATE: tuple[Tier, ...] = ("terminal", "ran", "neighbour", "neighbour", "transport")


@dataclass(frozen=True, eq=False)
class Plan:
    """What E2E intends for one intent."""

    demand: Demand
    traffic_class: int
    ready: bool
    """Some admissible node of every origin already runs the service."""
    placements: tuple[Placement, ...]
    alternatives: tuple[Alternative, ...]
    predicted: Figures
    tier_shares: dict[Tier, float]


def candidate_rows(prior: dict[Tier, float]) -> Floats:
    """[K] log-weights of a prior over tiers."""
    return np.array([prior.get(tier, 0.0) for tier in TIER_OF_CANDIDATE])


def extended(base: EndToEndObservation, demand: Demand, prior: Floats) -> EndToEndObservation:
    """The observation as it would be with the intent's class added last."""
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


def obstacle(world: World, observation: EndToEndObservation, demand: Demand) -> str | None:
    """Why the demand cannot be met, with the nearest offer; None when nothing speaks against it.

    `observation` has the demand's class last. Checked: the deadline against zero-load latency,
    the radio and local bandwidth of each origin, the free computing capacity in reach.
    """
    last = len(observation.classes.service) - 1
    asked = demand.requests > 0
    if not asked.any():
        return "it asks for no requests; state at least one user"
    live = observation.live[world.node_domain][world.route_node]
    latency = world.zero_load_latency_s(observation.classes)[:, last]
    reachable = np.where(live, latency, np.inf).min(axis=1)
    worst = float(reachable[asked].max())
    if not np.isfinite(worst):
        return "no live domain is in reach of these users; bring a domain back (`cnc status`)"
    if worst >= demand.deadline_s:
        return (
            f"no placement meets {demand.deadline_s * 1e3:g} ms: with no load at all the nearest "
            f"takes {worst * 1e3:.1f} ms. Nearest offer: {_round_up(worst * 1e3)} ms"
        )
    return _short_of_bandwidth(world, observation, demand, latency) or _short_of_computing(
        world, observation, demand, latency
    )


def _round_up(milliseconds: float) -> int:
    """An offer in ms that holds with some load on top."""
    return int(np.ceil(milliseconds * 1.25 / 5.0) * 5)


def _short_of_bandwidth(
    world: World, observation: EndToEndObservation, demand: Demand, latency: Floats
) -> str | None:
    size = demand.uplink_mbit + demand.downlink_mbit
    slot_s = world.parameters.slot_s
    for origin in np.flatnonzero(demand.requests > 0):
        routes = np.flatnonzero(latency[origin] < demand.deadline_s)
        first = np.unique(world.route_links[origin, routes, 0])
        room = float(observation.link_capacity_mbit_s[first[first >= 0]].sum()) * slot_s
        need = float(demand.requests[origin]) * size
        if need > room:
            share = room / need
            return (
                f"its users at {world.domain_ids[origin]} would need {need:,.0f} Mbit per slot, "
                f"and the access links there carry {room:,.0f}. Nearest offer: "
                f"{share:.0%} of the users, or of the data rate"
            )
    return None


def _short_of_computing(
    world: World, observation: EndToEndObservation, demand: Demand, latency: Floats
) -> str | None:
    asked = np.flatnonzero(demand.requests > 0)
    nodes = np.unique(world.route_node[asked][latency[asked] < demand.deadline_s])
    nodes = nodes[observation.live[world.node_domain[nodes]]]
    room = float((world.node_capacity_gc_s[nodes] * (1.0 - observation.background[nodes])).sum())
    room *= world.parameters.slot_s
    need = float(demand.requests.sum() * world.work_gc[demand.service])
    if need > room:
        return (
            f"it would need {need:,.0f} Gc per slot, and all nodes in reach have {room:,.0f} "
            f"free. Nearest offer: {room / need:.0%} of the users"
        )
    return None


def make_plan(
    world: World,
    observation: EndToEndObservation,
    demand: Demand,
    agent: EndToEndAgent,
    node_names: Sequence[str],
    link_names: Sequence[str],
) -> Plan:
    """Distribute the demand as the policy would now, and predict what it meets.

    `observation` has the demand's class last. The nodes inside a domain are the domain's to
    choose; shown is the split by residual capacity, and the domains' own choice follows with
    the `deployed` event.
    """
    last = len(observation.classes.service) - 1
    prediction = predict_routes(world, observation, last)
    admissible = world.admissible_routes(observation.classes)[:, last]
    serving = admissible & prediction.ready & observation.live[world.node_domain][world.route_node]
    asked = demand.requests > 0
    ready = bool(serving[asked].any(axis=1).all())
    usable = serving
    if not ready:
        usable = admissible & observation.live[world.node_domain][world.route_node]
        observation = _as_if_placed(observation, demand.service)
    delta = _over_usable(world, usable, agent.distribute(observation)[:, last])
    routing = _spread(world, observation, delta, usable)
    flow = routing * demand.requests[:, None]
    return Plan(
        demand=demand,
        traffic_class=last,
        ready=ready,
        placements=_placements(world, flow, node_names, link_names),
        alternatives=_alternatives(world, prediction, demand, delta, usable),
        predicted=mixture_figures(prediction, flow, demand.deadline_s * 1e3),
        tier_shares=_tier_shares(delta, demand.requests),
    )


def _as_if_placed(observation: EndToEndObservation, service: int) -> EndToEndObservation:
    """Before its replicas exist, the policy is asked as if every node had one."""
    ready = observation.ready.copy()
    ready[service] = np.maximum(ready[service], 1)
    return replace(observation, ready=ready)


def _over_usable(world: World, admissible: Booleans, delta: Floats) -> Floats:
    """The policy's wish on candidates that can serve in time; equal where it has none."""
    possible = np.zeros_like(delta, dtype=bool)
    for k in range(delta.shape[1]):
        possible[:, k] = admissible[:, world.route_candidate == k].any(axis=1)
    wish = np.where(possible, delta, 0.0)
    wish = np.where(wish.sum(1, keepdims=True) > 0, wish, possible.astype(np.float64))
    total = wish.sum(1, keepdims=True)
    return np.asarray(np.divide(wish, total, out=np.zeros_like(wish), where=total > 0))


def _spread(
    world: World, observation: EndToEndObservation, delta: Floats, usable: Booleans
) -> Floats:
    """[D, R] delta over each candidate's usable routes, by node and link capacity left."""
    usage = np.maximum(observation.utilisation, observation.background)
    node = (world.node_capacity_gc_s * np.maximum(1.0 - usage, 0.01))[world.route_node]
    left = observation.link_capacity_mbit_s * np.maximum(1.0 - observation.link_utilisation, 0.01)
    narrowest = np.append(left, np.inf)[world.route_links].min(axis=-1)
    weight = np.where(usable, node * narrowest, 0.0)
    routing = np.zeros_like(weight)
    for k in range(delta.shape[1]):
        routes = world.route_candidate == k
        total = weight[:, routes].sum(axis=1, keepdims=True)
        share = np.divide(
            weight[:, routes], total, out=np.zeros_like(weight[:, routes]), where=total > 0
        )
        routing[:, routes] = share * delta[:, k : k + 1]
    total = routing.sum(1, keepdims=True)
    return np.asarray(np.divide(routing, total, out=np.zeros_like(routing), where=total > 0))


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
            note = "no admissible node has a ready replica"
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


def _tier_shares(delta: Floats, requests: Floats) -> dict[Tier, float]:
    shares: dict[Tier, float] = {}
    total = float(requests.sum())
    for k, tier in enumerate(TIER_OF_CANDIDATE):
        shares[tier] = shares.get(tier, 0.0) + float((delta[:, k] * requests).sum()) / total
    return shares
