"""What E2E knows of a domain: its view of the slot, and what is asked of it."""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import (
    DomainObservation,
    EndToEndObservation,
    Expectation,
    Hosts,
    Order,
)
from cnc.environment.sites import Floats, Site


def domain_view(observation: EndToEndObservation, site: Site) -> DomainObservation:
    """What a domain would see, as E2E knows it from the reports."""
    nodes, links = site.nodes, site.links
    return DomainObservation(
        slot=observation.slot,
        frame_start=observation.frame_start,
        background=observation.background[nodes],
        utilisation=observation.utilisation[nodes],
        backlog_gc=observation.backlog_gc[nodes],
        ready=observation.ready[:, nodes],
        placed=observation.placed[:, nodes],
        link_capacity_mbit_s=observation.link_capacity_mbit_s[links],
        link_energy_j_mbit=observation.link_energy_j_mbit[links],
        link_utilisation=observation.link_utilisation[links],
    )


def order_for(
    site: Site,
    observation: EndToEndObservation,
    delta: Floats,
    hosts: Hosts | None,
    expected: Expectation | None = None,
) -> Order:
    """What E2E asks of one domain, given delta [D, C, K], and what it expects of it."""
    services = len(site.work_gc)
    return Order(
        slot=observation.slot,
        frame_start=observation.frame_start,
        inflow=delta[site.origins, :, site.candidate],
        requests=observation.requests.take(site.origins, 0),
        classes=observation.classes,
        announced=observation.announced.take(site.origins, 0),
        allowed=np.ones(services, dtype=bool) if hosts is None else hosts.allowed[site.index],
        prior=np.zeros(services) if hosts is None else hosts.prior[site.index],
        expected=None if expected is None else expected.of(site),
    )
