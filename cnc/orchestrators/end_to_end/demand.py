"""From a structured intent to a traffic class: requests at origins, sizes, deadline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.environment.sites import Floats
from cnc.messages.intents import Intent
from cnc.orchestrators.end_to_end.places import origin_shares
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
        IntentError: a domain that is said is not there.
    """
    slot_s = world.parameters.slot_s
    if intent.data_rate_mbps.origin == "said":
        uplink = intent.data_rate_mbps.value * slot_s / offer.requests_per_user
    else:
        uplink = offer.uplink_mbit
    total = intent.users.value * offer.requests_per_user
    return Demand(
        service=offer.index,
        uplink_mbit=uplink,
        downlink_mbit=DOWNLINK_SHARE * uplink,
        deadline_s=intent.latency_ms.value / 1e3,
        requests=apportion(total, origin_shares(intent, world, shares)),
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
