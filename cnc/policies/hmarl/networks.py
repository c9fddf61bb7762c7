"""Small perceptrons over features of pairs, shared by all domains, services and origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from cnc.policies.hmarl.arrays import Array, gathered, stacked


def perceptron(
    xp: ModuleType,
    weights: Mapping[str, Array],
    name: str,
    features: Sequence[Array],
    shape: tuple[int, ...],
    where: Array | None = None,
) -> tuple[Array, Array]:
    """Two bounded outputs of a network with one hidden layer.

    Args:
        xp: numpy or torch.
        weights: `name.w1` [F, H], `name.b1` [H], `name.w2` [H, 2], `name.b2` [2].
        name: of the network.
        features: F arrays that broadcast to the shape.
        shape: […] of what the network sees.
        where: flat positions in the shape that matter; others are left at 0. Only for numpy.

    Returns:
        A correction within +-2 units of cost, and the logarithm of a pace within +-1.5; both
        begin at 0, where the second layer is 0.
    """
    # features first, so that each layer is one product for all
    layers = [weights[f"{name}.{layer}"] for layer in ("w1", "b1", "w2", "b2")]
    if where is None:
        seen = stacked(xp, features, shape).reshape(len(features), -1)
    else:
        # as precise as the weights were trained, and a third of the time
        layers = [layer.astype(np.float32) for layer in layers]
        seen = gathered(features, shape, where, np.float32)
    inward, bias, outward, last = layers
    hidden = xp.tanh(inward.T @ seen + bias[:, None])
    out = xp.tanh(outward.T @ hidden + last[:, None])
    if where is not None:
        some, out = out, xp.zeros((2, *shape)).reshape(2, -1)
        out[:, where] = some
    return 2.0 * out[0].reshape(shape), 1.5 * out[1].reshape(shape)
