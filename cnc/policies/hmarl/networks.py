"""Small perceptrons over features of pairs, shared by all domains, services and origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from cnc.policies.hmarl.arrays import Array, stacked

LAYERS = ("w1", "b1", "w2", "b2")


class Single:
    """Networks of one agent in single precision, as they were trained: a third of the time. numpy.

    Args:
        names: of the networks.
    """

    def __init__(self, *names: str) -> None:
        self._layers = [f"{name}.{layer}" for name in names for layer in LAYERS]
        self._of: Mapping[str, Array] | None = None
        self._weights: Mapping[str, Array] = {}

    def of(self, weights: Mapping[str, Array]) -> Mapping[str, Array]:
        """These weights, with the networks in single precision; nobody may change them."""
        if weights is not self._of:
            less = {layer: weights[layer].astype(np.float32) for layer in self._layers}
            self._of, self._weights = weights, {**weights, **less}
        return self._weights


def perceptron(
    xp: ModuleType,
    weights: Mapping[str, Array],
    name: str,
    features: Sequence[Array],
    shape: tuple[int, ...],
) -> tuple[Array, Array]:
    """Two bounded outputs of a network with one hidden layer.

    Args:
        xp: numpy or torch.
        weights: `name.w1` [F, H], `name.b1` [H], `name.w2` [H, 2], `name.b2` [2]; of single
            precision where the network shall see no more (numpy).
        name: of the network.
        features: F arrays that broadcast to the shape.
        shape: […] of what the network sees.

    Returns:
        A correction within +-2 units of cost, and the logarithm of a pace within +-1.5; both
        begin at 0, where the second layer is 0.
    """
    inward, bias, outward, last = (weights[f"{name}.{layer}"] for layer in LAYERS)
    less = xp is np and inward.dtype == np.float32
    # features first, so that each layer is one product for all
    seen = stacked(xp, features, shape, less).reshape(len(features), -1)
    hidden = xp.tanh(inward.T @ seen + bias[:, None])
    out = xp.tanh(outward.T @ hidden + last[:, None])
    if less:
        out = out.astype(np.float64)
    return 2.0 * out[0].reshape(shape), 1.5 * out[1].reshape(shape)
