"""Base stations as CSV: where cells stand, and how much each weighs.

Columns are found by name (`lat` or `latitude`, `lon`, `lng` or `longitude`, in any case).
OpenCelliD's files, with and without their header, are read as they are
(https://wiki.opencellid.org/wiki/Database_format).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnc.environment.topologies.files import Table, number, read_table
from cnc.environment.topologies.geography import straight_km
from cnc.environment.topologies.graph import RawLink, RawNode, RawTopology
from cnc.errors import ConfigurationError
from cnc.simulator.world import Floats

LATITUDE = ("latitude", "lat", "y", "breitengrad")
LONGITUDE = ("longitude", "lon", "lng", "long", "x", "laengengrad", "längengrad")
OPENCELLID = (
    *("radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples"),
    *("changeable", "created", "updated", "averagesignal"),
)
SEED = 0
"""Of the clustering."""
TRIES = 4
MOST_POINTS = 50_000
"""Distinct places that are clustered; the others go to the nearest cluster."""
DIGITS = 4
"""Of clusters' coordinates (about 10 m), so that machines agree."""


@dataclass(frozen=True)
class Cluster:
    """Stations that one cell stands for."""

    x: float
    """Longitude, degrees."""
    y: float
    """Latitude, degrees."""
    stations: int


@dataclass(frozen=True)
class Stations:
    """Places of stations."""

    path: Path
    places: Floats
    """[stations, 2] longitude and latitude."""
    notes: tuple[str, ...]


def read_stations(path: Path) -> Stations:
    """The stations of a file; rows without coordinates are left out and counted.

    Raises:
        ConfigurationError: no columns of coordinates, no usable row, or a coordinate that is
            none; names file and line.
    """
    table = read_table(path, OPENCELLID)
    x_at, y_at = table.wanted("longitude", LONGITUDE), table.wanted("latitude", LATITUDE)
    places, without = [], 0
    for line, row in table.rows:
        x, y = _cell(row, x_at), _cell(row, y_at)
        if x is None or y is None:
            _refuse_words(table, line, row, (x_at, y_at))
            without += 1
            continue
        if abs(x) > 180 or abs(y) > 90:
            raise ConfigurationError(
                f"{path}, line {line}: longitude {x:g} and latitude {y:g} are no place on earth; "
                "they go from -180 to 180 and from -90 to 90 degrees"
            )
        places.append((x, y))
    if not places:
        raise ConfigurationError(f"{path}: no row has a longitude and a latitude")
    notes = (f"{path.name}: {without} rows without coordinates are left out",) if without else ()
    return Stations(path, np.array(places), notes)


def _cell(row: list[str], at: int) -> float | None:
    return number(row[at].strip()) if at < len(row) else None


def _refuse_words(table: Table, line: int, row: list[str], columns: tuple[int, int]) -> None:
    for at in columns:
        text = row[at].strip() if at < len(row) else ""
        if text and number(text) is None and text.lower() not in ("na", "nan", "null", "none", "-"):
            raise ConfigurationError(
                f"{table.path}, line {line}, column {table.header[at]}: {text[:30]!r} is no number "
                "of degrees"
            )


def clusters(stations: Stations, cells: int) -> list[Cluster]:
    """The stations in as many groups as there are cells (k-means, Lloyd 1982, fixed seed).

    Raises:
        ConfigurationError: fewer distinct places than cells.
    """
    distinct, counts = np.unique(stations.places, axis=0, return_counts=True)
    if len(distinct) < cells:
        raise ConfigurationError(
            f"{stations.path}: its {len(stations.places)} stations stand at {len(distinct)} "
            f"places, too few for {cells} cells; give topology.cells at most {len(distinct)}"
        )
    if len(distinct) == cells:
        return [
            Cluster(round(float(x), DIGITS), round(float(y), DIGITS), int(n))
            for (x, y), n in zip(distinct, counts, strict=True)
        ]
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    width = math.cos(math.radians(float(np.average(distinct[:, 1], weights=counts))))
    flat = distinct * np.array([max(width, 0.01), 1.0])
    sample = np.arange(len(flat))
    if len(flat) > MOST_POINTS:
        sample = np.sort(np.random.default_rng(SEED).permutation(len(flat))[:MOST_POINTS])
    model = KMeans(cells, n_init=TRIES, random_state=SEED)
    with threadpool_limits(1):  # sums in the same order in every component
        model.fit(flat[sample], sample_weight=counts[sample].astype(float))
        label = model.predict(flat)
    found = []
    for cell in range(cells):
        inside = label == cell
        x, y = np.average(distinct[inside], axis=0, weights=counts[inside])
        found.append(
            Cluster(round(float(x), DIGITS), round(float(y), DIGITS), int(counts[inside].sum()))
        )
    return sorted(found, key=lambda cluster: (cluster.x, cluster.y))


def gabriel_topology(stations: Stations, groups: list[Cluster]) -> RawTopology:
    """A network between the clusters, where the data has none: their Gabriel graph.

    Two are linked where no third lies in the circle over them (Gabriel and Sokal 1969). The graph
    is connected, and resembles real wide-area networks (Jurkiewicz 2023,
    https://doi.org/10.1016/j.softx.2023.101540).
    """
    names = [f"cluster-{at}" for at in range(len(groups))]
    apart = np.array([[straight_km((a.x, a.y), (b.x, b.y)) for b in groups] for a in groups])
    square = apart**2
    links = []
    for one in range(len(groups)):
        for other in range(one + 1, len(groups)):
            through = square[one] + square[other]
            through[[one, other]] = np.inf
            if through.min() >= square[one, other]:
                links.append(RawLink(names[one], names[other], float(apart[one, other])))
    nodes = tuple(RawNode(n, n, c.x, c.y) for n, c in zip(names, groups, strict=True))
    return RawTopology(str(stations.path), nodes, tuple(links), drawing=False, notes=stations.notes)
