"""Improving shares by what another request would cost: the step that E2E and domains repeat.

A softmax policy over values Q moves by share x exp(-step x Q): policy improvement by exponentiated
gradient. Q is the marginal cost in closed form, corrected by a learned network that sees the same
terms in units of the penalty; how far each repetition goes is learned as well. numpy or torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at, at_least, at_most, between
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.marginal import Marginal, Served, marginal_of, served_in
from cnc.policies.hmarl.networks import perceptron
from cnc.policies.hmarl.pairs import AllPairs, Pairs
from cnc.policies.hmarl.situation import Situation

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
    """A joint decision, in grids; within a slot's turns as `listed` for its pairs."""

    choice: Array
    """[…, C, D x (K + 1)] of each origin's candidates; the last is unserved. Listed: […, K]."""
    node: Array
    """[…, S, N] of a domain's nodes. Listed: […, Q]."""
    side: Array
    """[…, S, 2 G + 1] of each pair of parallel links; 1 at the end, for routes without."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """What a decision does in a slot, and costs."""

    shares: Shares
    """Listed."""
    of_choice: Array
    """[…, P]"""
    at_node: Array
    path: Array
    within: Array
    """Of a choice: node times path."""
    served: Served
    cost: Array
    """Of the slot […], or, where choices are fixed, of each domain […, domains]; what leaving
    everything unserved would cost is taken off."""


def routing(layout: Layout, shares: Shares) -> tuple[Array, Array, Array]:
    """Y […, C, D*R], and its factors within a choice: node share, and path share."""
    choice, at_node, path = of_pairs(AllPairs(layout), shares)
    return choice * at_node * path, at_node, path


def listed(pairs: Pairs, shares: Shares) -> Shares:
    """Shares as the pairs keep choices and spots."""
    return Shares(
        pairs.choices_of_grid(shares.choice), pairs.spots_of_grid(shares.node), shares.side
    )


def unlisted(pairs: Pairs, shares: Shares) -> Shares:
    """Shares in grids again; what is not listed has none."""
    return Shares(
        pairs.choices_onto_grid(shares.choice), pairs.spots_onto_grid(shares.node), shares.side
    )


def of_pairs(pairs: Pairs, shares: Shares) -> tuple[Array, Array, Array]:
    """Listed shares of choice, node and path […, P] of each pair of class and route."""
    layout, path = pairs.layout, pairs.weight
    if layout.onto_side.shape[-1] > 0:
        for column in range(layout.route_side.shape[-1]):
            path = path * pairs.of_sides(shares.side, column)
    return pairs.of_choices(shares.choice), pairs.of_spots(shares.node), path


def normal_spots(pairs: Pairs, weights: Array) -> Array:
    """[…, Q] as shares of a service's nodes in a domain."""
    return weights / at_least(pairs.within_domains(weights), 1e-12)


def weighed(xp: ModuleType, given: Situation, shares: Shares, fixed_choice: bool) -> Weighed:
    """What listed shares do in a slot, and cost.

    Args:
        xp: numpy or torch.
        given: the slot, in a world or as a domain sees it.
        shares: listed.
        fixed_choice: they are a domain's own decision, so that each domain has a cost.
    """
    pairs = given.pairs
    of_choice, at_node, path = of_pairs(pairs, shares)
    within = at_node * path
    served = served_in(xp, given, of_choice * within)
    cost = served.cost(given.layout.penalty)
    cost = pairs.onto_domains(cost) if fixed_choice else pairs.total(cost)
    return Weighed(shares, of_choice, at_node, path, within, served, cost)


def improved(
    xp: ModuleType,
    given: Situation,
    now: Weighed,
    possible: Array,
    weights: Weights,
    turn: int,
    fixed_choice: bool,
) -> Shares:
    """One repetition of several in a slot: better shares, listed.

    Args:
        xp: numpy or torch.
        given: the slot, in a world or as a domain sees it.
        now: the decision to improve.
        possible: […, C, D x (K + 1)] 1 where a choice is possible.
        weights: of the networks.
        turn: number of the repetition.
        fixed_choice: leave the choices as they are (a domain's own decision).
    """
    pairs, before = given.pairs, now.shares
    choice, node, side = before.choice, before.node, before.side
    role = "domain" if fixed_choice else "e2e"
    step = weights[f"{role}.steps"][turn]
    found = marginal_of(xp, given, now.served)
    value = at_most(found.total, CAP)
    chosen = (given.requests + 0.01) * now.of_choice
    if not fixed_choice:
        choice = _choices(xp, given, found, value, now, possible, weights, step[0])
    if pairs.split:
        of_node = _mean(value, chosen * now.path, pairs.onto_spots)
        node = _nodes(xp, given, found, of_node, node, weights, step[1])
    if given.layout.onto_side.shape[-1] > 0:
        of_side = _mean(value, chosen * now.at_node, pairs.onto_sides)
        side = _sides(xp, of_side, side, step[2])
    return Shares(choice, node, side)


