from __future__ import annotations

import pytest

from cnc.bus.address import parse_address
from cnc.bus.check import check_broker
from cnc.bus.connect import open_bus
from cnc.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port"),
    [
        ("mqtt://broker", "mqtt", "broker", 1883),
        ("mqtts://broker", "mqtts", "broker", 8883),
        ("ws://broker/mqtt", "ws", "broker", 9001),
        ("wss://broker", "wss", "broker", 443),
        ("mqtt://[::1]:1884", "mqtt", "::1", 1884),
        ("memory://Name", "memory", "Name", 0),
    ],
)
def test_addresses(url: str, scheme: str, host: str, port: int) -> None:
    address = parse_address(url)
    assert (address.scheme, address.host, address.port) == (scheme, host, port)
    assert parse_address(address.shown) == address


def test_credentials_are_decoded_and_never_shown() -> None:
    address = parse_address("mqtts://ran-1:p%40ss%2F@host:1?ca=/x/ca.crt&cert=c&key=k")
    assert (address.username, address.password) == ("ran-1", "p@ss/")
    assert (address.authority_file, address.certificate_file, address.key_file) == (
        "/x/ca.crt",
        "c",
        "k",
    )
    assert address.shown == "mqtts://ran-1@host:1"


@pytest.mark.parametrize(
    "url",
    ["", "broker:1883", "http://broker", "mqtt://", "mqtt://h:99999", "mqtt://h?password=x"],
)
def test_unreadable_addresses_say_what_is_expected(url: str) -> None:
    with pytest.raises(ConfigurationError, match="broker's address"):
        parse_address(url)


def test_missing_certificate_file(tmp_path: object) -> None:
    with pytest.raises(ConfigurationError, match="ca="):
        parse_address(f"mqtts://h?ca={tmp_path}/none.crt").tls_context()


async def test_versions_that_do_not_exist() -> None:
    with pytest.raises(ConfigurationError):
        open_bus("mqtt://127.0.0.1", "a", layer="client", version=3)


async def test_memory_cannot_be_checked() -> None:
    with pytest.raises(ConfigurationError):
        await check_broker("memory://x")
