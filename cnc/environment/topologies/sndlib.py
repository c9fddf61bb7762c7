"""SNDlib's formats: native text, XML, and the same as JSON.

Formats: https://sndlib.put.poznan.pl/html/docu/io-formats/. Orlowski, Wessäly, Pióro and
Tomaszewski 2010, SNDlib 1.0 (Networks 55, https://doi.org/10.1002/net.20371). Installed capacity
(`pre-installed`) counts as capacity in Mbit/s; modules that could be installed do not.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cnc.environment.topologies.files import number, read_text, read_xml
from cnc.environment.topologies.graph import RawLink, RawNode, RawTopology
from cnc.environment.topologies.hub import node_link
from cnc.errors import ConfigurationError

SECTIONS = ("META", "NODES", "LINKS", "DEMANDS", "ADMISSIBLE_PATHS")


def read_native(path: Path) -> RawTopology:
    """A network in SNDlib's native text form.

    Raises:
        ConfigurationError: names file, line and what belongs there.
    """
    nodes: list[RawNode] = []
    links: list[RawLink] = []
    demands: list[tuple[str, str, float]] = []
    section = ""
    for at, line in enumerate(read_text(path).splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text or text.startswith("?"):
            continue
        begun = re.fullmatch(r"([A-Z_]+)\s*\(?", text)
        if begun and begun.group(1) in SECTIONS:
            section = begun.group(1)
            continue
        if text == ")":
            section = ""
            continue
        tokens = [token for token in re.split(r"[\s()]+", text) if token]
        if not tokens:
            continue
        if section == "NODES":
            place = [number(token) for token in tokens[1:3]]
            x, y = place if len(place) == 2 else (None, None)
            nodes.append(RawNode(tokens[0], tokens[0], x, y))
        elif section == "LINKS":
            if len(tokens) < 3:
                raise ConfigurationError(f"{path}, line {at}: a link is `ID ( NODE NODE ) …`")
            capacity = number(tokens[3]) if len(tokens) > 3 else None
            links.append(RawLink(tokens[1], tokens[2], None, _installed(capacity)))
        elif section == "DEMANDS":
            value = number(tokens[4]) if len(tokens) > 4 else None
            if value is None:
                raise ConfigurationError(
                    f"{path}, line {at}: a demand is `ID ( NODE NODE ) UNIT VALUE HOPS`"
                )
            demands.append((tokens[1], tokens[2], value))
    if not nodes:
        raise ConfigurationError(f"{path}: there is no section `NODES ( … )` with a node in it")
    return RawTopology(str(path), tuple(nodes), tuple(links), tuple(demands))


def read_sndlib_xml(path: Path) -> RawTopology:
    """A network in SNDlib's XML form.

    Raises:
        ConfigurationError: names file and element.
    """
    root = read_xml(path)
    if root.tag != "network":
        raise ConfigurationError(
            f"{path}: a network of SNDlib begins with <network>, not <{root.tag}>"
        )
    nodes = []
    for at, node in enumerate(root.iter("node"), start=1):
        identifier = node.get("id")
        if identifier is None:
            raise ConfigurationError(f"{path}: node number {at} has no id")
        x, y = number(_below(node, "coordinates/x")), number(_below(node, "coordinates/y"))
        nodes.append(RawNode(identifier, identifier, x, y))
    links = tuple(
        RawLink(
            _end(link, "source", path),
            _end(link, "target", path),
            None,
            _installed(number(_below(link, "preInstalledModule/capacity"))),
        )
        for link in root.iter("link")
    )
    demands = tuple(
        (_end(demand, "source", path), _end(demand, "target", path), value)
        for demand in root.iter("demand")
        if (value := number(_below(demand, "demandValue"))) is not None
    )
    if not nodes:
        raise ConfigurationError(f"{path}: there is no <node> in it")
    kind = next((e.get("coordinatesType") for e in root.iter("nodes")), None)
    drawing = {"pixel": True, "geographical": False}.get((kind or "").lower())
    return RawTopology(str(path), tuple(nodes), links, demands, drawing)


def read_sndlib_json(path: Path) -> RawTopology:
    """A network as JSON: SNDlib's elements as objects, or the node-link form of networkx.

    Raises:
        ConfigurationError: names file, line or field.
    """
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}, line {error.lineno}: no JSON ({error.msg})") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: no JSON (nested too deeply)") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: an object with nodes and links is wanted")
    document = document.get("network", document)
    structure = document.get("networkStructure", document)
    if isinstance(structure, dict) and _is_node_link(structure):
        return node_link(structure, str(path))
    nodes = []
    for name, node in _entries(structure, "nodes", "node", path):
        x, y = _coordinates(node.get("coordinates") or node.get("pos") or node)
        nodes.append(RawNode(name, str(node.get("name") or name), x, y))
    links = []
    for name, link in _entries(structure, "links", "link", path):
        ends = [link.get(end) for end in ("source", "target")]
        if None in ends:
            raise ConfigurationError(f"{path}, link {name}: its source or target is missing")
        installed = link.get("preInstalledModule") or link.get("preInstalledCapacity")
        capacity = installed.get("capacity") if isinstance(installed, dict) else installed
        capacity = link.get("capacity") if capacity is None else capacity
        links.append(RawLink(str(ends[0]), str(ends[1]), None, _installed(_value(capacity))))
    demands = []
    for _, demand in _entries(document, "demands", "demand", path, required=False):
        value = _value(demand.get("demandValue", demand.get("value")))
        if value is not None and "source" in demand and "target" in demand:
            demands.append((str(demand["source"]), str(demand["target"]), value))
    return RawTopology(str(path), tuple(nodes), tuple(links), tuple(demands))


def _is_node_link(structure: dict[str, Any]) -> bool:
    nodes = structure.get("nodes")
    links = structure.get("edges", structure.get("links"))
    return (
        isinstance(nodes, list)
        and isinstance(links, list)
        and all(isinstance(node, dict) and "pos" in node for node in nodes)
    )


def _entries(
    above: Any, plural: str, singular: str, path: Path, required: bool = True
) -> list[tuple[str, dict[str, Any]]]:
    """(id, fields) of a list of objects, or of an object of objects by id."""
    found = above.get(plural) if isinstance(above, dict) else None
    if isinstance(found, dict) and set(found) & {singular}:
        found = found[singular]
    if isinstance(found, dict):
        found = [{"id": key, **value} for key, value in found.items() if isinstance(value, dict)]
    if not isinstance(found, list) or (required and not found):
        if not required:
            return []
        raise ConfigurationError(f"{path}, field {plural}: a list of {plural} is wanted")
    entries = []
    for at, entry in enumerate(found):
        if not isinstance(entry, dict):
            raise ConfigurationError(f"{path}, field {plural}.{at}: an object is wanted")
        name = entry.get("id", entry.get("@id", entry.get("name", f"{singular}-{at}")))
        entries.append((str(name), entry))
    return entries


def _coordinates(where: Any) -> tuple[float | None, float | None]:
    if isinstance(where, dict):
        x = next((where[k] for k in ("x", "longitude", "lon", "lng") if k in where), None)
        y = next((where[k] for k in ("y", "latitude", "lat") if k in where), None)
        return _value(x), _value(y)
    if isinstance(where, (list, tuple)) and len(where) >= 2:
        return _value(where[0]), _value(where[1])
    return None, None


def _value(value: Any) -> float | None:
    return None if value is None or isinstance(value, (bool, dict, list)) else number(str(value))


def _below(element: ElementTree.Element, place: str) -> str | None:
    found = element.find(place)
    return None if found is None or found.text is None else found.text.strip()


def _end(element: ElementTree.Element, which: str, path: Path) -> str:
    found = _below(element, which)
    if not found:
        name = element.get("id") or "without an id"
        raise ConfigurationError(f"{path}, {element.tag} {name}: <{which}> is missing")
    return found


def _installed(capacity: float | None) -> float | None:
    return capacity if capacity is not None and capacity > 0 else None
