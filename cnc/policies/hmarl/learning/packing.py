"""Arrays as a JSON string, exactly: safetensors bytes in base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from cnc.errors import StorageError

Arrays = dict[str, NDArray[Any]]


def packed(arrays: Arrays) -> str:
    """The arrays as one string."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return base64.b64encode(save(whole)).decode("ascii")


def unpacked(text: str) -> Arrays:
    """The arrays of a string.

    Raises:
        StorageError: it is damaged.
    """
    try:
        return dict(load(base64.b64decode(text, validate=True)))
    except (SafetensorError, ValueError) as error:
        raise StorageError(
            f"what was learned cannot be read from the snapshot ({error}); move the snapshot away "
            "to start from the shipped weights"
        ) from error


def under(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays with a prefix before their names."""
    return {f"{prefix}{name}": array for name, array in arrays.items()}


def taken(prefix: str, arrays: Arrays) -> Arrays:
    """Those with the prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
