"""One slot of the system model, batched and differentiable in the routing.

Implements "Outcome of a slot" of docs/system-model.md. No loop over services, nodes or routes:
flows are summed onto nodes and links (`incidence`), and what a route meets is gathered back.
Without gradients the route-wise part runs in blocks of worlds (`blocks`, `rows`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cnc.errors import SimulationError
from cnc.simulator import blocks, checks, percentiles
from cnc.simulator.accounting import account
from cnc.simulator.incidence import Incidence
from cnc.simulator.outcome import ExogenousTensors, Flows, Outcome, State, Tensor
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.rows import Conditions, Rows
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
        along = torch.as_tensor(first.route_links.reshape(len(node), -1), device=device)
        self.along = torch.where(along < 0, self.links, along)
        """[D*R, 3], the number of links where there is none."""
        self.on_node = Incidence(node[:, None], self.nodes, dtype)
        self.on_link = Incidence(self.along, self.links, dtype)
        self.class_to_service = torch.zeros(self.services, self.classes, dtype=dtype, device=device)
        self.class_to_service[self.service, torch.arange(self.classes, device=device)] = 1.0
        self.blocks: blocks.Blocks | None = None

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
        inputs = (*vars(state).values(), *vars(exogenous).values(), routing, placed)
        differentiated = torch.is_grad_enabled() and any(x.requires_grad for x in inputs)
        if not differentiated and routing.device.type == "cpu":
            batch = blocks.batch_shape(self, state, exogenous, routing, placed)
            if blocks.pay(self, batch):
                return blocks.step(self, batch, state, exogenous, routing, placed)
        return self._slot(state, exogenous, routing, placed)

    def _slot(
        self,
        state: State,
        exogenous: ExogenousTensors,
        routing: Tensor,
        placed: Tensor,
        rows: Rows | None = None,
    ) -> tuple[State, Outcome]:
        """The equations of a slot; with `rows` without gradients, one batch axis everywhere."""
        tau = self.parameters.slot_s
        asked = exogenous.requests
        if rows is None:
            flow = (asked[..., None] * routing).transpose(-3, -2).flatten(-2)
            on_node = self.on_node.onto(flow)
            per_route, counts = (flow * self.size[..., None]).sum(-2), flow.sum(-2)
        else:
            flow, on_node = rows.flow(asked, routing)
            columns = torch.stack((self.size, torch.ones_like(self.size)), -1)
            per_route, counts = (flow @ columns).unbind(-1)
        work = self._per_service(on_node) * self.work_gc[..., None]
        total_work = work.sum(-2)
        beta = exogenous.node_background
        own = (total_work + state.backlog_gc) / (self.capacity * tau)
        rho = beta + own
        granted = self.replica_gc_s[..., None, :] * state.ready * tau
        rho_replica = work / torch.where(granted > 0, granted, torch.ones_like(granted))
        bits = self.on_link.onto(per_route)
        load = bits / (exogenous.link_capacity * tau)
        conditions = self._conditions(
            state, exogenous, self.on_link.onto(counts), bits, load, rho, rho_replica, own
        )
        if rows is None:
            flows = self._flows(conditions, flow)
            per_origin = self._satisfied(flows)
        else:
            per_origin = rows.satisfied(flow, conditions, self.deadline, self.size)
        spare = self.capacity * (1.0 - beta) * tau
        limit = self.capacity * self.parameters.backlog_limit_s
        backlog = torch.minimum((state.backlog_gc + total_work - spare).clamp(min=0.0), limit)

        def flows_source() -> Flows:
            return flows if rows is None else self.flows(state, exogenous, routing)

        outcome = account(
            self, state, placed, exogenous, bits, rho, rho_replica, load, per_origin, flows_source
        )
        return State(backlog, placed, placed), outcome

    def _satisfied(self, flows: Flows) -> Tensor:
        """[…, D, C] requests served in time."""
        slack = self.deadline[..., None] - flows.base_s
        tail = flows.wait_probability * torch.exp(-slack.clamp(min=0.0) * flows.wait_rate)
        in_time = torch.where(slack > 0, 1.0 - tail, torch.zeros_like(tail))
        met = flows.flow * in_time * flows.kept
        per_origin = met.reshape((*met.shape[:-1], self.origins, self.routes))
        return per_origin.sum(-1).transpose(-1, -2)

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

    def flows(self, state: State, exogenous: ExogenousTensors, routing: Tensor) -> Flows:
        """What each class meets on each route in a slot."""
        return self._slot(state, exogenous, routing, state.placed)[1].flows

    def _conditions(
        self,
        state: State,
        exogenous: ExogenousTensors,
        counts: Tensor,
        bits: Tensor,
        load: Tensor,
        rho: Tensor,
        rho_replica: Tensor,
        own: Tensor,
    ) -> Conditions:
        """What each class meets on nodes, and all classes on links."""
        clip, beta = self.parameters.utilisation_clip, exogenous.node_background
        capacity = exogenous.link_capacity
        mean_size = bits / torch.where(counts > 0, counts, torch.ones_like(counts))
        clipped = load.clamp(max=clip)
        wait = clipped / (2.0 * (1.0 - clipped)) * mean_size / capacity
        pressure = torch.maximum(rho_replica, rho[..., None, :]).clamp(max=clip)
        servers = self.servers[..., None, :] * state.ready
        queue = state.backlog_gc / (self.capacity * (1.0 - beta))
        work_gc, speed = self.work_gc[..., None], self.speed[..., None, :]
        node_kept = (1.0 - beta) / torch.maximum(own, 1.0 - beta)
        link_kept = 1.0 / load.clamp(min=1.0)
        padded = torch.cat([link_kept, torch.ones_like(link_kept[..., :1])], dim=-1)
        along = padded[..., self.along]
        return Conditions(
            route_s=self.on_link.along(2.0 * self.propagation + wait),
            per_mbit_s=self.on_link.along(1.0 / capacity),
            path_kept=along[..., 0] * along[..., 1] * along[..., 2],
            service_s=self._of_class(work_gc / speed + queue[..., None, :]),
            kept=self._of_class(node_kept[..., None, :] / rho_replica.clamp(min=1.0)),
            pressure=self._of_class(pressure),
            exponent=self._of_class(torch.sqrt(2.0 * (servers + 1.0)) - 1.0),
            rate=self._of_class((1.0 - pressure) * servers * speed / work_gc),
        )

    def _flows(self, conditions: Conditions, flow: Tensor) -> Flows:
        """What each class meets on each route."""
        base = (
            conditions.route_s[..., None, :]
            + self.size[..., None] * conditions.per_mbit_s[..., None, :]
            + self._at_routes(conditions.service_s)
        )
        return Flows(
            flow=flow,
            kept=self._at_routes(conditions.kept) * conditions.path_kept[..., None, :],
            base_s=base,
            wait_probability=self._at_routes(
                conditions.pressure.clamp(min=1e-12) ** conditions.exponent
            ),
            wait_rate=self._at_routes(conditions.rate),
        )
