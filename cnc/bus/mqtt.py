"""The bus on a real MQTT broker: version 5 where the broker speaks it, else 3.1.1.

The first connection of an incarnation wipes what an earlier one left at the broker; every
further one keeps the session, so that QoS 1 messages survive a short loss. Unacknowledged
publishes stay in our own queue and are sent again, in order, on the next connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from cnc.bus.address import BrokerAddress
from cnc.bus.backoff import Backoff
from cnc.bus.component import ComponentBus
from cnc.bus.inbox import Acknowledge
from cnc.bus.interface import Gap
from cnc.bus.mqtt_connection import (
    Connection,
    ConnectionOptions,
    HungUpError,
)
from cnc.bus.mqtt_properties import publish_properties
from cnc.bus.mqtt_reasons import (
    UNSUPPORTED_VERSION,
    reason_value,
    refusal,
    taken_over,
)
from cnc.bus.outbox import Pending
from cnc.bus.tracing import traceparent
from cnc.errors import BusError, CncError, PublishRefusedError
from cnc.messages.presence import Layer
from cnc.settings import BusSettings

STABLE_S = 5.0
"""A connection that held this long lets the next back-off begin anew."""


class MqttBus(ComponentBus):
    """A component on an MQTT broker; reconnects by itself until it is closed."""

    def __init__(
        self,
        address: BrokerAddress,
        component: str,
        *,
        layer: Layer,
        settings: BusSettings,
        connect_timeout_s: float | None = None,
        version: int | None = None,
        on_gap: Callable[[Gap], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(
            component, layer=layer, settings=settings, on_gap=on_gap, on_notice=on_notice
        )
        self._address = address
        self._connect_timeout_s = connect_timeout_s
        self._backoff = Backoff(
            settings.reconnect_first_s, settings.reconnect_most_s, random.Random()
        )
        self._version = aiomqtt.ProtocolVersion.V311 if version == 4 else aiomqtt.ProtocolVersion.V5
        self._may_fall_back = version is None
        self._connection: Connection | None = None
        self._lives = 0
        self._ready = asyncio.Event()
        self._hurry = asyncio.Event()
        self._last_problem: BaseException | None = None
        self._runner: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is connected and the subscriptions are in place."""
        return self._ready.is_set() and self._connection is not None

    @property
    def protocol(self) -> str:
        """`5` or `3.1.1`, as agreed with the broker."""
        return "5" if self._version is aiomqtt.ProtocolVersion.V5 else "3.1.1"

    @property
    def connection(self) -> Connection | None:
        """The current connection, for diagnosis."""
        return self._connection

    async def drop_connection(self) -> None:
        """End the connection without a goodbye, as a broken network would (for diagnosis)."""
        if self._connection is not None:
            await self._connection.abandon()

    def reconnect_now(self) -> None:
        """Cut the current wait between two attempts short."""
        self._hurry.set()

    async def _pause(self, wait_s: float) -> None:
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), wait_s)

    # -- life ----------------------------------------------------------------------------------

    async def _open(self) -> None:
        self._runner = asyncio.get_running_loop().create_task(self._run())
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await self._until_ready()
        except TimeoutError as error:
            await self._stop_runner()
            why = self._last_problem or f"nothing came within {self._connect_timeout_s:g} s"
            raise BusError(
                f"no broker answers at {self._address.shown} ({why}); start one "
                "(`cnc broker start`), or name another with --broker URL or CNC_BROKER"
            ) from (self._last_problem or error)
        except BaseException:
            await self._stop_runner()
            raise

    async def _until_ready(self) -> None:
        while not self.connected:
            self._check_usable()
            await self._ready.wait()
        self._check_usable()

    async def _stop_runner(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
            self._runner = None

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._ready.clear()
        await self._stop_runner()
        if connection is None:
            return
        await connection.close(forget_session=True)
        if not connection.v5:
            await self._forget_session()

    async def _forget_session(self) -> None:
        """On 3.1.1 a session ends only when its client comes once more and wants a clean one."""
        forgetting = self._make_connection(fresh=True, will=False)
        try:
            await forgetting.open()
        except aiomqtt.MqttError as error:
            self._notice(f"the session stays at the broker ({error})")
            return
        await forgetting.close(forget_session=True)

    def _make_connection(self, *, fresh: bool, will: bool = True) -> Connection:
        options = ConnectionOptions(
            address=self._address,
            client_id=self.component,
            version=self._version,
            keepalive_s=self.settings.keepalive_s,
            session_expiry_s=self.settings.session_expiry_s,
            fresh=fresh,
            pending_calls=self.settings.pending_calls,
            will=(self.topics.presence(self.component), self._will())
            if will and self.layer != "client"
            else None,
        )
        return Connection(options, self._delivered)

    async def _run(self) -> None:
        try:
            while True:
                await self._live_once()
        except CncError as error:
            self._fail(error)

    async def _live_once(self) -> None:
        """One connection from its first attempt to its loss."""
        connection = await self._connect()
        self._connection = connection
        began = asyncio.get_running_loop().time()
        try:
            await self._restore(connection)
            problem = await connection.lost()
        except aiomqtt.MqttError as error:
            problem = error
        finally:
            if self._connection is connection:
                self._ready.clear()
                self._connection = None
                await connection.abandon()
        if taken_over(problem):
            raise PublishRefusedError(
                f"another client came to {self._address.shown} as {self.component!r} and the "
                "broker ended this one; every component needs a name of its own"
            )
        if asyncio.get_running_loop().time() - began > STABLE_S:
            self._backoff.reset()
        self.counters.reconnects += 1
        self._notice(f"lost the broker at {self._address.shown} ({problem}); reconnecting")
        await self._pause(self._backoff.next_s())

    async def _connect(self) -> Connection:
        while True:
            try:
                return await self._connect_once()
            except aiomqtt.MqttError as error:
                self._last_problem = (
                    error.__context__ if isinstance(error.__context__, OSError) else error
                )
                refused = refusal(error, self._address)
                if refused is not None:
                    raise refused from error
                wait_s = self._backoff.next_s()
                self._notice(
                    f"waiting for the broker at {self._address.shown} ({error}); next attempt in "
                    f"{wait_s:.1f} s"
                )
                await self._pause(wait_s)

    async def _connect_once(self) -> Connection:
        v5 = self._version is aiomqtt.ProtocolVersion.V5
        connection = self._make_connection(fresh=v5 and self._lives == 0)
        try:
            await connection.open()
        except (MqttConnectError, HungUpError) as error:
            if self._may_fall_back and v5 and _may_be_too_old(error):
                return await self._connect_with_311()
            raise
        self._may_fall_back = False
        if not v5 and self._lives == 0 and connection.session_present:
            await connection.close(forget_session=True)
            await self._forget_session()
            return await self._connect_once()
        self._lives += 1
        return connection

    async def _connect_with_311(self) -> Connection:
        """Some brokers refuse MQTT 5 by a code, others by hanging up."""
        self._version = aiomqtt.ProtocolVersion.V311
        try:
            return await self._connect_once()
        except aiomqtt.MqttError:
            self._version = aiomqtt.ProtocolVersion.V5
            raise

    async def _restore(self, connection: Connection) -> None:
        """Subscriptions, then what is owed, then the birth that says so."""
        filters = tuple(self._subscribed)
        if filters:
            await self._subscribe_on(connection, filters)
        self._ready.set()
        for pending in self._outbox:
            if pending.sent:
                self.counters.resent += 1
            self._transmit(pending)
        if self._lives > 1:
            self._reannounce()

    def _fail(self, error: Exception) -> None:
        super()._fail(error)
        self._ready.set()  # wakes whoever waits, to find the failure
        if self._runner is not None and self._runner is not asyncio.current_task():
            self._runner.cancel()

    # -- subscribing and sending ---------------------------------------------------------------

    async def _subscribe(self, filters: tuple[str, ...]) -> None:
        while True:
            await self._until_ready()
            connection = self._connection
            if connection is None:
                continue
            try:
                await self._subscribe_on(connection, filters)
            except aiomqtt.MqttError as error:
                self._notice(f"subscribing again after the connection was lost ({error})")
                await asyncio.sleep(self._backoff.next_s())
                continue
            self._subscribed.update(dict.fromkeys(filters))
            return

    async def _subscribe_on(self, connection: Connection, filters: tuple[str, ...]) -> None:
        refused = await connection.subscribe_all(filters)
        if refused:
            self.counters.refused += len(refused)
            raise PublishRefusedError(
                f"the broker refused {self.component!r} the subscription to {', '.join(refused)}; "
                "check the rights of its user in the broker's ACL"
            )

    def _transmit(self, pending: Pending) -> None:
        connection = self._connection
        if connection is None or not self._ready.is_set():
            return
        properties = None
        if connection.v5 and pending.envelope is not None:
            properties = publish_properties(
                pending.envelope.kind, traceparent(pending.envelope), pending.expiry_s
            )

        def settled(code: ReasonCode | None) -> None:
            self._settle(pending, code)

        if connection.send(
            pending.topic, pending.payload, pending.qos, pending.retain, properties, settled
        ):
            pending.sent = True

    def _settle(self, pending: Pending, code: ReasonCode | None) -> None:
        if code is None or not code.is_failure:
            self.counters.published += 1
            self._outbox.settle(pending)
            return
        self.counters.refused += 1
        self._outbox.settle(
            pending,
            PublishRefusedError(
                f"the broker refused {self.component!r} a publish on {pending.topic} (reason "
                f"{code.value}: {code}); check the rights of its user in the broker's ACL"
            ),
        )

    def _delivered(
        self,
        topic: str,
        payload: bytes,
        retained: bool,
        qos: int,
        acknowledge: Acknowledge | None,
    ) -> None:
        self._arrived(topic, payload, retained=retained, qos=qos, acknowledge=acknowledge)


def _may_be_too_old(error: aiomqtt.MqttError) -> bool:
    if isinstance(error, MqttConnectError):
        return reason_value(error.rc) in UNSUPPORTED_VERSION
    return isinstance(error, HungUpError)
