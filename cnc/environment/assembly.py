"""From the decisions of 22 agents to one actuation of the infrastructure.

y = inflow x split x path shares. A silent domain goes on with its last split, masked to ready
nodes; where it has nothing ready, its inflow moves to the origin's other candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnc.environment.infrastructure import Actuation, Measurement
from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Split,
)
from cnc.environment.sites import Booleans, Floats, Integers, Site
from cnc.simulator.world import World


@dataclass(frozen=True, eq=False)
class DomainPart:
    """What one domain decided for a slot."""

    split: Split
    inflow: Floats
    """[O, C] accepted shares, rows in the order of the site's origins."""
    replicas: Integers | None = None


def observe_domain(measured: Measurement, site: Site) -> DomainObservation:
    """The slice of the measurement that a domain sees."""
    nodes, links = site.nodes, site.links
    return DomainObservation(
        slot=measured.slot,
        frame_start=measured.frame_start,
        background=measured.background.take(nodes),
        utilisation=measured.utilisation.take(nodes),
        backlog_gc=measured.backlog_gc.take(nodes),
        ready=measured.ready.take(nodes, 1),
        placed=measured.placed.take(nodes, 1),
        link_capacity_mbit_s=measured.link_capacity_mbit_s.take(links),
        link_energy_j_mbit=measured.link_energy_j_mbit.take(links),
        link_utilisation=measured.link_utilisation.take(links),
    )


def observe_all(measured: Measurement, world: World) -> EndToEndObservation:
    """The global view when every domain is live and nothing is known beside measurements."""
    domains, candidates = len(world.domain_ids), world.candidates.shape[1]
    return EndToEndObservation(
        slot=measured.slot,
        frame_start=measured.frame_start,
        requests=measured.requests,
        announced=np.zeros_like(measured.requests),
        classes=measured.classes,
        background=measured.background,
        utilisation=measured.utilisation,
        backlog_gc=measured.backlog_gc,
        ready=measured.ready,
        placed=measured.placed,
        link_capacity_mbit_s=measured.link_capacity_mbit_s,
        link_energy_j_mbit=measured.link_energy_j_mbit,
        link_utilisation=measured.link_utilisation,
        live=np.ones(domains, dtype=bool),
        prior=np.zeros((len(measured.classes.service), candidates)),
        hosts_prior=np.zeros((domains, len(world.work_gc))),
    )


def assemble(
    world: World,
    sites: Sequence[Site],
    measured: Measurement,
    parts: Mapping[int, DomainPart],
    last: Mapping[int, DomainPart] | None = None,
) -> Actuation:
    """Compose one actuation.

    Args:
        world: the world.
        sites: of every domain, by index.
        measured: the slot's measurement.
        parts: decisions by domain index; domains that are missing are silent.
        last: each domain's last valid decision, for the silent ones.
    """
    origins, classes = measured.requests.shape
    services, nodes = measured.ready.shape
    candidates = world.candidates.shape[1]
    delta = np.zeros((origins, classes, candidates))
    sigma = np.zeros((services, nodes))
    first = np.tile(np.array([1.0, 0.0]), (services, 1))
    local = np.tile(first, (origins, 1, 1))
    backhaul = np.tile(first, (origins, 1, 1))
    core = first.copy()
    replicas = measured.placed.copy() if measured.frame_start else None
    silent: list[Site] = []
    for site in sites:
        part = parts.get(site.index)
        if part is None:
            silent.append(site)
            part = (last or {}).get(site.index)
            sigma[:, site.nodes] = _masked(part, measured.ready[:, site.nodes] > 0)
        else:
            delta[site.origins, :, site.candidate] = part.inflow
            sigma[:, site.nodes] = part.split.sigma
            if replicas is not None and part.replicas is not None:
                replicas[:, site.nodes] = part.replicas
        if part is not None:
            if site.kind == "terminal":
                local[site.index] = part.split.paths
            elif site.kind == "ran":
                backhaul[site.index - origins] = part.split.paths
            else:
                core = part.split.paths
    if silent:
        _fill_silent(delta, silent, measured)
    return Actuation(delta, sigma, local, backhaul, core, replicas)


def _masked(part: DomainPart | None, ready: Booleans) -> Floats:
    """The last sigma on ready nodes, renormalised; equal shares where none is known."""
    before = np.zeros(ready.shape) if part is None else part.split.sigma
    kept = np.where(ready, before, 0.0)
    kept = np.where(kept.sum(1, keepdims=True) > 0, kept, ready.astype(np.float64))
    total = kept.sum(1, keepdims=True)
    return np.asarray(np.divide(kept, total, out=np.zeros_like(kept), where=total > 0))


def _fill_silent(delta: Floats, silent: Sequence[Site], measured: Measurement) -> None:
    """Give silent domains what the others did not accept; in place."""
    taken = delta.sum(axis=-1)
    left = np.clip(1.0 - taken, 0.0, 1.0)
    rest: Floats = np.where(left < 1e-9, 0.0, left)
    room = np.zeros_like(delta)
    for site in silent:
        ready = (measured.ready[:, site.nodes].sum(axis=1) > 0)[measured.classes.service]
        room[site.origins, :, site.candidate] = ready.astype(np.float64)[None, :]
    count = room.sum(axis=-1, keepdims=True)
    delta += np.divide(room * rest[..., None], count, out=np.zeros_like(room), where=count > 0)
    moved = (rest > 0) & (count[..., 0] == 0) & (taken > 0)
    scale = np.divide(1.0, taken, out=np.ones_like(taken), where=moved)
    delta *= scale[..., None]
