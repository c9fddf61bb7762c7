"""Services that a user names: known ones go on, others are refused with the nearest names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cnc.errors import NotFoundError

if TYPE_CHECKING:
    from cnc.bus.interface import Bus

NEAREST = 3
LIKENESS = 0.6
"""Of difflib: `cloud-gamin` and `gaming` find `cloud-gaming`, other words seldom find anything."""


def check_service(name: str, known: Collection[str]) -> None:
    """Refuse a name that is no known service.

    Raises:
        NotFoundError: names the nearest ones, or all where none is near, and how to list them.
    """
    if name in known:
        return
    near = get_close_matches(name, sorted(known), NEAREST, LIKENESS)
    near += sorted(each for each in known if name in each.split("-") and each not in near)
    if near:
        names = ", ".join(near[:NEAREST])
        raise NotFoundError(f"no service {name!r}; nearest: {names}; `cnc service list` shows all")
    raise NotFoundError(
        f"no service {name!r}; `cnc service list` shows them: {', '.join(sorted(known))}"
    )


async def check_registered(bus: Bus, names: Sequence[str]) -> None:
    """Refuse names that are neither in the catalogue nor registered.

    Raises:
        NotFoundError: as `check_service`.
    """
    from cnc.intents.catalogue import load_catalogue

    known = set(load_catalogue().ids) if names else set()
    if known.issuperset(names):
        return
    from cnc.messages.services import ServiceRequest
    from cnc.processes.client import ask_services

    listed = await ask_services(bus, ServiceRequest(action="list"))
    known.update(record.descriptor.service for record in listed.services)
    for name in names:
        check_service(name, known)
