"""Snapshots are written whole or not at all, and a damaged one says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnc.errors import StorageError
from cnc.processes.snapshots import EVERY_S, SnapshotFile


async def test_the_newest_snapshot_is_kept_and_read_back(tmp_path: Path) -> None:
    file = SnapshotFile(tmp_path, "cnc/v1", "ran-3")
    assert file.load() is None
    assert file.offer({"slot": 1}, now_s=100.0)
    file.offer({"slot": 2}, now_s=100.1)
    await file.write()
    assert SnapshotFile(tmp_path, "cnc/v1", "ran-3").load() == {"slot": 2}
    assert [p.name for p in (tmp_path / "state" / "cnc_v1").iterdir()] == ["ran-3.json"]


async def test_it_is_not_written_more_often_than_every_few_seconds(tmp_path: Path) -> None:
    import asyncio

    file = SnapshotFile(tmp_path, "cnc/v1", "e2e")
    now = asyncio.get_running_loop().time()
    assert file.offer({"slot": 1}, now)
    await file.write()
    assert not file.offer({"slot": 2}, asyncio.get_running_loop().time())
    assert file.offer({"slot": 3}, asyncio.get_running_loop().time() + EVERY_S)


def test_a_damaged_snapshot_says_what_to_do(tmp_path: Path) -> None:
    file = SnapshotFile(tmp_path, "cnc/v1", "e2e")
    path = tmp_path / "state" / "cnc_v1" / "e2e.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"slot": 1')
    with pytest.raises(StorageError, match="move it away"):
        file.load()


async def test_a_home_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    file = SnapshotFile(blocked, "cnc/v1", "e2e")
    file.offer({"slot": 1}, 0.0)
    with pytest.raises(StorageError, match="--home"):
        await file.write()
