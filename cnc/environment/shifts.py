"""Regime shifts: what happens to an infrastructure all at once, and stays.

A shift changes what the exogenous process brings from some slot on; the process itself goes on as
it would have, so that a trace with and without a shift can be compared slot by slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cnc.environment.sites import Booleans
from cnc.errors import SimulationError
from cnc.simulator.traffic import Exogenous
from cnc.simulator.world import RADIO, World

FULL = 0.999
"""Background of a node that is gone, as far as anyone can measure."""


class Shift(Protocol):
    """A change that stays."""

    def applied(self, world: World, slot: Exogenous) -> Exogenous:
        """What the slot brings instead."""
        ...


@dataclass(frozen=True)
class HotspotJump:
    """Users move: every origin gets the requests of the one some cells further on."""

    cells: int

    def applied(self, world: World, slot: Exogenous) -> Exogenous:
        """Requests and hotspot turned along the ring."""
        return replace(
            slot,
            requests=np.roll(slot.requests, self.cells, axis=0),
            hotspot_weights=np.roll(slot.hotspot_weights, self.cells),
        )


@dataclass(frozen=True)
class NodeLoss:
    """Nodes are gone: no replica is ready there, and what is reported of them is that all is taken.

    Replicas may still be placed there, and cost their keep-alive; they do not serve.
    """

    nodes: tuple[int, ...]

    def applied(self, world: World, slot: Exogenous) -> Exogenous:
        """Background that leaves nothing."""
        _check("node", self.nodes, len(world.node_domain))
        background = slot.node_background.copy()
        background[list(self.nodes)] = FULL
        return replace(slot, node_background=background)


@dataclass(frozen=True)
class RadioFade:
    """The spectral efficiency of cells falls to a part of what it would be."""

    cells: tuple[int, ...]
    part: float = 0.5

    def applied(self, world: World, slot: Exogenous) -> Exogenous:
        """Radio links with less capacity, which take as much power: more energy for each Mbit."""
        count = world.parameters.cells
        _check("cell", self.cells, count)
        if not 0.0 < self.part <= 1.0:
            raise SimulationError(f"a fade leaves a part above 0 and up to 1, not {self.part}")
        faded = np.isin(world.link_domain % count, self.cells) & (world.link_kind == RADIO)
        part = np.where(faded, self.part, 1.0)
        return replace(
            slot,
            link_capacity_mbit_s=slot.link_capacity_mbit_s * part,
            link_energy_j_mbit=slot.link_energy_j_mbit / part,
        )


@dataclass(frozen=True)
class MixChange:
    """Popularity turns round: the least asked service is asked most."""

    def applied(self, world: World, slot: Exogenous) -> Exogenous:
        """Every service gets the requests of that of the opposite rank."""
        order = np.argsort(-world.popularity, kind="stable")
        opposite = np.empty_like(order)
        opposite[order] = order[::-1]
        return replace(slot, requests=slot.requests[:, opposite])


def shifted(world: World, slot: Exogenous, shifts: Sequence[Shift]) -> Exogenous:
    """What a slot brings after all shifts, one after the other."""
    for shift in shifts:
        slot = shift.applied(world, slot)
    return slot


def standing_nodes(world: World, shifts: Sequence[Shift]) -> Booleans:
    """[N] nodes that no shift has taken away."""
    standing = np.ones(len(world.node_domain), dtype=bool)
    for shift in shifts:
        if isinstance(shift, NodeLoss):
            standing[list(shift.nodes)] = False
    return standing


def _check(what: str, numbers: tuple[int, ...], count: int) -> None:
    if not all(0 <= number < count for number in numbers):
        raise SimulationError(f"a {what} is from 0 to {count - 1} here, not one of {numbers}")
