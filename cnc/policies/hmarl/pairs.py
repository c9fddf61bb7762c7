"""Pairs of a class and a route: what each of them meets, and what they add up to.

The equations of `marginal` and `improvement` are written for such pairs, for spots (a service on a
node) and for choices (of a class at an origin). `AllPairs` keeps them in grids, as batches of
worlds in torch need; `pairs_listed.ReadyPairs` keeps lists of those that requests can take at all,
with which agents decide in a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from cnc.policies.hmarl.arrays import Array, at, lowest_of, normalised
from cnc.policies.hmarl.layout_fields import Layout


class Pairs(Protocol):
    """[…, P] stands for one number a pair, [..., Q] a spot, [..., K] a choice, in whatever shape;
    […] for any leading axes."""

    @property
    def layout(self) -> Layout:
        """Whose pairs they are."""

    @property
    def split(self) -> bool:
        """A service may have several nodes in a domain, so that there is something to split."""

    @property
    def weight(self) -> Array:
        """[…, P] part of a choice's traffic on a node that takes this route."""

    # -- pairs of what there are fewer of --------------------------------------------------------

    def of_classes(self, array: Array) -> Array:
        """[…, C] to […, P]."""

    def of_routes(self, array: Array) -> Array:
        """[…, D*R] to […, P]."""

    def of_links(self, array: Array) -> Array:
        """[…, L] to […, P], summed over the links of a route."""

    def of_grid(self, array: Array) -> Array:
        """[…, C, D*R] to […, P]."""

    def of_spots(self, array: Array) -> Array:
        """[…, Q] to […, P]."""

    def of_choices(self, array: Array) -> Array:
        """[…, K] to […, P]."""

    def of_sides(self, array: Array, column: int) -> Array:
        """[…, S, 2 G + 1] to […, P], of one of the sides that a route takes."""

    # -- sums of pairs ---------------------------------------------------------------------------

    def total(self, array: Array) -> Array:
        """[…, P] to […], summed."""

    def onto_spots(self, array: Array) -> Array:
        """[…, P] to […, Q], summed."""

    def onto_domains(self, array: Array) -> Array:
        """[…, P] to […, domains], summed."""

    def onto_links(self, array: Array) -> Array:
        """[…, P] to […, L], summed."""

    def onto_choices(self, array: Array) -> Array:
        """[…, P] to […, K], summed."""

    def onto_sides(self, array: Array) -> Array:
        """[…, P] to […, S, 2 G], summed."""

    # -- spots -----------------------------------------------------------------------------------

    def spots_of_grid(self, array: Array) -> Array:
        """[…, S, N] to […, Q]."""

    def spots_of_nodes(self, array: Array) -> Array:
        """[…, N] to […, Q]."""

    def spots_of_services(self, array: Array) -> Array:
        """[…, S] to […, Q]."""

    def spots_onto_grid(self, array: Array) -> Array:
        """[…, Q] to […, S, N], 0 elsewhere."""

    def spots_onto_nodes(self, array: Array) -> Array:
        """[…, Q] to […, N], summed."""

    def within_domains(self, array: Array) -> Array:
        """[…, Q] to […, Q], summed over the nodes that a service has in a domain."""

    # -- choices ---------------------------------------------------------------------------------

    def choices_of_grid(self, array: Array) -> Array:
        """[…, C, D x (K + 1)] to […, K]."""

    def choices_of_classes(self, array: Array) -> Array:
        """[…, C] to […, K]."""

    def choices_onto_grid(self, array: Array) -> Array:
        """[…, K] to […, C, D x (K + 1)], 0 elsewhere."""

    def with_unserved(self, xp: ModuleType, array: Array, value: float) -> Array:
        """[…, K] with another value where requests stay unserved; numpy may change it in place."""

    def above_lowest(self, array: Array, possible: Array) -> Array:
        """[…, K] less the lowest possible of the same class and origin."""

    def normal_choices(self, array: Array, possible: Array | None = None) -> Array:
        """[…, K] as shares of a class at an origin, of what is possible (None: as they are)."""


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Every class on every route: P is C x D*R, Q is S x N and K is C x D x (K + 1).

    numpy or torch.
    """

    layout: Layout
    split: bool = True

    @property
    def weight(self) -> Array:
        """[…, 1, D*R]."""
        return self.of_routes(self.layout.weight)

    def of_classes(self, array: Array) -> Array:
        """[…, C] to […, C, D*R]."""
        return array[..., None]

    def of_routes(self, array: Array) -> Array:
        """[…, D*R] to […, C, D*R]."""
        return array[..., None, :]

    def of_links(self, array: Array) -> Array:
        """[…, L] to […, C, D*R]."""
        return self.of_routes(array @ self.layout.onto_link.T)

    def of_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def of_spots(self, array: Array) -> Array:
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

    def onto_spots(self, array: Array) -> Array:
        """[…, C, D*R] to […, S, N]."""
        return self._onto_services(array @ self.layout.onto_node)

    def onto_domains(self, array: Array) -> Array:
        """[…, C, D*R] to […, domains]."""
        return self.onto_spots(array).sum(-2) @ self.layout.onto_domain

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

    def spots_of_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def spots_of_nodes(self, array: Array) -> Array:
        """[…, N] to […, S, N]."""
        return array[..., None, :]

    def spots_of_services(self, array: Array) -> Array:
        """[…, S] to […, S, N]."""
        return array[..., None]

    def spots_onto_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def spots_onto_nodes(self, array: Array) -> Array:
        """[…, S, N] to […, N]."""
        return array.sum(-2)

    def within_domains(self, array: Array) -> Array:
        """[…, S, N] to […, S, N]."""
        onto = self.layout.onto_domain
        return (array @ onto) @ onto.T

    def choices_of_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def choices_of_classes(self, array: Array) -> Array:
        """[…, C] to […, C, D x (K + 1)]."""
        return array[..., None]

    def choices_onto_grid(self, array: Array) -> Array:
        """As it is."""
        return array

    def with_unserved(self, xp: ModuleType, array: Array, value: float) -> Array:
        """[…, C, D x (K + 1)] with another value in the last choice of each origin."""
        by_origin = self._by_origin(array)
        unserved = 0.0 * by_origin[..., -1:] + value
        return xp.concatenate([by_origin[..., :-1], unserved], -1).reshape(array.shape)

    def above_lowest(self, array: Array, possible: Array) -> Array:
        """[…, C, D x (K + 1)] less the lowest possible of each origin."""
        by_origin = self._by_origin(array)
        lowest = lowest_of(by_origin + 1e3 * (1.0 - self._by_origin(possible)))
        return (by_origin - lowest[..., None]).reshape(array.shape)

    def normal_choices(self, array: Array, possible: Array | None = None) -> Array:
        """[…, C, D x (K + 1)] as shares of each origin."""
        array = array if possible is None else possible * array
        return normalised(self._by_origin(array)).reshape(array.shape)

    def _by_origin(self, array: Array) -> Array:
        return array.reshape(*array.shape[:-1], -1, self.layout.choices)

    def _of_services(self, array: Array) -> Array:
        layout = self.layout
        return array if layout.class_is_service else array[..., layout.service, :]

    def _onto_services(self, array: Array) -> Array:
        layout = self.layout
        return array if layout.class_is_service else layout.to_service @ array
