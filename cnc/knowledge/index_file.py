"""The index as a file: one checksum over everything, and a reason whenever it cannot be used.

Layout: the magic line, the SHA-256 of all that follows, a header in JSON, the vectors of each kind
as FAISS writes them, the entries as JSON. A file is only a cache: whatever is wrong with it, the
store has the truth.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

import orjson

from cnc.errors import StorageError
from cnc.knowledge.index import KINDS, Held, KnowledgeIndex
from cnc.knowledge.vectors import Vectors

MAGIC = b"cnc knowledge index 3\n"
ABANDONED_S = 3600.0
"""A half-written file that is older was left by a process that was killed."""
_DIGEST = hashlib.sha256().digest_size


def write(path: Path, index: KnowledgeIndex) -> None:
    """Write an index; the file appears whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    with index._lock:
        content = _content(index)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        with partial.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"the index {path} cannot be written ({error.strerror or error}); free some space, "
            "change the folder's rights, or name another home with --home DIR"
        ) from error


def read(path: Path, dimension: int, model_id: str) -> KnowledgeIndex | str:
    """The index of a file, or the reason why it must be rebuilt; never raises."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return f"{path} does not exist"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror or error})"
    start = len(MAGIC) + _DIGEST
    if len(content) < start or not content.startswith(MAGIC):
        return f"{path} is cut short or of another version"
    rest = memoryview(content)[start:]
    if hashlib.sha256(rest).digest() != content[len(MAGIC) : start]:
        return f"{path} does not match its checksum: it was cut short or changed"
    try:
        return _parse(bytes(rest), dimension, model_id)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        return f"{path} cannot be understood ({error})"


def _content(index: KnowledgeIndex) -> bytes:
    dumped = [index._vectors[kind].dump() for kind in KINDS]
    header = {
        "dimension": index.dimension,
        "model_id": index.model_id,
        "database": index.database,
        "generation": index._generation,
        "exact_limit": index._exact_limit,
        "next": index._next,
        "skipped": index.skipped,
        "kinds": KINDS,
        "sizes": [len(one) for one in dumped],
    }
    held = [
        (entry_id, one.generation, one.kind, one.body, one.number, one.checksum)
        for entry_id, one in index._held.items()
    ]
    return b"".join((orjson.dumps(header), b"\n", *dumped, orjson.dumps(held)))


def _parse(content: bytes, dimension: int, model_id: str) -> KnowledgeIndex | str:
    at = content.index(b"\n") + 1
    header = orjson.loads(content[:at])
    if header["model_id"] != model_id:
        return f"it holds vectors of {header['model_id']}, not of {model_id}"
    if header["dimension"] != dimension:
        return f"its vectors have {header['dimension']} components, not {dimension}"
    index = KnowledgeIndex(dimension, model_id, header["exact_limit"])
    for kind, size in zip(header["kinds"], header["sizes"], strict=True):
        part = content[at : at + size]
        index._vectors[kind] = Vectors.parse(part, dimension, header["exact_limit"])
        at += size
    index._generation = header["generation"]
    index._next = header["next"]
    index.database = header["database"]
    index.skipped = header["skipped"]
    index._held = {row[0]: Held(*row[1:]) for row in orjson.loads(content[at:])}
    index._names = {
        one.number: entry_id for entry_id, one in index._held.items() if one.number is not None
    }
    stored = sum(map(len, index._vectors.values()))
    if stored != len(index._names):
        return f"it holds {stored} vectors for {len(index._names)} entries"
    return index


def _clear(path: Path) -> None:
    """Remove what a killed process left half-written."""
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > ABANDONED_S:
                partial.unlink()
