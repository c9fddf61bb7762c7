"""Replicas that the next frame start could bring a service.

Domains deploy for the demand that is announced. What they will decide is theirs; counted is a part
of the memory that no running class needs, which is the most that they can give without harm.
"""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Floats, Integers
from cnc.simulator.world import World

GIVEN = 0.5
"""Part of the spare memory that a service can count on: others are given more of it too. With all
of it, 800 users of llm-inference (policy hmarl, scenario paper) were predicted to be met at 97 %
and measured at 63 %; with half, at 63 %, and what could be met was still told."""
FULL = 0.7
"""Utilisation up to which a replica counts as enough; beyond it waits grow steeply."""


def spare_memory_gb(
    world: World, observation: EndToEndObservation, standing_gc: Floats, service: int
) -> Floats:
    """[N] memory that the work of other services leaves, their needed replicas counted.

    Args:
        world: inventory.
        observation: placed replicas.
        standing_gc: [S, N] work of what runs.
        service: whose own replicas do not count as taken.
    """
    granted = world.node_replica_capacity_gc_s * world.parameters.slot_s
    wanted = np.ceil(standing_gc / (FULL * granted) - 1e-9)
    transport = world.node_domain == len(world.domain_ids) - 1
    wanted = np.where(transport[None, :], np.maximum(wanted, 1.0), wanted)
    kept = np.minimum(wanted, observation.placed)
    kept[service] = 0.0
    taken = (kept * world.memory_gb[:, None]).sum(axis=0)
    return np.asarray(np.maximum(world.node_memory_gb - taken, 0.0))


def replicas_after(
    world: World, observation: EndToEndObservation, spare_gb: Floats, service: int
) -> Integers:
    """[S, N] ready replicas with as many of the service as the spare memory [N] holds."""
    most = world.parameters.most_replicas
    could = np.floor(GIVEN * spare_gb / world.memory_gb[service] + 1e-9).astype(np.int64)
    ready = observation.ready.copy()
    ready[service] = np.maximum(observation.placed[service], np.minimum(could, most))
    return ready
