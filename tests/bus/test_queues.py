"""Sequences, inbox, outbox, back-off: the rules without any network."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnc.bus.backoff import Backoff
from cnc.bus.inbox import Arrival, Inbox
from cnc.bus.interface import Counters, Received
from cnc.bus.outbox import Outbox, Pending
from cnc.bus.sequences import SequenceTracker
from cnc.bus.tracing import traceparent
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.envelope import Envelope, new_id, now
from cnc.messages.presence import ControlRequest, Presence


def envelope(
    sequence: int = 1, *, incarnation: str = "1", message: object = None, identifier: str = ""
) -> Envelope[object]:  # type: ignore[type-var]
    body = message or ControlRequest(action="stop")
    return ENVELOPES[body.KIND](  # type: ignore[attr-defined]
        kind=body.KIND,  # type: ignore[attr-defined]
        id=identifier or f"{incarnation}-{sequence}",
        sender="a",
        incarnation=incarnation,
        sequence=sequence,
        sent_at=now(),
        body=body,
    )


def arrival(topic: str, log: list[str], *, replaceable: bool = False, qos: int = 1) -> Arrival:
    received = Received(topic, False, envelope(), datetime.now(UTC))
    return Arrival(received, replaceable, qos > 0, lambda: log.append(topic))


# -- sequences ---------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), max_size=40))
def test_each_number_is_new_once_and_gaps_add_up(numbers: list[int]) -> None:
    tracker, seen, missing, newest = SequenceTracker(), [], 0, 0
    for number in numbers:
        new, gap = tracker.check("t", envelope(number), False)
        assert new == (number not in seen)
        seen += [number] * new
        missing += gap.missing if gap else 0
        newest = max(newest, number)
    if seen:
        assert missing == newest - seen[0] + 1 - len(set(seen) & _records(seen))
        assert tracker.late == len(seen) - len(_records(seen))


def _records(numbers: list[int]) -> set[int]:
    """Those that were higher than all before them."""
    return {
        number for place, number in enumerate(numbers) if number > max(numbers[:place], default=0)
    }


def test_a_long_gap_is_not_remembered_in_full() -> None:
    tracker = SequenceTracker()
    tracker.check("t", envelope(1), False)
    _, gap = tracker.check("t", envelope(10**12), False)
    assert gap is not None and gap.missing == 10**12 - 2
    assert tracker.check("t", envelope(2), False) == (False, None)
    assert tracker.check("t", envelope(10**12 - 1), False) == (True, None)


def test_a_retained_copy_and_its_live_twin_are_one_message() -> None:
    tracker = SequenceTracker()
    assert tracker.check("t", envelope(5), True) == (True, None)
    assert tracker.check("t", envelope(5), True) == (False, None)
    assert tracker.check("t", envelope(5), False) == (False, None)
    new, gap = tracker.check("t", envelope(7), False)
    assert new and gap is not None and gap.missing == 1


def test_streams_are_independent_and_bounded() -> None:
    tracker = SequenceTracker(remembered=2)
    for topic in ("a", "b", "c"):
        tracker.check(topic, envelope(5), False)
    assert tracker.check("a", envelope(9), False) == (True, None)  # forgotten: a new baseline
    new, gap = tracker.check("c", envelope(9), False)
    assert new and gap is not None
    assert tracker.check("c", envelope(1, incarnation="2"), False) == (True, None)


def test_wills_of_older_lives_are_stale() -> None:
    tracker = SequenceTracker()
    lost, birth = (Presence(state=state, layer="domain") for state in ("lost", "birth"))
    assert not tracker.is_stale_will(envelope(0, incarnation="1", message=lost))
    assert not tracker.is_stale_will(envelope(1, incarnation="2", message=birth))
    assert tracker.is_stale_will(envelope(0, incarnation="1", message=lost))
    assert not tracker.is_stale_will(envelope(0, incarnation="2", message=lost))


# -- inbox -------------------------------------------------------------------------------------


async def test_reports_give_way_to_newer_ones_of_their_topic() -> None:
    counters, log = Counters(), list[str]()
    inbox = Inbox(2, counters)
    for topic in ("x", "y", "x", "z"):
        inbox.put(arrival(topic, log, replaceable=True))
    topics = [(await inbox.get()).topic for _ in range(2)]  # type: ignore[union-attr]
    assert topics == ["x", "z"] and log == ["x", "y", "x", "z"]
    assert counters.dropped_inbound == 2


async def test_the_rest_is_kept_and_acknowledged_late() -> None:
    counters, log = Counters(), list[str]()
    inbox = Inbox(1, counters)
    for topic in ("a", "b", "c"):
        inbox.put(arrival(topic, log))
    inbox.put(arrival("tick", log, qos=0))
    assert log == ["a"] and len(inbox) == 3
    assert counters.deferred_inbound == 2 and counters.dropped_inbound == 1
    for expected in ("a", "b", "c"):
        received = await inbox.get()
        assert received is not None and received.topic == expected and log[-1] == expected


async def test_inbox_ends_after_what_had_arrived() -> None:
    inbox = Inbox(5, Counters())
    inbox.put(arrival("a", []))
    inbox.close(ValueError("over"))
    assert await inbox.get() is not None
    with pytest.raises(ValueError, match="over"):
        await inbox.get()


# -- outbox ------------------------------------------------------------------------------------


def pending(topic: str, *, replaceable: bool = False) -> Pending:
    return Pending(topic, b"", None, 1, False, None, replaceable)


async def test_outbox_keeps_order_and_bound() -> None:
    outbox = Outbox(2, Counters())
    entries = [pending("a"), pending("b"), pending("c")]
    for entry in entries[:2]:
        await outbox.reserve()
        outbox.add(entry)
    waiting = asyncio.ensure_future(outbox.reserve())
    await asyncio.sleep(0)
    assert not waiting.done() and list(outbox) == entries[:2]
    outbox.settle(entries[0])
    outbox.settle(entries[0])  # a second acknowledgement changes nothing
    await waiting
    outbox.add(entries[2])
    assert list(outbox) == entries[1:]
    outbox.give_up(ValueError("over"))
    await outbox.emptied()
    with pytest.raises(ValueError, match="over"):
        await entries[1].done
    with pytest.raises(ValueError, match="over"):
        await entries[2].done


async def test_what_was_sent_is_not_replaced() -> None:
    outbox = Outbox(5, Counters())
    entry = pending("a", replaceable=True)
    await outbox.reserve()
    outbox.add(entry)
    assert outbox.unsent("a") is entry and outbox.unsent("b") is None
    entry.sent = True
    assert outbox.unsent("a") is None


# -- back-off and traces -----------------------------------------------------------------------


def test_back_off_doubles_with_jitter_up_to_its_limit() -> None:
    backoff = Backoff(0.2, 10.0, random.Random(1))
    waits = [backoff.next_s() for _ in range(50)]
    for attempt, wait_s in enumerate(waits):
        ceiling = min(10.0, 0.2 * 2.0**attempt)
        assert ceiling / 2 <= wait_s <= ceiling
    backoff.reset()
    assert backoff.next_s() <= 0.2
    others = Backoff(0.2, 10.0, random.Random(2))
    assert [others.next_s() for _ in range(5)] != waits[:5]


def test_messages_of_one_correlation_share_a_trace() -> None:
    one = envelope(identifier=new_id())
    answer = envelope(identifier=new_id()).model_copy(update={"correlation": one.id})
    version, trace, span, flags = traceparent(one).split("-")
    assert (version, flags) == ("00", "01") and (len(trace), len(span)) == (32, 16)
    assert traceparent(answer).split("-")[1] == trace
    assert traceparent(answer).split("-")[2] != span
    assert len(traceparent(envelope(identifier="no-uuid")).split("-")[1]) == 32
