"""Deployments of the greedy heuristics, as starts and as what a plan must not be worse than."""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Floats, Integers, site_of
from cnc.policies.greedy import usable_nodes
from cnc.policies.optimal.rounding import keep_one
from cnc.policies.placement import pack
from cnc.simulator.world import TrafficClasses, World


class Heuristics:
    """What the domains of grd-plus and grd-work would deploy for a demand that they knew.

    Args:
        world: the world.
        classes: its traffic classes.
    """

    def __init__(self, world: World, classes: TrafficClasses) -> None:
        self._world, self._service = world, classes.service
        self._sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
        self._usable = [usable_nodes(site, classes) for site in self._sites]

    def deploy(self, requests: Floats, weigh_by_work: bool) -> Integers:
        """Replicas [S, N].

        Args:
            requests: [D, C] of a mean slot.
            weigh_by_work: as grd-work does; otherwise as grd-plus.
        """
        world = self._world
        replicas = np.zeros(world.keepalive_w.shape, dtype=np.int64)
        for site, usable in zip(self._sites, self._usable, strict=True):
            weights = np.zeros(len(world.work_gc))
            np.add.at(weights, self._service, requests[site.origins].sum(axis=0))
            replicas[:, site.nodes] = pack(
                weights * world.work_gc if weigh_by_work else weights,
                site.memory_gb,
                site.node_memory_gb,
                usable,
                site.node_replica_gc_s,
                keep_one=site.kind == "transport",
                most_replicas=site.most_replicas,
            )
        keep_one(world, replicas)
        return replicas
