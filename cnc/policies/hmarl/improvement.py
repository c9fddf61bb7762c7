"""Improving shares by what another request would cost: the step that E2E and domains repeat.

A softmax policy over values Q moves by share x exp(-step x Q): policy improvement by exponentiated
gradient. Q is the marginal cost in closed form, corrected by a learned network that sees the same
terms in units of the penalty; how far each repetition goes is learned as well. numpy or torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.marginal import Array, Conditions, Layout, Marginal, marginal_cost
from cnc.policies.hmarl.networks import perceptron

CAP = 12.0
"""Of a value: a route that costs more is as bad as one that costs this, three lost requests."""
FURTHEST = 3.0
"""Of one step, in logits."""
LEAST = 3e-4
"""Share that everything possible keeps until the decision, so that it can come back."""
KEPT = 2e-3
"""Smaller shares are left out of the decision."""
NODE_FEATURES = 6
"""Of a node's value, see `_node_features`."""
FEATURES = 10
"""Of a value, see `_features`."""

Weights = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Shares:
    """A joint decision."""

    choice: Array
    """[…, C, D x (K + 1)] of each origin's candidates; the last is unserved."""
    node: Array
    """[…, S, N] of a domain's nodes."""
    side: Array
    """[…, S, 2 G + 1] of each pair of parallel links; 1 at the end, for routes without."""


def routing(layout: Layout, shares: Shares) -> tuple[Array, Array, Array]:
    """Y […, C, D*R], and its factors within a choice: node share, and path share."""
    at_node = shares.node[..., layout.service, :][..., layout.route_node]
    sides = shares.side[..., layout.service, :][..., layout.route_side]
    path = sides[..., 0] * layout.weight
    for column in range(1, layout.route_side.shape[-1]):
        path = path * sides[..., column]
    return shares.choice[..., layout.route_choice] * at_node * path, at_node, path


def normalised(weights: Array, groups: Array | None = None) -> Array:
    """Shares along the last axis, of all or within groups ([n, groups] membership)."""
    if groups is None:
        return weights / weights.sum(-1)[..., None].clip(min=1e-12)
    total = (weights @ groups) @ groups.T
    return weights / total.clip(min=1e-12)


def improved(
    xp: ModuleType,
    layout: Layout,
    now: Conditions,
    requests: Array,
    shares: Shares,
    possible: Array,
    weights: Weights,
    turn: int,
    fixed_choice: bool,
) -> Shares:
    """One repetition.

    Args:
        xp: numpy or torch.
        layout: of the world, or of a domain.
        now: the slot.
        requests: […, C, D*R] of each route's origin.
        shares: to improve.
        possible: […, C, D x (K + 1)] 1 where a choice is possible.
        weights: of the networks.
        turn: number of the repetition.
        fixed_choice: leave the choices as they are (a domain's own decision).
    """
    role = "domain" if fixed_choice else "e2e"
    step = weights[f"{role}.steps"][turn]
    flow, at_node, path = routing(layout, shares)
    found = marginal_cost(xp, layout, now, requests, flow)
    value = xp.clip(found.total, 0.0, CAP)
    choice = shares.choice
    if not fixed_choice:
        choice = _choices(
            xp, layout, found, value, requests, shares, at_node * path, possible, weights, step[0]
        )
    chosen = (requests + 0.01) * shares.choice[..., layout.route_choice]
    weighted = chosen * path
    of_node = _mean(layout, value, weighted, layout.onto_node)
    here = (now.ready > 0) * 1.0
    correction, pace = perceptron(
        xp, weights, "node", _node_features(xp, layout, now, found, of_node, shares.node)
    )
    of_node = of_node + correction
    inward = ((of_node * shares.node) @ layout.onto_domain) @ layout.onto_domain.T
    move = -step[1] * xp.exp(pace) * (of_node - inward)
    better = shares.node * xp.exp(xp.clip(move, -FURTHEST, FURTHEST))
    node_share = normalised(here * better.clip(min=LEAST), layout.onto_domain)
    side = _sides(xp, layout, value, chosen * at_node, shares.side, step[2])
    return Shares(choice, node_share, side)


