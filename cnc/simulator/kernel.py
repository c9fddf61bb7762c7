"""One slot of the system model, batched and differentiable in the routing.

Implements "Outcome of a slot" of docs/system-model.md. No loop over services, nodes, routes
or batch: flows are summed onto nodes and links by incidence matrices, and what a route meets
is gathered back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cnc.errors import SimulationError
from cnc.simulator import checks, percentiles
from cnc.simulator.outcome import ExogenousTensors, Flows, Outcome, State, Tensor
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import TrafficClasses, World

__all__ = ["ExogenousTensors", "Kernel", "Outcome", "State"]


class Kernel:
    """Steps worlds of one shape. Build it with `Kernel.of`."""

    def __init__(
        self,
        worlds: Sequence[World],
        classes: TrafficClasses,
        dtype: torch.dtype,
        device: str,
        stacked: bool,
    ) -> None:
        first = worlds[0]
        self.parameters: ScenarioParameters = first.parameters
        self.dtype = dtype
        self.device = device
        self.origins, self.routes = first.route_node.shape
        self.services, self.nodes = first.keepalive_w.shape
        self.links = len(first.link_domain)
        self.classes = len(classes)

        def load(arrays: Sequence[np.ndarray]) -> Tensor:
            data = np.stack(list(arrays)) if stacked else arrays[0]
            return torch.as_tensor(np.asarray(data), dtype=dtype, device=device)

        def each(name: str) -> Tensor:
            return load([getattr(world, name) for world in worlds])

        self.capacity, self.speed = each("node_capacity_gc_s"), each("node_speed_gc_s")
        self.memory, self.idle_w = each("node_memory_gb"), each("node_idle_w")
        self.dynamic_w, self.servers = each("node_dynamic_w"), each("node_servers")
        self.replica_gc_s = each("node_replica_capacity_gc_s")
        self.start_j, self.keepalive_w = each("node_start_energy_j"), each("keepalive_w")
        self.work_gc, self.memory_gb = each("work_gc"), each("memory_gb")
        self.propagation = each("link_propagation_s")
        self.service = torch.as_tensor(classes.service, device=device)
        self._one_class_each = bool(
            len(classes) == self.services and (classes.service == np.arange(self.services)).all()
        )
        if stacked and classes is first.classes:
            tables = [world.classes for world in worlds]
        else:
            tables = [classes] * len(worlds)
        self.uplink = load([table.uplink_mbit for table in tables])
        self.size = load([table.uplink_mbit + table.downlink_mbit for table in tables])
        self.deadline = load([table.deadline_s for table in tables])
        node = torch.as_tensor(first.route_node.reshape(-1), device=device)
        self.route_node = node
        """[D*R]"""
        on_node = torch.zeros(len(node), self.nodes, dtype=dtype, device=device)
        on_node[torch.arange(len(node), device=device), node] = 1.0
        self.on_node = on_node
        along = torch.as_tensor(first.route_links.reshape(len(node), -1), device=device)
        on_link = torch.zeros(len(node), self.links + 1, dtype=dtype, device=device)
        on_link.scatter_add_(
            1, torch.where(along < 0, self.links, along), torch.ones_like(along, dtype=dtype)
        )
        self.on_link = on_link[:, : self.links].contiguous()
        self.along = torch.where(along < 0, self.links, along)
        """[D*R, 3], the number of links where there is none."""
        self.class_to_service = torch.zeros(self.services, self.classes, dtype=dtype, device=device)
        self.class_to_service[self.service, torch.arange(self.classes, device=device)] = 1.0

    @staticmethod
    def of(
        worlds: World | Sequence[World],
        classes: TrafficClasses | None = None,
        dtype: torch.dtype = torch.float64,
        device: str = "cpu",
    ) -> Kernel:
        """A kernel for one world, or for several of the same layout.

        With several, tensors carry the worlds as their last batch axis: […, W, …].

        Args:
            worlds: one world, or a sequence of worlds.
            classes: the traffic classes; None takes each world's own.
            dtype: float64 or float32.
            device: a torch device.

        Raises:
            SimulationError: no world, or worlds of different layouts.
        """
        if isinstance(worlds, World):
            return Kernel([worlds], classes or worlds.classes, dtype, device, stacked=False)
        if not worlds:
            raise SimulationError("a kernel needs at least one world")
        first = worlds[0]
        for world in worlds[1:]:
            if not (
                np.array_equal(world.route_links, first.route_links)
                and np.array_equal(world.route_node, first.route_node)
                and world.keepalive_w.shape == first.keepalive_w.shape
            ):
                raise SimulationError("worlds in one kernel must have the same layout")
        return Kernel(list(worlds), classes or first.classes, dtype, device, stacked=True)

    # -- states ----------------------------------------------------------------------------------

    def initial_state(self, batch_shape: Sequence[int] = ()) -> State:
        """Empty nodes, no backlog."""
        shape = tuple(batch_shape)
        empty = torch.zeros(*shape, self.services, self.nodes, dtype=self.dtype, device=self.device)
        backlog = torch.zeros(*shape, self.nodes, dtype=self.dtype, device=self.device)
        return State(backlog, empty, empty)

    def place_initial(self, state: State, replicas: Tensor) -> State:
        """Slot -1: the first set is ready at slot 0 and its starts are free.

        Raises:
            SimulationError: it does not fit the memory.
        """
        replicas = replicas.to(self.dtype)
        checks.check_replicas(self, replicas)
        return State(state.backlog_gc, replicas, replicas)

    def latency_percentiles(
        self, outcome: Outcome, quantiles: Sequence[float] = (0.5, 0.95, 0.99)
    ) -> Tensor:
        """[…, C, q] latency in s over all origins; see `percentiles.class_percentiles`."""
        return percentiles.class_percentiles(outcome, quantiles)

    def latency_quantiles_per_origin(
        self, outcome: Outcome, levels: Sequence[float]
    ) -> tuple[Tensor, Tensor]:
        """Quantiles [D, C, levels] in s and lost shares [D, C] of one world; see `percentiles`."""
        return percentiles.origin_quantiles(
            outcome, self.deadline, levels, self.origins, self.routes
        )

    # -- the slot -----------------------------------------------------------------------------

    def step(
        self,
        state: State,
        exogenous: ExogenousTensors,
        routing: Tensor,
        replicas: Tensor | None = None,
        check: bool = True,
    ) -> tuple[State, Outcome]:
        """Run one slot.

        Args:
            state: before the slot.
            exogenous: requests, background, links.
            routing: y […, D, C, R]; rows sum to at most 1, the rest is unserved.
            replicas: a new set […, S, N] at frame starts; it serves from the next slot.
            check: refuse impossible actions (a few tenths of a millisecond).

        Raises:
            SimulationError: impossible actions, with `check`.
        """
        placed = state.placed if replicas is None else replicas.to(self.dtype)
        if check:
            checks.check_routing(self, state, exogenous, routing)
            if replicas is not None:
                checks.check_replicas(self, placed)
        tau = self.parameters.slot_s
        asked = exogenous.requests
        flow = (asked[..., None] * routing).transpose(-3, -2).flatten(-2)
        on_node = flow @ self.on_node
        work = self._per_service(on_node) * self.work_gc[..., None]
        total_work = work.sum(-2)
        beta = exogenous.node_background
        own = (total_work + state.backlog_gc) / (self.capacity * tau)
        rho = beta + own
        granted = self.replica_gc_s[..., None, :] * state.ready * tau
        rho_replica = work / torch.where(granted > 0, granted, torch.ones_like(granted))
        per_route = (flow * self.size[..., None]).sum(-2)
        bits = per_route @ self.on_link
        load = bits / (exogenous.link_capacity * tau)
        flows = self._flows(state, exogenous, flow, bits, load, rho, rho_replica, own)
        slack = self.deadline[..., None] - flows.base_s
        tail = flows.wait_probability * torch.exp(-slack.clamp(min=0.0) * flows.wait_rate)
        in_time = torch.where(slack > 0, 1.0 - tail, torch.zeros_like(tail))
        met = flow * in_time * flows.kept
        per_origin = met.unflatten(-1, (self.origins, self.routes)).sum(-1).transpose(-1, -2)
        spare = self.capacity * (1.0 - beta) * tau
        limit = self.capacity * self.parameters.backlog_limit_s
        backlog = torch.minimum((state.backlog_gc + total_work - spare).clamp(min=0.0), limit)
        outcome = self._account(
            state, placed, exogenous, bits, rho, rho_replica, load, per_origin, flows
        )
        return State(backlog, placed, placed), outcome

    def _per_service(self, per_class: Tensor) -> Tensor:
        """[…, C, N] to [..., S, N]."""
        return per_class if self._one_class_each else self.class_to_service @ per_class

    def _of_class(self, per_service: Tensor) -> Tensor:
        """[…, S, N] to [..., C, N]."""
        if self._one_class_each:
            return per_service
        return per_service.index_select(-2, self.service)

    def _at_routes(self, per_node: Tensor) -> Tensor:
        """[…, N] to [..., D*R]."""
        return per_node.index_select(-1, self.route_node)

    def _flows(
        self,
        state: State,
        exogenous: ExogenousTensors,
        flow: Tensor,
        bits: Tensor,
        load: Tensor,
        rho: Tensor,
        rho_replica: Tensor,
        own: Tensor,
    ) -> Flows:
        """What each class meets on each route."""
        clip, beta = self.parameters.utilisation_clip, exogenous.node_background
        capacity = exogenous.link_capacity
        counts = flow.sum(-2) @ self.on_link
        mean_size = bits / torch.where(counts > 0, counts, torch.ones_like(counts))
        clipped = load.clamp(max=clip)
        wait = clipped / (2.0 * (1.0 - clipped)) * mean_size / capacity
        fixed = 2.0 * self.propagation + wait
        per_route = fixed @ self.on_link.T
        per_mbit = (1.0 / capacity) @ self.on_link.T
        pressure = torch.maximum(rho_replica, rho[..., None, :]).clamp(max=clip)
        servers = self.servers[..., None, :] * state.ready
        exponent = torch.sqrt(2.0 * (servers + 1.0)) - 1.0
        probability = pressure.clamp(min=1e-12) ** exponent
        rate = (1.0 - pressure) * servers * self.speed[..., None, :] / self.work_gc[..., None]
        queue = state.backlog_gc / (self.capacity * (1.0 - beta))
        service_s = self.work_gc[..., None] / self.speed[..., None, :] + queue[..., None, :]
        node_kept = (1.0 - beta) / torch.maximum(own, 1.0 - beta)
        kept = node_kept[..., None, :] / rho_replica.clamp(min=1.0)
        link_kept = 1.0 / load.clamp(min=1.0)
        padded = torch.cat([link_kept, torch.ones_like(link_kept[..., :1])], dim=-1)
        along = padded[..., self.along]
        path_kept = along[..., 0] * along[..., 1] * along[..., 2]
        base = (
            per_route[..., None, :]
            + self.size[..., None] * per_mbit[..., None, :]
            + self._at_routes(self._of_class(service_s))
        )
        return Flows(
            flow=flow,
            kept=self._at_routes(self._of_class(kept)) * path_kept[..., None, :],
            base_s=base,
            wait_probability=self._at_routes(self._of_class(probability)),
            wait_rate=self._at_routes(self._of_class(rate)),
        )

    def _power_j(self, utilisation: Tensor) -> Tensor:
        """g(u) = dP tau (0.4 u + 0.6 u^3), linear beyond u = 1."""
        floor = self.parameters.energy_floor
        cubic = floor * utilisation + (1.0 - floor) * utilisation**3
        slope = floor + 3.0 * (1.0 - floor)
        linear = 1.0 + slope * (utilisation - 1.0)
        return (
            self.dynamic_w * self.parameters.slot_s * torch.where(utilisation > 1.0, linear, cubic)
        )

    def _account(
        self,
        state: State,
        placed: Tensor,
        exogenous: ExogenousTensors,
        bits: Tensor,
        rho: Tensor,
        rho_replica: Tensor,
        load: Tensor,
        per_origin: Tensor,
        flows: Flows,
    ) -> Outcome:
        parameters = self.parameters
        tau = parameters.slot_s
        before = exogenous.node_background + state.backlog_gc / (self.capacity * tau)
        computing = self._power_j(rho) - self._power_j(before)
        link_energy = bits * exogenous.link_energy
        kept_alive = torch.maximum(placed, state.ready)
        keepalive = (self.keepalive_w * kept_alive).sum(-2) * tau
        added = (placed - state.placed).clamp(min=0.0).sum(-2)
        start = added * self.start_j
        idle = (self.idle_w * tau).expand_as(computing)
        terms = [term.sum(-1) for term in (computing, link_energy, idle, keepalive, start)]
        total = terms[0] + terms[1] + terms[2] + terms[3] + terms[4]
        satisfied = per_origin.sum((-1, -2))
        requests = exogenous.requests.sum((-1, -2)).expand_as(satisfied)
        cost = (total - terms[2]) / parameters.reference_j + parameters.penalty * (
            requests - satisfied
        )
        return Outcome(
            satisfied=satisfied,
            total_requests=requests,
            energy_computing_j=terms[0],
            energy_network_j=terms[1],
            energy_idle_j=terms[2],
            energy_keepalive_j=terms[3],
            energy_start_j=terms[4],
            energy_total_j=total,
            cost=cost,
            node_utilisation=rho,
            replica_utilisation=rho_replica,
            link_utilisation=load,
            satisfied_per_origin_class=per_origin,
            node_computing_j=computing,
            node_idle_j=idle,
            node_keepalive_j=keepalive,
            node_start_j=start,
            link_energy_j=link_energy,
            requests=exogenous.requests,
            flows=flows,
        )
