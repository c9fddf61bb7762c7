"""Transport side: from a network controller's and its clusters' telemetry to the unified model."""

from __future__ import annotations

from cnc.messages.reports import LinkState, NodeState
from cnc.messages.telemetry import TransportTelemetry

MIB_PER_GB = 1024.0
MBIT_PER_GBIT = 1e3


def map_nodes(native: TransportTelemetry) -> tuple[NodeState, ...]:
    """Clusters are nodes; other tenants are their background."""
    return tuple(
        NodeState.model_construct(
            node=cluster.cluster,
            capacity_gc_s=cluster.allocatable_gcps,
            speed_gc_s=cluster.core_gcps,
            memory_gb=cluster.allocatable_mib / MIB_PER_GB,
            background=cluster.tenants,
            utilisation=cluster.usage,
            backlog_gc=cluster.pending_gc,
            ready=tuple((s, available) for s, available, _ in cluster.deployments if available),
            placed=tuple((s, wanted) for s, _, wanted in cluster.deployments if wanted),
        )
        for cluster in native.clusters
    )


def map_links(native: TransportTelemetry) -> tuple[LinkState, ...]:
    """Tunnels are links."""
    return tuple(
        LinkState.model_construct(
            link=tunnel.tunnel,
            capacity_mbit_s=tunnel.available_mbps,
            energy_j_mbit=tunnel.energy_j_per_gbit / MBIT_PER_GBIT,
            utilisation=tunnel.load,
        )
        for tunnel in native.tunnels
    )
