"""Running a distributed policy directly on the emulated infrastructure."""

from __future__ import annotations

from collections.abc import Iterator

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain, order_for
from cnc.environment.infrastructure import Infrastructure, SlotOutcome
from cnc.environment.sites import site_of
from cnc.policies.interface import DistributedPolicy
from cnc.simulator.world import World


def rollout(
    world: World, policy: DistributedPolicy, seed: int, load: float, measure_quality: bool = False
) -> Iterator[SlotOutcome]:
    """Endless slots of one policy on one trace; take as many as are wanted.

    The same 22 agents that decide on the bus decide here, in the same order, from the same
    observations.

    Args:
        world: the world.
        policy: the policy.
        seed: of trace and policy.
        load: nominal requests a slot.
        measure_quality: also compute latency quantiles per origin and class.
    """
    infrastructure = Infrastructure(world, seed, load, measure_quality)
    sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
    end_to_end = policy.end_to_end(world, seed)
    agents = [policy.domain(site, seed) for site in sites]
    while True:
        measured = infrastructure.measure()
        observation = observe_all(measured, world)
        hosts = end_to_end.hosts(observation) if measured.frame_start else None
        delta = end_to_end.distribute(observation)
        parts = {}
        for site, agent in zip(sites, agents, strict=True):
            order = order_for(site, observation, delta, hosts)
            seen = observe_domain(measured, site)
            agent.observe(order)
            replicas = agent.deploy(seen, order) if measured.frame_start else None
            parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
        outcome = infrastructure.actuate(assemble(world, sites, measured, parts))
        if outcome is not None:
            yield outcome
