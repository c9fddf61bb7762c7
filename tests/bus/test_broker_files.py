"""Every file in brokers/ does what it says, on the broker that it is for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from cnc.bus.check import check_broker
from cnc.bus.embedded import EmbeddedBroker
from cnc.settings import data_root

BROKERS = data_root() / "brokers"
TESTED_ELSEWHERE = {
    "mosquitto-secure.conf",
    "cnc.acl",
    "make-certificates.sh",
    "make-passwords.sh",
}
"""By tests/contracts/test_secure.py."""


def test_every_file_has_its_test() -> None:
    here = {"mosquitto.conf", "nats.conf", "compose.yaml", "README.md"}
    assert {path.name for path in BROKERS.iterdir()} == here | TESTED_ELSEWHERE
    readme = (BROKERS / "README.md").read_text()
    for name in (here | TESTED_ELSEWHERE) - {"README.md"}:
        assert name in readme


def test_scripts_can_be_run() -> None:
    for script in BROKERS.glob("*.sh"):
        assert os.access(script, os.X_OK)


async def fits(broker: EmbeddedBroker) -> None:
    results = await check_broker(broker.url)
    assert [entry for entry in results if entry.required and not entry.ok] == []


@pytest.mark.broker
async def test_mosquitto_conf() -> None:
    text = (BROKERS / "mosquitto.conf").read_text()
    assert "listener 1883 127.0.0.1" in text
    text = text.replace("listener 1883 ", "listener {port} ")
    async with await EmbeddedBroker.start(force="mosquitto", configuration=text) as broker:
        await fits(broker)


@pytest.mark.broker
async def test_nats_conf() -> None:
    text = (BROKERS / "nats.conf").read_text()
    assert "port: 1883" in text and "port: 4222" in text
    text = text.replace("port: 1883", "port: {port}").replace("port: 4222", "port: -1")
    text = text.replace("./nats-data", "{folder}/nats-data")
    async with await EmbeddedBroker.start(force="nats", configuration=text) as broker:
        await fits(broker)


@pytest.mark.broker
async def test_compose_file() -> None:
    """Its inline configuration, outside a container: listening on loopback alone."""
    compose = yaml.safe_load((BROKERS / "compose.yaml").read_text())
    service = compose["services"]["mosquitto"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["configs"][0]["source"] in compose["configs"]
    text = compose["configs"]["mosquitto"]["content"]
    assert "listener 1883\n" in text
    text = text.replace("listener 1883\n", "listener {port} 127.0.0.1\n")
    async with await EmbeddedBroker.start(force="mosquitto", configuration=text) as broker:
        await fits(broker)


def settings_of(path: Path) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return dict(line.split(maxsplit=1) for line in lines if line)


def test_open_and_secure_agree_on_what_matters() -> None:
    plain, secure = (settings_of(BROKERS / n) for n in ("mosquitto.conf", "mosquitto-secure.conf"))
    for name in ("set_tcp_nodelay", "max_queued_messages", "max_inflight_messages", "persistence"):
        assert plain[name] == secure[name]
    assert (plain["allow_anonymous"], secure["allow_anonymous"]) == ("true", "false")


@pytest.mark.broker
async def test_check_finds_a_limited_queue() -> None:
    from cnc.bus.embedded import MOSQUITTO_CONFIGURATION

    text = MOSQUITTO_CONFIGURATION.replace("max_queued_messages 0", "max_queued_messages 100")
    async with await EmbeddedBroker.start(force="mosquitto", configuration=text) as broker:
        results = {entry.name: entry for entry in await check_broker(broker.url)}
    queue = results["queue for an absent subscriber"]
    assert not queue.ok and "max_queued_messages 0" in queue.detail
    assert results["QoS 1 round trip"].value is not None


async def test_check_without_a_broker() -> None:
    from cnc.bus.embedded import free_port

    results = await check_broker(f"mqtt://127.0.0.1:{free_port()}", connect_timeout_s=0.3)
    assert [(entry.name, entry.ok) for entry in results] == [("connect", False)]
