"""Snapshots of components on disk: written whole or not at all, at most every few seconds."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from cnc.errors import StorageError

EVERY_S = 2.0
"""Frames may follow each other faster than a disk should be written."""


class SnapshotFile:
    """The snapshot of one component, as JSON in the home folder."""

    def __init__(self, home: Path, root: str, component: str) -> None:
        folder = home / "state" / root.replace("/", "_")
        self._path = folder / f"{component}.json"
        self._pending: dict[str, Any] | None = None
        self._written_at = -EVERY_S

    def load(self) -> dict[str, Any] | None:
        """The last snapshot; None when there is none.

        Raises:
            StorageError: it exists but cannot be read.
        """
        try:
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise StorageError(
                f"the snapshot {self._path} cannot be read ({error}); move it away to start afresh"
            ) from error
        return loaded if isinstance(loaded, dict) else None

    def offer(self, snapshot: dict[str, Any], now_s: float) -> bool:
        """Remember the newest snapshot; True when it is time to write it."""
        self._pending = snapshot
        return now_s - self._written_at >= EVERY_S

    async def write(self) -> None:
        """Write the remembered snapshot, away from the loop.

        Raises:
            StorageError: the home folder cannot be written.
        """
        snapshot, self._pending = self._pending, None
        if snapshot is None:
            return
        self._written_at = asyncio.get_running_loop().time()
        await asyncio.to_thread(self._write, snapshot)

    def _write(self, snapshot: dict[str, Any]) -> None:
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(snapshot), encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            raise StorageError(
                f"the snapshot {self._path} cannot be written ({error.strerror or error}); free "
                "some space, or name another home with --home DIR or CNC_HOME"
            ) from error
