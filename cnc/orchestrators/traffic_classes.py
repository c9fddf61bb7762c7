"""The class table: the base classes and those that intents added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cnc.errors import MessageError
from cnc.messages.telemetry import TrafficClass
from cnc.simulator.world import TrafficClasses


def with_groups(
    base: TrafficClasses, groups: Iterable[TrafficClass], classes: int
) -> TrafficClasses:
    """The first `classes` classes: the base ones, then the groups' by their numbers.

    Raises:
        MessageError: a class between the base ones and `classes` is described by nobody.
    """
    first = len(base.service)
    if classes == first:
        return base
    known = {group.traffic_class: group for group in groups}
    missing = [c for c in range(first, classes) if c not in known]
    if missing:
        raise MessageError(f"traffic classes {missing} are in use, but nobody describes them")
    extra = [known[c] for c in range(first, classes)]
    return replace(
        base,
        service=np.append(base.service, [g.service for g in extra]).astype(np.int64),
        uplink_mbit=np.append(base.uplink_mbit, [g.uplink_mbit for g in extra]),
        downlink_mbit=np.append(base.downlink_mbit, [g.downlink_mbit for g in extra]),
        deadline_s=np.append(base.deadline_s, [g.deadline_s for g in extra]),
    )
