"""What a slot cost, in closed form, once its conditions are measured.

The same equations as `marginal_cost`, which is this cost's gradient in the flows
(a test holds it to that, and to the kernel). Left out is what routing
does not move: keep-alive, starts, and what the backlog costs the next slot.
"""

from __future__ import annotations

import torch

from cnc.policies.hmarl.arrays import Array
from cnc.policies.hmarl.improvement import Shares, routing
from cnc.policies.hmarl.marginal import Conditions, Layout, marginal_cost_in
from cnc.policies.hmarl.situation import situation


def of_routes(layout: Layout, asked: Array) -> Array:
    """[…, C, D*R] from requests of origins […, C, D]."""
    return asked[..., layout.route_choice // layout.choices]


def of_choices(layout: Layout, asked: Array) -> Array:
    """[…, C, D x (K + 1)] from requests of origins […, C, D]."""
    return asked.repeat_interleave(layout.choices, -1)


def slot_cost(layout: Layout, now: Conditions, asked: Array, shares: Shares) -> Array:
    """[…] in units of cost, in torch.

    Args:
        layout: of the world, or of a domain (which leaves nothing unserved).
        now: the slot, as it was measured.
        asked: […, C, D] requests of origins.
        shares: the decision.
    """
    requests = of_routes(layout, asked)
    y = routing(layout, shares)[0]
    given = situation(torch, layout, now, requests)
    found = marginal_cost_in(torch, given, y)
    flow = requests * y
    missed = (flow * found.unsatisfied).sum((-1, -2))
    if layout.choices > 1:
        left_out = shares.choice[..., layout.choices - 1 :: layout.choices]
        missed = missed + layout.penalty * (left_out * asked).sum((-1, -2))
    before = now.background + now.backlog_gc / (layout.capacity_gc_s * layout.slot_s)
    used = _part(layout, found.utilisation) - _part(layout, before)
    spent = (layout.dynamic_w * layout.slot_s * used).sum(-1) / layout.unit_j
    if given.transfer_j is not None:
        spent = spent + (flow * given.transfer_j).sum((-1, -2))
    return missed + spent


def _part(layout: Layout, utilisation: Array) -> Array:
    """Of the dynamic power; linear beyond full load."""
    floor = layout.energy_floor
    most = utilisation.clamp(max=1.0)
    beyond = (utilisation - 1.0).clamp(min=0.0)
    return floor * most + (1.0 - floor) * most**3 + (3.0 - 2.0 * floor) * beyond
