"""The bus within one process: the same rules as on MQTT, with faults on demand.

It really queues: a publish puts bytes into the queue of every subscriber, and a task of each
subscriber delivers them later, so that nothing happens inside `publish` that a real broker
would do outside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cnc.bus.component import ComponentBus
from cnc.bus.inbox import Acknowledge
from cnc.bus.interface import Gap
from cnc.bus.memory_broker import Copy, MemoryBroker, MemorySession
from cnc.bus.outbox import Pending
from cnc.errors import BusError, PublishRefusedError
from cnc.messages.presence import Layer
from cnc.settings import BusSettings

__all__ = ["MemoryBroker", "MemoryBus"]

WINDOW = 20
"""Messages that may be unacknowledged at a time, as with Mosquitto."""


class MemoryBus(ComponentBus):
    """A component on a `MemoryBroker`."""

    def __init__(
        self,
        broker: MemoryBroker,
        component: str,
        *,
        layer: Layer,
        settings: BusSettings | None = None,
        on_gap: Callable[[Gap], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(
            component,
            layer=layer,
            settings=settings or BusSettings(),
            on_gap=on_gap,
            on_notice=on_notice,
        )
        self._broker = broker
        self._session: MemorySession | None = None
        self._online = asyncio.Event()
        self._window = asyncio.Semaphore(WINDOW)
        self._pump: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is up and the subscriptions are in place."""
        return self._online.is_set()

    async def _open(self) -> None:
        will = None
        if self.layer != "client":
            will = (self.topics.presence(self.component), self._will())
        self._session = self._broker.attach(self.component, will, self._lost)
        self._online.set()
        self._pump = asyncio.get_running_loop().create_task(self._deliver(self._session))

    async def _close(self) -> None:
        self._online.clear()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
            self._pump = None
        if self._session is not None:
            self._broker.detach(self._session)
            self._session = None

    def _lost(self, reason: str, for_good: bool) -> None:
        """The broker ended the connection; come back unless somebody took the name."""
        self._online.clear()
        if for_good:
            self._fail(PublishRefusedError(f"{reason}; every component needs a name of its own"))
            return
        self._notice(f"lost the in-memory broker ({reason}); reconnecting")
        self._start(self._reconnect())

    async def _reconnect(self) -> None:
        assert self._session is not None
        await asyncio.sleep(self.settings.reconnect_first_s)
        will = None
        if self.layer != "client":
            will = (self.topics.presence(self.component), self._will())
        await self._broker.reattach(self._session, will)
        self._window = asyncio.Semaphore(WINDOW)
        self._online.set()
        self.counters.reconnects += 1
        for pending in self._outbox:
            if pending.sent:
                self.counters.resent += 1
            self._transmit(pending)
        self._reannounce()

    async def _subscribe(self, filters: tuple[str, ...]) -> None:
        await self._online.wait()
        self._check_usable()
        if self._session is None:
            raise BusError("the bus is not open; enter it with `async with`")
        for entry in filters:
            if not self._broker.subscribe(self._session, entry):
                self.counters.refused += 1
                raise PublishRefusedError(
                    f"the broker refused {self.component!r} the subscription to {entry}"
                )
            self._subscribed[entry] = None
        await asyncio.sleep(0)

    def _transmit(self, pending: Pending) -> None:
        if not self._online.is_set() or self._session is None:
            return
        pending.sent = True
        loop = asyncio.get_running_loop()
        if self._broker.denies(self.component, pending.topic):
            self.counters.refused += 1
            error = PublishRefusedError(
                f"the broker refused {self.component!r} a publish on {pending.topic}"
            )
            loop.call_soon(self._outbox.settle, pending, error)
            return
        self._broker.route(
            pending.topic, pending.payload, pending.qos, pending.retain, pending.expiry_s
        )
        loop.call_soon(self._acknowledged, pending)

    def _acknowledged(self, pending: Pending) -> None:
        self.counters.published += 1
        self._outbox.settle(pending)

    async def _deliver(self, session: MemorySession) -> None:
        while True:
            await self._online.wait()
            copy = await session.next_copy()
            if copy.delay_s > 0.0:
                await asyncio.sleep(copy.delay_s)
            await self._online.wait()
            if copy.expired(asyncio.get_running_loop().time()):
                continue
            if copy.qos > 0:
                await self._window.acquire()
            self._arrived(
                copy.topic,
                copy.payload,
                retained=copy.retained,
                qos=copy.qos,
                acknowledge=self._acknowledgement(copy),
            )

    def _acknowledgement(self, copy: Copy) -> Acknowledge | None:
        return self._window.release if copy.qos > 0 else None
