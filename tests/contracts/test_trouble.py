"""Lost connections, restarts, wills, refusals, full queues: on every kind of broker."""

from __future__ import annotations

import asyncio

import pytest

from cnc.bus import codec
from cnc.bus.interface import Bus, Outgoing
from cnc.errors import BusError, PublishRefusedError
from cnc.messages.presence import Presence
from cnc.messages.reports import SystemView
from cnc.messages.telemetry import DomainActuation
from contracts.test_input import sealed
from contracts.worlds import MemoryWorld, World, body, next_of, silent, text_of, texts, until

TOPIC = "cnc/v1/try/1"
BIRTH = Presence(state="birth", layer="domain")


def view(slot: int) -> SystemView:
    return SystemView(
        measured_slot=slot,
        policy="grd",
        energy_j=0.0,
        satisfied=0.0,
        requests=0.0,
        satisfied_share=1.0,
        cost=0.0,
        domains=(),
        services=(),
    )


async def states(watcher: Bus, count: int) -> list[tuple[str, str]]:
    arrived = [(await next_of(watcher)).envelope for _ in range(count)]
    return [(entry.sender, entry.body.state) for entry in arrived]


async def test_session_is_kept_over_a_reconnect(world: World) -> None:
    sender, receiver = await world.open(), await world.open(reconnect_first_s=0.4)
    await receiver.subscribe(TOPIC)
    await sender.publish(TOPIC, body("before"))
    assert await texts(receiver, 1) == ["before"]
    await world.drop(receiver)
    await sender.publish_many([Outgoing(TOPIC, body(str(number))) for number in range(10)])
    assert await texts(receiver, 10) == [str(number) for number in range(10)]
    assert receiver.counters.reconnects == 1 and receiver.counters.gaps == 0


async def test_restart_of_the_broker(world: World) -> None:
    """Reconnect, resubscribe, and what was unacknowledged arrives once."""
    sender, receiver = await world.open(), await world.open()
    await receiver.subscribe(TOPIC)
    await sender.publish(TOPIC, body("before"))
    assert await texts(receiver, 1) == ["before"]
    await world.outage()
    await until(lambda: not sender.connected and not receiver.connected)
    owed = [asyncio.ensure_future(sender.publish(TOPIC, body(str(number)))) for number in range(20)]
    await asyncio.sleep(0.1)
    assert not any(publish.done() for publish in owed)
    await world.recover()
    await until(lambda: receiver.connected)
    await asyncio.gather(*owed)
    await sender.publish(TOPIC, body("after"))
    arrived: list[str] = []
    while not arrived or arrived[-1] != "after":
        arrived += await texts(receiver, 1)
    # a receiver that comes back later than the sender to a broker without sessions misses some
    assert arrived == [*sorted(set(arrived) - {"after"}, key=int), "after"]
    missing = 21 - len(arrived)
    assert missing == 0 or receiver.counters.missing == missing
    assert sender.counters.reconnects == receiver.counters.reconnects == 1


async def test_publishes_in_flight_survive_a_drop(world: World) -> None:
    sender, receiver = await world.open(), await world.open()
    await receiver.subscribe(TOPIC)
    publishing = asyncio.ensure_future(
        sender.publish_many([Outgoing(TOPIC, body(str(number))) for number in range(200)])
    )
    await asyncio.sleep(0)
    await world.drop(sender)
    await publishing
    assert await texts(receiver, 200) == [str(number) for number in range(200)]
    assert await silent(receiver, 0.1)
    assert receiver.counters.gaps == 0


async def test_presence_and_last_will(world: World) -> None:
    watcher = await world.open("watcher", layer="e2e")
    await watcher.subscribe("cnc/v1/presence/+")
    mortal = await world.open("mortal", reconnect_first_s=0.5)
    await mortal.announce(BIRTH)
    await world.drop(mortal)
    assert await states(watcher, 3) == [
        ("mortal", "birth"),
        ("mortal", "lost"),
        ("mortal", "birth"),
    ]


