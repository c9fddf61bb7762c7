from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnc.files import members_once, write_whole


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, lambda part: part.write_text("old"))
    write_whole(file, lambda part: part.write_text("new"))
    assert file.read_text() == "new"

    def fail(part: Path) -> None:
        part.write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write_whole(file, fail)
    assert file.read_text() == "new" and list(tmp_path.iterdir()) == [file]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, lambda part: part.write_text("content"))
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


def test_a_name_that_is_there_twice_is_none() -> None:
    assert members_once([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="'a' twice"):
        members_once([("a", 1), ("a", 1)])
