"""A slot's repeated improvements: a step that turns out to cost more is halved.

All origins move at once, each along values that hold while the others stay. In a crowded slot they
move together onto what was free, and overload it; then the next turn begins halfway back. The
cheapest shares of all turns are the decision. Who has patience goes on while turns gain something:
a quiet slot is done after fewer turns than were trained, a crowded one takes more. numpy or torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at_least
from cnc.policies.hmarl.improvement import (
    Shares,
    Weights,
    improved,
    listed,
    normal_spots,
    unlisted,
    weighed,
)
from cnc.policies.hmarl.marginal import Layout
from cnc.policies.hmarl.pairs import Pairs
from cnc.policies.hmarl.situation import Situation

REPEATED = 4
"""Last trained steps, which turns beyond the trained ones take again, one after the other."""


@dataclass(frozen=True)
class Patience:
    """How long turns go on, other than as often as was trained. One slot at a time, in numpy."""

    most: int = 24
    """Turns."""
    enough: float = 5e-4
    """A gain, in parts of what the decision saves against serving nobody, that counts as none."""
    over: int = 2
    """So many turns of no gain are the end; a turn too far is none of them, nor does it begin the
    count again."""


def improved_by_turns(
    xp: ModuleType,
    given: Situation,
    shares: Shares,
    possible: Array,
    weights: Weights,
    fixed_choice: bool,
    first: int = 0,
    patience: Patience | None = None,
) -> Shares:
    """The decision after all turns.

    Args:
        xp: numpy or torch.
        given: the slot.
        shares: to begin with.
        possible: […, C, D x (K + 1)] 1 where a choice is possible.
        weights: of the networks.
        fixed_choice: leave the choices as they are (a domain's own decision).
        first: turn to begin with; the later ones have the smaller steps.
        patience: how long to go on; None for as many turns as were trained.
    """
    pairs = given.pairs
    patience = patience if given.layout.others else None
    trained = len(weights["domain.steps" if fixed_choice else "e2e.steps"])
    best = now = listed(pairs, shares)
    lowest: Array = None
    idle = 0
    for turn in _turns(trained, first, patience):
        tried = weighed(xp, given, now, fixed_choice)
        if lowest is None or not given.layout.others:  # who looks to his own has no common cost
            lowest = tried.cost
            now = improved(xp, given, tried, possible, weights, turn, fixed_choice)
            continue
        better = tried.cost <= lowest
        if patience is not None and better:
            idle = idle + 1 if lowest - tried.cost < patience.enough * abs(tried.cost) else 0
            if idle == patience.over:
                return unlisted(pairs, now)
        some, every = better.any(), better.all()
        # what costs more is not improved, but half taken back
        after = improved(xp, given, tried, possible, weights, turn, fixed_choice) if some else None
        back = None if every else halfway(pairs, best, now)
        best, lowest, now = (
            _either(xp, given.layout, better, now, best),
            xp.where(better, tried.cost, lowest),
            _either(xp, given.layout, better, after, back),
        )
    if lowest is not None and given.layout.others:
        better = weighed(xp, given, now, fixed_choice).cost <= lowest
        now = _either(xp, given.layout, better, now, best)
    return unlisted(pairs, now)


def _turns(trained: int, first: int, patience: Patience | None) -> Iterator[int]:
    """Numbers of the trained steps to take, in their order."""
    last = min(REPEATED, trained)
    for turn in range(first, trained if patience is None else patience.most):
        yield turn if turn < trained else trained - last + (turn - trained) % last


def halfway(pairs: Pairs, before: Shares, after: Shares) -> Shares:
    """Half of a step, listed: in logits, but for the sides."""
    choice = pairs.normal_choices(_middle(before.choice, after.choice))
    node = normal_spots(pairs, _middle(before.node, after.node))
    return Shares(choice, node, 0.5 * (before.side + after.side))


def _middle(one: Array, other: Array) -> Array:
    """The geometric mean; its gradient is finite where a share is 0."""
    product = one * other
    return at_least(product, 1e-16) ** 0.5 * (product > 0)


def _either(
    xp: ModuleType, layout: Layout, better: Array, one: Shares | None, other: Shares | None
) -> Shares:
    """One where it is better, in each member of a batch, or in each of its domains.

    What is nowhere taken may be left out.
    """
    if other is None or better.all():
        assert one is not None, "something is better"
        return one
    if one is None or not better.any():
        return other
    domains = layout.onto_domain.shape[-1]
    if better.ndim == one.node.ndim - 2:  # of the whole slot
        choice = node = side = better[..., None, None]
    else:
        # each domain owns its nodes and one pair of links; choices are not its own
        choice = better.any(-1)[..., None, None]
        node = better[..., layout.domain][..., None, :]
        owner = [min(column // 2, domains - 1) for column in range(one.side.shape[-1])]
        side = better[..., owner][..., None, :]
    return Shares(
        xp.where(choice, one.choice, other.choice),
        xp.where(node, one.node, other.node),
        xp.where(side, one.side, other.side),
    )
