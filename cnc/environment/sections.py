"""The sections of a scenario that are no parameters: `topology`, `traffic`, `areas`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cnc.errors import ConfigurationError
from cnc.simulator.parameters import ScenarioParameters

if TYPE_CHECKING:
    from cnc.environment.topologies.placing import PlacedTopology

logger = logging.getLogger(__name__)
SECTIONS = ("topology", "traffic")
AREAS = "areas"
FILES = ("file", "stations")
SectionT = TypeVar("SectionT", bound=BaseModel)
Where = Callable[[tuple[Any, ...]], str]
"""File, line and field of a place in the scenario, for messages."""


def resolved(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A scenario's values with file names that are relative to the file that says them."""
    found = dict(values)
    for section in SECTIONS:
        inner = found.get(section)
        if isinstance(inner, dict):
            found[section] = {
                key: str(folder / value) if key in FILES and isinstance(value, str) else value
                for key, value in inner.items()
            }
    return found


def joined(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Values of a base that a file with these values still takes over.

    Another source replaces a section as a whole, a trace brings its own load, and the areas of a
    base are those of its cells.
    """
    found = dict(below)
    if above.keys() & {AREAS, "topology", "cells"}:
        found.pop(AREAS, None)
    for section in SECTIONS:
        inner = above.get(section)
        if isinstance(inner, dict) and "source" in inner:
            found.pop(section, None)
    if isinstance(above.get("traffic"), dict):
        found.pop("load", None)
    return found


def taken_apart(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain values of a scenario, and its sections."""
    apart = (*SECTIONS, AREAS)
    sections = {name: values[name] for name in apart if values.get(name) is not None}
    plain = {name: value for name, value in values.items() if name not in apart}
    return plain, sections


def with_sections(
    parameters: ScenarioParameters, sections: dict[str, Any], own_load: bool, where: Where
) -> tuple[ScenarioParameters, PlacedTopology | None]:
    """The scenario with the data that its sections name.

    Args:
        parameters: what the plain values give.
        sections: `topology` and `traffic`, as far as they are there.
        own_load: the scenario states a load, which then scales the trace.
        where: says where a field was written.

    Raises:
        ConfigurationError: a section or its data are wrong.
    """
    placed = None
    if "topology" in sections:
        from cnc.environment.topologies.section import TopologySection, placed_topology

        topology = checked(TopologySection, sections["topology"], ("topology",), where)
        nodes = parameters.transport.nodes
        data = "name" if topology.file is None else "file"
        placed = _read(
            lambda: placed_topology(topology, parameters.cells, nodes), "topology", data, where
        )
        for note in placed.graph.notes:
            logger.warning("%s: %s", placed.graph.label, note)
        parameters = replace(parameters, cells=len(placed.cells), topology=placed.parameters)
    if "traffic" in sections:
        from cnc.environment.request_traces import TrafficSection, read_requests

        traffic = checked(TrafficSection, sections["traffic"], ("traffic",), where)
        slot_s, services = parameters.slot_s, parameters.services
        trace = _read(lambda: read_requests(traffic, slot_s, services), "traffic", "file", where)
        load = parameters.load if own_load else trace.mean
        parameters = replace(parameters, traffic=trace, load=load)
    return parameters, placed


def checked(
    model: type[SectionT], values: Any, place: tuple[str | int, ...], where: Where
) -> SectionT:
    """A section, or an item of one, as its model.

    Args:
        model: what it holds.
        values: what the file says.
        place: of the section in the scenario.
        where: says where a field was written.

    Raises:
        ConfigurationError: a field is wrong, unknown or missing; the message says where and what
            belongs there.
    """
    fields = ", ".join(model.model_fields)
    if not isinstance(values, dict):
        raise ConfigurationError(f"{where(place)}: holds the fields {fields}, not {values!r}")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = where((*place, *first["loc"]))
        if first["type"] == "extra_forbidden":
            raise ConfigurationError(f"{field}: unknown; there are {fields}") from error
        if first["type"] == "missing":
            wanted = _kind(model, str(first["loc"][0]))
            raise ConfigurationError(f"{field}: missing; {wanted}") from error
        raise ConfigurationError(f"{field}: {first['msg']}, not {first['input']!r}") from error


def _kind(model: type[BaseModel], field: str) -> str:
    """What belongs in a field that is missing."""
    annotation = model.model_fields[field].annotation
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    return "a list is wanted" if get_origin(annotation) is tuple else "text is wanted"


ResultT = TypeVar("ResultT")


def _read(read: Callable[[], ResultT], name: str, data: str, where: Where) -> ResultT:
    """Read, and say of an error where the scenario names the data."""
    from cnc.environment.topologies.section import FieldError

    try:
        return read()
    except FieldError as error:
        raise ConfigurationError(f"{where((name, error.field))}: {error}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{where((name, data))}: {error}") from error
