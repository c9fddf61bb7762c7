"""What only a real broker shows: versions, reason codes, sockets, queue limits, round trips."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import statistics
from collections.abc import AsyncIterator

import pytest

from cnc.bus.connect import open_bus
from cnc.bus.embedded import MOSQUITTO_CONFIGURATION, NATS_CONFIGURATION, EmbeddedBroker, free_port
from cnc.bus.interface import Outgoing
from cnc.bus.mqtt import MqttBus
from cnc.errors import BusError, PublishRefusedError
from contracts.worlds import MqttWorld, body, next_of, silent, texts, until

pytestmark = pytest.mark.broker
TOPIC = "cnc/v1/try/1"
ACL = """\
topic readwrite cnc/v1/try/#
topic read cnc/v1/readonly
topic readwrite cnc/v1/presence/#
"""


@pytest.fixture
async def guarded() -> AsyncIterator[MqttWorld]:
    """Mosquitto with an ACL file that its own user can read."""
    broker = await EmbeddedBroker.start(
        force="mosquitto",
        configuration=MOSQUITTO_CONFIGURATION + "acl_file {folder}/acl\n",
        files={"acl": ACL},
    )
    world = MqttWorld(broker)
    try:
        yield world
    finally:
        await world.close()


async def test_version_is_negotiated(real_world: MqttWorld) -> None:
    bus = await real_world.open()
    assert isinstance(bus, MqttBus)
    assert bus.protocol == ("5" if real_world.name == "mosquitto" else "3.1.1")


@pytest.mark.parametrize("version", [4, 5])
async def test_version_can_be_insisted_on(mosquitto: MqttWorld, version: int) -> None:
    bus = await mosquitto.open(version=version)
    assert isinstance(bus, MqttBus) and bus.protocol == {4: "3.1.1", 5: "5"}[version]
    await bus.subscribe(TOPIC)
    await bus.publish(TOPIC, body("x"))
    assert await texts(bus, 1) == ["x"]


@pytest.mark.parametrize("version", [4, 5])
async def test_sessions_survive_on_both_versions(mosquitto: MqttWorld, version: int) -> None:
    sender = await mosquitto.open()
    receiver = await mosquitto.open(version=version, reconnect_first_s=0.3)
    await receiver.subscribe(TOPIC)
    await mosquitto.drop(receiver)
    await sender.publish(TOPIC, body("while away"))
    assert await texts(receiver, 1) == ["while away"]


@pytest.mark.parametrize("version", [4, 5])
async def test_a_new_incarnation_starts_clean(mosquitto: MqttWorld, version: int) -> None:
    """What the broker queued for a life that crashed does not reach the next one."""
    sender = await mosquitto.open()
    dead = mosquitto.make("restarted", version=version, reconnect_first_s=60.0, layer="client")
    await dead.__aenter__()
    await dead.subscribe(TOPIC)
    await mosquitto.drop(dead)
    await until(lambda: not dead.connected)
    await sender.publish(TOPIC, body("for the dead"))
    alive = await mosquitto.open("restarted", version=version)
    await alive.subscribe(TOPIC)
    await sender.publish(TOPIC, body("for the living"))
    assert await texts(alive, 1) == ["for the living"]
    await dead.__aexit__(None, None, None)


async def test_a_refused_publish_raises(guarded: MqttWorld) -> None:
    bus = await guarded.open()
    await bus.publish(TOPIC, body())
    with pytest.raises(PublishRefusedError, match="reason 135"):
        await bus.publish("cnc/v1/readonly", body())
    with pytest.raises(PublishRefusedError):
        await bus.publish_many([Outgoing(TOPIC, body()), Outgoing("cnc/v1/readonly", body())])
    assert bus.counters.refused == 2
    await bus.publish(TOPIC, body())


async def test_on_311_a_refused_publish_is_seen_as_a_gap(guarded: MqttWorld) -> None:
    """The broker acknowledges and swallows it; whoever gets the next one notices.

    Mosquitto 2.0.11 also ends the connection after such a PUBACK; 2.0.15 and newer do not.
    """
    gaps: list[object] = []
    writer = await guarded.open(version=4)
    reader = await guarded.open(on_gap=gaps.append)
    await reader.subscribe(TOPIC)
    await writer.publish(TOPIC, body("1"))
    await reload_acl(guarded, ACL.replace("readwrite cnc/v1/try", "read cnc/v1/try"))
    await writer.publish(TOPIC, body("swallowed"))
    await reload_acl(guarded, ACL)
    await writer.publish(TOPIC, body("3"))
    assert await texts(reader, 2) == ["1", "3"]
    await until(lambda: gaps)
    assert writer.counters.refused == 0 and reader.counters.missing == 1


async def reload_acl(world: MqttWorld, rules: str) -> None:
    (world.broker.folder / "acl").write_text(rules)
    assert world.broker.pid is not None
    os.kill(world.broker.pid, signal.SIGHUP)
    await asyncio.sleep(0.3)


async def test_queue_overflow_at_the_broker_is_seen_as_a_gap() -> None:
    """QoS 1 is not end to end: a limited broker acknowledges and drops."""
    limited = MOSQUITTO_CONFIGURATION.replace("max_queued_messages 0", "max_queued_messages 50")
    world = MqttWorld(await EmbeddedBroker.start(force="mosquitto", configuration=limited))
    try:
        gaps = []
        sender = await world.open()
        receiver = await world.open(on_gap=gaps.append, reconnect_first_s=60.0)
        assert isinstance(receiver, MqttBus)
        await receiver.subscribe(TOPIC)
        await sender.publish(TOPIC, body("baseline"))
        await next_of(receiver)
        await world.drop(receiver)
        await until(lambda: not receiver.connected)
        await sender.publish_many([Outgoing(TOPIC, body(str(number))) for number in range(400)])
        receiver.reconnect_now()
        await until(lambda: receiver.connected)
        await sender.publish(TOPIC, body("last"))
        count = 0
        while (await texts(receiver, 1)) != ["last"]:
            count += 1
        assert count < 400
        assert receiver.counters.missing == 400 - count
        await until(lambda: gaps)
        assert gaps[0].sender == sender.component
    finally:
        await world.close()


async def test_nagle_is_off(real_world: MqttWorld) -> None:
    bus = await real_world.open()
    assert isinstance(bus, MqttBus) and bus.connection is not None
    raw = bus.connection.raw_socket()
    assert raw is not None
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_round_trip_of_4_kb(
    real_world: MqttWorld, record_property: pytest.RecordProperty
) -> None:
    bus = await real_world.open()
    await bus.subscribe(TOPIC)
    message, loop, times_ms = body("x" * 4_000), asyncio.get_running_loop(), []
    for _ in range(60):
        start = loop.time()
        await bus.publish(TOPIC, message)
        await next_of(bus)
        times_ms.append((loop.time() - start) * 1e3)
    median = statistics.median(times_ms)
    record_property("round_trip_4_kb_p50_ms", median)
    print(f"{real_world.name}: 4 KB round trip p50 {median:.2f} ms")
    assert median < 40.0  # with Nagle's algorithm it is about 90 ms


async def test_a_component_waits_for_its_broker() -> None:
    port, notices = free_port(), []
    bus = open_bus(f"mqtt://127.0.0.1:{port}", "early", layer="domain", on_notice=notices.append)
    entering = asyncio.ensure_future(bus.__aenter__())
    await until(lambda: notices)
    assert "waiting for the broker at mqtt://127.0.0.1" in notices[0]
    broker = await EmbeddedBroker.start(port=port)
    try:
        await asyncio.wait_for(entering, 10)
        await bus.subscribe(TOPIC)
        await bus.publish(TOPIC, body("x"))
        assert await texts(bus, 1) == ["x"]
        await bus.__aexit__(None, None, None)
    finally:
        await broker.stop()


async def test_no_broker_within_the_timeout() -> None:
    bus = open_bus(
        f"mqtt://127.0.0.1:{free_port()}", "early", layer="client", connect_timeout_s=0.3
    )
    with pytest.raises(BusError, match="cnc broker start"):
        await bus.__aenter__()


async def test_messages_expire(mosquitto: MqttWorld) -> None:
    sender, receiver = await mosquitto.open(), await mosquitto.open(reconnect_first_s=60.0)
    assert isinstance(receiver, MqttBus)
    await receiver.subscribe(TOPIC)
    await mosquitto.drop(receiver)
    await asyncio.sleep(0.2)  # until the broker has noticed; what it has begun to send stays
    await sender.publish(TOPIC, body("short"), expiry_s=1.0)
    await sender.publish(TOPIC, body("long"), expiry_s=60.0)
    await asyncio.sleep(2.1)
    receiver.reconnect_now()
    assert await texts(receiver, 1) == ["long"]
    assert await silent(receiver, 0.1)


NATS_WITH_WEBSOCKET = NATS_CONFIGURATION + 'websocket { host: "127.0.0.1", port: %d, no_tls: true }'


async def test_websocket() -> None:
    port = free_port()
    broker = await EmbeddedBroker.start(force="nats", configuration=NATS_WITH_WEBSOCKET % port)
    try:
        url = f"ws://127.0.0.1:{port}/mqtt"
        async with open_bus(url, "web", layer="client", connect_timeout_s=5) as bus:
            assert isinstance(bus, MqttBus) and bus.connection is not None
            raw = bus.connection.raw_socket()
            assert raw is not None and raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            await bus.subscribe(TOPIC)
            await bus.publish(TOPIC, body("x"))
            assert await texts(bus, 1) == ["x"]
    finally:
        await broker.stop()


def test_on_uvloop() -> None:
    """The faster event loop, where it is installed, with a drop and a restart of the broker."""
    uvloop = pytest.importorskip("uvloop")

    async def work() -> list[str]:
        world = await MqttWorld.start("mosquitto")
        try:
            sender, receiver = await world.open(), await world.open()
            await receiver.subscribe(TOPIC)
            await world.drop(receiver)
            await sender.publish(TOPIC, body("dropped"))
            arrived = await texts(receiver, 1)
            await world.outage()
            await world.recover()
            await until(lambda: receiver.connected and receiver.counters.reconnects == 2)
            await sender.publish(TOPIC, body("restarted"))
            return arrived + await texts(receiver, 1)
        finally:
            await world.close()

    assert uvloop.run(work()) == ["dropped", "restarted"]
