"""Following a running system from outside: what its bus shows of slots and components."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cnc.messages.reports import SystemView
from cnc.processes.blueprint import SystemConfig
from cnc.processes.client import Look, client_bus


@dataclass(frozen=True)
class ObservedOutcome:
    """A slot's figures as the global view tells them."""

    slot: int
    energy_j: float
    satisfied_share: float
    requests: float
    cost: float


@dataclass(frozen=True)
class ObservedSlot:
    """A slot as seen on the bus."""

    outcome: ObservedOutcome
    duration_ms: float
    """Since the view before."""
    silent: tuple[str, ...] = ()


async def follow_system(
    config: SystemConfig,
    on_slot: Callable[[ObservedSlot], None] | None,
    on_look: Callable[[Look], None] | None,
) -> None:
    """Hand on what the bus shows until cancelled.

    Raises:
        BusError: no broker answers.
    """
    seen, last = Look(), time.perf_counter()
    async with client_bus(config.broker, config.topic_root, connect_timeout_s=30.0) as bus:
        topics = bus.topics
        await bus.subscribe(
            topics.all_presence(), topics.view(), topics.all_intent_events(), topics.clock()
        )
        async for received in bus.messages():
            seen.take(received)
            body = received.envelope.body
            if isinstance(body, SystemView) and not received.retained:
                now = time.perf_counter()
                duration, last = (now - last) * 1e3, now
                if on_slot is not None:
                    on_slot(ObservedSlot(_outcome(body), duration))
            if on_look is not None:
                on_look(seen)


def _outcome(view: SystemView) -> ObservedOutcome:
    return ObservedOutcome(
        slot=view.measured_slot,
        energy_j=view.energy_j,
        satisfied_share=view.satisfied_share,
        requests=view.requests,
        cost=view.cost,
    )
