"""Documents of public standards at the command line: read for `--from`, written for `--as`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cnc.cli.output import console, emit, notice
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.intents.standards import Imported
    from cnc.messages.intents import IntentEvent


def imported(path: Path) -> Imported:
    """The intent in a document; says of which standard it is, and what is not used.

    Raises:
        StorageError: the file cannot be read.
        ConfigurationError: it is no document of a standard, or a value of it is wrong.
    """
    from cnc.intents.catalogue import load_catalogue
    from cnc.intents.standards import read_intent

    found = read_intent(path, load_catalogue())
    notice(f"{path} is read as {found.standard}: {found.intent.service_name}")
    for note in found.notes:
        notice(f"{path}: {note}")
    return found


def check_standard(name: str) -> None:
    """Refuse an unknown name before anything is asked of a running system.

    Raises:
        UsageError: no standard has this name.
    """
    from cnc.intents.standards import WRITERS

    if name not in WRITERS:
        raise UsageError(f"no standard {name!r}; there are {', '.join(WRITERS)}")


def show_as(name: str, events: Sequence[IntentEvent], as_json: bool) -> None:
    """Print an intent as a document: on one line for scripts, indented for people.

    Raises:
        NotFoundError: the intent was not understood, so that there is nothing to write.
        UsageError: it asks for several services; each is a document of its own.
    """
    parts = next((event.parts for event in events if event.parts), ())
    if parts:
        names = ", ".join(part.intent_id or "" for part in parts)
        raise UsageError(f"it asks for {len(parts)} services; name one of them: {names}")
    from cnc.intents.standards import describe, write_intent

    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = write_intent(name, describe(events, now))
    if as_json:
        emit(document)
    else:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
        console().file.write(f"{text}\n")
