"""What happens to a message on arrival, before anybody consumes it.

Whatever is wrong with it is counted, logged with its topic and its first 120 bytes, and
skipped; nothing that others send can raise here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from cnc.bus import codec
from cnc.bus.channels import address_problem, channel_of
from cnc.bus.filters import matches
from cnc.bus.inbox import Acknowledge, Arrival, Inbox
from cnc.bus.interface import Counters, Gap, Received
from cnc.bus.sequences import SequenceTracker
from cnc.errors import MessageError
from cnc.messages.envelope import Envelope, now
from cnc.messages.presence import Presence, PresenceState
from cnc.messages.topics import Topics

logger = logging.getLogger(__name__)

SHOWN_BYTES = 120
"""Of a skipped payload, in the log."""


class Reception:
    """Checks, sorts out and queues the arrivals of one component."""

    def __init__(
        self,
        component: str,
        topics: Topics,
        payload_limit: int,
        inbox: Inbox,
        counters: Counters,
        *,
        on_gap: Callable[[Gap], None],
        on_own_presence: Callable[[PresenceState, str], None],
    ) -> None:
        self.filters: dict[str, None] = {}
        """What the consumer subscribed to."""
        self.replies: dict[str, asyncio.Future[Envelope[Any]]] = {}
        """Who waits for the answer to which request."""
        self._component = component
        self._own_presence = topics.presence(component)
        self._own_replies = topics.replies(component)
        self._topics = topics
        self._payload_limit = payload_limit
        self._inbox = inbox
        self._counters = counters
        self._tracker = SequenceTracker()
        self._on_gap = on_gap
        self._on_own_presence = on_own_presence

    def take(
        self,
        topic: str,
        payload: bytes,
        retained: bool,
        qos: int,
        acknowledge: Acknowledge | None,
    ) -> None:
        """Take what the network delivered; acknowledges at once unless the inbox is full."""
        self._counters.received += 1
        envelope = self._understood(topic, payload) if payload else None
        if envelope is not None and self._is_new(topic, envelope, retained):
            self._notice_own_presence(envelope)
            if self._is_for_consumer(topic, envelope):
                channel, _ = channel_of(self._topics, topic)
                self._inbox.put(
                    Arrival(
                        Received(topic, retained, envelope, now()),
                        replaceable=channel is not None and channel.replaceable,
                        certain=qos > 0,
                        acknowledge=acknowledge,
                    )
                )
                return
        if acknowledge is not None:
            acknowledge()

    def _understood(self, topic: str, payload: bytes) -> Envelope[Any] | None:
        try:
            envelope = codec.decode(payload, self._payload_limit)
        except MessageError as error:
            self._counters.malformed += 1
            self._skip(topic, payload, str(error))
            return None
        channel, parameter = channel_of(self._topics, topic)
        problem = address_problem(channel, parameter, envelope)
        if problem is not None:
            self._counters.misaddressed += 1
            self._skip(topic, payload, problem)
            return None
        return envelope

    def _skip(self, topic: str, payload: bytes, problem: str) -> None:
        logger.warning(
            "%s: skipped a message on %s: %s; it begins %r",
            self._component,
            topic,
            problem,
            payload[:SHOWN_BYTES],
        )

    def _is_new(self, topic: str, envelope: Envelope[Any], retained: bool) -> bool:
        if self._tracker.is_stale_will(envelope):
            self._counters.stale_wills += 1
            self._notice_own_presence(envelope)
            return False
        new, gap = self._tracker.check(topic, envelope, retained)
        self._counters.late = self._tracker.late
        if gap is not None:
            self._report(gap)
        if not new:
            self._counters.duplicates += 1
        return new

    def _report(self, gap: Gap) -> None:
        self._counters.gaps += 1
        self._counters.missing += gap.missing
        logger.warning(
            "%s: %d message(s) of %s on %s never arrived (expected %d, found %d)",
            self._component,
            gap.missing,
            gap.sender,
            gap.topic,
            gap.expected,
            gap.found,
        )
        self._on_gap(gap)

    def _notice_own_presence(self, envelope: Envelope[Any]) -> None:
        if isinstance(envelope.body, Presence) and envelope.sender == self._component:
            self._on_own_presence(envelope.body.state, envelope.incarnation)

    def _is_for_consumer(self, topic: str, envelope: Envelope[Any]) -> bool:
        if topic == self._own_replies and self._hand_to_requester(envelope):
            return False
        if any(matches(entry, topic) for entry in self.filters):
            return True
        if topic == self._own_replies:
            self._counters.unmatched_replies += 1
        elif topic != self._own_presence:
            self._counters.unwanted += 1
        return False

    def _hand_to_requester(self, envelope: Envelope[Any]) -> bool:
        future = self.replies.get(envelope.correlation or "")
        if future is None or future.done():
            return False
        self._counters.delivered += 1
        future.set_result(envelope)
        return True
