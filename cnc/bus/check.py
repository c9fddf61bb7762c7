"""Can this broker do what the bus needs, with which rights: one finding after the other.

Every check uses topics of its own under `{root}/check/` and cleans up. Nothing here raises for
what a broker cannot do; that is what the findings say.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cnc.bus.address import parse_address
from cnc.bus.interface import Bus, Outgoing, Received
from cnc.bus.mqtt import MqttBus
from cnc.errors import BusError, CncError, ConfigurationError, PublishRefusedError
from cnc.messages.envelope import new_id
from cnc.messages.presence import ControlRequest, Layer
from cnc.settings import BusSettings

ANSWER_S = 5.0
"""For a message that should arrive."""
NOTICED_S = 0.2
"""Until the broker has noticed a lost connection; what it sends before that may come late."""
ROUND_TRIPS = 50
SLOW_MS = 20.0
"""A 4 KB round trip slower than this on loopback or a LAN shows Nagle's algorithm at work."""
QUEUED = 1_200
"""Messages for an absent subscriber; Mosquitto's default keeps 1,000."""


@dataclass(frozen=True)
class CheckResult:
    """One finding."""

    name: str
    ok: bool
    detail: str
    required: bool = True
    """Without it the control plane cannot work on this broker."""
    value: float | None = None
    """The measured figure, where there is one; `detail` names its unit."""


async def check_broker(
    url: str,
    *,
    publish: Sequence[str] = (),
    subscribe: Sequence[str] = (),
    settings: BusSettings | None = None,
    connect_timeout_s: float = 5.0,
) -> list[CheckResult]:
    """Check a broker; takes about five seconds.

    Args:
        url: address with the user and password whose rights are to be checked.
        publish: topics that this user should be able to publish to.
        subscribe: filters that this user should be able to subscribe to.
        settings: topic root and limits.
        connect_timeout_s: seconds to wait for the broker.

    Raises:
        ConfigurationError: the address cannot be read, or names no MQTT broker.
    """
    if parse_address(url).scheme == "memory":
        raise ConfigurationError("memory:// lives within one process; name an MQTT broker to check")
    probe = _Probe(url, settings or BusSettings(), connect_timeout_s)
    first = await probe.connects()
    if not first.ok:
        return [first]
    results = [first, await probe.speaks(5), await probe.speaks(4)]
    steps: tuple[tuple[str, bool, Callable[[], Awaitable[CheckResult]]], ...] = (
        ("QoS 1 round trip", True, probe.round_trip),
        ("retained messages", True, probe.retained),
        ("last will", True, probe.will),
        ("session over a lost connection", True, probe.session),
        ("queue for an absent subscriber", True, probe.queue),
        ("payload of 1 MiB", True, probe.large),
        ("message expiry", False, probe.expiry),
    )
    for name, required, step in steps:
        results.append(await _guarded(name, required, step))
    results.append(probe.refusals())
    for topic in publish:
        results.append(await probe.may_publish(topic))
    for topic_filter in subscribe:
        results.append(await probe.may_subscribe(topic_filter))
    return results


async def _guarded(
    name: str, required: bool, step: Callable[[], Awaitable[CheckResult]]
) -> CheckResult:
    try:
        return await step()
    except TimeoutError:
        return CheckResult(name, False, f"nothing arrived within {ANSWER_S:g} s", required)
    except CncError as error:
        return CheckResult(name, False, str(error), required)


