"""Stage 2: the deployment network learns what replicas were worth having in the demonstrations.

Poisson regression of the replicas of a service on a node on the features that the domain sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import torch

from cnc.environment.assembly import order_for
from cnc.environment.observations import DomainObservation, EndToEndObservation, Order
from cnc.environment.sites import Floats, Integers, Site, site_of
from cnc.policies.greedy import GreedyDomain, usable_nodes
from cnc.policies.hmarl.deployment import FEATURES, MOST, features, values
from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.policies.popularity import Popularity
from cnc.training.hmarl.demonstrations import BEFORE, Demonstration

HIDDEN = 48
EPOCHS = 40
BATCH = 4096
RATE = 3e-3
SETTLING = 3
"""Slots in which E2E settles before its prices are taken."""


def samples(
    demonstrations: Iterable[Demonstration], weights: Weights, seed: int
) -> tuple[Floats, Floats]:
    """Features [n, FEATURES] and replicas [n] of every usable pair, in float32.

    Prices come from E2E with a set in place that is, by turns, greedy or the demonstrated one.
    """
    stream = np.random.default_rng([seed, 0x5A])
    seen, replicas = [], []
    for demonstration in demonstrations:
        greedy = stream.random() < 0.5
        for site, order, observation, popularity in _views(demonstration, weights, greedy):
            usable = usable_nodes(site, order.classes)
            found = features(site, popularity, observation, order)
            seen.append(found[usable].astype(np.float32))
            replicas.append(demonstration.replicas[:, site.nodes][usable].astype(np.float32))
    return np.concatenate(seen), np.concatenate(replicas)


def _views(
    demonstration: Demonstration, weights: Weights, greedy: bool
) -> Iterable[tuple[Site, Order, DomainObservation, Popularity]]:
    world, slots = demonstration.world, demonstration.slots
    before, now = slots[BEFORE - 2], slots[BEFORE - 1]
    links, shape = len(world.link_domain), demonstration.replicas.shape
    domains, candidates = len(world.domain_ids), world.candidates.shape[1]
    observation = EndToEndObservation(
        slot=BEFORE - 1,
        frame_start=True,
        requests=demonstration.demand,
        announced=np.zeros_like(demonstration.demand),
        classes=world.classes,
        background=before.node_background,
        utilisation=before.node_background,
        backlog_gc=np.zeros(shape[1]),
        ready=np.zeros(shape, dtype=np.int64),
        placed=np.zeros(shape, dtype=np.int64),
        link_capacity_mbit_s=now.link_capacity_mbit_s,
        link_energy_j_mbit=now.link_energy_j_mbit,
        link_utilisation=np.full(links, 0.3),
        live=np.ones(domains, dtype=bool),
        prior=np.zeros((len(world.classes), candidates)),
        hosts_prior=np.zeros((domains, len(world.work_gc))),
    )
    sites = [site_of(world, domain) for domain in range(domains)]
    delta = np.zeros((*demonstration.demand.shape, candidates))
    orders = [order_for(site, observation, delta, None) for site in sites]
    placed = demonstration.replicas
    if greedy:
        placed = np.zeros(shape, dtype=np.int64)
        for site, order in zip(sites, orders, strict=True):
            agent = GreedyDomain(site, True, True)
            agent.observe(order)
            placed[:, site.nodes] = agent.deploy(_local(observation, site, placed), order)
    serving = replace(observation, ready=placed, placed=placed, requests=now.requests)
    agent_e2e = QDistribution(world, weights)
    for _ in range(SETTLING):
        agent_e2e.distribute(serving)
    hosts = agent_e2e.hosts(serving)
    for site, order in zip(sites, orders, strict=True):
        popularity = Popularity()
        popularity.update(order)
        priced = order_for(site, observation, delta, hosts)
        yield site, priced, _local(observation, site, placed), popularity


def _local(observation: EndToEndObservation, site: Site, placed: Integers) -> DomainObservation:
    nodes, links = site.nodes, site.links
    return DomainObservation(
        slot=observation.slot,
        frame_start=True,
        background=observation.background[nodes],
        utilisation=observation.utilisation[nodes],
        backlog_gc=observation.backlog_gc[nodes],
        ready=placed[:, nodes],
        placed=placed[:, nodes],
        link_capacity_mbit_s=observation.link_capacity_mbit_s[links],
        link_energy_j_mbit=observation.link_energy_j_mbit[links],
        link_utilisation=observation.link_utilisation[links],
    )


def train_deployment(
    seen: Floats, replicas: Floats, seed: int, progress: Callable[[int, int, float], None]
) -> dict[str, Floats]:
    """The network's weights."""
    stream = np.random.default_rng([seed, 0xD9])
    shapes = {"w1": (FEATURES, HIDDEN), "w2": (HIDDEN, HIDDEN), "w3": (HIDDEN, 1)}
    weights: dict[str, torch.Tensor] = {}
    for layer, (inputs, outputs) in shapes.items():
        scale = inputs**-0.5 * (0.1 if layer == "w3" else 1.0)
        drawn = torch.as_tensor(stream.normal(0.0, scale, (inputs, outputs)), dtype=torch.float32)
        weights[f"deploy.{layer}"] = drawn.requires_grad_(True)
        bias = torch.full((outputs,), -2.0 if layer == "w3" else 0.0)
        weights[f"deploy.b{layer[1:]}"] = bias.requires_grad_(True)
    x, y = torch.from_numpy(seen), torch.from_numpy(replicas)
    steps = max(1, EPOCHS * len(x) // BATCH)
    optimiser = torch.optim.AdamW(list(weights.values()), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        chosen = torch.from_numpy(stream.integers(0, len(x), min(BATCH, len(x))))
        found = values(torch, weights, x[chosen]).clamp(max=MOST)
        loss = torch.nn.functional.poisson_nll_loss(found, y[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        progress(step + 1, steps, float(loss.detach()))
    return {name: w.detach().numpy().astype(np.float64) for name, w in weights.items()}
