"""The pairs of a class and a route that requests can take at all, in lists. numpy.

A quarter of all pairs in a world, and a tenth of the spots; in a domain so few that a decision
costs the calls of numpy that it makes.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from cnc.environment.sites import Floats, Integers
from cnc.policies.hmarl.arrays import Array
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.situation import Standing, standing_of


class ReadyPairs:
    """The pairs whose choice is possible and whose node has a ready replica, in a list.

    Args:
        layout: of one world, or of a domain.
        ready: [S, N] ready replicas.
        possible: [C, D x (K + 1)] more than 0 where a choice is possible; None where all are.
    """

    def __init__(self, layout: Layout, ready: Floats, possible: Floats | None = None) -> None:
        self.layout = layout
        service, node = layout.service, layout.route_node
        routes, (services, nodes) = len(node), ready.shape
        here = ready > 0
        taken = here[service].take(node, -1)
        if possible is not None:
            taken &= (possible > 0).take(layout.route_choice, -1)
        self._pair = np.flatnonzero(taken)
        self._class, self._route = np.divmod(self._pair, routes)
        self._routes, self._onto_link = routes, layout.onto_link
        self._links = layout.onto_link.shape[-1]
        # a domain knows one link of each route at most
        alone = layout.along.shape[1] == 1 and bool((layout.along < self._links).all())
        self._link = layout.along[:, 0].take(self._route) if alone else None
        of_service = service.take(self._class)
        self._pick_spots(here, of_service * nodes + node.take(self._route))
        self._pick_choices(possible)
        self._services, self._sides = services, layout.onto_side.shape[-1] + 1
        self._side = [
            of_service * self._sides + column.take(self._route) for column in layout.route_side.T
        ]
        self.weight: Floats = layout.weight.take(self._route)

    def _pick_spots(self, here: Array, spot_of_pair: Integers) -> None:
        """Where a replica is ready, in the order of the grid."""
        services, nodes = here.shape
        self._shape = here.shape
        self._spots = np.flatnonzero(here)
        self._spot_service, self._spot_node = np.divmod(self._spots, nodes)
        position = np.empty(services * nodes, dtype=np.int64)
        position[self._spots] = np.arange(len(self._spots))
        self._spot = position.take(spot_of_pair)
        domains = self.layout.onto_domain.shape[-1]
        domain = self.layout.domain.take(self._spot_node)
        self._spot_domain, self._domains = domain, domains
        self._spot_group = self._spot_service * domains + domain
        self._groups = services * domains
        self.split = bool(np.bincount(self._spot_group, minlength=1).max() > 1)

    def _pick_choices(self, possible: Floats | None) -> None:
        layout = self.layout
        choices = layout.choices
        if possible is None:
            possible = np.ones((len(layout.service), layout.origins * choices))
        self._choice_shape = possible.shape
        self._choices = np.flatnonzero(possible > 0)
        wide = possible.shape[-1]
        position = np.empty(possible.size, dtype=np.int64)
        position[self._choices] = np.arange(len(self._choices))
        self._choice = position.take(self._class * wide + layout.route_choice.take(self._route))
        origin, of_origin = np.divmod(self._choices, choices)
        self._choice_class = self._choices // wide
        self._unserved = np.flatnonzero(of_origin == choices - 1)
        new = np.diff(origin, prepend=-1) != 0
        self._begins = np.flatnonzero(new)
        self._choice_group = np.cumsum(new) - 1

    # -- pairs of what there are fewer of --------------------------------------------------------

    def of_classes(self, array: Array) -> Array:
        """[C] to [P]."""
        return array.take(self._class)

    def of_routes(self, array: Array) -> Array:
        """[D*R] to [P]."""
        return array.take(self._route)

    def of_links(self, array: Array) -> Array:
        """[L] to [P]."""
        if self._link is not None:
            return array.take(self._link)
        return (array @ self._onto_link.T).take(self._route)

    def of_grid(self, array: Array) -> Array:
        """[C, D*R] to [P]."""
        return array.take(self._pair)

    def of_spots(self, array: Array) -> Array:
        """[Q] to [P]."""
        return array.take(self._spot)

    def of_choices(self, array: Array) -> Array:
        """[K] to [P]."""
        return array.take(self._choice)

    def of_sides(self, array: Array, column: int) -> Array:
        """[S, 2 G + 1] to [P]."""
        return array.take(self._side[column])

    # -- sums of pairs ---------------------------------------------------------------------------

    def total(self, array: Array) -> Array:
        """[P] to a number."""
        return array.sum()

    def onto_spots(self, array: Array) -> Array:
        """[P] to [Q]."""
        return np.bincount(self._spot, array, len(self._spots))

    def onto_domains(self, array: Array) -> Array:
        """[P] to [domains]."""
        if self._domains == 1:
            return array.sum(keepdims=True)
        return np.bincount(self._spot_domain, self.onto_spots(array), self._domains)

    def onto_links(self, array: Array) -> Array:
        """[P] to [L]."""
        if self._link is not None:
            return np.bincount(self._link, array, self._links)
        return np.bincount(self._route, array, self._routes) @ self._onto_link

    def onto_choices(self, array: Array) -> Array:
        """[P] to [K]."""
        return np.bincount(self._choice, array, len(self._choices))

    def onto_sides(self, array: Array) -> Array:
        """[P] to [S, 2 G]."""
        total = np.zeros((self._services, self._sides))
        for column in self._side:
            total += np.bincount(column, array, total.size).reshape(total.shape)
        return total[:, :-1]

    # -- spots -----------------------------------------------------------------------------------

    def spots_of_grid(self, array: Array) -> Array:
        """[S, N] to [Q]."""
        return array.take(self._spots)

    def spots_of_nodes(self, array: Array) -> Array:
        """[N] to [Q]."""
        return array.take(self._spot_node)

    def spots_of_services(self, array: Array) -> Array:
        """[S] to [Q]."""
        return array.take(self._spot_service)

    def spots_onto_grid(self, array: Array) -> Array:
        """[Q] to [S, N]."""
        return _spread(array, self._spots, self._shape)

    def spots_onto_nodes(self, array: Array) -> Array:
        """[Q] to [N]."""
        return np.bincount(self._spot_node, array, self._shape[1])

    def within_domains(self, array: Array) -> Array:
        """[Q] to [Q]."""
        return np.bincount(self._spot_group, array, self._groups).take(self._spot_group)

    # -- choices ---------------------------------------------------------------------------------

    def choices_of_grid(self, array: Array) -> Array:
        """[C, D x (K + 1)] to [K]."""
        return array.take(self._choices)

    def choices_of_classes(self, array: Array) -> Array:
        """[C] to [K]."""
        return array.take(self._choice_class)

    def choices_onto_grid(self, array: Array) -> Array:
        """[K] to [C, D x (K + 1)]."""
        return _spread(array, self._choices, self._choice_shape)

    def with_unserved(self, xp: ModuleType, array: Array, value: float) -> Array:
        """[K] with another value in the last choice of each origin, in place."""
        array[self._unserved] = value
        return array

    def above_lowest(self, array: Array, possible: Array) -> Array:
        """[K] less the lowest of the same class and origin; all that is listed is possible."""
        return array - np.minimum.reduceat(array, self._begins).take(self._choice_group)

    def normal_choices(self, array: Array, possible: Array | None = None) -> Array:
        """[K] as shares of a class at an origin; all that is listed is possible."""
        whole = np.bincount(self._choice_group, array)
        return array / np.maximum(whole, 1e-12).take(self._choice_group)


def _spread(array: Array, where: Integers, shape: tuple[int, int]) -> Floats:
    """A list in its grid."""
    grid = np.zeros(shape[0] * shape[1])
    grid[where] = array
    return grid.reshape(shape)


class Kept:
    """What stands, from slot to slot for as long as it does."""

    def __init__(self) -> None:
        self._key: tuple[bytes, bytes] = (b"", b"")
        self._standing: Standing | None = None

    def standing(self, layout: Layout, ready: Floats, possible: Floats | None = None) -> Standing:
        """Of a layout, [S, N] ready replicas and [C, D x (K + 1)] possible choices."""
        key = ready.tobytes(), b"" if possible is None else possible.tobytes()
        kept = self._standing
        if kept is None or kept.layout is not layout or key != self._key:
            kept = standing_of(np, ready, ReadyPairs(layout, ready, possible))
            self._standing, self._key = kept, key
        return kept
