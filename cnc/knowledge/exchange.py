"""Entries as JSON Lines, one a line, between systems and their users."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from cnc.errors import KnowledgeError, StorageError
from cnc.files import members_once, write_whole
from cnc.knowledge.entries import dotted, first_problem, oversize, read_text
from cnc.messages.knowledge import KnowledgeEntry

NAMED = 10
"""Wrong lines that a message names; it counts the others."""
VALUE_SHOWN = 40
"""Characters of a wrong value."""


def read_jsonl(path: Path) -> tuple[KnowledgeEntry, ...]:
    """The entries of a JSON Lines file, one a line; blank lines are skipped.

    An entry that stands there twice alike is read once.

    Raises:
        KnowledgeError: lines are no entries, are too large for a message, or have the id of
            another entry of the file; the message names file, line and field of the first
            `NAMED` of them, and says how many more there are.
        StorageError: the file cannot be read.
    """
    found: dict[str, tuple[int, KnowledgeEntry]] = {}
    wrong: list[str] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        read = _entry(line)
        if isinstance(read, str):
            wrong.append(f"{path}:{number}: {read}")
            continue
        before, known = found.setdefault(read.entry_id, (number, read))
        if known != read:
            wrong.append(
                f"{path}:{number}: entry_id: {read.entry_id} is another entry's on line {before}; "
                "give this one another id"
            )
    if wrong:
        raise KnowledgeError(_told(wrong))
    return tuple(entry for _, entry in found.values())


def write_jsonl(path: Path, entries: Iterable[KnowledgeEntry]) -> None:
    """Write entries as JSON Lines; the file appears whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(entry.model_dump_json() + "\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())

    try:
        write_whole(path, write)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}); name another file"
        ) from error


def _entry(line: str) -> KnowledgeEntry | str:
    """The entry of a line, or what is wrong with it."""
    try:
        read = json.loads(line, object_pairs_hook=members_once)
        if not isinstance(read, dict):
            return "not an entry: a line is one JSON object with entry_id, title and text"
        entry = KnowledgeEntry.model_validate(read)
    except ValidationError as error:
        where, problem = first_problem(error)
        return f"{dotted(where)}: {problem}{_value(error)}"
    except ValueError as error:
        return f"not JSON ({str(error)[: VALUE_SHOWN * 2]}); correct it"
    except RecursionError:
        return "not an entry: it is nested too deeply"
    return oversize(entry) or entry


def _value(error: ValidationError) -> str:
    """The wrong value, where it is a short one."""
    value = error.errors(include_url=False)[0]["input"]
    if isinstance(value, str | int | float) and len(repr(value)) <= VALUE_SHOWN:
        return f" (it is {value!r})"
    return ""


def _told(wrong: list[str]) -> str:
    if len(wrong) == 1:
        return wrong[0]
    more = len(wrong) - NAMED
    return "\n".join(
        [f"{len(wrong)} lines are wrong, nothing was taken from the file:", *wrong[:NAMED]]
        + ([f"and {more} more"] if more > 0 else [])
    )
