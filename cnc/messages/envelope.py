"""The envelope of every message.

What CloudEvents calls `id`, `source`, `type` and `time` is here `id`, `sender`, `kind` and
`sent_at` (CloudEvents 1.0.2, section 3.1), one to one.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field

from cnc.messages.base import Body, Identifier, Model

BodyT = TypeVar("BodyT", bound=Body)


def new_id() -> str:
    """A UUID version 7 (RFC 9562, section 5.7): sortable by creation time."""
    milliseconds = time.time_ns() // 1_000_000
    value = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    value[6] = (value[6] & 0x0F) | 0x70
    value[8] = (value[8] & 0x3F) | 0x80
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def now() -> datetime:
    """The current time in UTC, as `sent_at` carries it (RFC 3339)."""
    return datetime.now(UTC)


class Envelope(Model, Generic[BodyT]):
    """What surrounds every body.

    `sequence` counts per sender, incarnation and topic from 1; `incarnation` is new at each
    start of the sender, so that a late last will cannot speak for a newer life.
    """

    schema_: Annotated[Literal["cnc/1"], Field(alias="schema")] = "cnc/1"
    kind: str
    id: Annotated[str, Field(min_length=1, max_length=64)]
    sender: Identifier
    incarnation: Annotated[str, Field(min_length=1, max_length=64)]
    sequence: Annotated[int, Field(ge=0)]
    run: Annotated[str, Field(max_length=64)] = ""
    slot: Annotated[int, Field(ge=-1, le=2**53)] | None = None
    sent_at: AwareDatetime
    correlation: Annotated[str, Field(max_length=128)] | None = None
    reply_to: Annotated[str, Field(max_length=256)] | None = None
    body: BodyT


AnyEnvelope = Envelope[Body]
