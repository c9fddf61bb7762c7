"""From a structured intent to a traffic class: requests at origins, sizes, deadline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.environment.sites import Floats
from cnc.errors import IntentError
from cnc.messages.intents import Intent
from cnc.orchestrators.offers import ServiceOffer
from cnc.simulator.world import World

DOWNLINK_SHARE = 0.2
"""o = 0.2 b (system model, "Services")."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What an intent adds to the load."""

    service: int
    uplink_mbit: float
    downlink_mbit: float
    deadline_s: float
    requests: Floats
    """[D] per slot."""


def demand_of(intent: Intent, offer: ServiceOffer, world: World, shares: Floats) -> Demand:
    """The traffic class of an intent.

    b = rate x tau / requests per user where a rate was said, else the catalogue's size. With no
    origin said, users are spread by `shares` [D], the hotspot weights of the moment.

    Raises:
        IntentError: the stated area names no domain.
    """
    slot_s = world.parameters.slot_s
    if intent.data_rate_mbps.origin == "said":
        uplink = intent.data_rate_mbps.value * slot_s / offer.requests_per_user
    else:
        uplink = offer.uplink_mbit
    total = intent.users.value * offer.requests_per_user
    where = shares if intent.area is None else _one_origin(intent.area.value, world)
    return Demand(
        service=offer.index,
        uplink_mbit=uplink,
        downlink_mbit=DOWNLINK_SHARE * uplink,
        deadline_s=intent.latency_ms.value / 1e3,
        requests=apportion(total, where),
    )


def _one_origin(area: str, world: World) -> Floats:
    """All users at the cell of one terminal or RAN domain."""
    cells = world.candidates.shape[0]
    shares = np.zeros(cells)
    if area in world.domain_ids:
        domain = world.domain_ids.index(area)
        if domain < 2 * cells:
            shares[domain % cells] = 1.0
            return shares
    raise IntentError(
        f"users cannot be placed in {area!r}: name a terminal or RAN domain, from "
        f"{world.domain_ids[0]} to {world.domain_ids[2 * cells - 1]}"
    )


def apportion(total: float, shares: Floats) -> Floats:
    """Whole requests by largest remainder, so that they sum to the total (rounded)."""
    whole = round(total)
    exact = whole * shares / shares.sum()
    counts = np.floor(exact)
    left = int(whole - counts.sum())
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[:left]] += 1.0
    return np.asarray(counts)
