"""The W3C trace context of a message, told from its identifiers."""

from __future__ import annotations

from typing import Any

from cnc.messages.envelope import Envelope

_HEX = frozenset("0123456789abcdef")


def traceparent(envelope: Envelope[Any]) -> str:
    """`00-{trace}-{span}-01`: messages of one correlation share a trace.

    The trace id is the correlation if that is a UUID, else the message's own id; the span is
    the end of the message's id (W3C Trace Context, section 3.2).
    """
    trace = _digits(envelope.correlation or "") or _digits(envelope.id) or "0" * 31 + "1"
    span = (_digits(envelope.id) or "0" * 31 + "1")[-16:]
    return f"00-{trace}-{span}-01"


def _digits(identifier: str) -> str:
    digits = identifier.replace("-", "").lower()
    return digits if len(digits) == 32 and _HEX.issuperset(digits) and int(digits, 16) else ""
