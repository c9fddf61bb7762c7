"""Small perceptrons over features of pairs, shared by all domains, services and origins."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from cnc.policies.hmarl.marginal import Array


def perceptron(
    xp: ModuleType, weights: Mapping[str, Array], name: str, features: Array
) -> tuple[Array, Array]:
    """Two bounded outputs of a network with one hidden layer.

    Args:
        xp: numpy or torch.
        weights: `name.w1` [F, H], `name.b1` [H], `name.w2` [H, 2], `name.b2` [2].
        name: of the network.
        features: […, F].

    Returns:
        A correction within +-2 units of cost, and the logarithm of a pace within +-1.5; both
        begin at 0, where the second layer is 0.
    """
    hidden = xp.tanh(features @ weights[f"{name}.w1"] + weights[f"{name}.b1"])
    out = hidden @ weights[f"{name}.w2"] + weights[f"{name}.b2"]
    return 2.0 * xp.tanh(out[..., 0]), 1.5 * xp.tanh(out[..., 1])
