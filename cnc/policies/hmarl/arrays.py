"""The few operations that numpy and torch write differently, or do slowly in their common form.

A domain's arrays are small, so that a decision costs as many calls as it makes: in numpy, `take`
and `maximum` are several times faster than indexing and `clip`; in torch, `index_select` has the
faster gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A numpy array or a torch tensor."""


def at(array: Array, index: Array) -> Array:
    """[…, n] at positions [m] of the last axis: […, m]."""
    if isinstance(array, np.ndarray):
        return array.take(index, -1)
    return array.index_select(-1, index)


def at_least(array: Array, least: float) -> Array:
    """Not less than a number."""
    return np.maximum(array, least) if isinstance(array, np.ndarray) else array.clip(min=least)


def at_most(array: Array, most: float) -> Array:
    """Not more than a number."""
    return np.minimum(array, most) if isinstance(array, np.ndarray) else array.clip(max=most)


def between(array: Array, least: float, most: float) -> Array:
    """Within two numbers."""
    if isinstance(array, np.ndarray):
        return np.minimum(np.maximum(array, least), most)
    return array.clip(least, most)


def lowest_of(array: Array) -> Array:
    """[…, n] to […], for a short last axis, which numpy reduces slowly where it is last."""
    if isinstance(array, np.ndarray):
        columns = array.reshape(-1, array.shape[-1]).T.copy()
        return np.minimum.reduce(columns, 0).reshape(array.shape[:-1])
    return array.amin(-1)


def normalised(weights: Array, groups: Array | None = None) -> Array:
    """Shares along the last axis, of all or within groups ([n, groups] membership)."""
    if groups is None:
        return weights / at_least(weights.sum(-1)[..., None], 1e-12)
    return weights / at_least((weights @ groups) @ groups.T, 1e-12)


def stacked(
    xp: ModuleType, arrays: Sequence[Array], shape: tuple[int, ...], single: bool = False
) -> Array:
    """All in one shape that they broadcast to, along a new first axis; numpy may take singles."""
    if xp is not np:
        return xp.stack([array.expand(shape) for array in arrays])
    rows = np.empty((len(arrays), *shape), np.float32 if single else np.float64)
    for row, array in zip(rows, arrays, strict=True):
        row[...] = array
    return rows
