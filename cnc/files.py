"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Readers see the old file or the new one, never a part of it.

    Args:
        file: to write or replace.
        write: writes to the path that it is given.

    Raises:
        OSError: it cannot be written; nothing is left beside it.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        write(beside)
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
