"""Whatever arrives: counted, logged with its topic, skipped; the next message still comes."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cnc.bus import codec
from cnc.messages.base import Body
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.envelope import new_id, now
from cnc.messages.presence import Presence
from cnc.messages.reports import DomainReport
from cnc.messages.telemetry import DomainActuation
from contracts.worlds import World, body, next_of, text_of, until

TOPIC = "cnc/v1/try/1"


def sealed(message: Body, *, sender: str = "ran-3", sequence: int = 1) -> bytes:
    return codec.encode(
        ENVELOPES[message.KIND](
            kind=message.KIND,
            id=new_id(),
            sender=sender,
            incarnation="life",
            sequence=sequence,
            sent_at=now(),
            body=message,
        )
    )


GOOD = sealed(body("good"))
MALFORMED = {
    "not JSON": b"\x00\xff{{{",
    "not an object": b"[1, 2]",
    "NaN": GOOD.replace(b'"sequence":1', b'"sequence":NaN'),
    "infinity": GOOD.replace(b'"sequence":1', b'"sequence":1e999'),
    "unknown kind": GOOD.replace(b'"kind":"control_request"', b'"kind":"rumour"'),
    "wrong schema": GOOD.replace(b'"schema":"cnc/1"', b'"schema":"cnc/2"'),
    "unknown field": GOOD.replace(b'"action"', b'"mood":1,"action"'),
    "missing body": GOOD.replace(b'"body"', b'"torso"'),
    "wrong body": GOOD.replace(b'"kind":"control_request"', b'"kind":"presence"'),
    "deep nesting": b"[" * 100_000,
    "10 MiB": b'"' + b"x" * (10 * 1_048_576) + b'"',
}


@pytest.mark.parametrize("problem", MALFORMED)
async def test_malformed_is_skipped(
    world: World, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, sender = await world.open(), await world.open()
    await receiver.subscribe(TOPIC)
    with caplog.at_level(logging.WARNING):
        await world.raw(TOPIC, MALFORMED[problem])
        await sender.publish(TOPIC, body("after"))
        assert text_of(await next_of(receiver)) == "after"
    assert receiver.counters.malformed == 1
    assert receiver.counters.reconnects == 0
    lines = [record.message for record in caplog.records if "skipped" in record.message]
    assert len(lines) == 1 and TOPIC in lines[0] and len(lines[0]) < 1_200


REPORT = DomainReport(
    domain="ran-3", domain_kind="ran", frame_start=False, classes=1, nodes=(), links=()
)
MISADDRESSED = {
    "report of another domain": ("domains/ran-4/report", sealed(REPORT)),
    "actuation of another domain": (
        "infrastructure/ran-4/actuation",
        sealed(DomainActuation(domain="ran-3", split=())),
    ),
    "another kind": ("domains/ran-3/report", sealed(body())),
    "presence of another": (
        "presence/ran-4",
        sealed(Presence(state="exit", layer="domain"), sender="ran-3"),
    ),
}


@pytest.mark.parametrize("problem", MISADDRESSED)
async def test_wrong_address_is_skipped(world: World, problem: str) -> None:
    receiver, sender = await world.open(), await world.open()
    await receiver.subscribe("cnc/v1/#")
    place, payload = MISADDRESSED[problem]
    await world.raw(f"cnc/v1/{place}", payload)
    await sender.publish(TOPIC, body("after"))
    assert text_of(await next_of(receiver)) == "after"
    assert receiver.counters.misaddressed == 1


async def test_a_right_address_is_taken(world: World) -> None:
    receiver = await world.open()
    await receiver.subscribe("cnc/v1/domains/+/report")
    await world.raw("cnc/v1/domains/ran-3/report", sealed(REPORT))
    assert (await next_of(receiver)).envelope.body == REPORT


async def test_repeats_are_delivered_once(world: World) -> None:
    receiver = await world.open()
    await receiver.subscribe(TOPIC)
    first, second = sealed(body("1"), sequence=1), sealed(body("2"), sequence=2)
    for payload in (first, first, second, first, second, sealed(body("3"), sequence=3)):
        await world.raw(TOPIC, payload)
    assert [text_of(await next_of(receiver)) for _ in range(3)] == ["1", "2", "3"]
    assert receiver.counters.duplicates == 3 and receiver.counters.gaps == 0


async def test_a_gap_is_counted_and_reported(world: World) -> None:
    gaps = []
    receiver = await world.open(on_gap=gaps.append)
    await receiver.subscribe(TOPIC)
    for sequence in (7, 8, 12):
        await world.raw(TOPIC, sealed(body(), sequence=sequence))
        await next_of(receiver)
    await until(lambda: gaps)
    assert receiver.counters.gaps == 1 and receiver.counters.missing == 3
    assert [(gap.sender, gap.topic, gap.expected, gap.found) for gap in gaps] == [
        ("ran-3", TOPIC, 9, 12)
    ]


async def test_a_failing_gap_callback_does_not_end_the_connection(world: World) -> None:
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: problems.append(context["exception"])
    )

    def fail(_gap: object) -> None:
        raise RuntimeError("callback")

    receiver = await world.open(on_gap=fail)
    await receiver.subscribe(TOPIC)
    for sequence in (1, 5, 6):
        await world.raw(TOPIC, sealed(body(str(sequence)), sequence=sequence))
    assert [text_of(await next_of(receiver)) for _ in range(3)] == ["1", "5", "6"]
    await until(lambda: problems)
    assert receiver.counters.reconnects == 0 and len(problems) == 1