def _nodes(
    xp: ModuleType,
    given: Situation,
    found: Marginal,
    of_node: Array,
    node: Array,
    weights: Weights,
    step: Array,
) -> Array:
    """Node shares after one step along their corrected values."""
    pairs = given.pairs
    features = _node_features(given, found, of_node, node)
    correction, pace = perceptron(xp, weights, "node", features, of_node.shape)
    of_node = of_node + correction
    inward = pairs.within_domains(of_node * node)
    move = -step * xp.exp(pace) * (of_node - inward)
    better = node * xp.exp(between(move, -FURTHEST, FURTHEST))
    return normal_spots(pairs, given.standing.here * at_least(better, LEAST))


def _node_features(
    given: Situation, found: Marginal, of_node: Array, share: Array
) -> tuple[Array, ...]:
    """NODE_FEATURES of a spot, each for […, Q], without units."""
    of_nodes = given.pairs.spots_of_nodes
    return (
        of_node / given.layout.penalty,
        of_nodes(at_most(found.utilisation, 2.0)),
        of_nodes(given.now.background),
        at_most(found.pressure, 2.0),
        at_most(given.standing.granted, 3.0),
        share,
    )


def _mean(value: Array, weight: Array, onto: Callable[[Array], Array]) -> Array:
    """Values of pairs, weighted, of what they lead onto."""
    return onto(value * weight) / at_least(onto(weight), 1e-9)


def _sides(xp: ModuleType, of_side: Array, side: Array, step: Array) -> Array:
    """Shares of parallel links after one step along their values, [..., S, 2 G + 1]."""
    first, second = slice(0, -1, 2), slice(1, None, 2)
    move = between(0.5 * step * (of_side[..., 1::2] - of_side[..., 0::2]), -FURTHEST, FURTHEST)
    one = at_least(side[..., first] * xp.exp(move), LEAST)
    other = at_least(side[..., second] * xp.exp(-move), LEAST)
    share = (one / (one + other))[..., None]
    pairs = xp.concatenate([share, 1.0 - share], -1).reshape(of_side.shape)
    return xp.concatenate([pairs, side[..., -1:]], -1)


def _choices(
    xp: ModuleType,
    given: Situation,
    found: Marginal,
    value: Array,
    now: Weighed,
    possible: Array,
    weights: Weights,
    step: Array,
) -> Array:
    """Choices after one step along the corrected values."""
    layout, pairs, before = given.layout, given.pairs, now.shares.choice
    features = _features(xp, given, found, now.within, before)
    correction, pace = perceptron(xp, weights, "e2e", features, before.shape)
    q = pairs.onto_choices(value * now.within) + correction
    q = pairs.with_unserved(xp, q, layout.penalty)
    gap = between(pairs.above_lowest(q, possible), 0.0, 2.0 * CAP)
    move = step * xp.exp(pace) * gap
    better = before * xp.exp(-between(move, 0.0, FURTHEST))
    return pairs.normal_choices(at_least(better, LEAST), possible)


def _features(
    xp: ModuleType, given: Situation, found: Marginal, within: Array, choice: Array
) -> tuple[Array, ...]:
    """FEATURES of a choice, each for […, K], averaged over routes, without units."""
    layout, pairs, penalty = given.layout, given.pairs, given.layout.penalty
    onto = pairs.onto_choices
    load = xp.concatenate([found.link_load, 0.0 * found.link_load[..., :1]], -1)
    busiest = at(load, layout.along[:, 0])
    for column in range(1, layout.along.shape[-1]):
        busiest = xp.maximum(busiest, at(load, layout.along[:, column]))
    rho = at(found.utilisation, layout.route_node)
    return (
        onto(found.energy * within) / penalty,
        onto(found.unsatisfied * within) / penalty,
        onto(at_most(found.others, CAP) * within) / penalty,
        onto(pairs.of_routes(rho) * within),
        onto(pairs.of_spots(at_most(found.pressure, 2.0)) * within),
        onto(within),
        xp.log1p(onto(given.requests * within)),
        onto(pairs.of_routes(at_most(busiest, 2.0)) * within),
        pairs.choices_of_classes(0.1 / layout.deadline_s),
        choice,
    )
