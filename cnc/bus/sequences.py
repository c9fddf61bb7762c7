"""Duplicates and gaps, told from the sequence numbers of each sender on each topic.

QoS 1 repeats and is not end to end; the numbers show both. Retained copies are exempt from
the baseline. A last will carries number 0: it is fixed when its sender connects.

Order is the broker's promise, but NATS breaks it after a lost connection: what was on its way
then comes last. So a number that is still missing is new whenever it comes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from cnc.bus.interface import Gap
from cnc.messages.envelope import Envelope
from cnc.messages.presence import Presence

REMEMBERED = 50_000
"""Streams (sender, incarnation, topic); the longest unused one is forgotten beyond it."""

REMEMBERED_GAPS = 2_000
"""Missing (or early) numbers of one stream; those of longer gaps count as seen."""


@dataclass
class _Stream:
    """The numbers of one sender in one incarnation on one topic."""

    first: int
    last: int
    missing: set[int] = field(default_factory=set)
    early: set[int] = field(default_factory=set)
    """Below the baseline: they came late, after the first one that was seen."""

    def advance(self, number: int) -> None:
        """Take a number above all before; those in between are missing."""
        oldest = max(self.last + 1, number - REMEMBERED_GAPS)
        if len(self.missing) < REMEMBERED_GAPS:
            self.missing.update(range(oldest, number))
        self.last = number

    def is_late(self, number: int) -> bool:
        """Whether this number was skipped so far; it is not any more."""
        if number in self.missing:
            self.missing.remove(number)
            return True
        if number >= self.first or number in self.early or len(self.early) >= REMEMBERED_GAPS:
            return False
        self.early.add(number)
        return True


class SequenceTracker:
    """Remembers the last number of every stream that one client receives."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.late = 0
        """Messages that came after a newer one of their stream."""
        self._live: OrderedDict[tuple[str, str, str], _Stream] = OrderedDict()
        self._kept: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._newest_life: OrderedDict[str, str] = OrderedDict()
        self._remembered = remembered

    def is_stale_will(self, envelope: Envelope[Any]) -> bool:
        """Whether this is a `lost` of an incarnation that a newer one has replaced.

        Incarnations are UUIDs of version 7, so that the later one sorts higher.
        """
        if not isinstance(envelope.body, Presence):
            return False
        newest = self._newest_life.get(envelope.sender, "")
        if envelope.body.state == "lost":
            return envelope.incarnation < newest
        if envelope.incarnation > newest:
            self._store(self._newest_life, envelope.sender, envelope.incarnation)
        return False

    def check(self, topic: str, envelope: Envelope[Any], retained: bool) -> tuple[bool, Gap | None]:
        """Return (new, gap): whether the message was not seen before, and what is missing."""
        stream = (envelope.sender, envelope.incarnation, topic)
        if envelope.sequence == 0 or retained:
            return self._check_kept(stream, envelope), None
        seen_as_copy = self._kept.get(stream) == envelope.id
        known = self._live.get(stream)
        if known is None:
            self._store(self._live, stream, _Stream(envelope.sequence, envelope.sequence))
            return not seen_as_copy, None
        if envelope.sequence <= known.last:
            late = known.is_late(envelope.sequence) and not seen_as_copy
            self.late += late
            return late, None
        gap = None
        if envelope.sequence > known.last + 1:
            gap = Gap(topic, stream[0], stream[1], known.last + 1, envelope.sequence)
        known.advance(envelope.sequence)
        self._live.move_to_end(stream)
        return not seen_as_copy, gap

    def _check_kept(self, stream: tuple[str, str, str], envelope: Envelope[Any]) -> bool:
        known = self._live.get(stream)
        if envelope.sequence and known is not None and envelope.sequence <= known.last:
            return False
        if self._kept.get(stream) == envelope.id:
            return False
        self._store(self._kept, stream, envelope.id)
        return True

    def _store(self, table: OrderedDict[Any, Any], key: Any, value: Any) -> None:
        table[key] = value
        table.move_to_end(key)
        if len(table) > self._remembered:
            table.popitem(last=False)
