"""A domain's own popularity estimate: exponential averages per origin and class.

System model, "Information": 0.97 old + 0.03 new. Slot -1 brings the expected counts; a class
that an intent adds starts at its announced demand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import Order
from cnc.environment.sites import Floats

KEEP = 0.97


class Popularity:
    """Requests per slot that each candidate origin is expected to send, per class."""

    def __init__(self) -> None:
        self._mean: Floats | None = None
        self._signature: list[tuple[int, float, float]] = []

    def update(self, order: Order) -> None:
        """Take in the demand of a slot."""
        demand = np.maximum(order.requests, order.announced)
        classes = order.classes
        signature = [
            (int(service), float(uplink), float(deadline))
            for service, uplink, deadline in zip(
                classes.service, classes.uplink_mbit, classes.deadline_s, strict=True
            )
        ]
        if self._mean is None or self._mean.shape[0] != demand.shape[0]:
            self._mean = demand.copy()
        else:
            fresh = [
                at
                for at, entry in enumerate(signature)
                if at >= len(self._signature) or self._signature[at] != entry
            ]
            mean = np.zeros_like(demand)
            kept = min(self._mean.shape[1], demand.shape[1])
            mean[:, :kept] = self._mean[:, :kept]
            mean = KEEP * mean + (1.0 - KEEP) * demand
            mean[:, fresh] = demand[:, fresh]
            self._mean = np.maximum(mean, order.announced)
        self._signature = signature

    def per_service(self, order: Order, services: int, weights: Floats | None = None) -> Floats:
        """[S] expected requests per slot, summed over origins (weighted [O]) and classes."""
        assert self._mean is not None, "update() comes before per_service()"
        mean = self._mean if weights is None else self._mean * weights[:, None]
        total = np.zeros(services)
        np.add.at(total, order.classes.service, mean.sum(axis=0))
        return total

    def snapshot(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "mean": None if self._mean is None else self._mean.tolist(),
            "signature": [list(entry) for entry in self._signature],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        mean = snapshot.get("mean")
        self._mean = None if mean is None else np.array(mean, dtype=np.float64)
        self._signature = [
            (int(service), float(uplink), float(deadline))
            for service, uplink, deadline in snapshot.get("signature", [])
        ]
