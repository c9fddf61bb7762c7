"""The last requests of a home: their words, to correct them, and their lives, to explain them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnc.cli.output import notice
from cnc.errors import NotFoundError, StorageError
from cnc.files import write_whole

if TYPE_CHECKING:
    from cnc.messages.intents import IntentEvent

RECENT = "recent-intents.json"
LIVES = "recent-intents"
"""Folder with one file for each of them: its events."""
LAST = "last"
"""Names the last request instead of its id."""
NONE = "no request of this home is remembered; name an intent of `cnc intent list`"
LOCK_S = 2.0
"""Another command of this home writes for milliseconds."""
MOST = 50
"""Requests that are remembered."""


def remember(home: Path, event: IntentEvent, text: str, events: Sequence[IntentEvent] = ()) -> None:
    """Keep a request, so that it can be corrected and explained by its id or as the last one.

    Args:
        home: the home folder.
        event: the last one of the request.
        text: its words; a request without any is explained, but cannot be corrected.
        events: all of them, those of its parts too.
    """
    from filelock import FileLock

    from cnc.settings import ensure_home

    try:
        path = ensure_home(home) / RECENT
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):  # its Timeout is an OSError
            rows = [row for row in recent(home) if row["intent_id"] != event.intent_id]
            rows.append({"intent_id": event.intent_id, "text": text})
            kept = json.dumps(rows[-MOST:], ensure_ascii=False)
            write_whole(path, lambda part: part.write_text(kept, encoding="utf-8"))
            if events:
                _keep_life(home, event.intent_id, events)
            for row in rows[:-MOST]:
                _life_of(home, row["intent_id"]).unlink(missing_ok=True)
    except (OSError, StorageError) as error:
        notice(f"`--correct last` will not know this request: {error}")


def recent(home: Path) -> list[dict[str, str]]:
    """Remembered requests, the oldest first; none where the file is damaged."""
    try:
        rows = json.loads((home / RECENT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    good = isinstance(rows, list) and all(
        isinstance(row, dict) and all(isinstance(row.get(n), str) for n in ("intent_id", "text"))
        for row in rows
    )
    return rows if good else []


def last_id(home: Path) -> str:
    """The id of the last request.

    Raises:
        NotFoundError: none is remembered.
    """
    rows = recent(home)
    if not rows:
        raise NotFoundError(NONE)
    return rows[-1]["intent_id"]


def life(home: Path, intent_id: str) -> tuple[IntentEvent, ...]:
    """The events of a remembered request or of one of its parts; none where it is not known."""
    from pydantic import ValidationError

    from cnc.messages.intents import IntentHistory

    whole = intent_id.partition(".")[0]
    if whole not in {row["intent_id"] for row in recent(home)}:
        return ()
    with contextlib.suppress(OSError, ValidationError):
        kept = IntentHistory.model_validate_json(_life_of(home, whole).read_bytes())
        return tuple(event for event in kept.events if event.intent_id == intent_id)
    return ()


def _keep_life(home: Path, intent_id: str, events: Sequence[IntentEvent]) -> None:
    from cnc.messages.intents import IntentHistory

    path = _life_of(home, intent_id)
    path.parent.mkdir(exist_ok=True)
    told = tuple(event for event in events if event.event != "measured")
    kept = IntentHistory(events=told).model_dump_json()
    write_whole(path, lambda part: part.write_text(kept, encoding="utf-8"))


def _life_of(home: Path, intent_id: str) -> Path:
    return home / LIVES / f"{intent_id}.json"
