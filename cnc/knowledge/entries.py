"""The entries that ship, as people write them: YAML files; `exchange` has JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cnc.errors import KnowledgeError, StorageError
from cnc.messages.knowledge import KnowledgeEntry
from cnc.settings import data_root

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ENTRY_BYTES = 100_000
"""Of one entry as JSON. The longest text takes 60 000, and a page of entries fits a message."""
LONGEST_NAME = 60
"""Characters of a field's name that a message shows."""
FOLDERS = ("expert", "recorded")
"""Below the data folder `knowledge`."""


def embedding_text(entry: KnowledgeEntry) -> str:
    """The text whose embedding stands for the entry."""
    services = ", ".join(service.replace("-", " ") for service in entry.applies_to.services)
    head = f"{entry.title} ({services})" if services else entry.title
    return f"{head}. {entry.text}"


def oversize(entry: KnowledgeEntry) -> str:
    """Why an entry is too large to travel in messages, and what to do; empty where it is not."""
    size = len(entry.model_dump_json().encode())
    if size <= ENTRY_BYTES:
        return ""
    longest = max(
        entry.model_dump(exclude_defaults=True).items(), key=lambda field: len(str(field[1]))
    )[0]
    return (
        f"the entry has {size} bytes as JSON and may have {ENTRY_BYTES}: shorten its {longest}, "
        "or make several entries of it"
    )


def load_seed_entries(folder: Path | None = None) -> tuple[KnowledgeEntry, ...]:
    """The entries that ship, in the order of files and lines: rules, then what was recorded.

    Each file is a mapping with `created` (RFC 3339, for all its entries) and `entries`.

    Raises:
        KnowledgeError: a file is not such a mapping, an entry is invalid, or an id occurs twice;
            the message names file, line and field.
        StorageError: the folder or a file cannot be read.
    """
    root = data_root() / "knowledge"
    folders = [folder] if folder is not None else [root / name for name in FOLDERS]
    files = []
    for chosen in folders:
        found_here = sorted(chosen.glob("*.yaml"))
        if not found_here:
            raise StorageError(f"{chosen} has no *.yaml files; install the package again")
        files += found_here
    found: dict[str, tuple[KnowledgeEntry, Path]] = {}
    for file in files:
        for position, entry in enumerate(_load_file(file)):
            if entry.entry_id in found:
                where = found[entry.entry_id][1].name
                line = _line(file, ("entries", position, "entry_id"))
                raise KnowledgeError(
                    f"{file}:{line}: entry_id: {entry.entry_id} is taken already (in {where}); "
                    "give this entry another id"
                )
            found[entry.entry_id] = (entry, file)
    return tuple(entry for entry, _ in found.values())


def _load_file(file: Path) -> list[KnowledgeEntry]:
    try:
        content = yaml.load(read_text(file), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or str(error)
        raise KnowledgeError(f"{file}:{line}: not YAML ({problem}); correct this line") from error
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise KnowledgeError(f"{file}:1: entries: a list is missing; see knowledge/README.md")
    unknown = set(content) - {"created", "entries"}
    if unknown:
        field = min(map(str, unknown))
        raise KnowledgeError(f"{file}:{_line(file, (field,))}: {field}: unknown field; remove it")
    created = str(content.get("created", ""))
    entries = []
    for position, raw in enumerate(content["entries"]):
        try:
            filled = {"created": created, **raw} if isinstance(raw, dict) else raw
            entries.append(KnowledgeEntry.model_validate(filled))
        except ValidationError as error:
            path, problem = first_problem(error)
            line = _line(file, ("entries", position, *path))
            raise KnowledgeError(f"{file}:{line}: {dotted(path)}: {problem}") from error
    return entries


def read_text(path: Path) -> str:
    """The content of a UTF-8 file.

    Raises:
        KnowledgeError: it is not UTF-8.
        StorageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror or error}); check its name and rights"
        ) from error
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{path}: not UTF-8 ({error.reason}); convert the file") from error


def first_problem(error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """The path of the first field that is wrong, and what is."""
    problem = error.errors(include_url=False)[0]
    return tuple(problem["loc"]), str(problem["msg"])


def dotted(path: tuple[str | int, ...]) -> str:
    """The path of a field as messages name it."""
    return ".".join(str(part)[:LONGEST_NAME] for part in path) or "entry"


def _line(file: Path, path: tuple[str | int, ...]) -> int:
    """The line of a YAML field, or of the innermost part of its path that exists."""
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == part]
            if not pairs:
                break
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
