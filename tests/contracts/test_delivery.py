"""Publishing, subscribing, order, retained copies, requests: on every kind of broker."""

from __future__ import annotations

import asyncio

import pytest

from cnc.bus.interface import Outgoing
from cnc.errors import BusError, UsageError
from cnc.messages.presence import ControlRequest
from cnc.messages.services import Acknowledgement
from contracts.worlds import World, body, next_of, silent, text_of, texts

TOPIC = "cnc/v1/try/1"


async def test_a_message_arrives_stamped(world: World) -> None:
    sender, receiver = await world.open("sender"), await world.open("receiver")
    sender.run = "run-1"
    await receiver.subscribe("cnc/v1/try/+")
    sent = await sender.publish(TOPIC, body("hello"), slot=3, correlation="intent-1")
    received = await next_of(receiver)
    assert received.topic == TOPIC and not received.retained
    assert received.envelope == sent
    assert (sent.sender, sent.sequence, sent.run, sent.slot) == ("sender", 1, "run-1", 3)
    assert sent.incarnation == sender.incarnation and sent.correlation == "intent-1"


async def test_sequences_count_per_topic(world: World) -> None:
    sender = await world.open()
    numbers = [
        (await sender.publish(f"cnc/v1/try/{topic}", body())).sequence for topic in (1, 2, 1, 1, 2)
    ]
    assert numbers == [1, 1, 2, 3, 2]


async def test_ordered_per_sender(world: World) -> None:
    one, two, receiver = [await world.open() for _ in range(3)]
    await receiver.subscribe("cnc/v1/try/#")
    wanted = [str(number) for number in range(60)]
    await asyncio.gather(
        one.publish_many([Outgoing("cnc/v1/try/one", body(text)) for text in wanted]),
        two.publish_many([Outgoing("cnc/v1/try/two", body(text)) for text in wanted]),
    )
    arrived = [await next_of(receiver) for _ in range(120)]
    for sender in (one, two):
        own = [text_of(entry) for entry in arrived if entry.envelope.sender == sender.component]
        assert own == wanted
    assert receiver.counters.gaps == receiver.counters.duplicates == 0


async def test_publish_does_not_deliver_inline(world: World) -> None:
    bus = await world.open()
    await bus.subscribe(TOPIC)
    publishing = asyncio.ensure_future(bus.publish(TOPIC, body()))
    await asyncio.sleep(0)
    assert bus.counters.received == 0
    await publishing
    await next_of(bus)


async def test_overlapping_filters_deliver_once(world: World) -> None:
    bus = await world.open()
    await bus.subscribe("cnc/v1/try/#", "cnc/v1/try/+", TOPIC)
    await bus.publish(TOPIC, body("once"))
    assert await texts(bus, 1) == ["once"]
    assert await silent(bus)


async def test_filters_match_like_mqtt(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    await receiver.subscribe("cnc/v1/+/b", "cnc/v1/deep/#")
    topics = ("cnc/v1/a/b", "cnc/v1/a/c", "cnc/v1/a/b/c", "cnc/v1/deep", "cnc/v1/deep/x/y")
    for topic in topics:
        await sender.publish(topic, body(topic))
    assert await texts(receiver, 3) == ["cnc/v1/a/b", "cnc/v1/deep", "cnc/v1/deep/x/y"]
    assert await silent(receiver)


async def test_retained_copy_reaches_who_comes_later(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    for text in ("old", "last"):
        await sender.publish(TOPIC, body(text), retain=True)
    await receiver.subscribe(TOPIC)
    received = await next_of(receiver)
    assert received.retained and text_of(received) == "last"
    await sender.publish(TOPIC, body("live"), retain=True)
    live = await next_of(receiver)
    assert not live.retained and text_of(live) == "live"


async def test_retained_copies_are_exempt_from_the_baseline(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    await sender.publish(TOPIC, body("kept"), retain=True)
    for _ in range(5):
        await sender.publish(TOPIC, body("nobody listens"))
    await receiver.subscribe(TOPIC)
    assert (await next_of(receiver)).retained
    await sender.publish(TOPIC, body("live"))
    await next_of(receiver)
    assert receiver.counters.gaps == 0


async def test_clear_retained(world: World) -> None:
    sender, early, late = [await world.open() for _ in range(3)]
    await early.subscribe(TOPIC)
    await sender.publish(TOPIC, body(), retain=True)
    await next_of(early)
    await sender.clear_retained(TOPIC)
    await late.subscribe(TOPIC)
    assert await silent(late) and await silent(early, 0.05)
    assert early.counters.malformed == 0


async def test_request_and_reply(world: World) -> None:
    client = await world.open("client-1", layer="client")
    server = await world.open("server")
    await server.subscribe("cnc/v1/control/server")
    asking = asyncio.ensure_future(
        client.request("cnc/v1/control/server", ControlRequest(action="rebirth"), 10.0)
    )
    request = (await next_of(server)).envelope
    assert request.reply_to == "cnc/v1/replies/client-1"
    await server.reply(request, Acknowledgement(ok=True))
    answer = await asking
    assert answer.body == Acknowledgement(ok=True)
    assert answer.correlation == request.correlation == request.id
    assert await silent(client, 0.1)


async def test_unanswered_request_says_what_to_do(world: World) -> None:
    client, server = await world.open(layer="client"), await world.open("server")
    await server.subscribe("cnc/v1/control/server")
    with pytest.raises(BusError, match=r"within 0\.5 s; is the component .* running"):
        await client.request("cnc/v1/control/server", ControlRequest(action="stop"), 0.5)
    await server.reply((await next_of(server)).envelope, Acknowledgement(ok=True))
    await client.subscribe("cnc/v1/none")
    assert await silent(client, 0.1)
    assert client.counters.unmatched_replies == 1


async def test_one_iterator_at_a_time(world: World) -> None:
    bus = await world.open()
    await bus.subscribe(TOPIC)
    stream = bus.messages()
    with pytest.raises(UsageError, match="already iterated"):
        bus.messages()
    del stream
    await bus.publish(TOPIC, body("a"))
    await bus.publish(TOPIC, body("b"))
    async for received in bus.messages():
        assert text_of(received) == "a"
        break
    assert await texts(bus, 1) == ["b"]


async def test_messages_end_when_the_bus_closes(world: World) -> None:
    bus = world.make()
    async with bus:
        await bus.subscribe(TOPIC)
        await bus.publish(TOPIC, body())
        await next_of(bus)
        reading = asyncio.ensure_future(anext(bus.messages(), None))
        await asyncio.sleep(0)
    assert await reading is None
    with pytest.raises(BusError, match="closed"):
        await bus.publish(TOPIC, body())


async def test_qos_0_is_fire_and_forget(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    await receiver.subscribe(TOPIC)
    await sender.publish(TOPIC, body("tick"), qos=0)
    assert await texts(receiver, 1) == ["tick"]


@pytest.mark.parametrize("topic", ["", "cnc/v1/+/x", "cnc/#"])
async def test_wildcards_cannot_be_published_to(world: World, topic: str) -> None:
    bus = await world.open()
    with pytest.raises(UsageError):
        await bus.publish(topic, body())


async def test_malformed_filters_are_refused(world: World) -> None:
    bus = await world.open()
    for entry in ("", "a/#/b", "a+/b"):
        with pytest.raises(UsageError):
            await bus.subscribe(entry)


async def test_an_unsubscribed_topic_stays_quiet(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    await receiver.subscribe("cnc/v1/try/2")
    await sender.publish(TOPIC, body())
    assert await silent(receiver)
