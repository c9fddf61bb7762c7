"""What a slot's improvement starts from: the last decision, and a spread by what is left.

E2E, the domains and batched training start alike. numpy or torch.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from cnc.policies.hmarl.arrays import Array, at_least, normalised
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.situation import Conditions

WARM = 0.9
"""Part of the last slot's decision in what a slot starts from; the rest is spread."""
UNSERVED = 0.01
"""Weight of leaving unserved in what is spread, against 1 for a candidate."""
UNKNOWN = 1e-6
"""Weight of what a domain knows by itself where E2E says what it expects."""
LEFT = 0.05
"""Least part of a node or link that counts as left."""


def warmed(last: Array, fresh: Array) -> Array:
    """The last decision, mixed with a fresh start."""
    return WARM * last + (1.0 - WARM) * fresh


def node_start(layout: Layout, now: Conditions, last: Array | None) -> Array:
    """Node shares […, S, N] over ready replicas: by what background leaves, and the last ones."""
    here = (now.ready > 0) * 1.0
    left = at_least(1.0 - now.background, LEFT) * layout.capacity_gc_s
    fresh = normalised(here * left[..., None, :], layout.onto_domain)
    if last is None:
        return fresh
    return normalised(here * warmed(last, fresh), layout.onto_domain)


def expected_start(layout: Layout, now: Conditions, expected: Array) -> Array:
    """Node shares [S, N] over ready replicas: as E2E expects them, else by what is left. numpy.

    E2E may not know yet what became ready or was lost; a service of which it expects nothing that
    is ready here begins by what background leaves.
    """
    here, onto = now.ready > 0, layout.onto_domain
    known = here * expected
    known_of = known @ onto
    if np.count_nonzero(known_of > 0.0) < np.count_nonzero(here @ onto):
        known = known + UNKNOWN * node_start(layout, now, None)
        known_of = known @ onto
    return known / np.maximum(known_of @ onto.T, 1e-12)


def pair_start(capacity_mbit_s: Array, load: Array) -> Array:
    """Shares […, 2] of parallel links by what the last slot's load leaves of them."""
    return normalised(capacity_mbit_s * at_least(1.0 - load, LEFT))


def with_fixed(xp: ModuleType, side: Array, fixed: Array, where: slice) -> Array:
    """Sides […, 2 G + 1] of which some columns are decided elsewhere."""
    parts = [side[..., : where.start], fixed[..., where], side[..., where.stop :]]
    return xp.concatenate(parts, -1)
