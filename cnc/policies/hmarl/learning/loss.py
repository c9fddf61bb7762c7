"""What the actor descends: the cost of a slot, as measured, along the routes of its decision.

Deterministic policy gradient with the critic in closed form. The value of a route is its marginal
cost under the measured background, a constant; the share of a route depends on the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from cnc.policies.hmarl.improvement import CAP, Shares, routing
from cnc.policies.hmarl.learning.hindsight import of_routes
from cnc.policies.hmarl.learning.samples import Batch
from cnc.policies.hmarl.marginal import Layout, marginal_cost
from cnc.policies.hmarl.situation import situation
from cnc.policies.hmarl.turns import improved_by_turns


@dataclass(frozen=True, eq=False)
class Role:
    """What an agent decides, and what of the weights is its own."""

    name: str
    """Of the steps: e2e or domain."""
    learned: tuple[str, ...]
    """Prefixes of the weights that it moves."""
    chooses: bool
    """It decides where requests go; else where in the domain."""


def decided(
    layout: Layout, role: Role, batch: Batch, weights: Mapping[str, torch.Tensor]
) -> Shares:
    """The decisions again, from where they started, with these weights.

    After the trained turns: E2E may have taken fewer or more, which a batch does not follow.
    """
    given = situation(torch, layout, batch.believed, of_routes(layout, batch.asked))
    return improved_by_turns(torch, given, batch.start, batch.possible, weights, not role.chooses)


def actor_loss(
    layout: Layout, role: Role, batch: Batch, weights: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Cost a request, mean over the batch.

    E2E's choices carry the gradient, with the domains' splits as it predicts them; a domain's
    splits do, with E2E's choices as they were.
    """
    requests = of_routes(layout, batch.asked)
    shares = decided(layout, role, batch, weights)
    y, at_node, path = routing(layout, shares)
    with torch.no_grad():
        found = marginal_cost(torch, layout, batch.met, requests, y)
        value = found.total.clamp(0.0, CAP)
        sent = batch.asked if role.chooses else batch.asked * shares.choice
        total = sent.sum((-1, -2)).clamp(min=1.0)
    if role.chooses:
        y = shares.choice[..., layout.route_choice] * (at_node * path).detach()
    loss = (value * requests * y).sum((-1, -2))
    if role.chooses:
        left_out = shares.choice[..., layout.choices - 1 :: layout.choices]
        loss = loss + layout.penalty * (left_out * batch.asked).sum((-1, -2))
    mean: torch.Tensor = (loss / total).mean()
    return mean
