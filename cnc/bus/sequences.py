"""Duplicates and gaps, told from the sequence numbers of each sender on each topic.

QoS 1 repeats and is not end to end; the numbers show both. Retained copies are exempt from
the baseline. A last will carries number 0: it is fixed when its sender connects.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from cnc.bus.interface import Gap
from cnc.messages.envelope import Envelope
from cnc.messages.presence import Presence

REMEMBERED = 50_000
"""Streams (sender, incarnation, topic); the longest unused one is forgotten beyond it."""


class SequenceTracker:
    """Remembers the last number of every stream that one client receives."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._live: OrderedDict[tuple[str, str, str], int] = OrderedDict()
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
        last = self._live.get(stream)
        if last is not None and envelope.sequence <= last:
            return False, None
        self._store(self._live, stream, envelope.sequence)
        gap = None
        if last is not None and envelope.sequence > last + 1:
            gap = Gap(topic, stream[0], stream[1], last + 1, envelope.sequence)
        return self._kept.get(stream) != envelope.id, gap

    def _check_kept(self, stream: tuple[str, str, str], envelope: Envelope[Any]) -> bool:
        last = self._live.get(stream)
        if envelope.sequence and last is not None and envelope.sequence <= last:
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