async def test_the_will_carries_the_incarnation(world: World) -> None:
    watcher = await world.open("watcher", layer="e2e")
    await watcher.subscribe("cnc/v1/presence/+")
    mortal = await world.open("mortal")
    await mortal.announce(BIRTH)
    await world.drop(mortal)
    birth, lost = (await next_of(watcher)).envelope, (await next_of(watcher)).envelope
    assert lost.body.state == "lost" and lost.sequence == 0
    assert lost.incarnation == birth.incarnation == mortal.incarnation


async def test_a_clean_exit_is_no_loss(world: World) -> None:
    watcher = await world.open("watcher", layer="e2e")
    await watcher.subscribe("cnc/v1/presence/+")
    async with world.make("brief") as brief:
        await brief.announce(BIRTH)
    assert await states(watcher, 2) == [("brief", "birth"), ("brief", "exit")]
    assert await silent(watcher)


async def test_a_late_will_cannot_kill_a_newer_incarnation(world: World) -> None:
    watcher, late = await world.open("watcher", layer="e2e"), await world.open("late")
    await watcher.subscribe("cnc/v1/presence/+")
    component = await world.open("phoenix")
    await component.announce(BIRTH)
    assert await states(watcher, 1) == [("phoenix", "birth")]
    lost = Presence(state="lost", layer="domain")
    will = codec.decode(sealed(lost, sender="phoenix", sequence=0)).model_copy(
        update={"incarnation": "00000000-0000-7000-8000-000000000000"}
    )
    await world.raw("cnc/v1/presence/phoenix", codec.encode(will), retain=True)
    # the watcher is not told, and the component puts its own birth back in place of the will
    assert await states(watcher, 1) == [("phoenix", "birth")]
    assert watcher.counters.stale_wills == 1
    await late.subscribe("cnc/v1/presence/phoenix")
    received = await next_of(late)
    assert received.retained and received.envelope.body.state == "birth"


async def test_birth_follows_the_subscriptions_after_a_restart(world: World) -> None:
    """Whoever answers a birth at once must find the component listening."""
    component = await world.open("component")
    await component.subscribe("cnc/v1/control/component")
    await component.announce(BIRTH)
    watcher = await world.open("watcher", layer="e2e")
    await watcher.subscribe("cnc/v1/presence/component")
    await next_of(watcher)
    await world.drop(component)
    while (await next_of(watcher)).envelope.body.state != "birth":
        pass
    await watcher.publish("cnc/v1/control/component", body("answer"))
    assert await texts(component, 1) == ["answer"]


async def test_replaceable_publishes_give_way_while_the_broker_is_away(world: World) -> None:
    sender, receiver = await world.open(reconnect_first_s=0.5), await world.open()
    await receiver.subscribe("cnc/v1/e2e/view")
    await sender.publish("cnc/v1/e2e/view", view(0), replaceable=True)
    assert (await next_of(receiver)).envelope.body.measured_slot == 0
    await world.drop(sender)
    await until(lambda: not sender.connected)
    await asyncio.gather(
        *(sender.publish("cnc/v1/e2e/view", view(slot), replaceable=True) for slot in range(1, 6))
    )
    assert (await next_of(receiver)).envelope.body.measured_slot == 5
    assert sender.counters.replaced_outbound == 4
    assert receiver.counters.gaps == 0  # nobody misses what was never sent


async def test_a_full_inbox_replaces_reports_and_keeps_the_rest(world: World) -> None:
    sender, receiver = await world.open(), await world.open(inbound_limit=10)
    await receiver.subscribe("cnc/v1/#")
    await sender.publish_many([Outgoing("cnc/v1/e2e/view", view(slot)) for slot in range(30)])
    actuation = [
        Outgoing("cnc/v1/infrastructure/ran-1/actuation", DomainActuation(domain="ran-1", split=()))
    ]
    await sender.publish_many(actuation * 40)
    await until(lambda: receiver.counters.deferred_inbound > 0)
    kinds = [(await next_of(receiver)).envelope.kind for _ in range(40)]
    assert kinds.count("domain_actuation") == 40
    assert receiver.counters.dropped_inbound == 30
    assert receiver.counters.gaps == 0


