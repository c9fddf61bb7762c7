"""Names of places in a scenario, and the cells that they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cnc.environment.sections import Where, checked
from cnc.environment.topologies.placing import PlacedCell
from cnc.errors import ConfigurationError

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
_CELL = re.compile(r"(?:ran|terminal)-(0|[1-9][0-9]{0,5})")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ł": "l"})
_SMALL = re.compile(r"\b(?:the|our|my|this|that|city\s+of|town\s+of|port\s+of)\s+", re.IGNORECASE)


class Area(BaseModel):
    """A place, what else it is called, and the domains of its cells."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    aliases: tuple[Name, ...] = ()
    domains: Annotated[tuple[str, ...], Field(min_length=1)]
    """Terminal or RAN domains, such as ran-3: users there are in that domain's cell."""


@dataclass(frozen=True)
class AreaTable:
    """The places that a scenario knows."""

    areas: tuple[Area, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names without aliases, in the scenario's order."""
        return tuple(area.name for area in self.areas)

    def find(self, said: str) -> Area | None:
        """The area that is meant by the user's words, None if there is none.

        A name or alias that stands in the words counts, the longest first: "football stadium" is
        the stadium.
        """
        words = f" {_plain(said)} "
        best: tuple[int, Area] | None = None
        for area in self.areas:
            for name in (area.name, *area.aliases):
                plain = _plain(name)
                if f" {plain} " in words and (best is None or len(plain) > best[0]):
                    best = (len(plain), area)
        return None if best is None else best[1]


def _plain(text: str) -> str:
    text = _SMALL.sub("", f"{text} ")
    text = text.casefold().translate(_UMLAUTS)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"[^\w]+", " ", text).strip()
    return text.replace("harbor", "harbour").replace("center", "centre")


def checked_areas(values: Any, cells: int, where: Where) -> tuple[Area, ...]:
    """The section `areas` of a scenario.

    Args:
        values: what the file says.
        cells: of the scenario.
        where: says where a field was written.

    Raises:
        ConfigurationError: a field is wrong, a name is said twice, or a domain is not there.
    """
    if not isinstance(values, list):
        raise ConfigurationError(
            f"{where(('areas',))}: is a list of areas with {', '.join(Area.model_fields)}"
        )
    areas: list[Area] = []
    seen: dict[str, str] = {}
    for at, value in enumerate(values):
        area = checked(Area, value, ("areas", at), where)
        for name in (area.name, *area.aliases):
            if not _plain(name) or _CELL.fullmatch(name):
                raise ConfigurationError(
                    f"{where(('areas', at))}: {name!r} can be no name of a place: it has no "
                    "letters or digits of its own, or is a domain's"
                )
            if _plain(name) in seen:
                raise ConfigurationError(
                    f"{where(('areas', at))}: {name!r} is already a name of {seen[_plain(name)]!r}"
                )
            seen[_plain(name)] = area.name
        for n, domain in enumerate(area.domains):
            if unplaced(domain, cells):
                raise ConfigurationError(
                    f"{where(('areas', at, 'domains', n))}: users cannot be in {domain!r}; there "
                    f"are ran-0 to ran-{cells - 1} and terminal-0 to terminal-{cells - 1}"
                )
        areas.append(area)
    return tuple(areas)


def unplaced(domain: str, cells: int) -> str:
    """Why no users can be in a domain of a world with so many cells; empty where they can."""
    match = _CELL.fullmatch(domain)
    if match is not None and int(match[1]) < cells:
        return ""
    return (
        f"users cannot be placed in {domain!r}: name a domain of theirs, ran-0 to ran-{cells - 1} "
        f"or terminal-0 to terminal-{cells - 1}"
    )


def places(cells: Sequence[PlacedCell]) -> tuple[Area, ...]:
    """Each cell of a real network by the name of its place; a name said twice means both."""
    domains: dict[str, list[str]] = {}
    for at, cell in enumerate(cells):
        if len(cell.name.strip()) >= 2:
            domains.setdefault(cell.name.strip()[:60], []).append(f"ran-{at}")
    return tuple(Area(name=name, domains=tuple(found)) for name, found in domains.items())
