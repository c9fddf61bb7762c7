"""Turning preferences into shares over what is ready, for E2E and for domains."""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.readiness import candidate_tables, usable_candidates
from cnc.environment.sites import Booleans, Floats
from cnc.simulator.world import World


def normalised(preference: Floats, ready: Booleans) -> Floats:
    """Rows along the last axis sum to 1 over what is ready; rows with nothing ready are 0.

    Where no preference is left on anything that is ready, the ready ones share equally.
    """
    masked = np.where(ready, preference, 0.0)
    masked = np.where((masked.sum(-1, keepdims=True) > 0), masked, ready.astype(np.float64))
    total = masked.sum(-1, keepdims=True)
    return np.asarray(np.divide(masked, total, out=np.zeros_like(masked), where=total > 0))


class Candidates:
    """Which candidates of which origin can serve which class now (E2E's view of readiness)."""

    def __init__(self, world: World) -> None:
        self._world = world
        domains = len(world.domain_ids)
        self._of_node = np.zeros((domains, len(world.node_domain)))
        self._of_node[world.node_domain, np.arange(len(world.node_domain))] = 1.0
        self._key: bytes | None = None
        self._admissible: Booleans | None = None
        self._of_route, self._distinct = candidate_tables(world)

    def admissible_routes(self, observation: EndToEndObservation) -> Booleans:
        """[D, C, R] at zero load; kept until the classes change."""
        classes = observation.classes
        key = classes.key
        if key != self._key or self._admissible is None:
            self._admissible = self._world.admissible_routes(classes)
            self._key = key
        return self._admissible

    def usable(self, observation: EndToEndObservation) -> Booleans:
        """[D, C, K] a live candidate with a ready replica on an admissible route.

        Where an origin and class has none, the ready candidates count all the same, X first.
        """
        world = self._world
        ready = (observation.ready > 0)[observation.classes.service]
        return np.asarray(
            usable_candidates(
                np,
                ready & observation.live[world.node_domain][None, :],
                self.admissible_routes(observation),
                world.route_node,
                self._of_route,
                self._distinct,
            )
        )

    def residual_gc_s(self, observation: EndToEndObservation) -> Floats:
        """[domains] capacity that was left in the last slot, at least 1 % of all."""
        world = self._world
        left = world.node_capacity_gc_s * np.maximum(
            1.0 - np.maximum(observation.utilisation, observation.background), 0.01
        )
        return np.asarray(self._of_node @ left)

    def by_prior(self, preference: Floats, observation: EndToEndObservation) -> Floats:
        """Delta [D, C, K] from a preference [D, C, K] and the knowledge prior."""
        weighted = preference * np.exp(observation.prior)[None, :, :]
        return normalised(weighted, self.usable(observation))
