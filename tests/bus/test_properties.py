from __future__ import annotations

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cnc.bus.mqtt_properties import publish_properties


@pytest.mark.parametrize(("expiry_s", "expected"), [(None, None), (0.2, 1), (5.0, 5), (5.1, 6)])
@pytest.mark.parametrize("kind", ["clock_tick", "k" * 300, "ü"])
def test_paho_reads_what_was_packed(
    kind: str, expiry_s: float | None, expected: int | None
) -> None:
    packed = publish_properties(kind, "00-1-2-01", expiry_s).pack()
    read = Properties(PacketTypes.PUBLISH)
    _, length = read.unpack(packed)
    assert length == len(packed)
    assert read.UserProperty == [("kind", kind), ("traceparent", "00-1-2-01")]
    assert getattr(read, "MessageExpiryInterval", None) == expected
