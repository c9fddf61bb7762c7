"""From any kind's native telemetry to the unified report, and from a report to arrays."""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import DomainObservation
from cnc.environment.sites import Floats, Integers, Site
from cnc.errors import MessageError
from cnc.messages.reports import DomainReport, GroupChoice, NodeState
from cnc.messages.telemetry import ClassQuality, DomainTelemetry, RanTelemetry, TerminalTelemetry
from cnc.orchestrators.domain import ran, terminal, transport

MOST = 1e12
"""Of any amount in a message, whatever its unit; what is computed from it stays finite."""


def report_of(
    site: Site, telemetry: DomainTelemetry, choices: tuple[GroupChoice, ...] = (), gaps: int = 0
) -> DomainReport:
    """Map telemetry to the unified model.

    Raises:
        MessageError: the telemetry is of another kind or size than this domain.
    """
    native = telemetry.native
    if native.technology != site.kind:
        raise MessageError(
            f"{site.domain} is a {site.kind} domain but got {native.technology} telemetry"
        )
    arrivals: tuple[float, ...] = ()
    quality: tuple[ClassQuality, ...] = ()
    if isinstance(native, TerminalTelemetry):
        nodes, links = terminal.map_nodes(native), terminal.map_links(native)
        arrivals, quality = native.arrivals, native.quality
        if len(arrivals) != telemetry.classes:
            raise MessageError(
                f"{site.domain} got arrivals of {len(arrivals)} classes instead of "
                f"{telemetry.classes}"
            )
    elif isinstance(native, RanTelemetry):
        nodes, links = ran.map_nodes(native), ran.map_links(native)
    else:
        nodes, links = transport.map_nodes(native), transport.map_links(native)
    check_size(site, len(nodes), len(links))
    return DomainReport.model_construct(
        domain=site.domain,
        domain_kind=site.kind,
        frame_start=telemetry.frame_start,
        classes=telemetry.classes,
        nodes=nodes,
        links=links,
        arrivals=arrivals,
        quality=quality,
        groups=telemetry.groups,
        outcome=telemetry.outcome,
        choices=choices,
        rejected=telemetry.rejected,
        gaps=gaps,
    )


def check_size(site: Site, nodes: int, links: int) -> None:
    """Refuse data of another size than the inventory.

    Raises:
        MessageError: with what was expected.
    """
    if nodes != len(site.nodes) or links != len(site.links):
        raise MessageError(
            f"{site.domain} has {len(site.nodes)} nodes and {len(site.links)} links in the "
            f"inventory, but {nodes} and {links} were reported"
        )


def observation_of(site: Site, report: DomainReport, slot: int) -> DomainObservation:
    """A report as the arrays that a domain agent sees.

    Raises:
        MessageError: the report does not fit the inventory.
    """
    check_size(site, len(report.nodes), len(report.links))
    services = len(site.work_gc)
    nodes, links = report.nodes, report.links
    seen = DomainObservation(
        slot=slot,
        frame_start=report.frame_start,
        background=np.array([node.background for node in nodes]),
        utilisation=np.array([node.utilisation for node in nodes]),
        backlog_gc=np.array([node.backlog_gc for node in nodes]),
        ready=_counts(site, nodes, services, "ready"),
        placed=_counts(site, nodes, services, "placed"),
        link_capacity_mbit_s=np.array([link.capacity_mbit_s for link in links]),
        link_energy_j_mbit=np.array([link.energy_j_mbit for link in links]),
        link_utilisation=np.array([link.utilisation for link in links]),
    )
    check_amounts(
        f"{site.domain} reports",
        seen.background,
        seen.utilisation,
        seen.backlog_gc,
        seen.link_capacity_mbit_s,
        seen.link_energy_j_mbit,
        seen.link_utilisation,
        np.array(report.arrivals),
    )
    return seen


def check_amounts(what: str, *amounts: Floats) -> None:
    """Refuse numbers that nothing can have.

    Raises:
        MessageError: one is below 0 or above MOST.
    """
    for values in amounts:
        wrong = values[(values < 0.0) | (values > MOST)]
        if wrong.size:
            raise MessageError(f"{what} {wrong[0]:g}, which does not lie in 0 to {MOST:g}")


def _counts(site: Site, nodes: tuple[NodeState, ...], services: int, which: str) -> Integers:
    counts = np.zeros((services, len(nodes)), dtype=np.int64)
    for at, node in enumerate(nodes):
        for service, replicas in node.ready if which == "ready" else node.placed:
            if not 0 <= service < services:
                raise MessageError(
                    f"{site.domain} reports service {service}; there are {services} services"
                )
            counts[service, at] = replicas
    return counts
