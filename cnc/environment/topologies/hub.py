"""Topologies of the package topohub: SNDlib, Topology Zoo, CAIDA and others.

Jurkiewicz 2023, TopoHub: A repository of reference Gabriel graph and real-world topologies for
networking research (SoftwareX 24, https://doi.org/10.1016/j.softx.2023.101540). Its files are
networks in node-link form; positions are (longitude, latitude), lengths km, and demands are those
of SNDlib.
"""

from __future__ import annotations

import difflib
import importlib.resources
import json
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from cnc.environment.topologies.geography import is_geographic
from cnc.environment.topologies.graph import RawLink, RawNode, RawTopology
from cnc.errors import ConfigurationError

DRAWINGS = frozenset({"sndlib/india35"})
"""Whose coordinates could be degrees and are not (0 to 48 and 0 to 49, no place in India)."""


def _data() -> Traversable:
    return importlib.resources.files("topohub").joinpath("data")


@cache
def keys() -> tuple[str, ...]:
    """All topologies of the installed package, such as `sndlib/germany50`."""

    def below(folder: Traversable, above: str) -> list[str]:
        found = []
        for entry in folder.iterdir():
            if entry.is_dir():
                found += below(entry, f"{above}{entry.name}/")
            elif entry.name.endswith(".json"):
                found.append(above + entry.name.removesuffix(".json"))
        return found

    return tuple(sorted(below(_data(), "")))


def near(name: str) -> list[str]:
    """Names that may be meant."""
    folded = {key.lower(): key for key in keys()}
    inside = [key for low, key in folded.items() if name.lower().rpartition("/")[2] in low]
    ends = {key.rpartition("/")[2].lower(): key for key in keys()}
    similar = difflib.get_close_matches(name.lower(), folded, 5, 0.7)
    tails = difflib.get_close_matches(name.lower().rpartition("/")[2], ends, 5, 0.6)
    found = [*(folded[low] for low in similar), *(ends[low] for low in tails)]
    return list(dict.fromkeys([*found, *(inside[:5] if len(inside) < 50 else [])]))[:6]


def read_hub(name: str) -> RawTopology:
    """One topology of the package.

    Raises:
        ConfigurationError: there is none of that name; names near ones.
    """
    if name not in keys():
        meant = near(name)
        hint = f"did you mean {', '.join(meant)}? " if meant else ""
        raise ConfigurationError(
            f"topohub has no topology {name!r}; {hint}Names look like sndlib/germany50, "
            "topozoo/Geant2012 or backbone/europe (https://www.topohub.org lists them)"
        )
    source = _data()
    for part in f"{name}.json".split("/"):
        source = source.joinpath(part)
    document = json.loads(source.read_text(encoding="utf-8"))
    return node_link(document, f"topohub {name}", drawing=True if name in DRAWINGS else None)


def node_link(document: dict[str, Any], label: str, drawing: bool | None = None) -> RawTopology:
    """A network in networkx' node-link form, as topohub writes it.

    Raises:
        ConfigurationError: nodes or links lack what they need.
    """
    try:
        nodes = tuple(
            RawNode(str(node["id"]), str(node.get("name") or node["id"]), *_position(node))
            for node in document["nodes"]
        )
        links = document["edges"] if "edges" in document else document["links"]
        stated = [(n.x, n.y) for n in nodes if n.x is not None and n.y is not None]
        on_earth = not drawing and is_geographic(stated)
        return RawTopology(
            label,
            nodes,
            tuple(
                RawLink(
                    str(link["source"]),
                    str(link["target"]),
                    float(link["dist"]) if on_earth and "dist" in link else None,
                    float(link["capacity"]) if "capacity" in link else None,
                )
                for link in links
            ),
            tuple(
                (str(one), str(other), float(value))
                for one, row in (document.get("graph", {}).get("demands") or {}).items()
                for other, value in row.items()
            ),
            drawing,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"{label}: no network in node-link form ({type(error).__name__}: {error}); nodes have "
            "an id and pos, edges a source and a target"
        ) from error


def _position(node: dict[str, Any]) -> tuple[float | None, float | None]:
    position = node.get("pos")
    if position is None:
        return None, None
    return float(position[0]), float(position[1])
