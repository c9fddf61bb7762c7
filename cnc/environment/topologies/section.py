"""What a scenario says under `topology`, and the network that it means."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cnc.environment.topologies.files import read_text
from cnc.environment.topologies.graph import RawTopology, transport_graph
from cnc.environment.topologies.graphml import read_graphml
from cnc.environment.topologies.hub import read_hub
from cnc.environment.topologies.placing import PlacedTopology, place
from cnc.environment.topologies.sndlib import read_native, read_sndlib_json, read_sndlib_xml
from cnc.environment.topologies.stations import (
    Cluster,
    clusters,
    gabriel_topology,
    read_stations,
)
from cnc.errors import ConfigurationError

MOST_CELLS = 500
"""Of a real topology; paths are searched for each."""
MOST_NODES = 4000


class TopologySection(BaseModel):
    """The section's fields; docs/how-to/own-scenario.md explains them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: Literal["topohub", "sndlib", "graphml", "stations"]
    name: str | None = None
    """Of a topology in the package topohub."""
    file: str | None = None
    """For all other sources; relative to the scenario file."""
    cells: int | Literal["all"] | None = None
    """Instead of the scenario's own number."""
    data_centres: int | None = Field(default=None, ge=1)
    """Sites over which the transport domain's nodes are spread; as many as those by default."""
    stations: str | None = None
    """CSV file of base stations, whose clusters are the cells; else cells stand at nodes."""
    weights: bool = True
    """Origins weigh by demands or stations, where there are any."""
    extent_km: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """From corner to corner of a map whose coordinates are not geographic."""
    capacity_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Share of the links' capacities for this system; also converts other units to Mbit/s."""


class FieldError(ConfigurationError):
    """A field of the section is wrong; the caller knows file and line."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def placed_topology(section: TopologySection, cells: int, transport_nodes: int) -> PlacedTopology:
    """Read the network and place the cells on it.

    Args:
        section: the scenario's section; file names in it are absolute.
        cells: of the scenario, where the section does not say.
        transport_nodes: of the transport domain.

    Raises:
        FieldError: a field that does not go with the others, or with the network.
        ConfigurationError: the data are wrong; names file and line.
    """
    _check(section)
    wanted = cells if section.cells is None else section.cells
    groups: list[Cluster] = []
    raw: RawTopology | None = None
    stations = section.file if section.source == "stations" else section.stations
    if stations is not None:
        if wanted == "all":
            raise FieldError("cells", "stations are clustered into a number of cells, not `all`")
        try:
            found = read_stations(Path(stations))
            groups = clusters(found, wanted)
        except ConfigurationError as error:
            field = "file" if section.source == "stations" else "stations"
            raise FieldError(field, str(error)) from error
        if section.source == "stations":
            if len(groups) < 2:
                raise FieldError("cells", "a network between cells needs at least 2 of them")
            raw = gabriel_topology(found, groups)
    if raw is None:
        raw = _read(section)
    graph = transport_graph(raw, section.extent_km)
    count = len(graph.nodes)
    if count > MOST_NODES:
        raise FieldError(
            "file" if section.name is None else "name",
            f"the network has {count} nodes, more than {MOST_NODES}",
        )
    if not groups and isinstance(wanted, int) and wanted > count:
        raise FieldError(
            "cells",
            f"{graph.label} has {count} nodes, so at most {count} cells stand at them, not "
            f"{wanted}; say `cells: {count}` or `cells: all`",
        )
    if wanted == "all" and count > MOST_CELLS:
        raise FieldError("cells", f"at most {MOST_CELLS}, and the network has {count} nodes")
    if section.data_centres is not None and section.data_centres > min(count, transport_nodes):
        raise FieldError(
            "data_centres",
            f"at most {min(count, transport_nodes)}: the transport domain has {transport_nodes} "
            f"nodes, the network {count}",
        )
    if groups and not graph.geographic:
        raise FieldError("stations", f"{graph.label} has no geographic coordinates to attach to")
    return place(
        graph,
        None if wanted == "all" else wanted,
        groups,
        section.data_centres or min(transport_nodes, count),
        transport_nodes,
        section.capacity_scale,
        section.weights,
    )


def _check(section: TopologySection) -> None:
    named = section.source == "topohub"
    if named and section.name is None:
        raise FieldError("name", "missing; topohub's names look like sndlib/germany50")
    if not named and section.file is None:
        raise FieldError("file", f"missing; the source {section.source} reads a file")
    if named and section.file is not None:
        raise FieldError("file", "topohub has its own data; give a name, or another source")
    if not named and section.name is not None:
        raise FieldError("name", "only of the source topohub; give a file")
    if section.source == "stations" and section.stations is not None:
        raise FieldError("stations", "only beside a network; here `file` names the stations")
    if isinstance(section.cells, int) and not 1 <= section.cells <= MOST_CELLS:
        raise FieldError("cells", f"from 1 to {MOST_CELLS}, or `all`, not {section.cells}")


def _read(section: TopologySection) -> RawTopology:
    if section.source == "topohub":
        assert section.name is not None
        try:
            return read_hub(section.name)
        except ConfigurationError as error:
            raise FieldError("name", str(error)) from error
    assert section.file is not None
    path = Path(section.file)
    if section.source == "graphml":
        return read_graphml(path)
    begin = read_text(path).lstrip()[:1]
    if begin == "<":
        return read_sndlib_xml(path)
    return read_sndlib_json(path) if begin in ("{", "[") else read_native(path)