async def test_back_pressure_bounds_the_inbox(world: World) -> None:
    sender, receiver = await world.open(), await world.open(inbound_limit=10)
    await receiver.subscribe(TOPIC)
    await sender.publish_many([Outgoing(TOPIC, body(str(number))) for number in range(1_000)])
    await asyncio.sleep(0.3)
    if world.name != "nats":  # its window is counted per subscription and far wider
        assert receiver.counters.received <= 10 + 100
    assert await texts(receiver, 1_000) == [str(number) for number in range(1_000)]
    assert receiver.counters.gaps == receiver.counters.dropped_inbound == 0


async def test_outbound_queue_is_bounded(world: World) -> None:
    sender = await world.open(outbound_limit=5)
    await world.outage()
    await until(lambda: not sender.connected)
    owed = [asyncio.ensure_future(sender.publish(TOPIC, body())) for _ in range(8)]
    await asyncio.sleep(0.05)
    assert len(sender._outbox) == 5  # type: ignore[attr-defined]
    await world.recover()
    sent = await asyncio.gather(*owed)
    assert [envelope.sequence for envelope in sent] == list(range(1, 9))


async def test_closing_without_a_broker_fails_what_is_owed(world: World) -> None:
    sender = world.make()
    async with sender:
        await world.outage()
        await until(lambda: not sender.connected)
        owed = asyncio.ensure_future(sender.publish(TOPIC, body()))
        await sender.publish(TOPIC, body(), qos=0)
        await asyncio.sleep(0.05)
    with pytest.raises(BusError, match="closed"):
        await owed
    assert sender.counters.dropped_outbound == 1
    await world.recover()


async def test_a_cancelled_publish_leaves_nothing_broken(world: World) -> None:
    sender, receiver = await world.open(reconnect_first_s=0.5), await world.open()
    await receiver.subscribe(TOPIC)
    await world.drop(sender)
    await until(lambda: not sender.connected)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await sender.publish(TOPIC, body("given up"))
    await sender.publish(TOPIC, body("next"))
    assert await texts(receiver, 2) == ["given up", "next"]


async def test_of_two_components_of_one_name_the_newer_stays(world: World) -> None:
    first = world.make("twin")
    with pytest.raises(PublishRefusedError, match="name of its own"):
        async with first:
            await first.announce(BIRTH)
            await asyncio.sleep(0.01)  # identifiers sort by milliseconds
            second = await world.open("twin")
            await second.announce(BIRTH)
            with pytest.raises(PublishRefusedError):
                await anext(first.messages())
            await first.publish(TOPIC, body())
    await second.subscribe(TOPIC)
    await second.publish(TOPIC, body("alive"))
    assert await texts(second, 1) == ["alive"]


async def test_faults_of_the_memory_broker_are_seeded() -> None:
    from cnc.bus.memory_broker import Fault

    outcomes = []
    for _ in range(2):
        world = MemoryWorld()
        world.broker.faults = (Fault(TOPIC, drop=0.3, duplicate=0.3, delay_s=(0.0, 0.001)),)
        sender, receiver = await world.open(), await world.open()
        await receiver.subscribe("cnc/v1/#")
        await sender.publish_many([Outgoing(TOPIC, body(str(number))) for number in range(100)])
        await sender.publish("cnc/v1/end", body("end"))
        arrived = []
        while not arrived or arrived[-1] != "end":
            arrived.append(text_of(await next_of(receiver)))
        assert receiver.counters.duplicates > 0 and receiver.counters.gaps > 0
        outcomes.append(arrived)
        await world.close()
    assert outcomes[0] == outcomes[1] and 40 < len(outcomes[0]) < 100
