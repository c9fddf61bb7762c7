"""The emulated infrastructure: ground truth of one world, a slot at a time.

Both the offline rollout and the infrastructure process drive this object, which is why a run
on the bus equals a run without it. Imports torch (through the kernel).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from cnc.environment.shifts import Shift, shifted, standing_nodes
from cnc.environment.sites import Floats, Integers
from cnc.errors import SimulationError
from cnc.messages.telemetry import QUALITY_LEVELS
from cnc.simulator.kernel import ExogenousTensors, Kernel, Outcome, State
from cnc.simulator.routing import compose_routing
from cnc.simulator.traffic import Exogenous, TrafficGenerator, mean_background
from cnc.simulator.world import TrafficClasses, World

MOST_REQUESTS = 1e12
"""A slot, of a user group at one origin; beyond, sums lose what single requests change."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What can be measured before slot t; the agents' observations are slices of it."""

    slot: int
    frame_start: bool
    classes: TrafficClasses
    requests: Floats
    """[D, C]; in slot -1 the expected requests of frame 0."""
    background: Floats
    utilisation: Floats
    backlog_gc: Floats
    ready: Integers
    placed: Integers
    link_capacity_mbit_s: Floats
    link_energy_j_mbit: Floats
    link_utilisation: Floats


@dataclass(frozen=True, eq=False)
class Actuation:
    """All domains' decisions of one slot (D origins, S services, N nodes)."""

    delta: Floats
    """[D, C, K]"""
    sigma: Floats
    """[S, N]"""
    local: Floats
    """[D, S, 2]"""
    backhaul: Floats
    """[D, S, 2]"""
    core: Floats
    """[S, 2]"""
    replicas: Integers | None
    """[S, N] at frame starts, else None."""


@dataclass(frozen=True, eq=False)
class Quality:
    """Per origin and class, what users got in a slot."""

    requests: Floats
    satisfied: Floats
    lost: Floats
    latency_ms: Floats
    """[D, C, levels] quantiles of served requests, nan where nothing was served."""
    energy_j: Floats
    """[D, C] computing, network and keep-alive energy attributed by use."""


@dataclass(frozen=True, eq=False)
class SlotOutcome:
    """The result of one slot."""

    slot: int
    energy_j: float
    computing_j: float
    network_j: float
    idle_j: float
    keepalive_j: float
    start_j: float
    satisfied: float
    requests: float
    cost: float
    node_energy_j: dict[str, Floats] = field(repr=False)
    """Energy terms per node: computing, idle, keepalive, start."""
    link_energy_j: Floats = field(repr=False)
    quality: Quality | None = field(repr=False, default=None)

    @property
    def satisfied_share(self) -> float:
        """Satisfied over requests; 1 where nobody asked."""
        return self.satisfied / self.requests if self.requests > 0 else 1.0


@dataclass(frozen=True, eq=False)
class Group:
    """A running user group: one class beyond the base ones."""

    name: str
    traffic_class: int
    requests: Floats
    """[D] per slot."""


