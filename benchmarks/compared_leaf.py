"""The common slots in LEAF (package `leafsim`): reserve compute and bandwidth, measure power.

A slot releases the last slot's applications, sets what the background leaves of nodes and links,
and places one application for each flow with requests: a source at the user site, a data flow of
all its bits over the route's links, and a processing task of all its work. One that does not fit
on its node or a link is rejected whole, as LEAF would raise an error. Power of all nodes and links
is read by `PowerMeter` once a slot. Links are given to data flows directly, which spares LEAF a
shortest path a flow; nothing is logged.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import simpy
from compared_scenario import Common, Flow, Slot, Stretch, clock
from leaf.application import Application, ProcessingTask, SourceTask
from leaf.infrastructure import Infrastructure, Link, Node
from leaf.power import PowerMeasurement, PowerMeter, PowerModelLink, PowerModelNode


class LeafRun:
    """A simulation of `count` slots.

    Args:
        common: the slots; they are run in turn.
        per_request: an application for each request instead of each origin and service.
    """

    def __init__(self, common: Common, per_request: bool = False) -> None:
        self._common, self._per_request = common, per_request
        world = common.world
        origins = len(world.candidates)
        self._nodes = [
            Node(
                world.node_name(n),
                cu=float(world.node_capacity_gc_s[n]),
                power_model=PowerModelNode(
                    power_per_cu=float(world.node_dynamic_w[n] / world.node_capacity_gc_s[n]),
                    static_power=float(world.node_idle_w[n]),
                ),
            )
            for n in range(len(world.node_domain))
        ]
        self._users = [Node(f"user-{i}", cu=0.0) for i in range(origins)]
        sites = [Node(f"{domain}/site", cu=0.0) for domain in world.domain_ids]
        ends: dict[int, tuple[Node, Node]] = {}
        for link, owner in enumerate(world.link_domain):
            kind, cell = int(world.link_kind[link]), int(owner) % origins
            ends[link] = {
                0: (self._users[cell], sites[cell]),
                1: (self._users[cell], sites[origins + cell]),
                2: (sites[origins + cell], sites[origins + (cell + 1) % origins]),
                3: (sites[origins + cell], sites[-1]),
                4: (sites[-1], self._nodes[-1]),
            }[kind]
        self._links = [
            Link(
                *ends[link],
                bandwidth=float(world.link_nominal_capacity_mbit_s[link]),
                power_model=PowerModelLink(float(world.link_nominal_energy_j_mbit[link])),
                latency=float(world.link_propagation_s[link]),
            )
            for link in range(len(ends))
        ]
        self._infrastructure = Infrastructure()
        for node in (*self._nodes, *self._users, *sites):
            self._infrastructure.add_node(node)
        for link in self._links:
            self._infrastructure.add_link(link)
        self._placed: list[Application] = []
        self.times: list[tuple[float, float]] = []
        self.power: list[PowerMeasurement] = []
        """Of each slot; times 1 s it is the energy."""
        self.rejected: list[float] = []
        """Requests of each slot."""

    def run(self, count: int) -> Stretch:
        """`count` slots, after one that does not count."""
        environment = simpy.Environment()
        meter = PowerMeter(self._infrastructure, callback=self.power.append)
        environment.process(self._slots(environment))
        environment.process(meter.run(environment, delay=0.5))
        environment.run(until=count + 1)
        self.times.append(clock())
        return Stretch.between(count, self.times[1], self.times[-1])

    def _slots(self, environment: simpy.Environment) -> Iterator[simpy.Event]:
        number = 0
        while True:
            self.times.append(clock())
            self._step(self._common.slots[number % len(self._common.slots)])
            number += 1
            yield environment.timeout(1)

    def _step(self, slot: Slot) -> None:
        for application in self._placed:
            application.deallocate()
        self._placed.clear()
        for node, capacity in zip(self._nodes, slot.capacity_gc_s.tolist(), strict=True):
            node.cu = capacity
        links = zip(
            slot.link_capacity_mbit_s.tolist(), slot.link_energy_j_mbit.tolist(), strict=True
        )
        for link, (capacity, energy) in zip(self._links, links, strict=True):
            link.bandwidth, link.power_model.energy_per_bit = capacity, energy
        rejected = 0.0
        for flow, asked in zip(self._common.flows, slot.requests.tolist(), strict=True):
            parts = [1.0] * int(asked) if self._per_request else [asked] if asked else []
            rejected += sum(part for part in parts if not self._place(flow, part))
        self.rejected.append(rejected)

    def _place(self, flow: Flow, requests: float) -> bool:
        """Reserve for that many requests of a flow; false where it does not fit."""
        node, links = self._nodes[flow.node], [self._links[link] for link in flow.links]
        work, bits = requests * flow.work_gc, requests * flow.size_mbit
        if node.used_cu + work > node.cu:
            return False
        if any(link.used_bandwidth + bits > link.bandwidth for link in links):
            return False
        application = Application()
        source, task = SourceTask(bound_node=self._users[flow.origin]), ProcessingTask(cu=work)
        application.add_task(source)
        application.add_task(task, incoming_data_flows=[(source, bits)])
        source.allocate(source.bound_node)
        task.allocate(node)
        for data_flow in application.data_flows():
            data_flow.allocate(links)
        self._placed.append(application)
        return True


def outcome(common: Common, count: int) -> dict[str, float]:
    """Means over `count` slots: energy in J above and of idle, and the share that was admitted."""
    run = LeafRun(common)
    run.run(count)
    asked = sum(common.slots[k % len(common.slots)].requests.sum() for k in range(count))
    return {
        "dynamic_j": float(np.mean([power.dynamic for power in run.power[:count]])),
        "idle_j": float(np.mean([power.static for power in run.power[:count]])),
        "admitted": 1.0 - sum(run.rejected[:count]) / float(asked),
    }
