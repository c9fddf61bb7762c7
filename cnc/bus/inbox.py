"""The bounded queue between the network and the consumer.

At its limit a replaceable message pushes out an older one of its topic, else the oldest
replaceable one, and the loss is counted. Others are never dropped: they are kept, and their
acknowledgement waits until the consumer has taken them, so that the broker holds back
(its window of unacknowledged messages bounds the excess).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cnc.bus.interface import Counters, Received

Acknowledge = Callable[[], object]
"""Tells the broker that a message arrived; what it returns does not matter."""


@dataclass
class Arrival:
    """A message in the queue and how to acknowledge it (at most once)."""

    received: Received
    replaceable: bool
    certain: bool
    """Sent with QoS 1, so the broker waits for an acknowledgement."""
    acknowledge: Acknowledge | None

    def settle(self) -> None:
        """Acknowledge unless that was done."""
        if self.acknowledge is not None:
            acknowledge, self.acknowledge = self.acknowledge, None
            acknowledge()


class Inbox:
    """First in, first out; `limit` in messages. One consumer."""

    def __init__(self, limit: int, counters: Counters) -> None:
        self._limit = limit
        self._counters = counters
        self._entries: OrderedDict[int, Arrival] = OrderedDict()
        self._replaceable: OrderedDict[int, str] = OrderedDict()
        self._by_topic: dict[str, int] = {}
        self._serial = 0
        self._filled = asyncio.Event()
        self._closed = False
        self._failure: Exception | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, arrival: Arrival) -> None:
        """Add an arrival, by the rules above; never blocks."""
        if self._closed:
            return
        if len(self._entries) >= self._limit and not self._make_room(arrival):
            if not arrival.certain:
                self._counters.dropped_inbound += 1
                return
            self._counters.deferred_inbound += 1
        else:
            arrival.settle()
        self._serial += 1
        self._entries[self._serial] = arrival
        if arrival.replaceable:
            self._replaceable[self._serial] = arrival.received.topic
            self._by_topic[arrival.received.topic] = self._serial
        self._filled.set()

    def _make_room(self, arrival: Arrival) -> bool:
        serial = self._by_topic.get(arrival.received.topic) if arrival.replaceable else None
        if serial is None:
            serial = next(iter(self._replaceable), None)
        if serial is None:
            return False
        self._remove(serial).settle()
        self._counters.dropped_inbound += 1
        return True

    def _remove(self, serial: int) -> Arrival:
        arrival = self._entries.pop(serial)
        topic = self._replaceable.pop(serial, None)
        if topic is not None and self._by_topic.get(topic) == serial:
            del self._by_topic[topic]
        return arrival

    async def get(self) -> Received | None:
        """The next message; None once the inbox is closed and empty.

        Raises:
            Exception: the failure given to `close`, after what had arrived before it.
        """
        while not self._entries:
            if self._closed:
                if self._failure is not None:
                    raise self._failure
                return None
            self._filled.clear()
            await self._filled.wait()
        arrival = self._remove(next(iter(self._entries)))
        arrival.settle()
        self._counters.delivered += 1
        return arrival.received

    def close(self, failure: Exception | None = None) -> None:
        """Take nothing more; the consumer ends, with `failure` if there is one."""
        if not self._closed:
            self._closed = True
            self._failure = failure
        self._filled.set()
