"""From stated quantities and catalogue defaults to the slots of an intent, checked for sense."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cnc.errors import IntentError
from cnc.intents.amended import amend
from cnc.intents.areas import find_area
from cnc.intents.catalogue import Service
from cnc.intents.circumstances import (
    Found,
    find_energy,
    find_priority,
)
from cnc.intents.crowds import find_users
from cnc.intents.density import Density, find_density
from cnc.intents.hardware import find_hardware
from cnc.intents.identifiers import without_identifiers
from cnc.intents.mentions import Mention
from cnc.intents.numbers import words_to_digits
from cnc.intents.numerals import shown
from cnc.intents.quantities import find_directions, find_measures
from cnc.intents.unread import unread
from cnc.intents.windows import find_time_window
from cnc.messages.intents import Slot

_OR = re.compile(r"\bor\b", re.IGNORECASE)
MOST_USERS = 100_000_000
LATENCY_MS = (0.001, 600_000.0)
RATE_MBPS = (1e-6, 1e7)
MOST_RELIABLE_PCT = 99.9999999999
"""The most below 100 % that slots tell apart from it: twelve digits are kept."""


@dataclass(frozen=True)
class Stated:
    """Everything that a text states beside its service."""

    text: str
    """The text with numbers in digits; spans refer to it."""
    latency_ms: Slot[float] | None
    data_rate_mbps: Slot[float] | None
    data_rate_total_mbps: Slot[float] | None
    reliability_pct: Slot[float] | None
    users: Slot[int] | None
    compute_gc: Slot[float] | None
    priority: Found[int] | None
    area: Found[str] | None
    time_window: Found[str] | None
    energy: Found[Literal["low", "balanced"]] | None
    spans: tuple[tuple[int, int], ...]
    """What the classifier need not see."""
    named: bool = True
    """The users are people or devices by a word for them, not just something in the plural."""
    shared: bool = True
    """A total rate is said to be one; else it is only a rate beside which no users are said."""
    hardware: Found[str] | None = None
    """Computers, as said."""
    directions_mbps: tuple[float, float] | None = None
    """The larger and the smaller rate, where downlink and uplink were said apart."""
    density: Density | None = None
    """What the number of users follows from, where it was said by area."""
    notes: tuple[str, ...] = ()
    """What was read in another way than it stands, or not used, one sentence each."""


def read_stated(text: str) -> Stated:
    """Read every stated slot.

    Raises:
        IntentError: a value is impossible, or two contradict; the message says what to write.
    """
    text, notes = amend(words_to_digits(without_identifiers(text)))
    mentions = find_measures(text)
    taken = [(m.start, m.end) for m in mentions]
    density, hardware = find_density(text), find_hardware(text)
    apart = [*taken, *((f.start, f.end) for f in (density, hardware) if f is not None)]
    users = [
        m
        for m in find_users(text)
        if not any(start < m.end and m.start < end for start, end in apart)
    ]
    if density is not None:
        users = [_by_density(density), *(m for m in users if m.rank > 1)]
    window, priority = find_time_window(text), find_priority(text)
    when = [(f.start, f.end) for f in (window, priority) if f is not None]
    circumstances = (
        priority,
        find_area(text, [*taken, *when]),
        window,
        find_energy(text),
    )
    rates = [m for m in mentions if m.quantity == "rate"]
    both = find_directions(text, rates)
    rates = both or rates
    counted = _users(users)
    whole = (counted is None or counted.value == 1) and not any(m.total or m.each for m in rates)
    rates = [replace(m, total=True) for m in rates] if whole else rates
    spans = [*taken, *((f.start, f.end) for f in circumstances if f is not None)]
    spans += [_number_span(text, m) for m in users]
    _, area, _, energy = circumstances
    if priority is not None and not 1 <= priority.value <= 9:
        raise IntentError(f"priority {priority.value} does not exist; write 1 (most urgent) to 9")
    return Stated(
        text=text,
        latency_ms=_latency([m for m in mentions if m.quantity == "latency"]),
        data_rate_mbps=_rate([m for m in rates if not m.total]),
        data_rate_total_mbps=_rate([m for m in rates if m.total]),
        reliability_pct=_reliability([m for m in mentions if m.quantity == "reliability"]),
        users=counted,
        shared=not whole,
        named=any(m.rank <= 2 for m in users),
        hardware=hardware,
        density=density,
        compute_gc=_work([m for m in mentions if m.quantity == "work"]),
        priority=priority,
        area=area,
        time_window=window,
        energy=energy,
        directions_mbps=(both[0].value, both[-1].value) if both else None,
        spans=tuple(spans),
        notes=(*notes, *_readings(text, [*mentions, *_counted(users)]), *unread(text, spans)),
    )


def states_quantity(text: str) -> bool:
    """Whether a latency, rate, reliability, number of users or amount of work is stated."""
    text = words_to_digits(text)
    return bool(find_measures(text) or find_users(text))


def _readings(text: str, mentions: Sequence[Mention]) -> list[str]:
    """How mentions were read that leave it open, or are written in an unusual way."""
    notes = []
    for mention in mentions:
        said = text[mention.start : mention.end].strip()
        if mention.note:
            notes.append(mention.note)
        if mention.lower is not None and _OR.search(said):
            which = "smaller" if mention.quantity == "reliability" else "larger"
            notes.append(f'"{said}" leaves it open: the {which} counts')
        if mention.quantity == "reliability" and MOST_RELIABLE_PCT < mention.value < 100.0:
            notes.append(
                f'"{said if len(said) <= 40 else said[:37] + "..."}" counts as '
                f"{MOST_RELIABLE_PCT!r} %, the most below 100 that is told apart"
            )
    return notes


def _by_density(density: Density) -> Mention:
    count = density.per_km2 * density.km2
    count = max(1.0, float(round(count))) if math.isfinite(count) else count
    return Mention("users", count, density.start, density.end, rank=0)


def rate_per_user(stated: Stated, service: Service, users: int) -> Slot[float]:
    """The rate of one user: said, or a said total shared by all, or the catalogue's.

    A rate beside which no users are said is of all together where that leaves each of those assumed
    what the service usually takes, else of each.
    """
    figure = service.qos.data_rate_mbps
    if stated.data_rate_mbps is not None:
        return stated.data_rate_mbps
    total = stated.data_rate_total_mbps
    if total is not None and not stated.shared and total.value < users * figure.value:
        return total
    if total is not None:
        return Slot[float](
            value=total.value / users,
            origin="said",
            comparison=total.comparison,
            source=f"{total.value:g} Mbit/s in total over {users} users",
        )
    return Slot[float](value=figure.value, origin="assumed", source=figure.source)


def _number_span(text: str, mention: Mention) -> tuple[int, int]:
    """Only the digits: the nouns ("AR users", "players") help to tell the service."""
    end = mention.start
    while end < mention.end and not text[end].isalpha():
        end += 1
    return mention.start, end


def _latency(mentions: Sequence[Mention]) -> Slot[float] | None:
    if not mentions:
        return None
    for mention in mentions:
        _check(mention.value, LATENCY_MS, "latency", "ms", "10 ms")
    uppers = [m for m in mentions if m.comparison != "at_least"]
    lowers = [m for m in mentions if m.comparison == "at_least"]
    if uppers and lowers:
        least, most = max(m.value for m in lowers), min(m.value for m in uppers)
        if least > most:
            raise IntentError(
                f"the latency is to be at least {least:g} ms and at most {most:g} ms, which "
                'contradict; state one limit, such as "at most 10 ms"'
            )
    said = [m for m in uppers if m.comparison == "at_most"]
    chosen = min(said or uppers or lowers, key=lambda m: m.value)
    return Slot[float](value=_clean(chosen.value), origin="said", comparison=chosen.comparison)


def _rate(mentions: Sequence[Mention]) -> Slot[float] | None:
    if not mentions:
        return None
    for mention in mentions:
        _check(mention.value, RATE_MBPS, "data rate", "Mbit/s", "20 Mbit/s per user")
    _check_bounds(mentions, "data rate", "Mbit/s")
    return Slot[float](
        value=_clean(mentions[0].value), origin="said", comparison=mentions[0].comparison
    )


def _reliability(mentions: Sequence[Mention]) -> Slot[float] | None:
    if not mentions:
        return None
    for mention in mentions:
        if not 0 < mention.value <= 100:
            raise IntentError(
                f"a reliability of {shown(mention.value)} % does not exist; write a value above "
                "0 and up to 100, such as 99.9 %"
            )
    _check_bounds(mentions, "reliability", "%")
    chosen = max(mentions, key=lambda m: m.lower if m.lower is not None else m.value)
    value = chosen.lower if chosen.lower is not None else chosen.value
    value = (
        _clean(value) if value in (100.0, _clean(value)) else min(_clean(value), MOST_RELIABLE_PCT)
    )
    return Slot[float](value=value, origin="said", comparison=chosen.comparison)


def _counted(mentions: Sequence[Mention]) -> list[Mention]:
    """The mention of users that counts, where there is one."""
    return [min(mentions, key=lambda m: m.rank)] if mentions else []


def _users(mentions: Sequence[Mention]) -> Slot[int] | None:
    if not mentions:
        return None
    chosen = _counted(mentions)[0]
    if not 1 <= chosen.value <= MOST_USERS:
        raise IntentError(
            f"{shown(chosen.value)} users cannot be served; state a number from 1 to {MOST_USERS:,}"
        )
    if chosen.value != int(chosen.value):
        raise IntentError(f"{chosen.value:g} is no number of users; write a whole number")
    _check_bounds([m for m in mentions if m.rank == chosen.rank], "number of users", "")
    return Slot[int](value=int(chosen.value), origin="said", comparison=chosen.comparison)


def _work(mentions: Sequence[Mention]) -> Slot[float] | None:
    if not mentions:
        return None
    _check(mentions[0].value, (1e-6, 1e6), "work of a request", "Gc", "0.5 Gc")
    return Slot[float](
        value=_clean(mentions[0].value), origin="said", comparison=mentions[0].comparison
    )


def _check(value: float, limits: tuple[float, float], name: str, unit: str, example: str) -> None:
    if not limits[0] <= value <= limits[1]:
        raise IntentError(
            f"a {name} of {shown(value)} {unit} is not possible; state a value between "
            f'{limits[0]:g} and {shown(limits[1])} {unit}, such as "{example}"'
        )


def _check_bounds(mentions: Sequence[Mention], name: str, unit: str) -> None:
    least = [m.value for m in mentions if m.comparison == "at_least"]
    most = [m.value for m in mentions if m.comparison == "at_most"]
    if least and most and max(least) > min(most):
        raise IntentError(
            f"the {name} is to be at least {max(least):g} {unit} and at most {min(most):g} {unit}, "
            "which contradict; state one of the two"
        )


def _clean(value: float) -> float:
    """Remove the dust of unit conversion: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}")
