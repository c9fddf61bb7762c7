"""HMARL's decisions with the domains shared between two processes, as `cnc up` may run them.

One process has E2E and every second domain, the other one the rest. Orders, what domains see, and
their splits travel between them through a pipe, in pickles, instead of over a broker.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from cnc.environment.assembly import DomainPart
    from cnc.environment.observations import DomainObservation, Order
    from cnc.environment.sites import Site
    from cnc.policies.interface import DistributedPolicy
    from cnc.simulator.world import World

SEED = 0


class Domains:
    """Some domains' agents.

    Args:
        sites: of the domains.
        policy: theirs.
    """

    def __init__(self, sites: Sequence[Site], policy: DistributedPolicy) -> None:
        self.sites = sites
        self._agents = [policy.domain(site, SEED) for site in sites]

    def decided(self, asked: Sequence[tuple[Order, DomainObservation]]) -> dict[int, DomainPart]:
        """What each decides, by index."""
        from cnc.environment.assembly import DomainPart

        parts = {}
        for site, agent, (order, seen) in zip(self.sites, self._agents, asked, strict=True):
            agent.observe(order)
            replicas = agent.deploy(seen, order) if order.frame_start else None
            parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
        return parts


def serve(pipe: Connection, sites: Sequence[Site], name: str) -> None:
    """The other process: decides for its domains until it is asked for nothing."""
    import torch

    from cnc.policies.registry import policy_named

    torch.set_num_threads(1)
    policy: Any = policy_named(name)
    domains = Domains(sites, policy)
    while (asked := pipe.recv()) is not None:
        pipe.send(domains.decided(asked))


@contextmanager
def other_process(sites: Sequence[Site], name: str) -> Iterator[Connection]:
    """A process with some domains, which ends with the block."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    process = context.Process(target=serve, args=(there, sites, name), daemon=True)
    process.start()
    try:
        yield here
        here.send(None)
        process.join(10.0)
    finally:
        process.kill()


@dataclass(frozen=True)
class Slot:
    """From what is measured to the actuation, without either."""

    wall_ms: float
    processor_ms: float
    """Of the process with E2E, which has more to do: what the slot takes where each has a core."""
    cost: float


def measured_slots(world: World, load: float, slots: int, warm_up: int) -> list[Slot]:
    """So many slots after some others."""
    from cnc.environment.assembly import assemble, observe_all, observe_domain
    from cnc.environment.infrastructure import Infrastructure
    from cnc.environment.sites import site_of
    from cnc.environment.views import order_for
    from cnc.policies.interface import expectation_of
    from cnc.policies.registry import policy_named

    infrastructure = Infrastructure(world, SEED, load, measure_quality=False)
    sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
    policy: Any = policy_named("hmarl")
    end_to_end = policy.end_to_end(world, SEED)
    mine, others = Domains(sites[::2], policy), sites[1::2]
    found = []
    with other_process(others, "hmarl") as pipe:
        for _ in range(1 + warm_up + slots):  # slot -1 comes first
            measured = infrastructure.measure()
            begin, worked = perf_counter(), process_time()
            observation = observe_all(measured, world)
            hosts = end_to_end.hosts(observation) if measured.frame_start else None
            delta = end_to_end.distribute(observation)
            expected = expectation_of(end_to_end)

            def asked(some: Sequence[Site]) -> list[tuple[Order, DomainObservation]]:
                return [
                    (
                        order_for(site, observation, delta, hosts, expected),  # noqa: B023
                        observe_domain(measured, site),  # noqa: B023
                    )
                    for site in some
                ]

            pipe.send(asked(others))
            parts = mine.decided(asked(mine.sites))
            actuation = assemble(world, sites, measured, parts | pipe.recv())
            taken = 1e3 * (perf_counter() - begin), 1e3 * (process_time() - worked)
            outcome = infrastructure.actuate(actuation)
            if outcome is not None:
                found.append(Slot(*taken, outcome.cost))
    return found[warm_up:]
