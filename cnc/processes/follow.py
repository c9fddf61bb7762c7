"""Following a running system from outside: what its bus shows of components and intents."""

from __future__ import annotations

from collections.abc import Callable

from cnc.processes.blueprint import SystemConfig
from cnc.processes.client import Look, client_bus

CONNECT_S = 30.0


async def follow_system(config: SystemConfig, on_look: Callable[[Look], None]) -> None:
    """Hand on what the bus shows until cancelled.

    Raises:
        BusError: no broker answers.
    """
    seen = Look()
    bus_of = client_bus(config.broker, config.topic_root, connect_timeout_s=CONNECT_S)
    async with bus_of as bus:
        topics = bus.topics
        await bus.subscribe(
            topics.all_presence(), topics.view(), topics.all_intent_events(), topics.clock()
        )
        async for received in bus.messages():
            seen.take(received)
            on_look(seen)
