"""What agents see before they decide: plain arrays, the same offline and on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnc.environment.sites import Booleans, Floats, Integers, Site
from cnc.messages.directives import MOST_SHARES

if TYPE_CHECKING:
    from cnc.simulator.world import TrafficClasses


@dataclass(frozen=True, eq=False)
class DomainObservation:
    """What one domain knows before slot t (n own nodes, l own links, S services).

    Background, utilisation and backlog are those at the end of t-1, link capacities those of t
    (system model, "Information").
    """

    slot: int
    frame_start: bool
    background: Floats
    utilisation: Floats
    backlog_gc: Floats
    ready: Integers
    """[S, n]"""
    placed: Integers
    """[S, n]"""
    link_capacity_mbit_s: Floats
    link_energy_j_mbit: Floats
    link_utilisation: Floats


@dataclass(frozen=True, eq=False)
class Order:
    """What E2E asks of a domain in one slot (O candidate origins, C classes, S services)."""

    slot: int
    frame_start: bool
    inflow: Floats
    """[O, C] share of each origin's requests."""
    requests: Floats
    """[O, C] requests of the slot."""
    classes: TrafficClasses
    announced: Floats
    """[O, C] demand of groups that are about to start, requests per slot."""
    allowed: Booleans
    """[S] services that the domain may host."""
    prior: Floats
    """[S] additive preference."""
    expected: Split | None = None
    """How E2E expects the domain to split; None where E2E says nothing."""


@dataclass(frozen=True, eq=False)
class EndToEndObservation:
    """What E2E knows before slot t, put together from the reports of all domains."""

    slot: int
    frame_start: bool
    requests: Floats
    """[D, C]"""
    announced: Floats
    """[D, C] demand of groups that are about to start."""
    classes: TrafficClasses
    background: Floats
    """[N]"""
    utilisation: Floats
    backlog_gc: Floats
    ready: Integers
    """[S, N]"""
    placed: Integers
    link_capacity_mbit_s: Floats
    """[L]"""
    link_energy_j_mbit: Floats
    link_utilisation: Floats
    live: Booleans
    """[domains] takes part in planning."""
    prior: Floats
    """[C, K] log-weight per class and candidate, from knowledge and triggers; 0 is neutral."""
    hosts_prior: Floats
    """[domains, S] additive preference for deployment; 0 is neutral."""


@dataclass(frozen=True, eq=False)
class Hosts:
    """E2E's wish for deployment: mask and prior over (domain, service)."""

    allowed: Booleans
    prior: Floats


@dataclass(frozen=True, eq=False)
class Split:
    """A domain's traffic decision for one slot."""

    sigma: Floats
    """[S, n] shares over nodes with a ready replica; rows sum to 1, or 0 with none ready."""
    paths: Floats
    """[S, 2] shares of the two parallel links that it owns."""


@dataclass(frozen=True, eq=False)
class Expectation:
    """How E2E expects every domain to split in a slot: advice, since domains decide."""

    sigma: Floats
    """[S, N] shares of each domain's nodes; a domain's own decision may be any other."""
    paths: Floats
    """[domains, S, 2] shares of the two parallel links that each owns."""

    def of(self, site: Site) -> Split | None:
        """What concerns one domain; None where a directive could not carry it."""
        if len(self.sigma) * len(site.nodes) > MOST_SHARES:
            return None
        return Split(sigma=self.sigma.take(site.nodes, 1), paths=self.paths[site.index])


def demand_of(site: Site, order: Order) -> Floats:
    """[O, C] requests that E2E sends to this domain in the slot."""
    assert order.inflow.shape[0] == len(site.origins)
    return order.inflow * order.requests
