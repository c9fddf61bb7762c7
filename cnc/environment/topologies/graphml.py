"""GraphML, as the Internet Topology Zoo publishes it (http://www.topology-zoo.org).

Nodes have `Latitude`, `Longitude` and `label`, links `LinkSpeedRaw` in bit/s (Knight et al. 2011,
The Internet Topology Zoo, https://doi.org/10.1109/JSAC.2011.111002). Other names of the same
are known, too. Read as XML rather than with networkx, which refuses whole files for one value that
is not of its key's type.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from cnc.environment.topologies.files import number, read_xml
from cnc.environment.topologies.graph import RawLink, RawNode, RawTopology
from cnc.errors import ConfigurationError

LATITUDE = ("latitude", "lat")
LONGITUDE = ("longitude", "lon", "lng", "long")
NAME = ("label", "name")
LENGTH_KM = ("length_km", "lengthkm", "length", "dist", "distance", "distance_km")
BIT_S = ("linkspeedraw",)
MBIT_S = ("capacity_mbit_s", "capacity_mbps", "capacity", "bandwidth")


def read_graphml(path: Path) -> RawTopology:
    """A network in GraphML.

    Raises:
        ConfigurationError: it is no GraphML; names file and element.
    """
    root = read_xml(path)
    if root.tag != "graphml":
        raise ConfigurationError(f"{path}: a GraphML file begins with <graphml>, not <{root.tag}>")
    keys = {
        str(key.get("id")): str(key.get("attr.name") or key.get("id")).lower()
        for key in root.iter("key")
    }
    nodes = []
    for at, element in enumerate(root.iter("node"), start=1):
        identifier = element.get("id")
        if identifier is None:
            raise ConfigurationError(f"{path}: node number {at} has no id")
        data = _data(element, keys)
        name = _first(data, NAME) or identifier
        nodes.append(RawNode(identifier, name, _number(data, LONGITUDE), _number(data, LATITUDE)))
    links = []
    for at, element in enumerate(root.iter("edge"), start=1):
        ends = element.get("source"), element.get("target")
        if ends[0] is None or ends[1] is None:
            raise ConfigurationError(f"{path}: edge number {at} lacks its source or target")
        data = _data(element, keys)
        speed = _positive(_number(data, BIT_S))
        capacity = _positive(_number(data, MBIT_S)) if speed is None else speed / 1e6
        length = _number(data, LENGTH_KM)
        links.append(
            RawLink(ends[0], ends[1], None if length is None or length < 0 else length, capacity)
        )
    if not nodes:
        raise ConfigurationError(f"{path}: there is no node in it")
    return RawTopology(str(path), tuple(nodes), tuple(links))


def _data(element: ElementTree.Element, keys: dict[str, str]) -> dict[str, str]:
    return {
        keys.get(str(data.get("key")), str(data.get("key")).lower()): (data.text or "").strip()
        for data in element.findall("data")
    }


def _first(data: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((data[name] for name in names if data.get(name)), None)


def _number(data: dict[str, str], names: tuple[str, ...]) -> float | None:
    return number(_first(data, names))


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None
