"""Southbound: the native data models of the three kinds of domain, and actuation.

The three native models differ in structure, names and units, as device agents, gNB element
managers and transport controllers do. Domain orchestrators map them to `DomainReport`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from cnc.messages.base import Body, ClassCount, Count, Identifier, Matrix, Model, Vector

# -- terminal side: a device agent -------------------------------------------------------------


class DeviceApp(Model):
    """One service's containers on a device: serving now, and wanted."""

    service: Count
    running: Count
    wanted: Count


class Device(Model):
    """A terminal device as its agent describes it."""

    serial: Identifier
    cpu_gcps: float
    core_gcps: float
    ram_mib: float
    own_apps_cpu: float
    """Utilisation by the owner's applications at the end of the last slot, 0 to 1."""
    cpu: float
    """Utilisation in the last slot; above 1 when more was offered than fits."""
    backlog_gc: float
    apps: tuple[DeviceApp, ...] = ()


class AccessInterface(Model):
    """A local interface of the terminal domain (Wi-Fi, sidelink)."""

    interface: Identifier
    phy_rate_mbps: float
    energy_j_per_mbit: float
    airtime: float
    """Load in the last slot, 0 to 1 (above 1 when overloaded)."""


QUALITY_LEVELS: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999)


class ClassQuality(Model):
    """What the users of one traffic class got in the last slot at one origin."""

    traffic_class: Count
    requests: Annotated[float, Field(ge=0)]
    satisfied: Annotated[float, Field(ge=0)]
    lost: Annotated[float, Field(ge=0)]
    latency_ms: Vector = ()
    """Quantiles of served requests at `QUALITY_LEVELS`; empty when nothing was served."""
    energy_j: float = 0.0
    """Computing, network and keep-alive energy attributed to the class by use."""

    @field_validator("latency_ms")
    @classmethod
    def _one_a_level(cls, latency_ms: tuple[float, ...]) -> tuple[float, ...]:
        if latency_ms and len(latency_ms) != len(QUALITY_LEVELS):
            raise ValueError(f"{len(latency_ms)} quantiles; there are {len(QUALITY_LEVELS)} levels")
        return latency_ms


class TerminalTelemetry(Model):
    """Native telemetry of a terminal-side domain."""

    technology: Literal["terminal"] = "terminal"
    devices: tuple[Device, ...]
    interfaces: tuple[AccessInterface, ...]
    arrivals: Vector
    """Requests of this slot that start at this origin, per traffic class."""
    quality: tuple[ClassQuality, ...] = ()


# -- RAN side: a gNB with its edge site --------------------------------------------------------


class Cell(Model):
    """The radio cell; capacity = bandwidth x layers x spectral efficiency."""

    cell_id: Identifier
    bandwidth_mhz: Annotated[float, Field(ge=1e-9)]
    layers: Annotated[int, Field(ge=1, le=1_024)]
    spectral_efficiency: Annotated[float, Field(ge=1e-9)]
    """bit/s/Hz per layer."""
    transmit_w: float
    prb_utilisation: float


class EdgePort(Model):
    """A port towards a neighbour (Xn) or the transport network (backhaul)."""

    port: Identifier
    role: Literal["xn", "backhaul"]
    rate_mbps: float
    """What the other tenants leave in this slot."""
    energy_j_per_mbit: float
    utilisation: float


class Pod(Model):
    """Instances of one service on an edge server: ready, and desired."""

    service: Count
    ready: Count
    desired: Count


class EdgeServer(Model):
    """A server of the edge site, shared with virtualised RAN functions."""

    hostname: Identifier
    capacity_gcps: float
    thread_gcps: float
    memory_mib: float
    vran_load: float
    load: float
    queued_gc: float
    pods: tuple[Pod, ...] = ()


class RanTelemetry(Model):
    """Native telemetry of a RAN-side domain."""

    technology: Literal["ran"] = "ran"
    cell: Cell
    ports: tuple[EdgePort, ...]
    servers: tuple[EdgeServer, ...]


# -- transport side: a network controller with its data centres --------------------------------


class TransportTunnel(Model):
    """A core tunnel as the transport controller reports it."""

    tunnel: Identifier
    available_mbps: float
    energy_j_per_gbit: float
    load: float


class Cluster(Model):
    """A data-centre cluster; matrices of `deployments` are (service, available, requested)."""

    cluster: Identifier
    allocatable_gcps: float
    core_gcps: float
    allocatable_mib: float
    tenants: float
    """Utilisation by other tenants at the end of the last slot."""
    usage: float
    pending_gc: float
    deployments: tuple[tuple[Count, Count, Count], ...] = ()


class TransportTelemetry(Model):
    """Native telemetry of the transport-side domain (core and cloud)."""

    technology: Literal["transport"] = "transport"
    tunnels: tuple[TransportTunnel, ...]
    clusters: tuple[Cluster, ...]


NativeTelemetry = Annotated[
    TerminalTelemetry | RanTelemetry | TransportTelemetry, Field(discriminator="technology")
]


class DomainOutcome(Model):
    """What the last slot cost in this domain (its nodes and the links it owns), in J."""

    computing_j: float
    network_j: float
    idle_j: float
    keepalive_j: float
    start_j: float


class TrafficClass(Model):
    """A traffic class that an intent added (the base classes are known to all)."""

    traffic_class: Count
    service: Count
    uplink_mbit: float
    downlink_mbit: float
    deadline_s: float
    announced: Vector = ()
    """[origin] requests per slot of a group that is about to start."""


class DomainTelemetry(Body):
    """One domain's telemetry at the start of a slot: the slot's arrivals, the last outcome."""

    KIND: ClassVar[str] = "domain_telemetry"
    domain: Identifier
    frame_start: bool
    """Deployment is decided in this slot."""
    classes: ClassCount
    """How many traffic classes are known to the infrastructure."""
    native: NativeTelemetry
    groups: tuple[TrafficClass, ...] = ()
    """The classes beyond the base ones."""
    outcome: DomainOutcome | None = None
    rejected: Annotated[int, Field(ge=0)] = 0
    """Actuations of this domain that were refused so far."""


class DomainActuation(Body):
    """What a domain orchestrator sets for the slot.

    `inflow` echoes the end-to-end shares that the domain accepted; the infrastructure
    composes the routing from inflow x split x path shares.
    """

    KIND: ClassVar[str] = "domain_actuation"
    domain: Identifier
    replicas: tuple[tuple[Count, ...], ...] | None = None
    """[service][node of the domain], at frame starts only."""
    split: Matrix
    """sigma: [service][node of the domain]."""
    paths: Matrix = ()
    """[service][2] shares of local (terminal), backhaul (RAN) or core (transport) links."""
    inflow: Matrix = ()
    """[candidate origin, in the order of the directive][class] accepted share."""


class DemandGroup(Model):
    """A user group that an intent starts: one traffic class at its origins."""

    group: Identifier
    intent: Identifier
    service: Count
    traffic_class: Count
    uplink_mbit: Annotated[float, Field(gt=0)]
    downlink_mbit: Annotated[float, Field(ge=0)]
    deadline_s: Annotated[float, Field(gt=0)]
    requests: Vector
    """Requests per slot at each origin."""


class DemandRequest(Body):
    """E2E starts or ends user groups."""

    KIND: ClassVar[str] = "demand_request"
    start: tuple[DemandGroup, ...] = ()
    end: tuple[Identifier, ...] = ()
