"""The broker of the in-memory bus: sessions, retained copies, wills, and seeded faults."""

from __future__ import annotations

import asyncio
import random
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from cnc.bus.filters import matches
from cnc.errors import UsageError

QUEUE_LIMIT = 100_000
"""Messages per session; what comes beyond it is lost and counted, as with a real broker."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with deliveries under a filter; probabilities from 0 to 1."""

    topic_filter: str
    drop: float = 0.0
    duplicate: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    """Uniform between the two; holds up all that follows, so order is kept."""


@dataclass(frozen=True)
class Copy:
    """One message on its way to one subscriber."""

    topic: str
    payload: bytes
    qos: int
    retained: bool = False
    delay_s: float = 0.0
    expires_at: float | None = None
    """Loop time in seconds."""

    def expired(self, at: float) -> bool:
        """Whether its expiry lies before `at` (loop time in seconds)."""
        return self.expires_at is not None and at > self.expires_at


Lost = Callable[[str, bool], None]
Will = tuple[str, bytes]


@dataclass(eq=False)
class MemorySession:
    """What the broker knows about one client; outlives a lost connection."""

    client: str
    will: Will | None
    lost: Lost
    online: bool = True
    filters: dict[str, None] = field(default_factory=dict)
    queue: deque[Copy] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    async def next_copy(self) -> Copy:
        """Wait for the next message of this session."""
        while not self.queue:
            self.filled.clear()
            await self.filled.wait()
        return self.queue.popleft()


class MemoryBroker:
    """Routes bytes between the clients of one event loop."""

    _named: ClassVar[weakref.WeakValueDictionary[str, MemoryBroker]] = weakref.WeakValueDictionary()

    def __init__(
        self, *, seed: int = 0, faults: tuple[Fault, ...] = (), queue_limit: int = QUEUE_LIMIT
    ) -> None:
        self.faults = faults
        """May be replaced while running."""
        self.overflowed = 0
        """Messages lost to the queue limit of a session."""
        self._generator = random.Random(seed)
        self._queue_limit = queue_limit
        self._sessions: dict[str, MemorySession] = {}
        self._retained: dict[str, Copy] = {}
        self._denied: set[tuple[str, str]] = set()
        self._up = asyncio.Event()
        self._up.set()

    @classmethod
    def named(cls, name: str) -> MemoryBroker:
        """The broker of `memory://name`; it lives as long as somebody holds it."""
        broker = cls._named.get(name)
        if broker is None:
            broker = cls()
            cls._named[name] = broker
        return broker

    def register(self, name: str) -> None:
        """Make this broker (with its faults) the one behind `memory://name`.

        Raises:
            UsageError: the name is taken by another broker.
        """
        if self._named.get(name, self) is not self:
            raise UsageError(f"memory://{name} is already served by another broker")
        self._named[name] = self

    # -- trouble on demand ---------------------------------------------------------------------

    def deny(self, client: str, topic_filter: str) -> None:
        """Refuse `client` to publish or subscribe under a filter."""
        self._denied.add((client, topic_filter))

    def denies(self, client: str, topic: str) -> bool:
        """Whether `client` may not publish on this topic."""
        return any(who == client and matches(entry, topic) for who, entry in self._denied)

    def drop_connection(self, client: str) -> None:
        """End one connection without a goodbye: its will is published, its session kept."""
        self._drop(self._sessions[client], "connection dropped")

    def stop(self) -> None:
        """Go away: every connection ends; sessions and retained copies are kept."""
        self._up.clear()
        for session in list(self._sessions.values()):
            self._drop(session, "broker stopped")

    def start(self) -> None:
        """Come back after `stop`."""
        self._up.set()

    def _drop(self, session: MemorySession, reason: str, for_good: bool = False) -> None:
        if not session.online:
            return
        session.online = False
        if session.will is not None:
            self.route(session.will[0], session.will[1], 1, True, None)
        session.lost(reason, for_good)

    # -- clients -------------------------------------------------------------------------------

    def attach(self, client: str, will: Will | None, lost: Lost) -> MemorySession:
        """Connect a client; one of the same name is thrown out."""
        older = self._sessions.get(client)
        if older is not None:
            self._drop(older, f"another client came as {client!r}", for_good=True)
        session = MemorySession(client, will, lost)
        self._sessions[client] = session
        return session

    async def reattach(self, session: MemorySession, will: Will | None) -> None:
        """Connect again to a kept session, once the broker is up."""
        await self._up.wait()
        session.will = will
        session.online = True

    def detach(self, session: MemorySession) -> None:
        """Disconnect in good order: no will, and the session is forgotten."""
        session.online = False
        if self._sessions.get(session.client) is session:
            del self._sessions[session.client]

    def subscribe(self, session: MemorySession, topic_filter: str) -> bool:
        """Add a filter and send the retained copies under it; False when denied."""
        if any(
            who == session.client and (entry == topic_filter or matches(entry, topic_filter))
            for who, entry in self._denied
        ):
            return False
        session.filters[topic_filter] = None
        for copy in list(self._retained.values()):
            if matches(topic_filter, copy.topic):
                self._enqueue(session, copy)
        return True

    # -- messages ------------------------------------------------------------------------------

    def route(
        self, topic: str, payload: bytes, qos: int, retain: bool, expiry_s: float | None
    ) -> None:
        """Queue a message for every subscriber (once each) and keep it if it is retained."""
        expires_at = None
        if expiry_s is not None:
            expires_at = asyncio.get_running_loop().time() + expiry_s
        copy = Copy(topic, payload, qos, expires_at=expires_at)
        if retain and payload:
            self._retained[topic] = Copy(topic, payload, qos, True, expires_at=expires_at)
        elif retain:
            self._retained.pop(topic, None)
        for session in self._sessions.values():
            if not session.online and qos == 0:
                continue
            if any(matches(entry, topic) for entry in session.filters):
                self._enqueue(session, copy)

    def _enqueue(self, session: MemorySession, copy: Copy) -> None:
        repeats = 1
        for fault in self.faults:
            if not matches(fault.topic_filter, copy.topic):
                continue
            if self._generator.random() < fault.drop:
                return
            if self._generator.random() < fault.duplicate:
                repeats += 1
            delay_s = self._generator.uniform(*fault.delay_s)
            copy = Copy(
                copy.topic,
                copy.payload,
                copy.qos,
                copy.retained,
                copy.delay_s + delay_s,
                copy.expires_at,
            )
        for _ in range(repeats):
            if len(session.queue) >= self._queue_limit:
                self.overflowed += 1
                return
            session.queue.append(copy)
        session.filled.set()
