"""A world: the nodes, links, routes and services of one scenario and seed, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cnc.errors import UsageError
from cnc.simulator.parameters import ScenarioParameters

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

CANDIDATES = 5
"""T_i, R_i, R_(i+1), R_(i-1), X."""
LOCAL, RADIO, XN, BACKHAUL, CORE = range(5)
LINK_KINDS = ("local", "radio", "xn", "backhaul", "core")


@dataclass(frozen=True, eq=False)
class TrafficClasses:
    """The table of traffic classes [C]; in the base scenario one a service."""

    service: Integers
    """[C] which service a class asks for."""
    uplink_mbit: Floats
    """[C] of a request"""
    downlink_mbit: Floats
    deadline_s: Floats
    """[C] from sending to receiving"""

    def __len__(self) -> int:
        return len(self.service)

    @cached_property
    def key(self) -> bytes:
        """Differs where the tables differ."""
        parts = (self.service, self.uplink_mbit, self.downlink_mbit, self.deadline_s)
        return b"".join(part.tobytes() for part in parts)


@dataclass(frozen=True, eq=False)
class World:
    """Static data of one world, float64.

    D cells (origins), N nodes, L links, S services, R routes per origin, K = 5 candidates.
    Domains are ordered: D terminal-side, D RAN-side, then transport.
    """

    parameters: ScenarioParameters
    seed: int
    domain_ids: tuple[str, ...]
    service_class: Integers
    """[S] 0 interactive, 1 analytic, 2 heavy."""
    work_gc: Floats
    """[S] of a request"""
    memory_gb: Floats
    """[S] of a replica"""
    popularity: Floats
    """[S] share of the requests"""
    keepalive_w: Floats
    """[S, N] of a replica"""
    classes: TrafficClasses
    node_capacity_gc_s: Floats
    """[N] F"""
    node_speed_gc_s: Floats
    """[N] v, of a single request; at most F"""
    node_memory_gb: Floats
    node_idle_w: Floats
    node_dynamic_w: Floats
    """[N] dP, above idle at full load"""
    node_replica_capacity_gc_s: Floats
    """kappa = min(2 v, F)"""
    node_servers: Floats
    """m = kappa / v"""
    node_start_energy_j: Floats
    node_domain: Integers
    link_propagation_s: Floats
    link_nominal_capacity_mbit_s: Floats
    """Radio: at the mean SNR of 16 dB. 0 where unknown (counts as no transmission time)."""
    link_nominal_energy_j_mbit: Floats
    link_domain: Integers
    link_kind: Integers
    candidates: Integers
    """[D, 5] domain of each candidate; a neighbour that is the own RAN domain repeats it."""
    route_node: Integers
    """[D, R]"""
    route_candidate: Integers
    """[R]"""
    route_links: Integers
    """[D, R, 3] padded with -1"""
    route_local: Integers
    """[R] which local link, or -1"""
    route_backhaul: Integers
    """[R] which backhaul link of the origin's RAN domain, or -1"""
    route_core: Integers
    """[R] which core link, or -1"""

    def domain_index(self, domain: str) -> int:
        """Position of a domain.

        Raises:
            UsageError: no such domain.
        """
        try:
            return self.domain_ids.index(domain)
        except ValueError:
            raise UsageError(
                f"domain {domain!r} is not in this world; there are {self.domain_ids[0]} to "
                f"{self.domain_ids[-1]}"
            ) from None

    def nodes_of(self, domain: int) -> Integers:
        """Nodes of a domain."""
        return np.flatnonzero(self.node_domain == domain)

    def links_of(self, domain: int) -> Integers:
        """Links that a domain owns."""
        return np.flatnonzero(self.link_domain == domain)

    def origins_of(self, domain: int) -> tuple[Integers, Integers]:
        """Origins for which a domain is a candidate, and as which candidate k, side by side.

        With one or two cells a RAN domain is several candidates of the same origin.
        """
        origins, which = np.nonzero(self.candidates == domain)
        return origins, which

    def node_name(self, node: int) -> str:
        """Such as `ran-2/node-1`."""
        domain = int(self.node_domain[node])
        at = int(np.flatnonzero(self.node_domain == domain)[0])
        return f"{self.domain_ids[domain]}/node-{node - at}"

    def link_name(self, link: int) -> str:
        """Such as `ran-2/backhaul-0` or `ran-2/radio`."""
        domain, kind = int(self.link_domain[link]), int(self.link_kind[link])
        alike = np.flatnonzero((self.link_domain == domain) & (self.link_kind == kind))
        name = f"{self.domain_ids[domain]}/{LINK_KINDS[kind]}"
        return name if len(alike) == 1 else f"{name}-{int(np.flatnonzero(alike == link)[0])}"

    def zero_load_latency_s(self, classes: TrafficClasses) -> Floats:
        """[D, C, R] latency in s without any load: two-way propagation, transmission, processing.

        At nominal link capacities; a link whose capacity is unknown (0) adds no transmission.
        """
        capacity = self.link_nominal_capacity_mbit_s
        inverse = np.divide(1.0, capacity, out=np.zeros_like(capacity), where=capacity > 0)
        propagation = np.append(2.0 * self.link_propagation_s, 0.0)[self.route_links].sum(-1)
        per_mbit = np.append(inverse, 0.0)[self.route_links].sum(-1)
        size = classes.uplink_mbit + classes.downlink_mbit
        work = self.work_gc[classes.service]
        speed = self.node_speed_gc_s[self.route_node]
        return np.asarray(
            propagation[:, None, :]
            + size[None, :, None] * per_mbit[:, None, :]
            + work[None, :, None] / speed[:, None, :]
        )

    def admissible_routes(self, classes: TrafficClasses) -> Booleans:
        """[D, C, R] routes that meet the class's deadline at zero load."""
        return np.asarray(self.zero_load_latency_s(classes) < classes.deadline_s[None, :, None])

    def with_class(
        self, service: int, uplink_mbit: float, downlink_mbit: float, deadline_s: float
    ) -> TrafficClasses:
        """The base classes and one more of a service, as the last one.

        Raises:
            UsageError: no such service, or sizes and a deadline that are no positive numbers.
        """
        classes = self.classes
        if not 0 <= service < len(self.work_gc):
            raise UsageError(
                f"service {service} is not in this world; there are 0 to {len(self.work_gc) - 1}"
            )
        numbers = {"uplink": uplink_mbit, "downlink": downlink_mbit, "deadline": deadline_s}
        for name, value in numbers.items():
            if not np.isfinite(value) or value < 0 or (value == 0 and name != "downlink"):
                raise UsageError(f"the {name} of a traffic class must be above 0, not {value}")
        return replace(
            classes,
            service=np.append(classes.service, service).astype(np.int64),
            uplink_mbit=np.append(classes.uplink_mbit, uplink_mbit),
            downlink_mbit=np.append(classes.downlink_mbit, downlink_mbit),
            deadline_s=np.append(classes.deadline_s, deadline_s),
        )
