"""What every transport shares: stamping, checks on arrival, requests, presence, counters."""

from __future__ import annotations

import asyncio
import logging
import weakref
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any, Self

from cnc.bus import codec
from cnc.bus.filters import check_filter, check_topic, matches
from cnc.bus.inbox import Acknowledge, Inbox
from cnc.bus.interface import Bus, Counters, Gap, Outgoing, Received
from cnc.bus.outbox import Outbox, Pending
from cnc.bus.reception import Reception
from cnc.bus.stream import MessageStream
from cnc.errors import BusError, CncError, PublishRefusedError, UsageError
from cnc.messages.base import Body
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.envelope import Envelope, new_id, now
from cnc.messages.presence import Layer, Presence, PresenceState
from cnc.messages.topics import Topics
from cnc.settings import BusSettings

logger = logging.getLogger(__name__)

_OVER = ("exit", "lost")
FAREWELL_S = 2.0
"""How long closing waits for publishes that are on their way."""


class ComponentBus(Bus):
    """One component on some transport; a transport connects, sends bytes and feeds `_arrived`."""

    def __init__(
        self,
        component: str,
        *,
        layer: Layer,
        settings: BusSettings,
        on_gap: Callable[[Gap], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.component = component
        self.layer: Layer = layer
        self.settings = settings
        self.incarnation = new_id()
        self.topics = Topics(settings.topic_root)
        self.counters = Counters()
        self.run = ""
        self.on_gap = on_gap
        self._on_notice = on_notice
        self._inbox = Inbox(settings.inbound_limit, self.counters)
        self._outbox = Outbox(settings.outbound_limit, self.counters)
        self._reception = Reception(
            component,
            self.topics,
            settings.payload_limit,
            self._inbox,
            self.counters,
            on_gap=self._gap_found,
            on_own_presence=self._own_presence_seen,
        )
        self._sequences: dict[str, int] = {}
        self._subscribed: dict[str, None] = {}
        self._stream: weakref.ref[MessageStream] | None = None
        self._presence: Presence | None = None
        self._announced = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self._closed = False

    # -- what a transport provides -------------------------------------------------------------

    @abstractmethod
    async def _open(self) -> None:
        """Connect, or raise BusError or PublishRefusedError."""

    @abstractmethod
    async def _close(self) -> None:
        """Disconnect in good order; never raises for a broker that is away."""

    @abstractmethod
    async def _subscribe(self, filters: tuple[str, ...]) -> None:
        """Subscribe and wait for the acknowledgement, over a reconnect if need be."""

    @abstractmethod
    def _transmit(self, pending: Pending) -> None:
        """Hand over if connected, else leave it owed; settle it in the outbox when acknowledged."""

    # -- life ----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self.connected and self._failure is None:
                await self._farewell()
        finally:
            self._closed = True
            self._end_tasks(self._failure or BusError("the bus was closed"))
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._close()

    async def _farewell(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL_S):
                if self._presence is not None and self._presence.state not in _OVER:
                    await self.announce(self._presence.model_copy(update={"state": "exit"}))
                await self._outbox.emptied()
        except (TimeoutError, CncError) as error:
            self._notice(f"closed with {len(self._outbox)} publishes unacknowledged ({error!r})")

    def _end_tasks(self, error: Exception) -> None:
        self._inbox.close(self._failure)
        self._outbox.give_up(error)
        for future in self._reception.replies.values():
            if not future.done():
                future.set_exception(error)
        for task in self._tasks:
            task.cancel()

    def _fail(self, error: Exception) -> None:
        """End this bus for good: nothing that is repeated unchanged can succeed."""
        self._failure = error
        self._notice(str(error))
        self._end_tasks(error)

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise BusError("the bus was closed; open another one")

    def _notice(self, text: str) -> None:
        logger.warning("%s: %s", self.component, text)
        if self._on_notice is not None:
            self._on_notice(text)

    # -- sending -------------------------------------------------------------------------------

    async def subscribe(self, *filters: str) -> None:
        """Subscribe at QoS 1; see `Bus.subscribe`."""
        self._check_usable()
        for topic_filter in filters:
            check_filter(topic_filter)
        added = tuple(entry for entry in filters if entry not in self._reception.filters)
        self._reception.filters.update(dict.fromkeys(filters))
        try:
            await self._subscribe(filters)
        except BaseException:
            for topic_filter in added:
                self._reception.filters.pop(topic_filter, None)
            raise

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
        """Stamp and send; see `Bus.publish`."""
        message = Outgoing(
            topic, body, slot, correlation, reply_to, retain, qos, expiry_s, replaceable
        )
        return await self._publish(message)

    async def publish_many(self, messages: Iterable[Outgoing]) -> list[Envelope[Any]]:
        """Publish concurrently; see `Bus.publish_many`."""
        results = await asyncio.gather(
            *(self._publish(message) for message in messages), return_exceptions=True
        )
        envelopes: list[Envelope[Any]] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            envelopes.append(result)
        return envelopes

    async def _publish(self, message: Outgoing, identifier: str | None = None) -> Envelope[Any]:
        self._check_usable()
        check_topic(message.topic)
        if message.qos == 0:
            return self._publish_once(message)
        if message.qos != 1:
            raise UsageError(f"QoS {message.qos} is not used on this bus; use 0 or 1")
        older = self._outbox.unsent(message.topic) if message.replaceable else None
        if older is None:
            await self._outbox.reserve()
            if self._failure is not None or self._closed:
                self._outbox.release()
                self._check_usable()
        pending = self._stamped(message, identifier, older)
        if older is None:
            self._outbox.add(pending)
        else:
            self._outbox.replace(older, pending)
        self._transmit(pending)
        await pending.done
        assert pending.envelope is not None
        return pending.envelope

    def _publish_once(self, message: Outgoing) -> Envelope[Any]:
        pending = self._stamped(message, None, None)
        assert pending.envelope is not None
        if self.connected:
            self._transmit(pending)
        else:
            self._sequences[message.topic] -= 1
            self.counters.dropped_outbound += 1
        return pending.envelope

    def _stamped(self, message: Outgoing, identifier: str | None, older: Pending | None) -> Pending:
        sequence = self._sequences.get(message.topic, 0)
        if older is None or older.envelope is None or older.envelope.sequence != sequence:
            sequence += 1  # else the older one was never sent: its number is free
        envelope = self._envelope(message, sequence, identifier)
        payload = codec.encode(envelope)
        self._sequences[message.topic] = sequence
        return Pending(
            message.topic,
            payload,
            envelope,
            message.qos,
            message.retain,
            message.expiry_s,
            message.replaceable,
        )

    def _envelope(self, message: Outgoing, sequence: int, identifier: str | None) -> Envelope[Any]:
        return ENVELOPES[message.body.KIND](
            kind=message.body.KIND,
            id=identifier or new_id(),
            sender=self.component,
            incarnation=self.incarnation,
            sequence=sequence,
            run=self.run,
            slot=message.slot,
            sent_at=now(),
            correlation=message.correlation,
            reply_to=message.reply_to,
            body=message.body,
        )

    async def clear_retained(self, topic: str) -> None:
        """Remove the broker's copy; see `Bus.clear_retained`."""
        await self._publish_empty(topic, retain=True)

    async def touch(self, topic: str) -> None:
        """Publish an empty message, which every receiver ignores (to try a right).

        Raises:
            PublishRefusedError: the broker refused it (MQTT 5 only).
        """
        await self._publish_empty(topic, retain=False)

    async def _publish_empty(self, topic: str, *, retain: bool) -> None:
        self._check_usable()
        check_topic(topic)
        await self._outbox.reserve()
        pending = Pending(topic, b"", None, 1, retain, None, False)
        self._outbox.add(pending)
        self._transmit(pending)
        await pending.done

    # -- presence ------------------------------------------------------------------------------

    async def announce(self, presence: Presence) -> None:
        """Publish the presence; see `Bus.announce`."""
        self._presence = presence
        own = self.topics.presence(self.component)
        if presence.state != "exit" and not any(matches(entry, own) for entry in self._subscribed):
            await self._subscribe((own,))
        await self.publish(own, presence, retain=True)
        self._announced = True

    def _will(self) -> bytes:
        presence = Presence(state="lost", layer=self.layer, detail="the broker lost the connection")
        message = Outgoing(self.topics.presence(self.component), presence)
        return codec.encode(self._envelope(message, 0, None))

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and not self._closed:
            logger.error(
                "%s: a background publish failed", self.component, exc_info=task.exception()
            )

    def _own_presence_seen(self, state: PresenceState, incarnation: str) -> None:
        """Correct a false `lost`; make way for a newer component of the same name."""
        if state == "lost":
            self._reannounce()
        elif self._announced and state in ("birth", "alive") and incarnation > self.incarnation:
            self._fail(
                PublishRefusedError(
                    f"another component announced itself as {self.component!r} and takes over; "
                    "every component needs a name of its own"
                )
            )

    def _reannounce(self) -> None:
        announced = self._announced and not self._closed
        if announced and self._presence is not None and self._presence.state not in _OVER:
            self._start(self.announce(self._presence))

    # -- arrivals ------------------------------------------------------------------------------

    def _arrived(
        self,
        topic: str,
        payload: bytes,
        *,
        retained: bool,
        qos: int,
        acknowledge: Acknowledge | None,
    ) -> None:
        """Take what the network delivered."""
        self._reception.take(topic, payload, retained, qos, acknowledge)

    def _gap_found(self, gap: Gap) -> None:
        if self.on_gap is not None:
            asyncio.get_running_loop().call_soon(self.on_gap, gap)

    # -- requests ------------------------------------------------------------------------------

    def messages(self) -> AsyncIterator[Received]:
        """The one stream of arrivals; see `Bus.messages`."""
        current = self._stream() if self._stream is not None else None
        if current is not None and current.open:
            raise UsageError(
                "messages() is already iterated; two iterators would split one stream. Close the "
                "first, or hand on what it yields"
            )
        stream = MessageStream(self._inbox)
        self._stream = weakref.ref(stream)
        return stream

    async def request(
        self, topic: str, body: Body, timeout_s: float, *, slot: int | None = None
    ) -> Envelope[Any]:
        """Ask and wait; see `Bus.request`."""
        identifier = new_id()
        future: asyncio.Future[Envelope[Any]] = asyncio.get_running_loop().create_future()
        self._reception.replies[identifier] = future
        own = self.topics.replies(self.component)
        message = Outgoing(topic, body, slot, correlation=identifier, reply_to=own)
        try:
            async with asyncio.timeout(timeout_s):
                await self._subscribe((own,))
                await self._publish(message, identifier)
                return await future
        except TimeoutError as error:
            raise BusError(
                f"no answer to {body.KIND} on {topic} within {timeout_s:g} s; is the component "
                "that serves it running? `cnc status` shows who is"
            ) from error
        finally:
            del self._reception.replies[identifier]
            if future.done() and not future.cancelled():
                future.exception()  # seen, also when the publish had already failed
            future.cancel()

    async def reply(self, to: Envelope[Any], body: Body, *, slot: int | None = None) -> None:
        """Answer a request; see `Bus.reply`."""
        if to.reply_to is None:
            return
        await self.publish(to.reply_to, body, slot=slot, correlation=to.correlation or to.id)
