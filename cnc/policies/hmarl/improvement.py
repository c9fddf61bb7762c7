"""Improving shares by what another request would cost: the step that E2E and domains repeat.

A softmax policy over values Q moves by share x exp(-step x Q): policy improvement by exponentiated
gradient. Q is the marginal cost in closed form, corrected by a learned network that sees the same
terms in units of the penalty; how far each repetition goes is learned as well. numpy or torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at, at_least, at_most, between, lowest_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.marginal import Marginal, marginal_cost_in, served_in
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
    """A joint decision."""

    choice: Array
    """[…, C, D x (K + 1)] of each origin's candidates; the last is unserved."""
    node: Array
    """[…, S, N] of a domain's nodes."""
    side: Array
    """[…, S, 2 G + 1] of each pair of parallel links; 1 at the end, for routes without."""


def routing(layout: Layout, shares: Shares) -> tuple[Array, Array, Array]:
    """Y […, C, D*R], and its factors within a choice: node share, and path share."""
    choice, at_node, path = of_pairs(layout, AllPairs(layout), shares)
    return choice * at_node * path, at_node, path


def of_pairs(layout: Layout, pairs: Pairs, shares: Shares) -> tuple[Array, Array, Array]:
    """The shares of choice, node and path […, P] of each pair of class and route."""
    path = pairs.of_routes(layout.weight)
    if layout.onto_side.shape[-1] > 0:
        for column in range(layout.route_side.shape[-1]):
            path = path * pairs.of_sides(shares.side, column)
    return pairs.of_choices(shares.choice), pairs.of_nodes(shares.node), path


def normalised(weights: Array, groups: Array | None = None) -> Array:
    """Shares along the last axis, of all or within groups ([n, groups] membership)."""
    if groups is None:
        return weights / at_least(weights.sum(-1)[..., None], 1e-12)
    return weights / at_least((weights @ groups) @ groups.T, 1e-12)


def improved_in(
    xp: ModuleType,
    given: Situation,
    shares: Shares,
    possible: Array,
    weights: Weights,
    turn: int,
    fixed_choice: bool,
) -> tuple[Shares, Array]:
    """One repetition of several in a slot: better shares, and what those given cost.

    The cost is that of the slot […], or, where choices are fixed, of each domain […, domains]; what
    leaving everything unserved would cost is taken off.

    Args:
        xp: numpy or torch.
        given: the slot, in a world or as a domain sees it.
        shares: to improve.
        possible: […, C, D x (K + 1)] 1 where a choice is possible.
        weights: of the networks.
        turn: number of the repetition.
        fixed_choice: leave the choices as they are (a domain's own decision).
    """
    layout, pairs = given.layout, given.pairs
    role = "domain" if fixed_choice else "e2e"
    step = weights[f"{role}.steps"][turn]
    of_choice, at_node, path = of_pairs(layout, pairs, shares)
    within = at_node * path
    found = marginal_cost_in(xp, given, of_choice * within)
    value = at_most(found.total, CAP)
    choice = shares.choice
    if not fixed_choice:
        choice = _choices(xp, given, found, value, shares, within, possible, weights, step[0])
    chosen = (given.requests + 0.01) * of_choice
    of_node = _mean(value, chosen * path, pairs.onto_nodes)
    features = _node_features(given, found, of_node, shares.node)
    correction, pace = perceptron(xp, weights, "node", features, of_node.shape, pairs.nodes)
    of_node = of_node + correction
    inward = ((of_node * shares.node) @ layout.onto_domain) @ layout.onto_domain.T
    move = -step[1] * xp.exp(pace) * (of_node - inward)
    better = shares.node * xp.exp(between(move, -FURTHEST, FURTHEST))
    node_share = normalised(given.here * at_least(better, LEAST), layout.onto_domain)
    side = shares.side
    if layout.onto_side.shape[-1] > 0:
        of_side = _mean(value, chosen * at_node, pairs.onto_sides)
        side = _sides(xp, of_side, side, step[2])
    return Shares(choice, node_share, side), _cost(given, found.cost, fixed_choice)


def cost_of(xp: ModuleType, given: Situation, shares: Shares, fixed_choice: bool) -> Array:
    """What a slot costs with these shares, as `improved_in` gives it."""
    of_choice, at_node, path = of_pairs(given.layout, given.pairs, shares)
    now = served_in(xp, given, of_choice * at_node * path)
    return _cost(given, now.flow * (now.energy - given.layout.penalty * now.met), fixed_choice)


def _cost(given: Situation, of_pairs: Array, by_domain: bool) -> Array:
    if not by_domain:
        return given.pairs.total(of_pairs)
    return given.pairs.onto_nodes(of_pairs).sum(-2) @ given.layout.onto_domain


def _node_features(
    given: Situation, found: Marginal, of_node: Array, share: Array
) -> tuple[Array, ...]:
    """NODE_FEATURES of a service on a node, each for […, S, N], without units."""
    return (
        of_node / given.layout.penalty,
        at_most(found.utilisation, 2.0)[..., None, :],
        given.now.background[..., None, :],
        at_most(found.pressure, 2.0),
        at_most(given.granted, 3.0),
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
    shares: Shares,
    within: Array,
    possible: Array,
    weights: Weights,
    step: Array,
) -> Array:
    """Choices after one step along the corrected values."""
    layout, pairs, before = given.layout, given.pairs, shares.choice
    features = _features(xp, given, found, within, before)
    correction, pace = perceptron(xp, weights, "e2e", features, before.shape, pairs.choices)
    shape = (*before.shape[:-1], -1, layout.choices)
    q = (pairs.onto_choices(value * within) + correction).reshape(shape)
    unserved = 0.0 * q[..., -1:] + layout.penalty
    q = xp.concatenate([q[..., :-1], unserved], -1)
    can = possible.reshape(shape)
    lowest = lowest_of(q + 1e3 * (1.0 - can))
    gap = between(q - lowest[..., None], 0.0, 2.0 * CAP)
    move = step * xp.exp(pace.reshape(shape)) * gap
    better = before.reshape(shape) * xp.exp(-between(move, 0.0, FURTHEST))
    return normalised(can * at_least(better, LEAST)).reshape(before.shape)


def _features(
    xp: ModuleType, given: Situation, found: Marginal, within: Array, choice: Array
) -> tuple[Array, ...]:
    """FEATURES of a choice, each for […, C, D x (K + 1)], averaged over routes, without units."""
    layout, pairs, penalty = given.layout, given.pairs, given.layout.penalty
    onto, of_nodes = pairs.onto_choices, pairs.of_nodes
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
        onto(of_nodes(at_most(found.pressure, 2.0)) * within),
        onto(within),
        xp.log1p(onto(given.requests * within)),
        onto(pairs.of_routes(at_most(busiest, 2.0)) * within),
        (0.1 / layout.deadline_s)[..., None],
        choice,
    )
