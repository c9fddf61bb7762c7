"""The common slots in ECLYPSE (package `eclypse`): update assets, place, check every requirement.

A step updates the requirements of applications (processor of each service instance, bandwidth of
each interaction) and what the background leaves of nodes and links, and then audits the placement:
what is required of each node, link and path is summed and compared with what there is. An instance
of a service for one origin is a vertex of an application, and each origin's user is another one,
fixed at its site. Paths are given by the route (`path_algorithm`), which spares ECLYPSE a search
for each pair in every step; there are no reports, and logs are off.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from compared_scenario import Common, Flow, Slot, Stretch, all_hops, clock, ways
from eclypse.graph import Application, Infrastructure
from eclypse.graph.assets.defaults import bandwidth, cpu, latency, processing_time, ram
from eclypse.placement.strategies import StaticStrategy
from eclypse.report.metrics.defaults import response_time
from eclypse.simulation import Simulation, SimulationConfig

UNLIMITED = 1e9
"""Mbit/s of an attachment."""


def node_assets() -> dict[str, Any]:
    """What nodes offer and services need: Gc/s, GB, s."""
    return {
        "cpu": cpu(init_fn_or_value=0.0),
        "ram": ram(init_fn_or_value=0.0),
        "processing_time": processing_time(init_fn_or_value=0.0),
    }


def edge_assets() -> dict[str, Any]:
    """What links offer and interactions need: s, Mbit/s."""
    return {
        "latency": latency(init_fn_or_value=0.0),
        "bandwidth": bandwidth(init_fn_or_value=0.0),
    }


class EclypseRun:
    """A simulation of some slots.

    Args:
        common: the slots; they are run in turn.
        per_service: an application for each of the 30 services instead of one for all.
        look: also read the response time in steps where all requirements hold.
    """

    def __init__(self, common: Common, per_service: bool = False, look: bool = False) -> None:
        self._common, self._look = common, look
        self.slowest_s: list[float] = []
        self.number = 0
        self.times: list[tuple[float, float]] = []
        self.violated: list[int] = []
        """Nodes and ends of links of which more was required than there was, by step."""
        self.infrastructure = self._infrastructure()
        services = range(len(common.world.work_gc))
        chosen = [[s] for s in services] if per_service else [list(services)]
        self.applications = [
            self._application(f"application-{at}", [f for f in common.flows if f.service in part])
            for at, part in enumerate(chosen)
        ]

    def _infrastructure(self) -> Infrastructure:
        world = self._common.world
        paths = {
            ends: [way[0].start, *(hop.end for hop in way)]
            for ends, way in ways(self._common).items()
        }
        edges = all_hops(world)
        paths |= {ends: list(ends) for ends in edges}
        graph = Infrastructure(
            update_policies=self._background,
            node_assets=node_assets(),
            edge_assets=edge_assets(),
            path_assets_aggregators={"latency": sum, "bandwidth": min},
            path_algorithm=lambda _graph, source, target: paths[source, target],
        )
        for name in sorted({end for ends in edges for end in ends}):
            graph.add_node(name, cpu=0.0, ram=0.0, processing_time=0.0)
        for n in range(len(world.node_domain)):
            graph.add_node(
                world.node_name(n),
                cpu=float(world.node_capacity_gc_s[n]),
                ram=float(world.node_memory_gb[n]),
                processing_time=0.0,
            )
        for (start, end), hop in edges.items():
            graph.add_edge(
                start,
                end,
                latency=0.0
                if hop.link is None
                else 2.0 * float(world.link_propagation_s[hop.link]),
                bandwidth=UNLIMITED
                if hop.link is None
                else float(world.link_nominal_capacity_mbit_s[hop.link]),
            )
        self._names = [world.node_name(n) for n in range(len(world.node_domain))]
        self._edges = [(ends, hop.link) for ends, hop in edges.items() if hop.link is not None]
        return graph

    def _application(self, name: str, flows: list[Flow]) -> tuple[Application, StaticStrategy]:
        mapping: dict[str, str] = {}
        routes = [[f"user-{f.origin}", f"service-{f.service}-{f.origin}"] for f in flows]

        def requests(graph: Any) -> None:
            """Update policy: what this slot's requests need."""
            asked = self._slot().requests
            for (user, instance), position, flow in zip(routes, positions, flows, strict=True):
                count = float(asked[position])
                graph.nodes[instance]["cpu"] = count * flow.work_gc
                graph.edges[user, instance]["bandwidth"] = count * flow.size_mbit

        application = Application(
            name,
            update_policies=requests,
            node_assets=node_assets(),
            edge_assets=edge_assets(),
            flows=routes,
        )
        place = {id(flow): at for at, flow in enumerate(self._common.flows)}
        positions = [place[id(flow)] for flow in flows]
        for (user, instance), flow in zip(routes, flows, strict=True):
            if user not in mapping:
                application.add_node(user, cpu=0.0, ram=0.0, processing_time=0.0)
                mapping[user] = user
            application.add_node(
                instance, cpu=0.0, ram=flow.memory_gb, processing_time=flow.processing_s
            )
            mapping[instance] = self._common.world.node_name(flow.node)
            left = flow.deadline_s - flow.processing_s - flow.transmission_s
            application.add_edge(user, instance, latency=max(left, 0.0), bandwidth=0.0)
        return application, StaticStrategy(mapping)

    def _slot(self) -> Slot:
        return self._common.slots[self.number % len(self._common.slots)]

    def _background(self, graph: Any) -> None:
        """Update policy of the infrastructure, the last of a step."""
        slot = self._slot()
        for name, capacity in zip(self._names, slot.capacity_gc_s.tolist(), strict=True):
            graph.nodes[name]["cpu"] = capacity
        capacities = slot.link_capacity_mbit_s.tolist()
        for (start, end), link in self._edges:
            graph.edges[start, end]["bandwidth"] = capacities[link]
        self.number += 1
        self.times.append(clock())

    def run(self, count: int) -> Stretch:
        """`count` steps, after two that do not count."""
        with tempfile.TemporaryDirectory() as folder:
            simulation = Simulation(
                self.infrastructure,
                SimulationConfig(
                    max_steps=count + 2, seed=0, path=Path(folder) / "run", log_level="ERROR"
                ),
            )
            for application, strategy in self.applications:
                simulation.register(application, strategy)
            validate = self.infrastructure.validate

            def counted(view: Any) -> list[str]:
                found = validate(view)
                self.violated.append(len(found))
                if self._look and not found:
                    self.slowest_s.append(self._slowest(simulation))
                return found

            self.infrastructure.validate = counted  # type: ignore[method-assign]
            simulation.run()
            self.infrastructure.validate = validate  # type: ignore[method-assign]
        return Stretch.between(count, self.times[1], self.times[count + 1])

    def _slowest(self, simulation: Simulation) -> float:
        """Their metric: processing and propagation of the slowest flow, in s."""
        return max(
            float(
                response_time(each, simulation.simulator.placements[each.id], self.infrastructure)
            )
            for each, _ in self.applications
        )


def outcome(common: Common, count: int) -> dict[str, float]:
    """Over `count` steps: those without a violated requirement, and the slowest flow's time."""
    run = EclypseRun(common, look=True)
    run.run(count)
    kept = [bad == 0 for bad in run.violated[2:]]
    return {"fitting": sum(kept) / len(kept), "slowest_ms": max(run.slowest_s, default=0.0) * 1e3}
