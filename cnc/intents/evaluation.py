"""The held-out sets of `intents/evaluation/` and how an answer is compared with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnc.errors import ConfigurationError
from cnc.intents.examples import read_sentences
from cnc.intents.slots import Stated
from cnc.messages.intents import Recognition, Slot
from cnc.settings import data_root

_SLOT = re.compile(r"(?P<name>[a-z]+)(?P<sign>[<>~=])(?P<value>\S+)")
_COMPARISONS = {"<": "at_most", ">": "at_least", "~": "about"}
NUMBERS = ("latency", "rate", "total", "users", "rel", "prio", "area", "energy")
"""Slots of the first sets."""
EVERYTHING = (*NUMBERS, "place", "when")
"""Places by name and time windows besides."""
_DOMAIN = re.compile(r"(?:ran|terminal)-\d+(?:,\s*(?:ran|terminal)-\d+)*|transport")
_ARTICLES = ("the", "a", "an", "our", "your")


@dataclass(frozen=True)
class Labelled:
    """A held-out sentence with what it should become."""

    label: str
    text: str


def held_out(name: str, folder: Path | None = None) -> list[Labelled]:
    """One set of held-out sentences; those without a bar are labelled with the set's name.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    folder = folder or data_root() / "intents" / "evaluation"
    rows = []
    for line in read_sentences(folder / f"{name}.txt"):
        label, bar, text = (part.strip() for part in line.partition(" | "))
        rows.append(Labelled(label, text) if bar else Labelled(name, line))
    return rows


def answer_of(found: Recognition) -> str:
    """The service that was understood or is offered first, else the reason of the refusal."""
    if found.intent is not None:
        return found.intent.service
    return found.choices[0].service if found.choices else str(found.reason)


@dataclass(frozen=True)
class SlotComparison:
    """How the slots read from a text differ from those expected."""

    right: int
    wrong: int
    """Read, but not expected or with another value."""
    missed: int
    """Expected, but not read or with another value."""
    problems: tuple[str, ...]


def compare_slots(
    expected: str, stated: Stated | None, names: Sequence[str] = NUMBERS
) -> SlotComparison:
    """Compare slots with those expected; None for a text whose numbers cannot be meant.

    Args:
        expected: slots, as in `intents/evaluation/slots.txt`.
        stated: what was read.
        names: slots to compare.

    With "~" a place may have fewer or more words. A rate beside which no
    users are said, or one, is the same as a total.

    Raises:
        ConfigurationError: the expectation is not understood.
    """
    wanted = {}
    for part in expected.removeprefix("-").split():
        match = _SLOT.fullmatch(part)
        if match is None or match["name"] not in names:
            raise ConfigurationError(f"{part!r} must be a slot's name, one of < > ~ =, a value")
        wanted[match["name"]] = (match["sign"], match["value"])
    nothing: dict[str, tuple[float | str | None, str | None]] = dict.fromkeys(names, (None, None))
    found = _values(stated) if stated is not None else nothing
    if stated is not None and not stated.shared and "rate" in wanted:
        found["rate"], found["total"] = found["total"], (None, None)
    right = wrong = missed = 0
    problems = []
    for name in names:
        value, comparison = found[name]
        sign, text = wanted.get(name, ("=", None))
        if value is None and text is None:
            continue
        if sign == "~" and isinstance(value, str) and text is not None:
            same = f"-{text}-" in f"-{value}-" or f"-{value}-" in f"-{text}-"
        else:
            same = _equal(value, text)
        if not same:
            problems.append(f"{name} is {value}, not {text}")
        elif (
            not isinstance(value, str) and sign in _COMPARISONS and comparison != _COMPARISONS[sign]
        ):
            problems.append(f"{name} is {comparison}, not {_COMPARISONS[sign]}")
        else:
            right += 1
            continue
        wrong += value is not None
        missed += text is not None
    return SlotComparison(right, wrong, missed, tuple(problems))


def wrong_slots(expected: str, stated: Stated) -> list[str]:
    """Differences between the expected slots and those read, empty if all are exact.

    Raises:
        ConfigurationError: the expectation is not understood.
    """
    return list(compare_slots(expected, stated).problems)


def _values(stated: Stated) -> dict[str, tuple[float | str | None, str | None]]:
    def of(slot: Slot[float] | Slot[int] | None) -> tuple[float | None, str | None]:
        return (None, None) if slot is None else (float(slot.value), slot.comparison)

    area = stated.area.value if stated.area is not None else None
    domain = area if area and _DOMAIN.fullmatch(area) else None
    place = _words(area) if area and not domain else None
    return {
        "latency": of(stated.latency_ms),
        "rate": of(stated.data_rate_mbps),
        "total": of(stated.data_rate_total_mbps),
        "users": of(stated.users),
        "rel": of(stated.reliability_pct),
        "prio": (float(stated.priority.value) if stated.priority else None, None),
        "area": (domain, None),
        "place": (place, None),
        "when": ("said" if stated.time_window is not None else None, None),
        "energy": (stated.energy.value if stated.energy else None, None),
    }


def _words(place: str) -> str:
    """A place's name as one word of an expectation."""
    return "-".join(word for word in re.findall(r"\w+", place.lower()) if word not in _ARTICLES)


def _equal(value: float | str | None, text: str | None) -> bool:
    if value is None or text is None:
        return value is None and text is None
    if isinstance(value, str):
        return value == text
    return abs(value - float(text)) <= 1e-9 * max(1.0, abs(value))
