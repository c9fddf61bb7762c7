"""RAN side: from a gNB's and its edge site's telemetry to the unified model."""

from __future__ import annotations

from cnc.messages.reports import LinkState, NodeState
from cnc.messages.telemetry import RanTelemetry

MIB_PER_GB = 1024.0


def map_nodes(native: RanTelemetry) -> tuple[NodeState, ...]:
    """Edge servers are nodes; virtualised RAN functions are their background."""
    return tuple(
        NodeState.model_construct(
            node=server.hostname,
            capacity_gc_s=server.capacity_gcps,
            speed_gc_s=server.thread_gcps,
            memory_gb=server.memory_mib / MIB_PER_GB,
            background=server.vran_load,
            utilisation=server.load,
            backlog_gc=server.queued_gc,
            ready=tuple((pod.service, pod.ready) for pod in server.pods if pod.ready),
            placed=tuple((pod.service, pod.desired) for pod in server.pods if pod.desired),
        )
        for server in native.servers
    )


def map_links(native: RanTelemetry) -> tuple[LinkState, ...]:
    """The cell is the radio link: bandwidth x layers x spectral efficiency, W over Mbit/s."""
    cell = native.cell
    capacity = cell.bandwidth_mhz * cell.layers * cell.spectral_efficiency
    radio = LinkState.model_construct(
        link=cell.cell_id,
        capacity_mbit_s=capacity,
        energy_j_mbit=cell.transmit_w / capacity,
        utilisation=cell.prb_utilisation,
    )
    ports = tuple(
        LinkState.model_construct(
            link=port.port,
            capacity_mbit_s=port.rate_mbps,
            energy_j_mbit=port.energy_j_per_mbit,
            utilisation=port.utilisation,
        )
        for port in native.ports
    )
    return (radio, *ports)
