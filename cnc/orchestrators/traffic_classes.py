"""The class table: the base classes and those that intents added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cnc.errors import MessageError
from cnc.messages.telemetry import TrafficClass
from cnc.simulator.world import TrafficClasses

SHOWN = 10
"""Missing classes that a message names."""


def with_groups(
    base: TrafficClasses, groups: Iterable[TrafficClass], classes: int
) -> TrafficClasses:
    """The first `classes` classes: the base ones, then the groups' by their numbers.

    Raises:
        MessageError: a class between the base ones and `classes` is described by nobody, or is of
            no service.
    """
    first = len(base.service)
    if classes == first:
        return base
    known = {group.traffic_class: group for group in groups}
    missing = [c for c in range(first, classes) if c not in known]
    if missing:
        shown = f"{', '.join(map(str, missing[:SHOWN]))}{', …' if len(missing) > SHOWN else ''}"
        raise MessageError(f"traffic classes {shown} are in use, but nobody describes them")
    unknown = sorted({g.service for g in known.values()} - set(base.service.tolist()))
    if unknown:
        raise MessageError(f"a traffic class is of service {unknown[0]}, which does not exist")
    extra = [known[c] for c in range(first, classes)]
    return replace(
        base,
        service=np.append(base.service, [g.service for g in extra]).astype(np.int64),
        uplink_mbit=np.append(base.uplink_mbit, [g.uplink_mbit for g in extra]),
        downlink_mbit=np.append(base.downlink_mbit, [g.downlink_mbit for g in extra]),
        deadline_s=np.append(base.deadline_s, [g.deadline_s for g in extra]),
    )
