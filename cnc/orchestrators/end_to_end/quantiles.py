"""Merging latency quantiles of several origins and slots into one distribution.

Each origin reports quantiles of served latency at fixed levels; between them the distribution
is taken as linear. The merged distribution is the flow-weighted mean of theirs, and lost
requests count as never served (system model, "Outcome of a slot").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from cnc.environment.sites import Floats
from cnc.messages.intents import Figures
from cnc.messages.telemetry import QUALITY_LEVELS, ClassQuality


def merged_percentiles(
    qualities: Iterable[ClassQuality], percentiles: Sequence[float] = (0.5, 0.95, 0.99)
) -> tuple[float | None, ...]:
    """Percentiles in ms over all requests; None where too many were lost for it to exist."""
    served = [q for q in qualities if q.latency_ms and q.requests > q.lost]
    total = sum(q.requests for q in qualities if q.requests > 0)
    if not served or total <= 0:
        return tuple(None for _ in percentiles)
    curves = np.array([q.latency_ms for q in served])
    weights = np.array([q.requests - q.lost for q in served]) / total
    levels = np.array(QUALITY_LEVELS)
    grid = np.unique(curves)
    share = np.zeros(len(grid))
    for curve, weight in zip(curves, weights, strict=True):
        share += weight * _cumulative(grid, curve, levels)
    return tuple(_invert(grid, share, p) for p in percentiles)


def _cumulative(grid: Floats, curve: Floats, levels: Floats) -> Floats:
    """The share served within each grid value; all of it at the highest quantile."""
    inside = np.interp(grid, curve, levels)
    inside[grid < curve[0]] = 0.0
    inside[grid >= curve[-1]] = 1.0
    return inside


def _invert(grid: Floats, share: Floats, level: float) -> float | None:
    at = int(np.searchsorted(share, level - 1e-12))
    if at >= len(grid):
        return None
    if at == 0 or share[at] == share[at - 1]:
        return float(grid[at])
    part = (level - share[at - 1]) / (share[at] - share[at - 1])
    return float(grid[at - 1] + part * (grid[at] - grid[at - 1]))


class QualityWindow:
    """What one traffic class got over a number of slots."""

    def __init__(self) -> None:
        self._slots: dict[int, list[ClassQuality]] = {}

    def add(self, slot: int, qualities: Sequence[ClassQuality]) -> None:
        """One slot's qualities, of all origins; a slot counts once."""
        self._slots.setdefault(slot, list(qualities))

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def last_slot(self) -> int | None:
        """The newest slot measured."""
        return max(self._slots) if self._slots else None

    def figures(self) -> Figures:
        """The window's percentiles, satisfied share and energy per request."""
        qualities = [quality for slot in self._slots.values() for quality in slot]
        requests = sum(q.requests for q in qualities)
        p50, p95, p99 = merged_percentiles(qualities)
        energy = sum(q.energy_j for q in qualities)
        return Figures(
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            satisfied_share=sum(q.satisfied for q in qualities) / requests if requests else 1.0,
            energy_j_per_request=energy / requests if requests else None,
            slots=len(self._slots),
        )
