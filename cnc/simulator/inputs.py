"""What a scenario may take from data instead of drawing it: a real network, a trace of requests."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnc.errors import ConfigurationError


@dataclass(frozen=True)
class TopologyParameters:
    """What a real transport network sets in a world of D cells; the rest stays the scenario's."""

    label: str
    """Where it is from."""
    places: tuple[str, ...]
    """[D] where each cell stands."""
    data_centres: tuple[str, ...]
    """Where the transport domain's nodes stand, in turn."""
    backhaul_propagation_s: tuple[tuple[float, float], ...]
    """[D] of both backhaul links, one way."""
    backhaul_capacity_mbit_s: tuple[tuple[float | None, float | None], ...]
    """[D]; None where the data does not say, and the scenario's holds."""
    xn_propagation_s: tuple[float, ...]
    """[D] link i joins cells i and i+1."""
    core_propagation_s: tuple[float, float]
    origin_weights: tuple[float, ...]
    """[D] of the requests; they multiply those of the hotspot. Their mean is 1."""

    def check(self, cells: int) -> None:
        """Whether it is for so many cells.

        Raises:
            ConfigurationError: it is for another number, or holds what no link can have.
        """
        per_cell = (
            *(self.places, self.backhaul_propagation_s, self.backhaul_capacity_mbit_s),
            *(self.xn_propagation_s, self.origin_weights),
        )
        if any(len(values) != cells for values in per_cell):
            raise ConfigurationError(
                f"the topology {self.label} is placed for {len(self.places)} cells, not {cells}"
            )
        times = [*self.xn_propagation_s, *self.core_propagation_s]
        times += [time for both in self.backhaul_propagation_s for time in both]
        rates = [rate for both in self.backhaul_capacity_mbit_s for rate in both]
        if any(not time >= 0 for time in times) or any(r is not None and not r > 0 for r in rates):
            raise ConfigurationError(
                f"the topology {self.label}: propagation is at least 0, capacity above 0"
            )
        if any(not weight >= 0 for weight in self.origin_weights) or not any(self.origin_weights):
            raise ConfigurationError(
                f"the topology {self.label}: weights of origins are at least 0, and not all are 0"
            )


@dataclass(frozen=True)
class RequestTrace:
    """Requests of a trace, slot by slot; origins are drawn as without one."""

    label: str
    """Where it is from."""
    columns: Literal["service", "class"]
    """What is counted: requests of each service, or of each class of services (then drawn within
    the class by popularity)."""
    slots: int
    width: int
    """Services or classes."""
    packed: str
    """[slots, width] counts: 32 bit integers, little-endian, zlib, base64."""
    repeat: bool = False
    """Begin anew after the last slot."""

    def counts(self) -> NDArray[np.int64]:
        """[slots, width] requests."""
        return _unpacked(self)

    @property
    def mean(self) -> float:
        """Requests a slot."""
        return _mean(self)

    def at(self, slot: int) -> NDArray[np.int64]:
        """[width] counts of a slot.

        Raises:
            ConfigurationError: the trace has ended.
        """
        self.covers(slot + 1)
        return np.asarray(self.counts()[slot % self.slots])

    def covers(self, slots: int) -> None:
        """Whether so many slots can run.

        Raises:
            ConfigurationError: the trace is shorter and not repeated.
        """
        if slots > self.slots and not self.repeat:
            raise ConfigurationError(
                f"the trace {self.label} has {self.slots} slots, and slot {slots} is asked for; "
                f"run at most {self.slots} (--slots {self.slots}), or say `repeat: true`"
            )


@cache
def _unpacked(trace: RequestTrace) -> NDArray[np.int64]:
    flat = np.frombuffer(zlib.decompress(base64.b64decode(trace.packed)), dtype="<i4")
    counts = flat.reshape(trace.slots, trace.width).astype(np.int64)
    counts.setflags(write=False)
    return counts


@cache
def _mean(trace: RequestTrace) -> float:
    return float(trace.counts().sum() / trace.slots)


def packed(counts: NDArray[np.int64]) -> str:
    """[slots, width] counts as a `RequestTrace` holds them."""
    return base64.b64encode(zlib.compress(counts.astype("<i4").tobytes(), 6)).decode("ascii")
