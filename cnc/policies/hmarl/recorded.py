"""Files of recorded experience: arrays in safetensors, checked before they are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from cnc.errors import KnowledgeError, StorageError
from cnc.files import write_whole
from cnc.messages.knowledge import KnowledgeEntry
from cnc.policies.hmarl.learning.packing import Arrays


def read_recorded(entry: KnowledgeEntry, folder: Path) -> Arrays:
    """The arrays of the file that an entry refers to; floats of weights in float64.

    Args:
        entry: with a checkpoint or demonstrations.
        folder: `knowledge`, below which the file lies.

    Raises:
        KnowledgeError: it is missing, not what was recorded, or damaged; names the entry.
    """
    reference = entry.effect.reference or ""
    path = (folder / reference).resolve()
    if not reference or not path.is_relative_to(folder.resolve()):
        raise _unusable(entry, f"{reference or 'no file'!r} does not lie below {folder}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(entry, f"{path} cannot be read ({error.strerror or error})") from error
    wanted = entry.manifest.sha256 if entry.manifest is not None else ""
    if wanted and hashlib.sha256(content).hexdigest() != wanted:
        raise _unusable(entry, f"{path} is not the file that was recorded (checksum)")
    try:
        arrays = dict(load(content))
    except (SafetensorError, ValueError) as error:
        raise _unusable(entry, f"{path} is damaged ({error})") from error
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise _unusable(entry, f"{path} holds numbers that are not finite")
    return arrays


def write_recorded(path: Path, arrays: Arrays) -> str:
    """Write arrays, whole or not at all; the SHA-256 of the file.

    Raises:
        StorageError: it cannot be written.
    """
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda part: part.write_bytes(content))
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror or error})") from error
    return hashlib.sha256(content).hexdigest()


def _unusable(entry: KnowledgeEntry, why: str) -> KnowledgeError:
    return KnowledgeError(
        f"knowledge entry {entry.entry_id} cannot be used: {why}; install the package again, or "
        f"remove the entry (cnc knowledge remove {entry.entry_id})"
    )
