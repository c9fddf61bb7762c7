"""Recordings of bus traffic: one JSON object a line, as `cnc tail --json` prints them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

from cnc.bus import codec
from cnc.bus.interface import Received
from cnc.errors import ConfigurationError, MessageError, StorageError

LINE_LIMIT = 16 * 1_048_576
"""Bytes; a longer line is no message of ours."""


def to_line(received: Received) -> bytes:
    """`{"received_at", "topic", "retained", "message"}` in UTF-8, without a line break."""
    return orjson.dumps(
        {
            "received_at": received.received_at,
            "topic": received.topic,
            "retained": received.retained,
            "message": orjson.Fragment(codec.encode(received.envelope)),
        },
        option=orjson.OPT_UTC_Z,
    )


def from_line(line: bytes) -> Received:
    """Read what `to_line` wrote.

    Raises:
        MessageError: it is not such a line, or its message is invalid.
    """
    if len(line) > LINE_LIMIT:
        raise MessageError(f"a line of {len(line)} bytes; the limit is {LINE_LIMIT}")
    try:
        value = orjson.loads(line)
        received_at = datetime.fromisoformat(value["received_at"])
        topic, retained, message = value["topic"], value["retained"], value["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise MessageError(f"not a recorded message: {error!r}") from error
    if not isinstance(topic, str) or not isinstance(retained, bool):
        raise MessageError("not a recorded message: topic or retained has a wrong type")
    return Received(topic, retained, codec.decode(orjson.dumps(message), LINE_LIMIT), received_at)


class Recorder:
    """Writes a recording; a context manager. Every line is flushed, so a crash loses none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.written = 0
        """Messages so far."""

    def __enter__(self) -> Self:
        """Open the file, replacing an older one.

        Raises:
            StorageError: the file cannot be written.
        """
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise StorageError(
                f"the recording {self._path} cannot be written ({error.strerror}); name another "
                "file with --record FILE"
            ) from error
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, received: Received) -> None:
        """Append one message.

        Raises:
            StorageError: the file is not open, or the disk is full.
        """
        if self._file is None:
            raise StorageError(f"the recording {self._path} is not open; use it with `with`")
        try:
            self._file.write(to_line(received) + b"\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(
                f"the recording {self._path} cannot be continued ({error.strerror}); free some "
                "space, then record again"
            ) from error
        self.written += 1


def read_recording(path: Path) -> Iterator[Received]:
    """Every message of a recording, in order; blank lines are skipped.

    Raises:
        StorageError: the file cannot be read.
        ConfigurationError: a line is not a recorded message; the error names it.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    yield from_line(line)
                except MessageError as error:
                    raise ConfigurationError(f"{path}, line {number}: {error}") from error
    except OSError as error:
        raise StorageError(f"the recording {path} cannot be read ({error.strerror})") from error
