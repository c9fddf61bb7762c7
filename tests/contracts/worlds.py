"""One broker of each kind behind the same few verbs, so that one suite fits all."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from cnc.bus.connect import open_bus
from cnc.bus.embedded import EmbeddedBroker, Engine
from cnc.bus.interface import Bus, Received
from cnc.bus.memory import MemoryBroker
from cnc.bus.mqtt import MqttBus
from cnc.messages.presence import ControlRequest
from cnc.settings import BusSettings

QUICK = BusSettings(reconnect_first_s=0.05, reconnect_most_s=0.2)
ROOT = "cnc/v1"
_names = itertools.count(1)


def body(text: str = "") -> ControlRequest:
    return ControlRequest(action="rebirth", reason=text)


def text_of(received: Received) -> str:
    return str(received.envelope.body.reason)


async def next_of(bus: Bus, within_s: float = 10.0) -> Received:
    async with asyncio.timeout(within_s):
        return await anext(bus.messages())


async def texts(bus: Bus, count: int, within_s: float = 20.0) -> list[str]:
    return [text_of(await next_of(bus, within_s)) for _ in range(count)]


async def silent(bus: Bus, for_s: float = 0.3) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(for_s):
            await anext(bus.messages())
            return False
    return True


async def until(condition: Any, within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - counters have no event to wait for
            await asyncio.sleep(0.01)


class World(ABC):
    """A broker, the buses on it, and what may happen to them."""

    name: str
    url: str
    refuses_loudly = True
    """A refused publish raises (MQTT 5)."""
    keeps_retained = True
    """Retained copies survive a restart."""

    def __init__(self) -> None:
        self.stack = contextlib.AsyncExitStack()

    def make(self, component: str | None = None, *, layer: Any = "domain", **changes: Any) -> Bus:
        options = {
            key: changes.pop(key)
            for key in ("on_gap", "on_notice", "connect_timeout_s", "version")
            if key in changes
        }
        options.setdefault("connect_timeout_s", 15.0)
        if "reconnect_first_s" in changes:
            changes.setdefault("reconnect_most_s", changes["reconnect_first_s"])
        return open_bus(
            self.url,
            component or f"component-{next(_names)}",
            layer=layer,
            settings=replace(QUICK, **changes),
            **options,
        )

    async def open(self, component: str | None = None, **options: Any) -> Bus:
        return await self.stack.enter_async_context(self.make(component, **options))

    @abstractmethod
    async def raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish bytes that no bus would send."""

    @abstractmethod
    async def drop(self, bus: Bus) -> None:
        """Break one connection without a goodbye."""

    @abstractmethod
    async def outage(self) -> None:
        """Take the broker away."""

    @abstractmethod
    async def recover(self) -> None:
        """Bring it back at the same address."""

    async def close(self) -> None:
        await self.stack.aclose()


class MemoryWorld(World):
    name = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.broker = MemoryBroker(seed=7)
        self.url = f"memory://contract-{next(_names)}"
        self.broker.register(self.url.removeprefix("memory://"))

    async def raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.broker.route(topic, payload, 1, retain, None)

    async def drop(self, bus: Bus) -> None:
        self.broker.drop_connection(bus.component)

    async def outage(self) -> None:
        self.broker.stop()

    async def recover(self) -> None:
        self.broker.start()


class MqttWorld(World):
    def __init__(self, broker: EmbeddedBroker) -> None:
        super().__init__()
        self.broker = broker
        self.name = broker.engine
        self.url = broker.url
        self.refuses_loudly = self.keeps_retained = False
        if broker.engine == "mosquitto":
            self.refuses_loudly = True
        else:
            self.keeps_retained = True

    @classmethod
    async def start(cls, engine: Engine) -> MqttWorld:
        return cls(await EmbeddedBroker.start(force=engine))

    async def raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        bus = await self.open(f"vandal-{next(_names)}", layer="client")
        assert isinstance(bus, MqttBus) and bus.connection is not None
        done = asyncio.Event()
        assert bus.connection.send(topic, payload, 1, retain, None, lambda _code: done.set())
        async with asyncio.timeout(10):
            await done.wait()

    async def drop(self, bus: Bus) -> None:
        assert isinstance(bus, MqttBus)
        await bus.drop_connection()
        await asyncio.sleep(0.1)  # until the broker has noticed; NATS sends late what is before

    async def outage(self) -> None:
        await self.broker.kill()

    async def recover(self) -> None:
        await self.broker.restart()

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            await self.broker.stop()
