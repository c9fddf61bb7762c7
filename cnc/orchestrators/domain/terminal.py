"""Terminal side: from a device agent's telemetry to the unified model."""

from __future__ import annotations

from cnc.messages.reports import LinkState, NodeState
from cnc.messages.telemetry import TerminalTelemetry

MIB_PER_GB = 1024.0


def map_nodes(native: TerminalTelemetry) -> tuple[NodeState, ...]:
    """Devices are nodes; the owner's applications are their background."""
    return tuple(
        NodeState.model_construct(
            node=device.serial,
            capacity_gc_s=device.cpu_gcps,
            speed_gc_s=device.core_gcps,
            memory_gb=device.ram_mib / MIB_PER_GB,
            background=device.own_apps_cpu,
            utilisation=device.cpu,
            backlog_gc=device.backlog_gc,
            ready=tuple((app.service, app.running) for app in device.apps if app.running),
            placed=tuple((app.service, app.wanted) for app in device.apps if app.wanted),
        )
        for device in native.devices
    )


def map_links(native: TerminalTelemetry) -> tuple[LinkState, ...]:
    """Access interfaces are links; airtime is their utilisation."""
    return tuple(
        LinkState.model_construct(
            link=access.interface,
            capacity_mbit_s=access.phy_rate_mbps,
            energy_j_mbit=access.energy_j_per_mbit,
            utilisation=access.airtime,
        )
        for access in native.interfaces
    )
