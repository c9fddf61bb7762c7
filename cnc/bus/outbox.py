"""Publishes that the broker has not acknowledged yet, in the order in which they are owed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cnc.bus.interface import Counters
from cnc.messages.envelope import Envelope


@dataclass(eq=False)
class Pending:
    """One publish on its way; `envelope` is None when it clears a retained copy."""

    topic: str
    payload: bytes
    envelope: Envelope[Any] | None
    qos: int
    retain: bool
    expiry_s: float | None
    replaceable: bool
    done: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    sent: bool = False
    """Was handed to a connection at least once, so somebody may have it."""


class Outbox:
    """Bounded by `limit` messages; who comes when it is full waits in line."""

    def __init__(self, limit: int, counters: Counters) -> None:
        self._space = asyncio.Semaphore(limit)
        self._counters = counters
        self._owed: dict[Pending, None] = {}
        self._latest: dict[str, Pending] = {}
        self._emptied = asyncio.Event()
        self._emptied.set()

    def __len__(self) -> int:
        return len(self._owed)

    def __iter__(self) -> Iterator[Pending]:
        return iter(tuple(self._owed))

    async def reserve(self) -> None:
        """Wait for room for one message."""
        await self._space.acquire()

    def release(self) -> None:
        """Give back room that was reserved and is not used."""
        self._space.release()

    def add(self, pending: Pending) -> None:
        """Owe this message; room must have been reserved."""
        self._owed[pending] = None
        self._latest[pending.topic] = pending
        self._emptied.clear()

    def unsent(self, topic: str) -> Pending | None:
        """The last message of a topic if it is replaceable and nobody can have it yet."""
        latest = self._latest.get(topic)
        if latest is not None and latest.replaceable and not latest.sent:
            return latest
        return None

    def replace(self, older: Pending, newer: Pending) -> None:
        """Let `newer` take the room of `older`, whose caller need not wait any longer."""
        del self._owed[older]
        if not older.done.done():
            older.done.set_result(None)
        self._counters.replaced_outbound += 1
        self.add(newer)

    def settle(self, pending: Pending, error: Exception | None = None) -> None:
        """The broker acknowledged or refused it (or the bus gave up, with `error`)."""
        if pending not in self._owed:
            return
        del self._owed[pending]
        if self._latest.get(pending.topic) is pending:
            del self._latest[pending.topic]
        self._space.release()
        if not self._owed:
            self._emptied.set()
        if pending.done.done():
            return
        if error is None:
            pending.done.set_result(None)
        else:
            pending.done.set_exception(error)

    async def emptied(self) -> None:
        """Wait until nothing is owed."""
        await self._emptied.wait()

    def give_up(self, error: Exception) -> None:
        """Settle everything with `error`."""
        for pending in self:
            self.settle(pending, error)
