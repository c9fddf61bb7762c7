"""Where an intent's users are: the words of a user, and the cells of the scenario."""

from __future__ import annotations

import re

import numpy as np

from cnc.environment.areas import AreaTable, unplaced
from cnc.environment.sites import Floats
from cnc.errors import IntentError
from cnc.messages.intents import Intent, Slot
from cnc.simulator.world import World

_DOMAIN = re.compile(r"(?:ran|terminal)-\d+|transport")
_DOMAINS = re.compile(rf"(?:{_DOMAIN.pattern})(?: and (?:{_DOMAIN.pattern}))*")


def with_domains(
    intent: Intent, areas: AreaTable, world: World, origin: str | None = None
) -> Intent:
    """The intent with the domains of its area; an unknown place is kept as said, and noted.

    A domain by its number is taken as it is: planning says so where there is none.

    Args:
        intent: as understood.
        areas: of the scenario.
        world: inventory.
        origin: domain that the client named; it goes before what the text says.
    """
    if origin is not None:
        area = Slot[str](value=origin, origin="said")
        return intent.model_copy(update={"area": area, "domains": (origin,)})
    if intent.area is None:
        return intent
    said = intent.area.value
    if _DOMAINS.fullmatch(said):
        return intent.model_copy(update={"domains": tuple(said.split(" and "))})
    found = areas.find(said)
    if found is not None:
        source = f"the scenario's {found.name}: {', '.join(found.domains)}"
        slot = intent.area.model_copy(update={"source": source})
        return intent.model_copy(update={"domains": found.domains, "area": slot})
    known = f"known are {', '.join(areas.names)}, or" if areas.areas else "name"
    note = (
        f'area "{said}" is not in the scenario; all areas are served ({known} a domain, such as '
        f"{world.domain_ids[world.candidates.shape[0]]})"
    )
    return intent.model_copy(update={"domains": (), "notes": (*intent.notes, note)})


def origin_shares(intent: Intent, world: World, shares: Floats) -> Floats:
    """[D] where the users of an intent are, summing to 1.

    Args:
        intent: with its domains.
        world: inventory.
        shares: [D] where users are at this moment; they weigh the cells of an area.

    Raises:
        IntentError: a domain is not there, or no users can be in it.
    """
    domains = intent.domains
    if not domains and intent.area is not None and _DOMAINS.fullmatch(intent.area.value):
        domains = tuple(intent.area.value.split(" and "))
    if not domains:
        return shares
    cells = world.candidates.shape[0]
    there = np.zeros(cells)
    for domain in domains:
        if why := unplaced(domain, cells):
            raise IntentError(why)
        there[world.domain_ids.index(domain) % cells] = 1.0
    weights = there * shares
    weights = weights if weights.sum() > 0 else there
    return np.asarray(weights / weights.sum())
