"""What flows ask of nodes, replicas and links, and how full these are then.

What others do is taken as it was measured in the last slot; a flow that is only considered is
added on top. Replicas are not measured one by one, so that their load is worked out from what the
policy gives every class now.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats
from cnc.simulator.world import World


@dataclass(frozen=True, eq=False)
class Load:
    """What flows ask for in a slot; what ends is negative."""

    node_gc: Floats
    """[N]"""
    replica_gc: Floats
    """[S, N]"""
    link_mbit: Floats
    """[L]"""

    def __add__(self, other: Load) -> Load:
        return Load(
            self.node_gc + other.node_gc,
            self.replica_gc + other.replica_gc,
            self.link_mbit + other.link_mbit,
        )

    def __neg__(self) -> Load:
        return Load(-self.node_gc, -self.replica_gc, -self.link_mbit)

    @staticmethod
    def none(world: World) -> Load:
        """No load at all."""
        nodes, links = len(world.node_domain), len(world.link_domain)
        return Load(np.zeros(nodes), np.zeros((len(world.work_gc), nodes)), np.zeros(links))


def load_of(world: World, service: int, size_mbit: float, flow: Floats) -> Load:
    """What a flow [D, R] of requests of a service asks for, uplink and downlink together."""
    load = Load.none(world)
    np.add.at(load.node_gc, world.route_node, flow * world.work_gc[service])
    load.replica_gc[service] = load.node_gc
    along = world.route_links >= 0
    bits = np.broadcast_to((flow * size_mbit)[..., None], along.shape)
    np.add.at(load.link_mbit, world.route_links[along], bits[along])
    return load


@dataclass(frozen=True, eq=False)
class Situation:
    """Utilisations of nodes, replicas and links; above 1 where more is asked than there is."""

    node: Floats
    """[N] rho, the background's part included."""
    replica: Floats
    """[S, N] of what ready replicas are granted; infinite where work comes and none is ready."""
    link: Floats
    """[L]"""


def situation(
    world: World,
    observation: EndToEndObservation,
    added: Load | None = None,
    standing_gc: Floats | None = None,
) -> Situation:
    """Utilisations as measured, with `added` on top.

    Args:
        world: inventory.
        observation: measured utilisations, ready replicas.
        added: what comes on top.
        standing_gc: [S, N] work of what runs, which replicas do already; none counted by default.
    """
    extra = Load.none(world) if added is None else added
    slot_s = world.parameters.slot_s
    node = observation.utilisation + extra.node_gc / (world.node_capacity_gc_s * slot_s)
    link = observation.link_utilisation + extra.link_mbit / (
        observation.link_capacity_mbit_s * slot_s
    )
    work = extra.replica_gc if standing_gc is None else standing_gc + extra.replica_gc
    work = np.maximum(work, 0.0)
    granted = world.node_replica_capacity_gc_s * observation.ready * slot_s
    nowhere = np.where(work > 1e-9, np.inf, 0.0)
    return Situation(
        node=np.maximum(node, observation.background),
        replica=np.divide(work, granted, out=nowhere, where=granted > 0),
        link=np.maximum(link, 0.0),
    )
