"""Every number of the system model, with units (docs/system-model.md has the tables)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnc.errors import ConfigurationError
from cnc.simulator.inputs import RequestTrace, TopologyParameters


@dataclass(frozen=True)
class Range:
    """A uniform distribution U[low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ConfigurationError(
                f"a range runs from low to high, not {self.low} to {self.high}"
            )


@dataclass(frozen=True)
class TierParameters:
    """Nodes of one kind of domain."""

    nodes: int
    capacity_gc_s: Range
    speed_gc_s: Range
    """Of a single request, at most the capacity."""
    memory_gb: float
    idle_w: Range
    energy_j_per_gc: Range
    """At full load; the dynamic power is this times the capacity."""
    start_energy_j: float
    background_mean: float
    """Utilisation by others."""


@dataclass(frozen=True)
class LinkParameters:
    """One kind of link."""

    capacity_mbit_s: float
    propagation_s: float
    energy_j_mbit: float


@dataclass(frozen=True)
class RadioParameters:
    """The radio link of a cell."""

    bandwidth_mhz: float = 100.0
    layers: int = 2
    propagation_s: float = 0.004
    power_w: float = 350.0
    snr_mean_db: Range = Range(14.0, 18.0)
    snr_deviation_db: float = 2.5
    """Stationary deviation of the AR(1) process."""
    snr_memory: float = 0.9
    efficiency: float = 0.75
    """Of the Shannon bound."""
    most_bit_s_hz: float = 7.4


@dataclass(frozen=True)
class ServiceClassParameters:
    """One class of services."""

    work_gc: Range
    uplink_mbit: Range
    deadline_s: Range
    memory_gb: Range


@dataclass(frozen=True)
class BackgroundParameters:
    """Load of others on nodes and shared links: clip(mean + deviation x AR(1), 0, most)."""

    deviation: float = 0.18
    memory: float = 0.9
    most: float = 0.7
    link_mean: float = 0.25
    """Of Xn, backhaul and core links."""


@dataclass(frozen=True)
class HotspotParameters:
    """Where users are."""

    centre: float = 3.0
    neighbour: float = 1.8
    other: float = 1.0
    move_probability: float = 0.3
    """At each frame start, by one domain."""


@dataclass(frozen=True)
class ScenarioParameters:
    """A scenario; the defaults are the scenario `paper`."""

    name: str = "paper"
    cells: int = 10
    """Terminal-side domains, and as many RAN-side ones."""
    services: int = 30
    load: float = 300.0
    """Nominal requests a slot (Nbar)."""
    zipf: float = 1.2
    slot_s: float = 1.0
    frame_slots: int = 10
    terminal: TierParameters = TierParameters(
        nodes=4,
        capacity_gc_s=Range(5.0, 11.0),
        speed_gc_s=Range(3.0, 6.0),
        memory_gb=3.0,
        idle_w=Range(0.5, 1.5),
        energy_j_per_gc=Range(0.5, 0.9),
        start_energy_j=0.5,
        background_mean=0.10,
    )
    ran: TierParameters = TierParameters(
        nodes=3,
        capacity_gc_s=Range(50.0, 90.0),
        speed_gc_s=Range(10.0, 15.0),
        memory_gb=10.0,
        idle_w=Range(30.0, 50.0),
        energy_j_per_gc=Range(1.6, 2.2),
        start_energy_j=4.0,
        background_mean=0.25,
    )
    transport: TierParameters = TierParameters(
        nodes=4,
        capacity_gc_s=Range(500.0, 800.0),
        speed_gc_s=Range(20.0, 28.0),
        memory_gb=64.0,
        idle_w=Range(120.0, 200.0),
        energy_j_per_gc=Range(1.1, 1.5),
        start_energy_j=4.0,
        background_mean=0.20,
    )
    local: tuple[LinkParameters, LinkParameters] = (
        LinkParameters(80.0, 0.002, 0.10),
        LinkParameters(120.0, 0.004, 0.30),
    )
    radio: RadioParameters = RadioParameters()
    xn: LinkParameters = LinkParameters(300.0, 0.002, 0.10)
    backhaul: tuple[LinkParameters, LinkParameters] = (
        LinkParameters(250.0, 0.003, 0.30),
        LinkParameters(150.0, 0.006, 0.60),
    )
    core: tuple[LinkParameters, LinkParameters] = (
        LinkParameters(900.0, 0.006, 0.90),
        LinkParameters(1500.0, 0.015, 0.50),
    )
    service_classes: tuple[
        ServiceClassParameters, ServiceClassParameters, ServiceClassParameters
    ] = (
        ServiceClassParameters(
            Range(0.2, 0.6), Range(0.6, 1.6), Range(0.08, 0.15), Range(0.5, 1.0)
        ),
        ServiceClassParameters(
            Range(0.8, 1.8), Range(1.5, 3.5), Range(0.20, 0.40), Range(1.0, 2.5)
        ),
        ServiceClassParameters(
            Range(2.0, 5.0), Range(1.0, 2.5), Range(0.60, 1.50), Range(2.5, 6.0)
        ),
    )
    """Interactive, analytic, heavy."""
    downlink_share: float = 0.2
    keepalive_w_per_gb: float = 0.1
    replica_speeds: float = 2.0
    """A replica's CPU limit in single-request speeds: kappa = min(2 v, F)."""
    most_replicas: int = 8
    """Of one service on one node."""
    background: BackgroundParameters = BackgroundParameters()
    hotspot: HotspotParameters = HotspotParameters()
    energy_floor: float = 0.4
    """g(u) = dP tau (0.4 u + 0.6 u^3)."""
    utilisation_clip: float = 0.98
    backlog_limit_s: float = 1.0
    reference_j: float = 8.0
    """Slot cost = (energy - idle) / 8 J + 4 x requests not satisfied."""
    penalty: float = 4.0
    load_jitter: float = 0.1
    """N_t ~ U[0.9, 1.1] Nbar."""
    topology: TopologyParameters | None = None
    """A real transport network: propagation and capacity of its links, weights of origins."""
    traffic: RequestTrace | None = None
    """Requests of a trace, instead of drawn ones."""
    notes: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.cells < 1 or self.services < 1:
            raise ConfigurationError("a scenario has at least one cell and one service")
        if self.topology is not None:
            self.topology.check(self.cells)
        for label, tier in (
            ("terminal", self.terminal),
            ("ran", self.ran),
            ("transport", self.transport),
        ):
            if tier.nodes < 1 or tier.capacity_gc_s.low <= 0 or tier.speed_gc_s.low <= 0:
                raise ConfigurationError(
                    f"{label}: a domain has at least one node, with capacity and speed above zero"
                )
