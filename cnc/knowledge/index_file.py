"""The index as a file: one checksum over everything, and a reason whenever it cannot be used.

Layout: the magic line, the SHA-256 of all that follows, a header in JSON, the FAISS index, the
entries as JSON. A file is only a cache: whatever is wrong with it, the store has the truth.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path

import faiss
import numpy as np
from pydantic import TypeAdapter, ValidationError

from cnc.errors import StorageError
from cnc.knowledge.index import Held, KnowledgeIndex

MAGIC = b"cnc knowledge index 1\n"
_DIGEST = hashlib.sha256().digest_size
_HELD = TypeAdapter(dict[str, Held])

logger = logging.getLogger("cnc.knowledge.index")


def write(path: Path, index: KnowledgeIndex) -> None:
    """Write an index whose lock the caller holds; the file appears whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    blob = faiss.serialize_index(index._faiss).tobytes()
    header = {
        "dimension": index.dimension,
        "model_id": index.model_id,
        "generation": index._generation,
        "exact": index._exact,
        "exact_limit": index._exact_limit,
        "next": index._next,
        "skipped": index.skipped,
        "faiss_bytes": len(blob),
    }
    content = json.dumps(header).encode() + b"\n" + blob + _HELD.dump_json(index._held)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(MAGIC + hashlib.sha256(content).digest())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"the index {path} cannot be written ({error.strerror or error}); free some space, "
            "change the folder's rights, or name another home with --home DIR"
        ) from error


def load(
    path: Path, dimension: int, model_id: str, newest: int | None = None
) -> KnowledgeIndex | None:
    """As `read`, with the reason in the log."""
    found = read(path, dimension, model_id, newest)
    if isinstance(found, KnowledgeIndex):
        return found
    logger.info("rebuilds the knowledge index: %s", found)
    return None


def read(
    path: Path, dimension: int, model_id: str, newest: int | None = None
) -> KnowledgeIndex | str:
    """The index of a file, or the reason why it must be rebuilt; never raises.

    `newest` is the generation of the store that it is derived from, where that is known.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return f"{path} does not exist"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror or error})"
    start = len(MAGIC) + _DIGEST
    if len(content) < start or not content.startswith(MAGIC):
        return f"{path} is cut short or of another version"
    if hashlib.sha256(memoryview(content)[start:]).digest() != content[len(MAGIC) : start]:
        return f"{path} does not match its checksum"
    try:
        found = _parse(content[start:], dimension, model_id)
    except (KeyError, TypeError, ValueError, RuntimeError, ValidationError) as error:
        return f"{path} cannot be understood ({error})"
    if isinstance(found, KnowledgeIndex) and newest is not None and found.generation > newest:
        return (
            f"{path} holds generation {found.generation} and the database only {newest}: that was "
            "replaced or restored"
        )
    return found


def _parse(content: bytes, dimension: int, model_id: str) -> KnowledgeIndex | str:
    head, _, rest = content.partition(b"\n")
    header = json.loads(head)
    if header["model_id"] != model_id:
        return f"it holds vectors of {header['model_id']}, not of {model_id}"
    if header["dimension"] != dimension:
        return f"its vectors have {header['dimension']} components, not {dimension}"
    size = header["faiss_bytes"]
    index = KnowledgeIndex(dimension, model_id, header["exact_limit"])
    index._faiss = faiss.deserialize_index(np.frombuffer(rest[:size], dtype=np.uint8))
    index._exact = header["exact"]
    index._generation = header["generation"]
    index._next = header["next"]
    index.skipped = header["skipped"]
    index._held = _HELD.validate_json(rest[size:])
    index._names = {
        one.number: entry_id for entry_id, one in index._held.items() if one.number is not None
    }
    if index._faiss.ntotal != len(index._names):
        return f"it holds {index._faiss.ntotal} vectors for {len(index._names)} entries"
    return index
