"""Intents as documents of public standards: TMF921, TS 28.312, CAMARA QoD and O-RAN A1.

Pure functions between the structured intent and JSON. Each module says which field holds what, and
its source; docs/intents.md says what is lost. May import what `cnc.intents` may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnc.errors import UsageError
from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.standards import (
    a1,
    camara,
    tmf921,
    tmf921_report,
    ts28312,
    ts28312_report,
)
from cnc.intents.standards.described import Described, describe
from cnc.intents.standards.reading import Node, load_document
from cnc.intents.standards.wanted import Wanted
from cnc.messages.intents import Intent

Write = Callable[[Described], dict[str, Any]]


@dataclass(frozen=True)
class Standard:
    """A kind of document that intents are read from and written as."""

    title: str
    matches: Callable[[Node], bool]
    read: Callable[[Node, Catalogue], tuple[Wanted, Service]]
    write: Write


@dataclass(frozen=True)
class Imported:
    """An intent that was read from a document."""

    standard: str
    """Title of the standard."""
    intent: Intent
    text: str
    """The user's words, where the document carries them, else the service's name."""
    notes: tuple[str, ...]
    """What of the document was not used."""


STANDARDS = {
    "tmf921": Standard(tmf921.TITLE, tmf921.matches, tmf921.read, tmf921.write),
    "28.312": Standard(ts28312.TITLE, ts28312.matches, ts28312.read, ts28312.write),
    "a1": Standard(a1.TITLE, a1.matches, a1.read, a1.write),
    "camara": Standard(camara.TITLE, camara.matches, camara.read, camara.write),
}
WRITERS: dict[str, Write] = {
    **{name: standard.write for name, standard in STANDARDS.items()},
    "tmf921-report": tmf921_report.write,
    "28.312-report": ts28312_report.write,
}
"""By the names of `--as`."""


def read_intent(path: Path, catalogue: Catalogue) -> Imported:
    """The intent in a document of any of the standards.

    Raises:
        StorageError: the file cannot be read.
        ConfigurationError: it is no document of a standard, or a value of it is wrong; the message
            names file, path and what is allowed.
    """
    document = load_document(path)
    if tmf921_report.matches(document) or ts28312_report.matches(document):
        raise document.error("an IntentReport tells an outcome and asks nothing; give the Intent")
    for standard in STANDARDS.values():
        if standard.matches(document):
            wanted, service = standard.read(document, catalogue)
            return Imported(
                standard=standard.title,
                intent=wanted.intent(service),
                text=wanted.text or service.name,
                notes=tuple(wanted.notes),
            )
    raise document.error(
        "of none of the standards; known are TMF921 (@type Intent, expression), TS 28.312 "
        "(intentExpectations), O-RAN A1 (scope, qosObjectives) and CAMARA QoD (qosProfile)"
    )


def write_intent(name: str, described: Described) -> dict[str, Any]:
    """The intent as a document of the standard of that name.

    Raises:
        UsageError: no standard has this name.
    """
    if name not in WRITERS:
        raise UsageError(f"no standard {name!r}; there are {', '.join(WRITERS)}")
    return WRITERS[name](described)


__all__ = ["STANDARDS", "WRITERS", "Described", "describe", "read_intent", "write_intent"]
