"""Running a policy directly on the emulated infrastructure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from cnc.environment.assembly import DomainPart, assemble, observe_all, observe_domain
from cnc.environment.infrastructure import Infrastructure, Measurement, SlotOutcome
from cnc.environment.sites import Floats, site_of
from cnc.environment.views import order_for
from cnc.policies.interface import DistributedPolicy, GlobalPolicy, expectation_of
from cnc.simulator.world import World

Decide = Callable[[Measurement], Callable[[], SlotOutcome | None]]


@dataclass(frozen=True, eq=False)
class Step:
    """One slot of an episode."""

    measured: Measurement
    """What was known before the slot."""
    background: Floats
    """[N] node background of the slot itself, which no causal policy has seen."""
    outcome: SlotOutcome
    decision_s: float
    """Wall time of all agents' decisions, without measuring and stepping."""


def rollout(
    world: World,
    policy: DistributedPolicy | GlobalPolicy,
    seed: int,
    load: float,
    measure_quality: bool = False,
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
    for step in episode(world, policy, seed, load, measure_quality):
        yield step.outcome


def episode(
    world: World,
    policy: DistributedPolicy | GlobalPolicy,
    seed: int,
    load: float,
    measure_quality: bool = False,
    disturb: Callable[[Infrastructure], None] | None = None,
) -> Iterator[Step]:
    """Like `rollout`, with what was known and how long deciding took.

    Args:
        world: the world.
        policy: the policy.
        seed: of trace and policy.
        load: nominal requests a slot.
        measure_quality: also compute latency quantiles per origin and class.
        disturb: called before each slot is measured, to make something happen.
    """
    infrastructure = Infrastructure(world, seed, load, measure_quality)
    decide = (
        _global(infrastructure, policy, seed, load)
        if isinstance(policy, GlobalPolicy)
        else _distributed(infrastructure, policy, seed)
    )
    while True:
        if disturb is not None:
            disturb(infrastructure)
        measured = infrastructure.measure()
        begin = time.perf_counter()
        act = decide(measured)
        decision_s = time.perf_counter() - begin
        outcome = act()
        if outcome is not None:
            yield Step(measured, infrastructure.background, outcome, decision_s)


def _global(infrastructure: Infrastructure, policy: GlobalPolicy, seed: int, load: float) -> Decide:
    agent = policy.agent(infrastructure.world, seed, load)

    def decide(measured: Measurement) -> Callable[[], SlotOutcome | None]:
        decision = agent.decide(measured)
        routing = torch.from_numpy(decision.routing)
        return lambda: infrastructure.route(routing, decision.replicas)

    return decide


def _distributed(infrastructure: Infrastructure, policy: DistributedPolicy, seed: int) -> Decide:
    world = infrastructure.world
    sites = [site_of(world, domain) for domain in range(len(world.domain_ids))]
    end_to_end = policy.end_to_end(world, seed)
    agents = [policy.domain(site, seed) for site in sites]

    def decide(measured: Measurement) -> Callable[[], SlotOutcome | None]:
        observation = observe_all(measured, world)
        hosts = end_to_end.hosts(observation) if measured.frame_start else None
        delta = end_to_end.distribute(observation)
        expected = expectation_of(end_to_end)
        parts = {}
        for site, agent in zip(sites, agents, strict=True):
            order = order_for(site, observation, delta, hosts, expected)
            seen = observe_domain(measured, site)
            agent.observe(order)
            replicas = agent.deploy(seen, order) if measured.frame_start else None
            parts[site.index] = DomainPart(agent.split(seen, order), order.inflow, replicas)
        actuation = assemble(world, sites, measured, parts)
        return lambda: infrastructure.actuate(actuation)

    return decide
