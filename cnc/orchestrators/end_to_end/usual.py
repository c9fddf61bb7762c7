"""The state that an intent will meet on average: what is seen now, drawn towards what is usual.

Background loads and links wander from slot to slot (AR 0.9 in the system model, "Exogenous
processes"). Of a deviation seen now, (1 - 0.9^20) / (20 x 0.1) is left on average over the 20 slots
that an intent is measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats

LASTING = 0.44
"""Part of a deviation that is left over the slots to come."""


class Usual:
    """Running means of node backgrounds and link capacities since the run began."""

    def __init__(self) -> None:
        self._slots = 0
        self._background: Floats | None = None
        self._capacity: Floats | None = None

    def see(self, observation: EndToEndObservation) -> None:
        """Take in a slot."""
        seen = (observation.background, observation.link_capacity_mbit_s)
        self._slots += 1
        if self._background is None or self._capacity is None:
            self._background, self._capacity = seen
            return
        self._background = self._background + (seen[0] - self._background) / self._slots
        self._capacity = self._capacity + (seen[1] - self._capacity) / self._slots

    def ahead(self, observation: EndToEndObservation) -> EndToEndObservation:
        """The observation with backgrounds and capacities as they are to be expected."""
        if self._background is None or self._capacity is None:
            return observation
        background = _between(observation.background, self._background)
        capacity = _between(observation.link_capacity_mbit_s, self._capacity)
        shift = background - observation.background
        carried = observation.link_utilisation * observation.link_capacity_mbit_s
        return replace(
            observation,
            background=background,
            utilisation=np.maximum(observation.utilisation + shift, background),
            link_capacity_mbit_s=capacity,
            link_utilisation=np.divide(
                carried, capacity, out=np.zeros_like(carried), where=capacity > 0
            ),
        )


def _between(now: Floats, usual: Floats) -> Floats:
    return np.asarray(usual + LASTING * (now - usual))