class Infrastructure:
    """Nodes, links and users of one world under one trace.

    Args:
        world: the world.
        seed: of the trace.
        load: nominal requests per slot (Nbar).
        measure_quality: also compute latency quantiles per origin and class.
    """

    def __init__(self, world: World, seed: int, load: float, measure_quality: bool = True) -> None:
        self.world = world
        self.seed = seed
        self.load = load
        self.slot = -1
        self._measure_quality = measure_quality
        self._traffic = TrafficGenerator(world, seed, load)
        self._groups: dict[str, Group] = {}
        self._shifts: list[Shift] = []
        self.classes = world.classes
        self._kernel = Kernel.of(world, dtype=torch.float64)
        self._state: State = self._kernel.initial_state(())
        nodes, links = len(world.node_domain), len(world.link_domain)
        self._background = mean_background(world)
        self._utilisation = np.zeros(nodes)
        self._link_utilisation = np.zeros(links)
        self._current: Exogenous | None = None
        self.last: SlotOutcome | None = None

    @property
    def frame_start(self) -> bool:
        """Deployment is decided in the current slot (slot -1 counts)."""
        return self.slot < 0 or self.slot % self.world.parameters.frame_slots == 0

    @property
    def background(self) -> Floats:
        """[N] node background of the last slot that has run."""
        return self._background

    def shift(self, shift: Shift) -> None:
        """Something happens that stays, from the next slot on that has not been measured yet."""
        self._shifts.append(shift)

    def measure(self) -> Measurement:
        """What is measured before the current slot."""
        if self.slot < 0:
            base = self._traffic.expected_requests(self._traffic.hotspot_weights)
            capacity = self.world.link_nominal_capacity_mbit_s
            energy = self.world.link_nominal_energy_j_mbit
        else:
            if self._current is None or self._current.slot != self.slot:
                self._current = shifted(self.world, self._traffic.next(), self._shifts)
                self._state = self._without_lost(self._state)
            base = self._current.requests
            capacity = self._current.link_capacity_mbit_s
            energy = self._current.link_energy_j_mbit
        return Measurement(
            slot=self.slot,
            frame_start=self.frame_start,
            classes=self.classes,
            requests=self._with_groups(base),
            background=self._background,
            utilisation=self._utilisation,
            backlog_gc=_array(self._state.backlog_gc),
            ready=_counts(self._state.ready),
            placed=_counts(self._state.placed),
            link_capacity_mbit_s=capacity,
            link_energy_j_mbit=energy,
            link_utilisation=self._link_utilisation,
        )

    def _without_lost(self, state: State) -> State:
        if not self._shifts:
            return state
        standing = torch.from_numpy(standing_nodes(self.world, self._shifts))
        return replace(state, ready=state.ready * standing)

    def _with_groups(self, base: Floats) -> Floats:
        extra = len(self.classes.service) - base.shape[1]
        requests = np.concatenate([base, np.zeros((base.shape[0], extra))], axis=1)
        for group in self._groups.values():
            requests[:, group.traffic_class] += group.requests
        return requests

    def actuate(self, actuation: Actuation) -> SlotOutcome | None:
        """Apply the decisions to the current slot and move on; None for slot -1.

        Raises:
            SimulationError: the decisions are impossible; nothing has changed then.
        """
        with torch.no_grad():
            routing = compose_routing(
                self.world,
                torch.from_numpy(actuation.delta),
                torch.from_numpy(actuation.sigma),
                torch.from_numpy(actuation.local),
                torch.from_numpy(actuation.backhaul),
                torch.from_numpy(actuation.core),
                service=torch.from_numpy(self.classes.service),
            )
        return self.route(routing, actuation.replicas)

    def route(self, routing: torch.Tensor, placed: Integers | None) -> SlotOutcome | None:
        """Apply free routing (and replicas, at frame starts) and move on; None for slot -1.

        Args:
            routing: y [D, C, R]; not used in slot -1.
            placed: replicas [S, N] at frame starts, else None.

        Raises:
            SimulationError: the decisions are impossible; nothing has changed then.
        """
        replicas = None
        if placed is not None:
            if not self.frame_start:
                raise SimulationError("replicas are set at frame starts only")
            replicas = torch.from_numpy(np.asarray(placed, dtype=np.float64))
        if self.slot < 0:
            if replicas is None:
                raise SimulationError("slot -1 places the first replicas; none were given")
            self._state = self._kernel.place_initial(self._state, replicas)
            self.slot = 0
            return None
        measured = self.measure()
        assert self._current is not None
        exogenous = ExogenousTensors(
            requests=torch.from_numpy(measured.requests),
            node_background=torch.from_numpy(self._current.node_background),
            link_capacity=torch.from_numpy(measured.link_capacity_mbit_s),
            link_energy=torch.from_numpy(measured.link_energy_j_mbit),
        )
        with torch.no_grad():
            state, outcome = self._kernel.step(self._state, exogenous, routing, replicas)
        ready = _counts(self._state.ready)
        self._state = state
        result = self._result(outcome, measured, _array(routing), ready)
        self._background = self._current.node_background
        self._utilisation = _array(outcome.node_utilisation)
        self._link_utilisation = _array(outcome.link_utilisation)
        self.last = result
        self.slot += 1
        return result

    def _result(
        self, outcome: Outcome, measured: Measurement, routing: Floats, ready: Integers
    ) -> SlotOutcome:
        node_energy = {
            "computing": _array(outcome.node_computing_j),
            "idle": _array(outcome.node_idle_j),
            "keepalive": _array(outcome.node_keepalive_j),
            "start": _array(outcome.node_start_j),
        }
        link_energy = _array(outcome.link_energy_j)
        quality = None
        if self._measure_quality:
            quality = self._quality(outcome, measured, routing, node_energy["computing"], ready)
        return SlotOutcome(
            slot=measured.slot,
            energy_j=float(outcome.energy_total_j),
            computing_j=float(outcome.energy_computing_j),
            network_j=float(outcome.energy_network_j),
            idle_j=float(outcome.energy_idle_j),
            keepalive_j=float(outcome.energy_keepalive_j),
            start_j=float(outcome.energy_start_j),
            satisfied=float(outcome.satisfied),
            requests=float(outcome.total_requests),
            cost=float(outcome.cost),
            node_energy_j=node_energy,
            link_energy_j=link_energy,
            quality=quality,
        )

    def _quality(
        self,
        outcome: Outcome,
        measured: Measurement,
        routing: Floats,
        computing_j: Floats,
        ready: Integers,
    ) -> Quality:
        quantiles, lost_share = self._kernel.latency_quantiles_per_origin(outcome, QUALITY_LEVELS)
        world, classes = self.world, self.classes
        flow = measured.requests[:, :, None] * routing
        work = flow * world.work_gc[classes.service][None, :, None]
        on_node = np.zeros(len(world.node_domain))
        np.add.at(on_node, world.route_node, work.sum(axis=1))
        per_gc = np.divide(computing_j, on_node, out=np.zeros_like(on_node), where=on_node > 0)
        size = classes.uplink_mbit + classes.downlink_mbit
        padded = np.append(measured.link_energy_j_mbit, 0.0)
        per_mbit = padded[world.route_links].sum(axis=-1)
        energy = (work * per_gc[world.route_node][:, None, :]).sum(-1)
        energy += (flow * per_mbit[:, None, :]).sum(-1) * size[None, :]
        energy += self._keepalive_share(measured.requests, ready)
        return Quality(
            requests=measured.requests,
            satisfied=_array(outcome.satisfied_per_origin_class),
            lost=_array(lost_share) * measured.requests,
            latency_ms=_array(quantiles) * 1e3,
            energy_j=energy,
        )

    def _keepalive_share(self, requests: Floats, ready: Integers) -> Floats:
        """[D, C] keep-alive of each service's replicas, shared by its requests."""
        per_service = (self.world.keepalive_w * ready).sum(axis=1) * self.world.parameters.slot_s
        total = np.zeros(len(per_service))
        np.add.at(total, self.classes.service, requests.sum(axis=0))
        per_request = np.divide(per_service, total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(requests * per_request[self.classes.service][None, :])

    def start_group(
        self,
        name: str,
        traffic_class: int,
        service: int,
        uplink_mbit: float,
        downlink_mbit: float,
        deadline_s: float,
        requests: Floats,
    ) -> None:
        """Start a user group as class `traffic_class` (the next free one, or a freed one).

        Raises:
            SimulationError: the class is a base class, in use, or leaves a gap; the service does
                not exist, or requests are not one finite number an origin.
        """
        origins, services = self.world.candidates.shape[0], len(self.world.work_gc)
        amounts = np.asarray(requests, dtype=np.float64)
        if not 0 <= service < services or amounts.shape != (origins,):
            raise SimulationError(
                f"group {name} asks for service {service} at {amounts.size} origins; there are "
                f"{services} services and {origins} origins"
            )
        if not ((amounts >= 0) & (amounts <= MOST_REQUESTS)).all():
            raise SimulationError(
                f"group {name} has requests outside 0 to {MOST_REQUESTS:g} a slot"
            )
        base = len(self.world.classes.service)
        known = len(self.classes.service)
        taken = {group.traffic_class for group in self._groups.values()}
        if not base <= traffic_class <= known or traffic_class in taken or name in self._groups:
            raise SimulationError(
                f"group {name} cannot start as class {traffic_class}: classes {base} to {known} "
                f"may be taken, {sorted(taken)} are in use"
            )
        if traffic_class == known:
            self.classes = _extended(self.classes, service, uplink_mbit, downlink_mbit, deadline_s)
        else:
            self.classes = _replaced(
                self.classes, traffic_class, service, uplink_mbit, downlink_mbit, deadline_s
            )
        self._kernel = Kernel.of(self.world, classes=self.classes, dtype=torch.float64)
        self._groups[name] = Group(name, traffic_class, amounts)

    def end_group(self, name: str) -> bool:
        """End a group; False when it is unknown. Its class stays, without requests."""
        return self._groups.pop(name, None) is not None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The running groups."""
        return tuple(self._groups.values())


def _array(tensor: torch.Tensor) -> Floats:
    return tensor.detach().cpu().numpy().astype(np.float64, copy=False)


def _counts(tensor: torch.Tensor) -> Integers:
    return np.asarray(np.rint(tensor.detach().cpu().numpy()).astype(np.int64))


def _extended(
    classes: TrafficClasses, service: int, uplink: float, downlink: float, deadline: float
) -> TrafficClasses:
    return replace(
        classes,
        service=np.append(classes.service, service).astype(np.int64),
        uplink_mbit=np.append(classes.uplink_mbit, uplink),
        downlink_mbit=np.append(classes.downlink_mbit, downlink),
        deadline_s=np.append(classes.deadline_s, deadline),
    )


def _replaced(
    classes: TrafficClasses, at: int, service: int, uplink: float, downlink: float, deadline: float
) -> TrafficClasses:
    kept = [
        np.delete(array, at)
        for array in (
            classes.service,
            classes.uplink_mbit,
            classes.downlink_mbit,
            classes.deadline_s,
        )
    ]
    return replace(
        classes,
        service=np.insert(kept[0], at, service),
        uplink_mbit=np.insert(kept[1], at, uplink),
        downlink_mbit=np.insert(kept[2], at, downlink),
        deadline_s=np.insert(kept[3], at, deadline),
    )