class _Probe:
    """The checks of one broker; a bus of its own for each."""

    def __init__(self, url: str, settings: BusSettings, connect_timeout_s: float) -> None:
        self._url = url
        self._settings = settings
        self._timeout_s = connect_timeout_s
        self._protocol = ""
        self._name = f"check-{new_id()[-12:]}"
        self._base = f"{settings.topic_root}/check/{self._name}"

    @asynccontextmanager
    async def _bus(
        self, role: str, *, layer: Layer = "client", version: int | None = None
    ) -> AsyncIterator[MqttBus]:
        bus = MqttBus(
            parse_address(self._url),
            f"{self._name}-{role}",
            layer=layer,
            settings=self._settings,
            connect_timeout_s=self._timeout_s,
            version=version,
        )
        async with bus:
            yield bus

    async def connects(self) -> CheckResult:
        try:
            async with self._bus("connect") as bus:
                self._protocol = bus.protocol
        except CncError as error:
            return CheckResult("connect", False, str(error))
        return CheckResult("connect", True, f"agreed on MQTT {self._protocol}")

    async def speaks(self, version: int) -> CheckResult:
        name = "MQTT 5" if version == 5 else "MQTT 3.1.1"
        try:
            async with self._bus("version", version=version):
                return CheckResult(name, True, "spoken", required=version == 4)
        except CncError as error:
            return CheckResult(name, False, str(error), required=version == 4)

    async def round_trip(self) -> CheckResult:
        body = ControlRequest(action="rebirth", reason="x" * 4_000)
        loop = asyncio.get_running_loop()
        times_ms = []
        async with self._bus("trip") as bus:
            topic = f"{self._base}/trip"
            await bus.subscribe(topic)
            for _ in range(ROUND_TRIPS):
                start = loop.time()
                await bus.publish(topic, body)
                await _next(bus)
                times_ms.append((loop.time() - start) * 1e3)
        median = statistics.median(times_ms)
        detail = f"p50 {median:.2f} ms for 4 KB"
        if median > SLOW_MS:
            detail += "; switch on `set_tcp_nodelay true` in the broker"
        return CheckResult("QoS 1 round trip", True, detail, value=median)

    async def retained(self) -> CheckResult:
        topic = f"{self._base}/retained"
        async with self._bus("writer") as writer:
            await writer.publish(topic, _body("kept"), retain=True)
            async with self._bus("reader") as reader:
                await reader.subscribe(topic)
                received = await _next(reader)
            await writer.clear_retained(topic)
            async with self._bus("later") as later:
                await later.subscribe(topic)
                left = await _arrives(later, 0.3)
        ok = received.retained and not left
        return CheckResult(
            "retained messages", ok, "kept and cleared" if ok else "not kept, or not cleared"
        )

    async def will(self) -> CheckResult:
        async with self._bus("watcher") as watcher, self._bus("mortal", layer="domain") as mortal:
            topic = watcher.topics.presence(mortal.component)
            await watcher.subscribe(topic)
            await mortal.drop_connection()
            received = await _next(watcher)
            await watcher.clear_retained(topic)
        lost = received.envelope.body.state == "lost"
        return CheckResult("last will", lost, "published" if lost else "not published")

    async def session(self) -> CheckResult:
        topic = f"{self._base}/session"
        async with self._bus("sender") as sender, self._bus("sleeper") as sleeper:
            await sleeper.subscribe(topic)
            await sleeper.drop_connection()
            await asyncio.sleep(NOTICED_S)
            await sender.publish(topic, _body("while away"))
            await _next(sleeper)
        return CheckResult(
            "session over a lost connection", True, "kept, with the messages of that time"
        )

    async def queue(self) -> CheckResult:
        topic = f"{self._base}/queue"
        slow = BusSettings(
            topic_root=self._settings.topic_root,
            reconnect_first_s=60.0,
            inbound_limit=QUEUED + 1,
            outbound_limit=QUEUED + 1,
        )
        name = f"{self._name}-absent"
        address = parse_address(self._url)
        absent = MqttBus(address, name, layer="client", settings=slow)
        async with self._bus("sender") as sender, absent:
            await absent.subscribe(topic)
            await absent.drop_connection()
            await asyncio.sleep(NOTICED_S)
            await sender.publish(topic, _body("0"))  # alone, to learn of a refusal early
            await sender.publish_many(
                [Outgoing(topic, _body(str(number))) for number in range(1, QUEUED)]
            )
            absent.reconnect_now()
            count = 0
            with contextlib.suppress(TimeoutError):
                while count < QUEUED:
                    await _next(absent)
                    count += 1
        return CheckResult(
            "queue for an absent subscriber",
            count == QUEUED,
            f"{count} of {QUEUED} messages survived"
            + ("" if count == QUEUED else "; set `max_queued_messages 0` in the broker"),
            value=float(count),
        )

    async def large(self) -> CheckResult:
        body = _body("x" * (min(1_048_576, self._settings.payload_limit) - 1_024))
        topic = f"{self._base}/large"
        async with self._bus("large") as bus:
            await bus.subscribe(topic)
            async with asyncio.timeout(2 * ANSWER_S):
                await bus.publish(topic, body)
                await _next(bus)
        return CheckResult("payload of 1 MiB", True, "carried")

    async def expiry(self) -> CheckResult:
        name = "message expiry"
        if self._protocol != "5":
            return CheckResult(name, False, "needs MQTT 5; old messages are told by slot", False)
        topic = f"{self._base}/expiry"
        async with self._bus("writer") as writer:
            await writer.publish(topic, _body("short"), retain=True, expiry_s=1.0)
            await asyncio.sleep(2.2)
            async with self._bus("reader") as reader:
                await reader.subscribe(topic)
                left = await _arrives(reader, 0.3)
            await writer.clear_retained(topic)
        return CheckResult(name, not left, "ignored" if left else "obeyed", False)

    def refusals(self) -> CheckResult:
        five = self._protocol == "5"
        detail = (
            "a refused publish carries a reason code and raises"
            if five
            else "a refused publish is silent on 3.1.1; gaps in the sequence show it"
        )
        return CheckResult("refused publishes are told", five, detail, required=False)

    async def may_publish(self, topic: str) -> CheckResult:
        name = f"publish {topic}"
        try:
            async with self._bus("right") as bus, asyncio.timeout(ANSWER_S):
                await bus.touch(topic)
        except (PublishRefusedError, TimeoutError, BusError) as error:
            return CheckResult(name, False, str(error) or "no acknowledgement")
        if self._protocol != "5":
            return CheckResult(name, True, "acknowledged, which proves nothing on 3.1.1")
        return CheckResult(name, True, "allowed")

    async def may_subscribe(self, topic_filter: str) -> CheckResult:
        name = f"subscribe {topic_filter}"
        try:
            async with self._bus("right") as bus, asyncio.timeout(ANSWER_S):
                await bus.subscribe(topic_filter)
        except (PublishRefusedError, TimeoutError, BusError) as error:
            return CheckResult(name, False, str(error) or "no acknowledgement")
        return CheckResult(name, True, "acknowledged (an ACL file may still deliver nothing)")


def _body(text: str) -> ControlRequest:
    return ControlRequest(action="rebirth", reason=text)


async def _next(bus: Bus) -> Received:
    async with asyncio.timeout(ANSWER_S):
        return await anext(bus.messages())


async def _arrives(bus: Bus, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await anext(bus.messages())
    except TimeoutError:
        return False
    return True
