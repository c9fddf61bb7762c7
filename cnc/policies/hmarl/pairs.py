"""Pairs of a class and a route: what each of them meets, and what they add up to.

The equations of `marginal` and `improvement` are written for such pairs. `AllPairs` keeps every
pair in a grid of classes and routes, as batches of worlds in torch need and small domains do best
with. `ReadyPairs` keeps a list of those that requests can take at all, less than half of them in
most slots, with which E2E decides in about half the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cnc.environment.sites import Floats, Integers
from cnc.policies.hmarl.arrays import Array, at
from cnc.policies.hmarl.layout_fields import Layout


class Pairs(Protocol):
    """[…, P] stands for one number a pair, in whatever shape; […] for any leading axes."""

    @property
    def nodes(self) -> Integers | None:
        """Positions in S x N that matter; None for all."""

    @property
    def choices(self) -> Integers | None:
        """Positions in C x D x (K + 1) that matter; None for all."""

    def of_classes(self, array: Array) -> Array:
        """[…, C] to […, P]."""

    def of_routes(self, array: Array) -> Array:
        """[…, D*R] to […, P]."""

    def of_grid(self, array: Array) -> Array:
        """[…, C, D*R] to […, P]."""

    def of_nodes(self, array: Array) -> Array:
        """[…, S, N] to […, P]."""

    def of_choices(self, array: Array) -> Array:
        """[…, C, D x (K + 1)] to […, P]."""

    def of_sides(self, array: Array, column: int) -> Array:
        """[…, S, 2 G + 1] to […, P], of one of the sides that a route takes."""

    def total(self, array: Array) -> Array:
        """[…, P] to […], summed."""

    def onto_nodes(self, array: Array) -> Array:
        """[…, P] to […, S, N], summed."""

    def onto_links(self, array: Array) -> Array:
        """[…, P] to […, L], summed."""

    def onto_choices(self, array: Array) -> Array:
        """[…, P] to […, C, D x (K + 1)], summed."""

    def onto_sides(self, array: Array) -> Array:
        """[…, P] to […, S, 2 G], summed."""


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Every class on every route: P is C x D*R. numpy or torch."""

    layout: Layout
    nodes: Integers | None = None
    choices: Integers | None = None

    def of_classes(self, array: Array) -> Array:
        """[…, C] to […, C, D*R]."""
        return array[..., None]

    def of_routes(self, array: Array) -> Array:
        """[…, D*R] to […, C, D*R]."""
        return array[..., None, :]

    def of_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def of_nodes(self, array: Array) -> Array:
        """[…, S, N] to […, C, D*R]."""
        return at(self._of_services(array), self.layout.route_node)

    def of_choices(self, array: Array) -> Array:
        """[…, C, D x (K + 1)] to […, C, D*R]."""
        return at(array, self.layout.route_choice)

    def of_sides(self, array: Array, column: int) -> Array:
        """[…, S, 2 G + 1] to […, C, D*R]."""
        return at(self._of_services(array), self.layout.route_side[:, column])

    def total(self, array: Array) -> Array:
        """[…, C, D*R] to […]."""
        return array.sum((-1, -2))

    def onto_nodes(self, array: Array) -> Array:
        """[…, C, D*R] to […, S, N]."""
        return self._onto_services(array @ self.layout.onto_node)

    def onto_links(self, array: Array) -> Array:
        """[…, C, D*R] to […, L]."""
        return array.sum(-2) @ self.layout.onto_link

    def onto_choices(self, array: Array) -> Array:
        """[…, C, D*R] to […, C, D x (K + 1)]."""
        onto = self.layout.onto_candidate
        by_origin = array.reshape(*array.shape[:-1], -1, onto.shape[0])
        return (by_origin @ onto).reshape(*array.shape[:-1], -1)

    def onto_sides(self, array: Array) -> Array:
        """[…, C, D*R] to […, S, 2 G]."""
        return self._onto_services(array @ self.layout.onto_side)

    def _of_services(self, array: Array) -> Array:
        layout = self.layout
        return array if layout.class_is_service else array[..., layout.service, :]

    def _onto_services(self, array: Array) -> Array:
        layout = self.layout
        return array if layout.class_is_service else layout.to_service @ array


class ReadyPairs:
    """The pairs whose choice is possible and whose node has a ready replica, in a list. numpy.

    Args:
        layout: of one world.
        ready: [S, N] ready replicas.
        possible: [C, D x (K + 1)] 1 where a choice is possible.
    """

    def __init__(self, layout: Layout, ready: Floats, possible: Floats) -> None:
        service, node = layout.service, layout.route_node
        routes, choices = len(node), possible.shape[-1]
        self._routes, self._onto_link = routes, layout.onto_link
        self._services, self._nodes = ready.shape
        self._sides = layout.onto_side.shape[-1] + 1
        self._grid_of_choices = possible.shape
        taken = (ready > 0)[service].take(node, -1) & (possible > 0).take(layout.route_choice, -1)
        self._pair = np.flatnonzero(taken)
        self._class, self._route = np.divmod(self._pair, routes)
        of_service = service.take(self._class)
        self._node = of_service * self._nodes + node.take(self._route)
        self._choice = self._class * choices + layout.route_choice.take(self._route)
        self._side = [
            of_service * self._sides + column.take(self._route) for column in layout.route_side.T
        ]
        self.nodes: Integers = np.flatnonzero(ready > 0)
        self.choices: Integers = np.flatnonzero(possible > 0)

    def of_classes(self, array: Array) -> Array:
        """[C] to [P]."""
        return array.take(self._class)

    def of_routes(self, array: Array) -> Array:
        """[D*R] to [P]."""
        return array.take(self._route)

    def of_grid(self, array: Array) -> Array:
        """[C, D*R] to [P]."""
        return array.take(self._pair)

    def of_nodes(self, array: Array) -> Array:
        """[S, N] to [P]."""
        return array.take(self._node)

    def of_choices(self, array: Array) -> Array:
        """[C, D x (K + 1)] to [P]."""
        return array.take(self._choice)

    def of_sides(self, array: Array, column: int) -> Array:
        """[S, 2 G + 1] to [P]."""
        return array.take(self._side[column])

    def total(self, array: Array) -> Array:
        """[P] to a number."""
        return array.sum()

    def onto_nodes(self, array: Array) -> Array:
        """[P] to [S, N]."""
        count = self._services * self._nodes
        return np.bincount(self._node, array, count).reshape(self._services, self._nodes)

    def onto_links(self, array: Array) -> Array:
        """[P] to [L]."""
        by_route = np.bincount(self._route, array, self._routes)
        return by_route @ self._onto_link

    def onto_choices(self, array: Array) -> Array:
        """[P] to [C, D x (K + 1)]."""
        classes, choices = self._grid_of_choices
        return np.bincount(self._choice, array, classes * choices).reshape(classes, choices)

    def onto_sides(self, array: Array) -> Array:
        """[P] to [S, 2 G]."""
        total = np.zeros((self._services, self._sides))
        for column in self._side:
            total += np.bincount(column, array, total.size).reshape(total.shape)
        return total[:, :-1]
