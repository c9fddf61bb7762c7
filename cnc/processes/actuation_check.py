"""Refusing actuations that are impossible, before they reach the simulator."""

from __future__ import annotations

import numpy as np

from cnc.environment.assembly import DomainPart
from cnc.environment.infrastructure import Measurement
from cnc.environment.observations import Split
from cnc.environment.sites import Floats, Site
from cnc.errors import MessageError
from cnc.messages.telemetry import DomainActuation

TOLERANCE = 1e-6


def checked_part(site: Site, measured: Measurement, body: DomainActuation) -> DomainPart:
    """The domain's decision as arrays.

    Raises:
        MessageError: wrong shape, shares out of range, flow to a node without a ready replica,
            replicas beyond memory or outside a frame start.
    """
    services, nodes = len(site.work_gc), len(site.nodes)
    sigma = _matrix(body.split, (services, nodes), "split")
    paths = (
        _matrix(body.paths, (services, 2), "paths")
        if body.paths
        else np.tile(np.array([1.0, 0.0]), (services, 1))
    )
    inflow = _matrix(body.inflow, (len(site.origins), len(measured.classes.service)), "inflow")
    for name, shares in (("split", sigma), ("paths", paths), ("inflow", inflow)):
        if (shares < 0).any():
            raise MessageError(f"{name} has negative shares")
    if (sigma.sum(1) > 1 + TOLERANCE).any() or (paths.sum(1) > 1 + TOLERANCE).any():
        raise MessageError("shares of a split sum to more than 1")
    ready = measured.ready[:, site.nodes] > 0
    if ((sigma > 0) & ~ready).any():
        service, node = np.argwhere((sigma > 0) & ~ready)[0]
        raise MessageError(
            f"service {service} is sent to {site.node_names[node]}, which has no ready replica"
        )
    return DomainPart(Split(sigma, paths), inflow, _replicas(site, measured, body))


def _replicas(
    site: Site, measured: Measurement, body: DomainActuation
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None:
    if body.replicas is None:
        return None
    if not measured.frame_start:
        raise MessageError(f"replicas are set at frame starts only, not in slot {measured.slot}")
    shape = (len(site.work_gc), len(site.nodes))
    replicas = np.array(body.replicas, dtype=np.int64)
    if replicas.shape != shape:
        raise MessageError(f"replicas have shape {replicas.shape} instead of {shape}")
    if (replicas < 0).any() or (replicas > site.most_replicas).any():
        raise MessageError(f"replicas lie outside 0 to {site.most_replicas}")
    used = site.memory_gb @ replicas
    if (used > site.node_memory_gb + TOLERANCE).any():
        node = int(np.argmax(used - site.node_memory_gb))
        raise MessageError(
            f"{site.node_names[node]} has {site.node_memory_gb[node]:g} GB, and the replicas need "
            f"{used[node]:g} GB"
        )
    return replicas


def _matrix(rows: tuple[tuple[float, ...], ...], shape: tuple[int, int], name: str) -> Floats:
    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        raise MessageError(f"{name} is not of shape {shape}")
    return np.array(rows, dtype=np.float64).reshape(shape)
