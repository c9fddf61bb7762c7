"""Distances on the earth and on drawings, a short tour, and a map where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Place = tuple[float, float]
"""(longitude, latitude) in degrees, or km on a drawing."""

EARTH_KM = 6371.0088
"""Mean radius of the earth (R1 of the Geodetic Reference System 1980)."""
LIGHT_KM_S = 299_792.458
"""Speed of light in vacuum (SI definition)."""
FIBRE_KM_S = LIGHT_KM_S * 2 / 3
"""In fibre, whose refractive index is about 1.5."""
EXTENT_KM = 500.0
"""Of a drawing whose scale nobody says; about a country."""
LINK_KM = 100.0
"""Of a link in a network without any coordinates; the mean of SNDlib's germany50."""
IMPROVING_UP_TO = 300
"""Places of a tour that is improved; the work grows with their square."""


def propagation_s(length_km: float) -> float:
    """One-way propagation over fibre of this length."""
    return length_km / FIBRE_KM_S


def straight_km(one: Place, other: Place, geographic: bool = True) -> float:
    """Great-circle distance, or the straight line on a drawing in km."""
    if not geographic:
        return math.hypot(one[0] - other[0], one[1] - other[1])
    x1, y1, x2, y2 = map(math.radians, (*one, *other))
    half = math.sin((y2 - y1) / 2) ** 2
    half += math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def is_geographic(places: Sequence[Place]) -> bool:
    """Whether these can all be longitudes and latitudes in degrees."""
    return all(abs(x) <= 180 and abs(y) <= 90 for x, y in places)


def scale_of(places: Sequence[Place], extent_km: float) -> float:
    """km a unit of a drawing, so that its bounding box is `extent_km` from corner to corner."""
    xs, ys = zip(*places, strict=True)
    across = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    return extent_km / across if across > 0 else 1.0


def tour(count: int, distance: Callable[[int, int], float], first: int = 0) -> list[int]:
    """A short round trip: nearest neighbours, then 2-opt (Croes 1958); the same on every run.

    Args:
        count: of places.
        distance: of two places.
        first: where it begins.
    """
    left = [place for place in range(count) if place != first]
    order = [first] if count else []
    while left:
        nearest = min(left, key=lambda place: (distance(order[-1], place), place))
        left.remove(nearest)
        order.append(nearest)
    improving = 3 < count <= IMPROVING_UP_TO
    while improving:
        improving = False
        for i in range(1, count - 1):
            for j in range(i + 1, count):
                before, after = order[i - 1], order[(j + 1) % count]
                old = distance(before, order[i]) + distance(order[j], after)
                new = distance(before, order[j]) + distance(order[i], after)
                if new < old - 1e-9:
                    order[i : j + 1] = order[i : j + 1][::-1]
                    improving = True
    return order


def drawn_km(names: Sequence[str], lengths_km: dict[tuple[str, str], float]) -> dict[str, Place]:
    """A map on which straight lines are about as long as paths (Kamada and Kawai 1989)."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(names)
    for (one, other), length in lengths_km.items():
        graph.add_edge(one, other, length=length)
    apart = {
        one: dict(reached)
        for one, reached in networkx.all_pairs_dijkstra_path_length(graph, weight="length")
    }
    found = networkx.kamada_kawai_layout(graph, dist=apart, weight=None)
    farthest = max(max(reached.values()) for reached in apart.values())
    places = {name: (float(x), float(y)) for name, (x, y) in found.items()}
    scale = scale_of(list(places.values()), farthest)
    return {name: (round(x * scale, 3), round(y * scale, 3)) for name, (x, y) in places.items()}
