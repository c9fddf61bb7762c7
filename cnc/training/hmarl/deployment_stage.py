"""Stage 2: the deployment network learns what replicas were worth having in the demonstrations.

Poisson regression of the replicas of a service on a node on the features that the domain sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from cnc.environment.sites import Floats, site_of
from cnc.environment.views import domain_view, order_for
from cnc.policies.hmarl.deployment import MOST, values
from cnc.policies.hmarl.deployment_features import FEATURES, DeploymentFeatures
from cnc.policies.popularity import Popularity
from cnc.training.hmarl.demonstrations import Demonstration

HIDDEN = 48
EPOCHS = 40
BATCH = 4096
RATE = 3e-3


def samples(demonstrations: Iterable[Demonstration]) -> tuple[Floats, Floats]:
    """Features [n, FEATURES] and replicas [n] of every usable pair, in float32."""
    seen, replicas = [], []
    for demonstration in demonstrations:
        observation, world = demonstration.observation, demonstration.world
        nobody = np.zeros((*observation.requests.shape, world.candidates.shape[1]))
        for domain in range(len(world.domain_ids)):
            site = site_of(world, domain)
            order = order_for(site, observation, nobody, None)
            popularity = Popularity()
            popularity.update(order)
            known = DeploymentFeatures(site, order.classes)
            usable = known.usable
            found = known.seen(popularity, domain_view(observation, site), order)
            seen.append(found[usable].astype(np.float32))
            replicas.append(demonstration.replicas[:, site.nodes][usable].astype(np.float32))
    return np.concatenate(seen), np.concatenate(replicas)


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
