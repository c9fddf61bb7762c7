"""What a domain's deployment network sees of a service on a node, without units."""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import DomainObservation, Order
from cnc.environment.sites import Floats, Site
from cnc.policies.greedy import usable_nodes
from cnc.policies.popularity import Popularity
from cnc.simulator.world import TrafficClasses

KINDS = ("terminal", "ran", "transport")
FEATURES = 14 + len(KINDS)
ORIGIN_WEIGHT = np.array([1.0, 1.0, 0.5, 0.5, 1.0])
"""Of an origin's demand, by which candidate the domain is to it."""
BACKGROUND = 9
"""Position of the background; demand takes the first five."""


class DeploymentFeatures:
    """Features of one domain for as long as there are the same traffic classes.

    Args:
        site: the domain.
        classes: the traffic classes.
    """

    def __init__(self, site: Site, classes: TrafficClasses) -> None:
        self.key = classes.key
        self.usable = usable_nodes(site, classes)
        """[S, n] where some class can be served in time."""
        self._site = site
        self._weight = ORIGIN_WEIGHT[site.candidate]
        self._lasting = self._that_last(classes)

    def _that_last(self, classes: TrafficClasses) -> Floats:
        """[S, n, FEATURES] those that depend on neither demand nor background; 0 for the others."""
        site, weight = self._site, self._weight
        size, deadline = _per_service(classes, len(site.work_gc))
        processing = site.work_gc[:, None] / site.node_speed_gc_s
        finite = np.where(np.isfinite(site.zero_load_s), site.zero_load_s, 1e3)
        path = (finite[:, None] + size[:, None, None] * site.per_mbit_s[:, None]).min(-1)
        network = (path * weight[:, None, None]).sum(0) / weight.sum()
        slack = (deadline[:, None] - network - processing) / deadline[:, None]
        nearest = (deadline[:, None] - path.min(0) - processing) / deadline[:, None]
        lasting = np.zeros((len(site.work_gc), len(site.nodes), FEATURES))
        columns = (
            processing / deadline[:, None],
            np.clip(slack, -2.0, 1.0),
            np.clip(nearest, -2.0, 1.0),
            site.node_dynamic_w / site.node_capacity_gc_s,
            0.0,
            site.memory_gb[:, None] / site.node_memory_gb,
            np.log(size)[:, None],
            np.log(site.work_gc)[:, None],
            site.node_replica_gc_s / site.node_capacity_gc_s,
            *(float(site.kind == kind) for kind in KINDS),
        )
        for column, values in enumerate(columns, start=5):
            lasting[..., column] = values
        return lasting

    def seen(self, popularity: Popularity, observation: DomainObservation, order: Order) -> Floats:
        """[S, n, FEATURES] of a slot."""
        site, tau = self._site, self._site.parameters.slot_s
        asked = popularity.per_service(order, len(site.work_gc), self._weight)
        demand = asked * site.work_gc
        every = demand.sum()
        capacity = site.node_capacity_gc_s * tau
        seen = self._lasting.copy()
        seen[..., 0] = np.log1p(8.0 * demand[:, None] / capacity)
        seen[..., 1] = np.log1p(demand[:, None] / site.node_replica_gc_s / tau)
        seen[..., 2] = np.log1p(4.0 * every / capacity.sum())
        seen[..., 3] = (4.0 * demand / max(float(every), 1e-9))[:, None]
        seen[..., 4] = np.log1p(asked)[:, None]
        seen[..., BACKGROUND] = observation.background
        return seen


def _per_service(classes: TrafficClasses, services: int) -> tuple[Floats, Floats]:
    """[S] largest size and least deadline of a service's classes."""
    size, deadline = np.zeros(services), np.full(services, np.inf)
    np.maximum.at(size, classes.service, classes.uplink_mbit + classes.downlink_mbit)
    np.minimum.at(deadline, classes.service, classes.deadline_s)
    return np.maximum(size, 1e-3), np.where(np.isfinite(deadline), deadline, 1.0)
