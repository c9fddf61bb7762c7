"""Which candidates can take requests now: one rule for numpy arrays and torch tensors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from cnc.environment.sites import Booleans, Floats
from cnc.simulator.world import TrafficClasses, World

FALLBACK = 4
"""Candidate X: what no candidate can serve in time goes there all the same."""


def usable_candidates(
    xp: ModuleType, serving: Any, admissible: Any, route_node: Any, of_route: Any, distinct: Any
) -> Any:
    """[…, D, C, K] candidates with a serving node on a route that can be in time.

    Where an origin and class has none, X counts if it has a serving node, else whichever candidate
    has. The second name of one domain never counts.

    Args:
        xp: numpy or torch.
        serving: […, C, N] whether a replica of the class's service is ready.
        admissible: […, D, C, R] routes that are in time at zero load.
        route_node: [D, R]
        of_route: [R, K] 1 for the candidate of a route, floating.
        distinct: [D, 1, K] false for the second name of a domain.
    """
    on_route = xp.moveaxis(serving[..., route_node], -2, -3)

    def candidates(routes: Any) -> Any:
        return ((routes * 1.0) @ of_route > 0) & distinct

    in_time = candidates(on_route & admissible)
    served = in_time.any(-1)
    if bool(served.all()):
        return in_time
    anyhow = candidates(on_route)
    remote = anyhow & (xp.arange(of_route.shape[-1]) == FALLBACK)
    instead = xp.where(remote.any(-1)[..., None], remote, anyhow)
    return xp.where(served[..., None], in_time, instead)


def candidate_tables(world: World) -> tuple[Floats, Booleans]:
    """`of_route` [R, K] and `distinct` [D, 1, K] of `usable_candidates`."""
    candidates = world.candidates.shape[1]
    of_route = (world.route_candidate[:, None] == np.arange(candidates)).astype(np.float64)
    distinct = [[list(row).index(d) == k for k, d in enumerate(row)] for row in world.candidates]
    return of_route, np.array(distinct)[:, None, :]


def hostable(world: World, classes: TrafficClasses, admissible: Booleans | None = None) -> Booleans:
    """[S, N] nodes where some class of the service meets its deadline from some origin.

    Args:
        world: the world.
        classes: its traffic classes.
        admissible: [D, C, R] routes that are in time, where they are known already.
    """
    if admissible is None:
        admissible = world.admissible_routes(classes)
    origin, which, route = np.nonzero(admissible)
    found = np.zeros(world.keepalive_w.shape, dtype=bool)
    found[classes.service[which], world.route_node[origin, route]] = True
    return found
