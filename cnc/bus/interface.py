"""What the rest of the program sees of the bus, whatever carries it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from cnc.messages.base import Body
from cnc.messages.envelope import Envelope
from cnc.messages.presence import Presence
from cnc.messages.topics import Topics


@dataclass(frozen=True)
class Received:
    """A valid message that arrived, once."""

    topic: str
    retained: bool
    """A copy that the broker kept, not one that was just sent."""
    envelope: Envelope[Any]
    received_at: datetime
    """UTC."""


@dataclass(frozen=True)
class Outgoing:
    """One message for `publish_many`; the fields are those of `Bus.publish`."""

    topic: str
    body: Body
    slot: int | None = None
    correlation: str | None = None
    reply_to: str | None = None
    retain: bool = False
    qos: int = 1
    expiry_s: float | None = None
    replaceable: bool = False


@dataclass(frozen=True)
class Gap:
    """Messages of one sender on one topic that never arrived."""

    topic: str
    sender: str
    incarnation: str
    expected: int
    found: int

    @property
    def missing(self) -> int:
        """How many messages are missing."""
        return self.found - self.expected


@dataclass
class Counters:
    """What happened to the messages of one client since it was made."""

    published: int = 0
    """Acknowledged by the broker (QoS 0: handed over)."""
    received: int = 0
    """Arrived, whatever became of them."""
    delivered: int = 0
    """Given to the consumer of `messages()` or to a waiting `request`."""
    malformed: int = 0
    """Too large, not JSON, wrong schema, unknown kind, wrong fields."""
    misaddressed: int = 0
    """Valid, but the topic names another domain, component or kind."""
    duplicates: int = 0
    gaps: int = 0
    """Places where the sequence jumped."""
    missing: int = 0
    """Messages missing in those gaps when they showed."""
    late: int = 0
    """Came after a newer one of their stream, perhaps filling a gap."""
    stale_wills: int = 0
    """Last wills of an incarnation that a newer one has replaced."""
    unmatched_replies: int = 0
    """Answers that came after their request gave up."""
    unwanted: int = 0
    """Arrived under no filter of this client (left over from an earlier session)."""
    dropped_inbound: int = 0
    """Dropped because the inbound queue was full: replaceable ones, or QoS 0."""
    deferred_inbound: int = 0
    """Kept beyond the limit; their acknowledgement waited for the consumer (back-pressure)."""
    dropped_outbound: int = 0
    """QoS 0 messages of a time without a broker."""
    replaced_outbound: int = 0
    """Replaceable messages that a newer one replaced while the broker was away."""
    resent: int = 0
    """Unacknowledged publishes that were sent again after a reconnect."""
    refused: int = 0
    """Publishes and subscriptions that the broker refused."""
    reconnects: int = 0

    def as_dict(self) -> dict[str, int]:
        """Every counter by name."""
        return dataclasses.asdict(self)


class Bus(ABC):
    """A component's connection to the bus; an async context manager.

    Use `cnc.bus.connect.open_bus`. One event loop, one consumer of `messages()`.
    """

    component: str
    incarnation: str
    """New for each object of this class; sortable by time."""
    topics: Topics
    counters: Counters
    run: str
    """Stamped on every message; set it when the run is known."""
    on_gap: Callable[[Gap], None] | None
    """Called in the event loop for every gap; ask the sender for a rebirth there."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the broker is connected and the subscriptions are in place."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            BusError: no broker within the connect timeout; the message says what to do.
            PublishRefusedError: the broker refuses this client (credentials, identifier).
        """

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say goodbye (presence `exit`), let publishes finish for a moment, disconnect."""

    @abstractmethod
    async def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 1 and wait for the broker's acknowledgement.

        Raises:
            PublishRefusedError: the broker refuses a filter.
            UsageError: a filter is not well formed.
        """

    @abstractmethod
    async def publish(
        self,
        topic: str,
        body: Body,
        *,
        slot: int | None = None,
        correlation: str | None = None,
        reply_to: str | None = None,
        retain: bool = False,
        qos: int = 1,
        expiry_s: float | None = None,
        replaceable: bool = False,
    ) -> Envelope[Any]:
        """Stamp and send; returns once the broker acknowledged (QoS 1) or has it (QoS 0).

        Without a broker the message waits in a bounded queue, and so does the caller. A
        replaceable one that was never sent gives way to the next of its topic. `expiry_s`
        is in seconds and needs MQTT 5. A caller that is cancelled leaves its message queued.

        Raises:
            PublishRefusedError: the broker refused it (MQTT 5 only; silent on 3.1.1).
            BusError: the bus was closed before the acknowledgement.
            UsageError: the topic has a wildcard, or `qos` is neither 0 nor 1.
        """

    @abstractmethod
    async def publish_many(self, messages: Iterable[Outgoing]) -> list[Envelope[Any]]:
        """Publish concurrently; sent in the given order.

        Raises:
            PublishRefusedError: one was refused; the others were still sent.
        """

    @abstractmethod
    def messages(self) -> AsyncIterator[Received]:
        """The one stream of arrivals: valid, without duplicates, ordered per sender and topic.

        After a lost connection NATS may deliver late what was on its way then (counted).

        Ends when the bus is closed.

        Raises:
            UsageError: another iterator is alive; two would split the stream.
            PublishRefusedError: while iterating, the broker refused this client for good.
        """

    @abstractmethod
    async def request(
        self,
        topic: str,
        body: Body,
        timeout_s: float,
        *,
        slot: int | None = None,
    ) -> Envelope[Any]:
        """Send a request and wait for its answer on `replies/{component}`.

        Needs no consumer of `messages()`.

        Raises:
            BusError: no answer within `timeout_s` seconds.
            PublishRefusedError: the broker refused the request.
        """

    @abstractmethod
    async def reply(self, to: Envelope[Any], body: Body, *, slot: int | None = None) -> None:
        """Answer a request where it asked for it; without `reply_to` nothing is sent."""

    @abstractmethod
    async def clear_retained(self, topic: str) -> None:
        """Remove the copy that the broker keeps of a topic."""

    @abstractmethod
    async def announce(self, presence: Presence) -> None:
        """Publish the presence, retained; repeated after every reconnect and every false will.

        Call it once the subscriptions are in place. Without it the last will is all that
        others learn of this component.
        """
