"""A domain's own popularity estimate: exponential averages per origin and class.

System model, "Information": 0.97 old + 0.03 new. Slot -1 brings the expected counts; a class
that an intent adds starts at its announced demand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnc.environment.observations import EndToEndObservation, Order
from cnc.environment.sites import Floats
from cnc.simulator.world import TrafficClasses

KEEP = 0.97


class Popularity:
    """Requests per slot that each candidate origin is expected to send, per class.

    Args:
        keep: of the old average, in each slot.
    """

    def __init__(self, keep: float = KEEP) -> None:
        self._keep = keep
        self._mean: Floats | None = None
        self._signature: Floats = np.zeros((3, 0))
        """[3, C] service, uplink and deadline: what makes a class the same class."""
        self._classes: TrafficClasses | None = None
        """Those of the signature, to see at a glance that nothing has changed."""

    @property
    def mean(self) -> Floats:
        """[O, C]"""
        assert self._mean is not None, "update() comes before mean"
        return self._mean

    def update(self, order: Order | EndToEndObservation) -> None:
        """Take in the demand of a slot."""
        demand = np.maximum(order.requests, order.announced)
        classes = order.classes
        signature = self._signature
        if classes is not self._classes:
            signature = np.stack([classes.service, classes.uplink_mbit, classes.deadline_s])
        if self._mean is None or self._mean.shape[0] != demand.shape[0]:
            self._mean = demand.copy()
        elif signature is self._signature or np.array_equal(signature, self._signature):
            mean = self._keep * self._mean + (1.0 - self._keep) * demand
            self._mean = np.maximum(mean, order.announced)
        else:
            kept = min(self._signature.shape[1], signature.shape[1])
            same = np.zeros(signature.shape[1], dtype=bool)
            same[:kept] = (signature[:, :kept] == self._signature[:, :kept]).all(axis=0)
            old = np.zeros_like(demand)
            old[:, :kept] = self._mean[:, :kept]
            mixed = self._keep * old + (1.0 - self._keep) * demand
            mean = np.where(same[None, :], mixed, demand)
            self._mean = np.maximum(mean, order.announced)
        self._signature, self._classes = signature, classes

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
            "signature": self._signature.tolist(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take up a snapshot."""
        mean = snapshot.get("mean")
        self._mean = None if mean is None else np.array(mean, dtype=np.float64)
        self._signature = np.array(snapshot.get("signature", [[], [], []]), dtype=np.float64)
        self._classes = None
