"""What files have in common: written whole or not at all, and read without a name said twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_NAME = 60
"""Characters of a member's name that a message shows."""


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Readers see the old file or the new one, never a part of it.

    What is there and is no file, such as a pipe or a device, is written to, never replaced.

    Args:
        file: to write or replace.
        write: writes to the path that it is given.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    if file.exists() and not file.is_file() and not file.is_dir():
        write(file)
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        write(beside)
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object, for `object_pairs_hook` of `json.loads`.

    Readers differ in which of two members of one name they take: neither can be meant.

    Raises:
        ValueError: a name is there twice; the message says which.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"an object has {name[:LONGEST_NAME]!r} twice; keep one of them")
        found[name] = value
    return found
