"""How a RAN domain splits what passes through it to transport over its two backhauls.

It does not see that traffic beforehand, only how busy its links were in the last slot. So it does
this where E2E does not say how it expects it to split. E2E, which gets the same figures in reports,
begins with the same. numpy or torch.
"""

from __future__ import annotations

from types import ModuleType

from cnc.policies.hmarl.arrays import Array, at_least, at_most, normalised
from cnc.policies.hmarl.improvement import LEAST, Weights
from cnc.policies.hmarl.networks import perceptron

FEATURES = 6


def backhaul_shares(
    xp: ModuleType,
    weights: Weights,
    capacity_mbit_s: Array,
    load: Array,
    energy_j_mbit: Array,
    propagation_s: Array,
    size_mbit: Array,
    deadline_s: Array,
    cost_of_j: float,
) -> Array:
    """Shares […, D, S, 2].

    Args:
        xp: numpy or torch.
        weights: of the networks.
        capacity_mbit_s: […, D, 2] of the slot.
        load: […, D, 2] utilisation in the last slot.
        energy_j_mbit: […, D, 2].
        propagation_s: […, D, 2] one way.
        size_mbit: […, S] of a request, both ways.
        deadline_s: […, S].
        cost_of_j: cost of a joule over the penalty of a lost request.
    """
    size, deadline = size_mbit[..., None, :, None], deadline_s[..., None, :, None]
    capacity = capacity_mbit_s[..., None, :]
    busy = at_most(load, 2.0)[..., None, :]
    energy = energy_j_mbit[..., None, :] * size * cost_of_j
    transmission = size / capacity
    way = 2.0 * propagation_s[..., None, :] + transmission
    features = (
        capacity / capacity.sum(-1)[..., None],
        busy,
        busy[..., [1, 0]],
        4.0 * energy,
        way / deadline,
        transmission / way,
    )
    bend, _ = perceptron(xp, weights, "backhaul", features, way.shape)
    left = capacity * at_least(1.0 - busy, 0.05)
    share = left * xp.exp(2.0 * bend - 8.0 * energy)
    return normalised(at_least(normalised(share), LEAST))