def _node_features(
    xp: ModuleType,
    layout: Layout,
    now: Conditions,
    found: Marginal,
    of_node: Array,
    share: Array,
) -> Array:
    """[…, S, N, NODE_FEATURES] of a service on a node, without units."""
    same = 0.0 * of_node
    granted = layout.replica_gc_s[..., None, :] * now.ready / layout.capacity_gc_s[..., None, :]
    by_class = xp.clip(found.pressure, 0.0, 2.0)
    many = layout.to_service.sum(-1)[..., None].clip(min=1.0)
    return xp.stack(
        [
            of_node / layout.penalty,
            found.utilisation[..., None, :].clip(max=2.0) + same,
            now.background[..., None, :] + same,
            (layout.to_service @ by_class) / many,
            granted.clip(max=3.0),
            share,
        ],
        -1,
    )


def _mean(layout: Layout, value: Array, weight: Array, onto: Array) -> Array:
    """[…, S, columns] values, weighted."""
    total = layout.to_service @ ((value * weight) @ onto)
    return total / (layout.to_service @ (weight @ onto)).clip(min=1e-9)


def _sides(
    xp: ModuleType, layout: Layout, value: Array, weight: Array, side: Array, step: Array
) -> Array:
    pairs = side[..., :-1]
    if pairs.shape[-1] == 0:
        return side
    of_side = _mean(layout, value, weight, layout.onto_side)
    shape = (*pairs.shape[:-1], pairs.shape[-1] // 2, 2)
    of_side = of_side.reshape(shape)
    move = -step * (of_side - of_side.mean(-1)[..., None])
    better = pairs.reshape(shape) * xp.exp(xp.clip(move, -FURTHEST, FURTHEST))
    share = normalised(better.clip(min=LEAST)).reshape(pairs.shape)
    return xp.concatenate([share, side[..., -1:]], -1)


def _choices(
    xp: ModuleType,
    layout: Layout,
    found: Marginal,
    value: Array,
    requests: Array,
    shares: Shares,
    within: Array,
    possible: Array,
    weights: Weights,
    step: Array,
) -> Array:
    """Choices after one step along the corrected values."""
    onto = layout.onto_choice
    features = _features(xp, layout, found, value, requests, within, shares.choice)
    correction, pace = perceptron(xp, weights, "e2e", features)
    shape = (*shares.choice.shape[:-1], -1, layout.choices)
    served = (value * within) @ onto
    q = (served + correction).reshape(shape)
    unserved = 0.0 * q[..., -1:] + layout.penalty
    q = xp.concatenate([q[..., :-1], unserved], -1)
    can = possible.reshape(shape)
    lowest = xp.amin(xp.where(can > 0, q, 0.0 * q + 1e3), -1)
    gap = xp.clip(q - lowest[..., None], 0.0, 2.0 * CAP)
    move = step * xp.exp(pace.reshape(shape)) * gap
    better = shares.choice.reshape(shape) * xp.exp(-xp.clip(move, 0.0, FURTHEST))
    share = normalised(can * better.clip(min=LEAST))
    return share.reshape(shares.choice.shape)


def _features(
    xp: ModuleType,
    layout: Layout,
    found: Marginal,
    value: Array,
    requests: Array,
    within: Array,
    choice: Array,
) -> Array:
    """[…, C, D x (K + 1), FEATURES] of a choice, averaged over its routes, without units."""
    onto, penalty = layout.onto_choice, layout.penalty
    rho = found.utilisation[..., None, layout.route_node] + 0.0 * within
    terms = (
        found.energy / penalty,
        found.unsatisfied / penalty,
        xp.clip(found.others, 0.0, CAP) / penalty,
        rho,
        xp.clip(found.pressure, 0.0, 2.0)[..., layout.route_node],
    )
    averaged = [(term * within) @ onto for term in terms]
    there = within @ onto
    asked = xp.log1p((requests * within) @ onto)
    load = xp.concatenate([found.link_load, 0.0 * found.link_load[..., :1]], -1)
    busiest = xp.amax(load[..., layout.along], -1)
    busy = ((xp.clip(busiest, 0.0, 2.0)[..., None, :] + 0.0 * within) * within) @ onto
    strict = (0.1 / layout.deadline_s)[..., None] + 0.0 * asked
    return xp.stack([*averaged, there, asked, busy, strict, choice], -1)
