"""One connection to an MQTT broker: aiomqtt with reason codes, own acknowledgements, no delay.

A thin subclass. aiomqtt 2.5 returns from `publish` although the broker refused, drops beyond
its queue limit after acknowledging, and leaves Nagle's algorithm on; the hooks overridden here
are the only places that reach below its public interface, which is why the version is pinned.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cnc.bus.address import BrokerAddress
from cnc.bus.inbox import Acknowledge
from cnc.bus.mqtt_reasons import reason_value

CONNECT_S = 5.0
"""For the broker's answers to connect and subscribe."""
RECEIVE_WINDOW = 100
"""Unacknowledged messages that an MQTT 5 broker may have on the way to us."""

Deliver = Callable[[str, bytes, bool, int, Acknowledge | None], None]
Settled = Callable[[ReasonCode | None], None]


class HungUpError(aiomqtt.MqttError):
    """The broker closed the connection without an answer to CONNECT."""


@dataclass(frozen=True)
class ConnectionOptions:
    """What distinguishes one attempt to connect from another."""

    address: BrokerAddress
    client_id: str
    version: aiomqtt.ProtocolVersion
    keepalive_s: int
    session_expiry_s: int
    fresh: bool
    """Wipe an earlier session of this client id (MQTT 5: and keep the new one)."""
    pending_calls: int
    will: tuple[str, bytes] | None = None


class Connection(aiomqtt.Client):
    """An aiomqtt client that reports reason codes and lets its owner acknowledge."""

    def __init__(self, options: ConnectionOptions, deliver: Deliver) -> None:
        address = options.address
        self.v5 = options.version is aiomqtt.ProtocolVersion.V5
        will = None
        if options.will is not None:
            will = aiomqtt.Will(options.will[0], options.will[1], qos=1, retain=True)
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=options.client_id,
            protocol=options.version,
            will=will,
            clean_session=None if self.v5 else options.fresh,
            clean_start=options.fresh if self.v5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=_session_properties(options.session_expiry_s) if self.v5 else None,
            transport="websockets" if address.scheme in ("ws", "wss") else "tcp",
            websocket_path=(address.path or "/") if address.scheme in ("ws", "wss") else None,
            tls_context=address.tls_context(),
            keepalive=options.keepalive_s,
            timeout=CONNECT_S,
            max_queued_outgoing_messages=0,
        )
        self.pending_calls_threshold = options.pending_calls
        self.session_present = False
        self._deliver = deliver
        self._settled: dict[int, Settled] = {}
        self._client.manual_ack_set(True)
        self._client.connect_timeout = CONNECT_S
        self._disconnected.add_done_callback(self._ended_early)

    # -- life ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and switch Nagle's algorithm off.

        Raises:
            aiomqtt.MqttError: no connection, or the broker refused it.
        """
        entering = asyncio.ensure_future(self.__aenter__())
        try:
            await asyncio.shield(entering)
        except asyncio.CancelledError:
            with contextlib.suppress(aiomqtt.MqttError):
                await entering
            await self.abandon()
            raise
        except aiomqtt.MqttError:
            await self.abandon()
            raise
        self._set_nodelay()

    def raw_socket(self) -> socket.socket | None:
        """The TCP socket under TLS and WebSocket wrappers; None when closed."""
        wrapped: Any = self._client.socket()
        if wrapped is not None and not isinstance(wrapped, socket.socket):
            wrapped = wrapped._socket
        return wrapped if isinstance(wrapped, socket.socket) else None

    def _set_nodelay(self) -> None:
        raw = self.raw_socket()
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def lost(self) -> BaseException | None:
        """Wait until the connection ends; its error, or None after a disconnect in order."""
        await asyncio.wait((self._disconnected,))
        return self._disconnected.exception()

    async def close(self, forget_session: bool) -> None:
        """Disconnect; with MQTT 5 and `forget_session` the broker drops the session now."""
        if not self._disconnected.done() and self._connected.done():
            properties = _disconnect_properties() if self.v5 and forget_session else None
            self._client.disconnect(properties=properties)
            await asyncio.wait((self._disconnected,), timeout=CONNECT_S)
        await self.abandon()

    async def abandon(self) -> None:
        """Free the socket and the background task, whatever the state."""
        self._client._sock_close()
        if self._connected.done() and not self._disconnected.done():
            self._disconnected.set_exception(aiomqtt.MqttError("the connection was abandoned"))
        if self._disconnected.done():
            self._disconnected.exception()
        if self._lock.locked():
            self._lock.release()
        await asyncio.sleep(0)
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.wait((self._misc_task,))

    # -- sending -------------------------------------------------------------------------------

    def send(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        retain: bool,
        properties: Properties | None,
        settled: Settled,
    ) -> bool:
        """Hand one publish over without waiting; `settled` gets the reason code, once.

        Returns False when the connection is gone; `settled` is then never called.
        """
        info = self._client.publish(topic, payload, qos, retain, properties if self.v5 else None)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        self._settled[info.mid] = settled
        return True

    async def subscribe_all(self, filters: tuple[str, ...]) -> list[str]:
        """Subscribe at QoS 1; the filters that the broker refused.

        Raises:
            aiomqtt.MqttError: the connection was lost before the acknowledgement.
        """
        granted = asyncio.ensure_future(
            self.subscribe([(entry, 1) for entry in filters], timeout=math.inf)
        )
        try:
            await asyncio.wait(
                (granted, self._disconnected),
                timeout=CONNECT_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not granted.done():
                raise aiomqtt.MqttError("the subscription was not acknowledged")
            codes: Iterable[int | ReasonCode] = granted.result()
        finally:
            granted.cancel()
        return [
            entry for entry, code in zip(filters, codes, strict=True) if reason_value(code) >= 0x80
        ]

    # -- hooks of aiomqtt ----------------------------------------------------------------------

    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.session_present = bool(flags.session_present)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self._ended_early()
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _ended_early(self, *_: object) -> None:
        """Let `open` fail at once when the broker hangs up instead of answering."""
        if not self._connected.done():
            self._connected.set_exception(HungUpError("the broker closed the connection"))

    def _on_publish(
        self,
        client: paho.Client,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        settled = self._settled.pop(mid, None)
        if settled is not None:
            settled(reason_code)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        acknowledge = None
        if message.qos > 0:
            acknowledge = functools.partial(self._client.ack, message.mid, message.qos)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._deliver(topic, bytes(message.payload), message.retain, message.qos, acknowledge)

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """As in aiomqtt, but never for a socket that was closed in between.

        Its number may already belong to another connection, which would then be watched for
        the wrong client.
        """

        def write() -> None:
            try:
                client.loop_write()
            except Exception as problem:  # noqa: BLE001 - whatever broke, the connection is over
                if not self._disconnected.done():
                    self._disconnected.set_exception(problem)

        def register() -> None:
            current: Any = client.socket()
            if current is sock and sock.fileno() >= 0:
                self._loop.add_writer(sock.fileno(), write)

        self._loop.call_soon_threadsafe(register)


def _session_properties(expiry_s: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = expiry_s
    properties.ReceiveMaximum = RECEIVE_WINDOW
    return properties


def _disconnect_properties() -> Properties:
    properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    return properties
