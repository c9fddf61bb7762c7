from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from cnc.bus.interface import Received
from cnc.bus.recording import Recorder, from_line, read_recording, to_line
from cnc.errors import ConfigurationError, MessageError, StorageError
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.envelope import new_id, now
from cnc.messages.presence import ControlRequest


def received(number: int) -> Received:
    envelope = ENVELOPES["control_request"](
        kind="control_request",
        id=new_id(),
        sender="a",
        incarnation="1",
        sequence=number,
        sent_at=now(),
        body=ControlRequest(action="stop", reason="ü\n" * number),
    )
    return Received("cnc/v1/control/a", number % 2 == 0, envelope, datetime.now(UTC))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    messages = [received(number) for number in range(5)]
    with Recorder(path) as recorder:
        for message in messages:
            recorder.write(message)
        assert recorder.written == 5
        assert list(read_recording(path)) == messages  # flushed, also before the end
    assert list(read_recording(path)) == messages


def test_a_line_is_what_tail_prints() -> None:
    value = orjson.loads(to_line(received(1)))
    assert list(value) == ["received_at", "topic", "retained", "message"]
    assert value["message"]["schema"] == "cnc/1"


@pytest.mark.parametrize(
    "line", [b"x", b"[]", b"{}", b'{"received_at":1}', to_line(received(1)).replace(b"cnc/1", b"?")]
)
def test_foreign_lines(line: bytes, tmp_path: Path) -> None:
    with pytest.raises(MessageError):
        from_line(line)
    path = tmp_path / "broken.jsonl"
    path.write_bytes(to_line(received(1)) + b"\n\n" + line + b"\n")
    with pytest.raises(ConfigurationError, match=r"broken\.jsonl, line 3"):
        list(read_recording(path))


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(StorageError), Recorder(tmp_path / "none" / "x"):
        pass
    with pytest.raises(StorageError):
        list(read_recording(tmp_path / "none"))
    with pytest.raises(StorageError):
        Recorder(tmp_path / "x").write(received(1))
