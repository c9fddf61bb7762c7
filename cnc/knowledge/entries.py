"""Knowledge entries in files: the expert rules that ship, and JSON lines to exchange."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cnc.errors import KnowledgeError, StorageError
from cnc.messages.knowledge import KnowledgeEntry
from cnc.settings import data_root


def embedding_text(entry: KnowledgeEntry) -> str:
    """What of an entry is embedded."""
    services = ", ".join(service.replace("-", " ") for service in entry.applies_to.services)
    return f"{entry.title}. {entry.text}" + (f" ({services})" if services else "")


def load_seed_entries(folder: Path | None = None) -> tuple[KnowledgeEntry, ...]:
    """The expert entries of `knowledge/expert/*.yaml`, in order of file and place.

    Raises:
        KnowledgeError: a file is wrong, or an id stands twice; names file, entry and field.
    """
    folder = folder or data_root() / "knowledge" / "expert"
    entries: dict[str, KnowledgeEntry] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise KnowledgeError(f"{path} cannot be read: {error}") from error
        if not isinstance(rows, list):
            raise KnowledgeError(f"{path} must hold a list of entries")
        for number, row in enumerate(rows, start=1):
            entry = _validated(row, f"{path}, entry {number}")
            if entry.entry_id in entries:
                raise KnowledgeError(f"{path}, entry {number}: id {entry.entry_id} stands twice")
            entries[entry.entry_id] = entry
    return tuple(entries.values())


def read_jsonl(path: Path) -> tuple[KnowledgeEntry, ...]:
    """Entries of a file of JSON lines.

    Raises:
        StorageError: the file cannot be read.
        KnowledgeError: a line is wrong; names line and field.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    entries = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise KnowledgeError(f"{place} is not JSON: {error}") from error
        entries.append(_validated(row, place))
    return tuple(entries)


def write_jsonl(path: Path, entries: Iterable[KnowledgeEntry]) -> int:
    """Write entries as JSON lines; returns how many.

    Raises:
        StorageError: the file cannot be written.
    """
    lines = [entry.model_dump_json() for entry in entries]
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error}") from error
    return len(lines)


def _validated(row: Any, place: str) -> KnowledgeEntry:
    try:
        return KnowledgeEntry.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "entry"
        raise KnowledgeError(f"{place}, field {field}: {first['msg']}") from error
