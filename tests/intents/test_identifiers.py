"""Phone numbers, addresses and ids are no amounts."""

import pytest

from cnc.intents.identifiers import without_identifiers
from cnc.intents.slots import read_stated


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("video calls for +1 202 555 0180 please", "video calls for please"),
        ("gaming from 192.168.1.50 to 203.0.113.100:443, 2 users", "gaming from to , 2 users"),
        ("VR on fe80::1ff:fe23 now", "VR on now"),
        ("voice slice, sst 1 and sd 000123", "voice slice, and"),
        ("ticket #4471: tugger trains", ": tugger trains"),
        ("deploy AR into 'eu-west1_edge' today", "deploy AR into today"),
        ("mail it to ops@example.org, see https://example.org/a?b=1", "mail it to , see"),
    ],
)
def test_identifiers_are_left_out(text: str, left: str) -> None:
    assert without_identifiers(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "from 10:30 to 11:45, 20 users",
        "order 12 seats for VR",
        "mobile 4 users, +20 more",
        "1.000.000 meters, latency '20-30' ms",
        "a 'must' for 2.5 Mbps and 99.99 %",
    ],
)
def test_amounts_and_times_stay(text: str) -> None:
    assert without_identifiers(text) == text


def test_a_phone_number_is_no_number_of_users() -> None:
    stated = read_stated("QoS session for +905551112233, a CCTV relay, 4 Mbps")
    assert stated.users is None
