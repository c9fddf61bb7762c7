"""Traces of requests as CSV: what a scenario says under `traffic`.

A row is a request (or `count` of them) with a time and a service or a size. Times are ISO 8601,
seconds since 1970 (also ms, µs, ns), or seconds from any beginning.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from cnc.environment.topologies.files import Table, number, read_table
from cnc.environment.topologies.section import FieldError
from cnc.errors import ConfigurationError
from cnc.simulator.inputs import RequestTrace, packed
from cnc.simulator.world import Floats, Integers

TIME = (
    *("timestamp", "time", "datetime", "date", "ts", "start_time", "starttime", "arrival"),
    *("arrival_time", "invocation_time", "t"),
)
SERVICE = ("service", "service_id", "app", "application", "function", "func", "class", "type")
SIZE = ("size", "bytes", "size_bytes", "size_mbit", "payload", "request_size", "content_length")
COUNT = ("count", "requests", "invocations", "n")
MOST_CELLS_OF_TABLE = 50_000_000
"""Slots x services."""
CLASSES = 3
UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From this size on, a time is in ns, µs, ms."""


class TrafficSection(BaseModel):
    """The section's fields; docs/how-to/own-scenario.md explains them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: Literal["csv"]
    file: str
    """Relative to the scenario file."""
    slot_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of the trace in one slot; the scenario's slot by default."""
    by: Literal["index", "rank", "size"] | None = None
    """How rows tell the service; what the file allows by default."""
    services: dict[str, int] | None = None
    """Numbers of the scenario's services, by names in the file."""
    size_limits: tuple[float, float] | None = Field(default=None, strict=False)
    """Sizes up to which a request is interactive, and analytic; else thirds of the requests."""
    repeat: bool = False
    """Begin anew after the last slot; else a longer run is refused."""


def read_requests(section: TrafficSection, slot_s: float, services: int) -> RequestTrace:
    """The trace, counted in slots.

    Args:
        section: the scenario's section; its file name is absolute.
        slot_s: of the scenario, where the section does not say.
        services: of the scenario.

    Raises:
        FieldError: a field that does not go with the file.
        ConfigurationError: the file is wrong; names line and column.
    """
    path = Path(section.file)
    table = read_table(path)
    times = _times(table, table.wanted("time", TIME))
    counts = _counts(table)
    service_at, size_at = table.column(SERVICE), table.column(SIZE)
    by = section.by
    if by is None and service_at is None:
        if size_at is None:
            raise ConfigurationError(
                f"{path}, line 1: no column with the service ({', '.join(SERVICE)}) or the size "
                f"({', '.join(SIZE)}); there are {', '.join(table.header)}"
            )
        by = "size"
    if by == "size":
        if services < CLASSES:
            raise FieldError("by", f"sizes tell {CLASSES} classes; {services} services have fewer")
        key = _size_classes(table, table.wanted("size", SIZE), section.size_limits)
        width = CLASSES
    else:
        key = _service_numbers(table, table.wanted("service", SERVICE), section, by, services)
        width = services
    length = slot_s if section.slot_s is None else section.slot_s
    slot = np.floor((times - times.min()) / length + 1e-9)
    slots = int(slot.max()) + 1
    if slots * width > MOST_CELLS_OF_TABLE:
        last = table.rows[int(times.argmax())][0]
        raise ConfigurationError(
            f"{path}, line {last}: the trace is {times.max() - times.min():.0f} s long, which is "
            f"{slots} slots of {length:g} s; more than {MOST_CELLS_OF_TABLE // width} do not go. "
            "Give a longer slot_s, or check the time in this line"
        )
    flat = np.bincount(slot.astype(np.int64) * width + key, weights=counts, minlength=slots * width)
    if not flat.any():
        raise ConfigurationError(f"{path}: there is no request in it")
    return RequestTrace(
        label=str(path),
        columns="class" if by == "size" else "service",
        slots=slots,
        width=width,
        packed=packed(np.rint(flat).astype(np.int64).reshape(slots, width)),
        repeat=section.repeat,
    )


def _times(table: Table, at: int) -> Floats:
    """[rows] seconds."""
    found = []
    for line, text in table.cells(at):
        value = number(text)
        if value is None:
            value = _iso(text)
        if value is None:
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: {text[:40]!r} is no time; "
                "ISO 8601 (2024-05-01T12:00:00Z), seconds, or ms since 1970 are"
            )
        found.append(value)
    times = np.array(found)
    for least, per_second in UNITS:
        if np.median(np.abs(times)) >= least:
            return np.asarray(times / per_second)
    return times


def _iso(text: str) -> float | None:
    try:
        plain = text.strip().removesuffix("UTC").strip().replace("/", "-")
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return moment.timestamp()


def _counts(table: Table) -> Floats:
    """[rows] requests of each row."""
    at = table.column(COUNT)
    if at is None:
        return np.ones(len(table.rows))
    found = []
    for line, text in table.cells(at):
        value = number(text) if text else 0.0
        if value is None or value < 0 or value != math.floor(value):
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: {text[:40]!r} is no whole "
                "number of requests"
            )
        found.append(value)
    return np.array(found)


def _service_numbers(
    table: Table,
    at: int,
    section: TrafficSection,
    by: Literal["index", "rank"] | str | None,
    services: int,
) -> Integers:
    """[rows] services by given names, by number, or by how often they are asked for."""
    cells = list(table.cells(at))
    for line, text in cells:
        if not text:
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: no service"
            )
    if section.services is not None:
        return _named(table, at, cells, section.services, services)
    numbers = [number(text) for _, text in cells]
    fits = [n is not None and n == math.floor(n) and 0 <= n < services for n in numbers]
    if by == "index" and not all(fits):
        line, text = cells[fits.index(False)]
        raise ConfigurationError(
            f"{table.path}, line {line}, column {table.header[at]}: {text[:40]!r} is none of the "
            f"scenario's services; they are numbered 0 to {services - 1}"
        )
    if by != "rank" and all(fits):
        return np.array([int(n or 0) for n in numbers], dtype=np.int64)
    often = Counter(text for _, text in cells)
    order = sorted(often, key=lambda name: (-often[name], name))
    rank = {name: place % services for place, name in enumerate(order)}
    return np.array([rank[text] for _, text in cells], dtype=np.int64)


def _named(
    table: Table, at: int, cells: list[tuple[int, str]], given: dict[str, int], services: int
) -> Integers:
    for name, value in given.items():
        if not 0 <= value < services:
            raise FieldError("services", f"{name} is number {value}; there are 0 to {services - 1}")
    for line, text in cells:
        if text not in given:
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: the service {text[:40]!r} "
                f"is not in traffic.services, which has {', '.join(list(given)[:10])}"
            )
    return np.array([given[text] for _, text in cells], dtype=np.int64)


def _size_classes(table: Table, at: int, limits: tuple[float, float] | None) -> Integers:
    """[rows] 0 interactive, 1 analytic, 2 heavy: the larger the request, the heavier."""
    found = []
    for line, text in table.cells(at):
        value = number(text)
        if value is None or value < 0:
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: {text[:40]!r} is no size; "
                "a number of at least 0 is wanted"
            )
        found.append(value)
    sizes = np.array(found)
    if limits is None:
        limits = (float(np.quantile(sizes, 1 / 3)), float(np.quantile(sizes, 2 / 3)))
    elif not limits[0] <= limits[1]:
        raise FieldError("size_limits", f"rise from the first to the second, not {limits}")
    return np.asarray(np.searchsorted(np.array(limits), sizes, side="left"), dtype=np.int64)
