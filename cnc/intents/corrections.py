"""What users said was meant: a text, and the service that it is to be understood as.

Kept as one JSON file in the home folder, read again whenever it has changed, so that a correction
counts at once for every process of that home.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from cnc.errors import NotFoundError, StorageError
from cnc.files import write_whole
from cnc.messages.intents import Correction

logger = logging.getLogger(__name__)
NEAR = 0.85
"""Cosine of masked texts from which they count as nearly the same. In the held-out sentences no two
of different services are that near."""
MOST = 1_000
"""Corrections kept; the oldest go first."""
LOCK_S = 5.0
_ROWS = TypeAdapter(tuple[Correction, ...])


class CorrectionFile:
    """The corrections of a home folder; without a folder there are none."""

    def __init__(self, home: Path | None) -> None:
        self._path = None if home is None else home / "corrections.json"
        self._read: tuple[tuple[int, int], tuple[Correction, ...]] | None = None

    def entries(self) -> tuple[Correction, ...]:
        """All corrections, the oldest first.

        Raises:
            StorageError: the file cannot be read, or holds something else; it is left as it is.
        """
        if self._path is None:
            return ()
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if self._read is None or self._read[0] != stamp:
                self._read = (stamp, _ROWS.validate_json(self._path.read_bytes())[-MOST:])
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            reason = "it holds no corrections" if isinstance(error, ValidationError) else error
            raise StorageError(
                f"{self._path} cannot be read ({reason}); move it away, and correct again"
            ) from error
        return self._read[1]

    def add(self, text: str, service: str, at: str) -> Correction:
        """Keep a correction; the same text again replaces the earlier one.

        Args:
            text: as the user said it.
            service: catalogue id, which the caller has checked.
            at: when, RFC 3339.

        Raises:
            StorageError: the file cannot be read or written.
        """
        digest = hashlib.sha256(_same(text).encode()).hexdigest()[:8]
        new = Correction(
            correction_id=f"correction-{digest}",
            text=" ".join(text.split()),
            service=service,
            at=at,
        )

        def change(rows: Sequence[Correction]) -> list[Correction]:
            return [*(row for row in rows if row.correction_id != new.correction_id), new][-MOST:]

        self._change(change)
        return new

    def remove(self, correction_id: str) -> Correction:
        """Forget a correction.

        Raises:
            NotFoundError: there is none of this id.
            StorageError: the file cannot be read or written.
        """
        gone = [row for row in self.entries() if row.correction_id == correction_id]
        if not gone:
            raise NotFoundError(
                f"no correction {correction_id!r}; `cnc intent corrections` lists them"
            )
        self._change(lambda rows: [row for row in rows if row.correction_id != correction_id])
        return gone[0]

    def _change(self, change: Callable[[Sequence[Correction]], list[Correction]]) -> None:
        path = self._path
        if path is None:
            raise StorageError("corrections need a home folder: name one with --home DIR")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):
                rows = [row.model_dump() for row in change(self.entries())]
                text = json.dumps(rows, ensure_ascii=False, indent=1)
                write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
        except Timeout as error:
            raise StorageError(f"{path} is in use by another command; try again") from error
        except OSError as error:
            raise StorageError(
                f"{path} cannot be written ({error.strerror or error}); free some space, or name "
                "another home with --home DIR"
            ) from error


class Corrected:
    """Looks texts up among the corrections."""

    def __init__(
        self,
        file: CorrectionFile,
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
        names: Callable[[str], frozenset[int]],
        encode_kept: Callable[[Sequence[str]], NDArray[np.float32]] | None = None,
    ) -> None:
        """Use this file.

        Args:
            file: of the home folder.
            encode: [text, d] unit vectors of masked texts.
            names: services that a masked text names literally: texts that name different ones are
                not nearly the same, however near their vectors.
            encode_kept: the same vectors, kept on disk for the texts of corrections: a thousand of
                them take many seconds to compute, at the first text of every process.
        """
        self._file, self._encode, self._names = file, encode, names
        self._encode_kept = encode_kept or encode
        self._known: tuple[tuple[Correction, ...], NDArray[np.float32]] | None = None

    def find(self, text: str, masked: Callable[[str], str]) -> tuple[Correction, float] | None:
        """The correction of a text, or of the nearest one, with how near it is.

        Args:
            text: as the user says it.
            masked: makes a text ready for the model.
        """
        try:
            rows = self._file.entries()
        except StorageError as error:
            logger.warning("corrections are not used: %s", error)
            return None
        if not rows:
            return None
        same = next((row for row in reversed(rows) if _same(row.text) == _same(text)), None)
        if same is not None:
            return same, 1.0
        if self._known is None or self._known[0] is not rows:
            texts = [masked(row.text) or "service" for row in rows]
            self._known = (rows, self._encode_kept(texts))
        own = masked(text)
        if not own:
            return None
        near = self._known[1] @ self._encode([own])[0]
        at = int(np.argmax(near))
        if near[at] < NEAR or self._names(own) != self._names(masked(rows[at].text)):
            return None
        return rows[at], min(1.0, float(near[at]))


def _same(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!?")
