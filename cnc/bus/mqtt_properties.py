"""MQTT 5 properties of a publish, packed by hand.

paho builds and packs them through a search over all property names, which costs as much as
encoding the message; what we send is fixed: two user properties and perhaps an expiry.
"""

from __future__ import annotations

import math
import struct

from paho.mqtt.properties import Properties

MESSAGE_EXPIRY_INTERVAL = 0x02
USER_PROPERTY = 0x26


class PackedProperties(Properties):
    """Properties that know their bytes (MQTT 5.0, section 2.2.2); only to be sent."""

    def __init__(self, packed: bytes) -> None:
        object.__setattr__(self, "packed", packed)

    def pack(self) -> bytes:
        """Length and properties."""
        packed: bytes = object.__getattribute__(self, "packed")
        return packed

    def __str__(self) -> str:
        return repr(self.pack())


def publish_properties(kind: str, traceparent: str, expiry_s: float | None) -> PackedProperties:
    """User properties `kind` and `traceparent`; `expiry_s` in seconds, rounded up."""
    parts = [_user_property("kind", kind), _user_property("traceparent", traceparent)]
    if expiry_s is not None:
        parts.append(struct.pack("!BI", MESSAGE_EXPIRY_INTERVAL, max(1, math.ceil(expiry_s))))
    content = b"".join(parts)
    return PackedProperties(_variable_length(len(content)) + content)


def _user_property(name: str, value: str) -> bytes:
    return bytes((USER_PROPERTY,)) + _text(name) + _text(value)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def _variable_length(value: int) -> bytes:
    """Seven bits a byte, least significant first (MQTT 5.0, section 1.5.5)."""
    packed = bytearray()
    while True:
        value, rest = divmod(value, 128)
        packed.append(rest | (0x80 if value else 0))
        if not value:
            return bytes(packed)
