"""The `secure` profile on a real Mosquitto, made with the scripts that ship in brokers/."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnc.bus.check import check_broker
from cnc.bus.connect import open_bus
from cnc.bus.embedded import EmbeddedBroker
from cnc.bus.interface import Bus
from cnc.errors import PublishRefusedError
from cnc.messages.base import Body
from cnc.messages.directives import DomainDirective
from cnc.messages.presence import ControlRequest, Layer, Presence
from cnc.messages.reports import DomainReport
from cnc.messages.telemetry import DomainActuation
from cnc.settings import data_root
from contracts.worlds import QUICK, body, next_of, silent, text_of

pytestmark = pytest.mark.broker
BROKERS = data_root() / "brokers"
NAMES = ("ran-1", "ran-2", "e2e", "service", "infrastructure", "operator", "tail")


@dataclass
class Secured:
    broker: EmbeddedBroker
    files: Path
    stack: list[Bus]

    def url(self, user: str | None, password: str | None = None, *, trusted: bool = True) -> str:
        entry = ""
        if user is not None:
            secret = password or (self.files / f"{user}.password").read_text()
            entry = f"{user}:{secret}@"
        query = f"?ca={self.files / 'ca.crt'}" if trusted else ""
        return f"mqtts://{entry}127.0.0.1:{self.broker.port}{query}"

    async def open(self, user: str, *, layer: Layer = "domain") -> Bus:
        bus = open_bus(self.url(user), user, layer=layer, settings=QUICK, connect_timeout_s=10)
        await bus.__aenter__()
        self.stack.append(bus)
        return bus


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secure")
    for tool in ("openssl", "mosquitto_passwd"):
        assert shutil.which(tool), f"{tool} is missing; apt-get install openssl mosquitto"
    for script, arguments in (
        ("make-certificates.sh", ("127.0.0.1", "localhost")),
        ("make-passwords.sh", NAMES),
    ):
        subprocess.run(
            ["sh", str(BROKERS / script), str(folder), *arguments],
            check=True,
            capture_output=True,
            timeout=60,
        )
    return folder


@pytest.fixture
async def secured(files: Path) -> AsyncIterator[Secured]:
    """mosquitto-secure.conf as it ships, with its paths and its port replaced."""
    text = (BROKERS / "mosquitto-secure.conf").read_text()
    text = text.replace("listener 8883", "listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/certs/", "{folder}/").replace(
        "/etc/mosquitto/", "{folder}/"
    )
    broker = await EmbeddedBroker.start(
        force="mosquitto",
        configuration=text,
        files={
            "ca.crt": (files / "ca.crt").read_text(),
            "server.crt": (files / "server.crt").read_text(),
            "server.key": (files / "server.key").read_text(),
            "cnc.passwords": (files / "cnc.passwords").read_text(),
            "cnc.acl": (BROKERS / "cnc.acl").read_text(),
        },
    )
    made = Secured(broker, files, [])
    try:
        yield made
    finally:
        for bus in made.stack:
            await bus.__aexit__(None, None, None)
        await broker.stop()


def report(domain: str) -> DomainReport:
    return DomainReport(
        domain=domain, domain_kind="ran", frame_start=False, classes=1, nodes=(), links=()
    )


def directive(domain: str) -> DomainDirective:
    return DomainDirective(domain=domain, frame_start=False, inflow=(), requests=(), origins=())


def actuation(domain: str) -> DomainActuation:
    return DomainActuation(domain=domain, split=())


async def refused(bus: Bus, topic: str, message: Body) -> None:
    with pytest.raises(PublishRefusedError, match="reason 135"):
        await bus.publish(topic, message)


async def test_everyone_may_do_their_work(secured: Secured) -> None:
    domain = await secured.open("ran-1")
    e2e = await secured.open("e2e", layer="e2e")
    emulator = await secured.open("infrastructure", layer="infrastructure")
    await e2e.subscribe(e2e.topics.all_reports(), e2e.topics.all_presence())
    await emulator.subscribe(emulator.topics.all_actuations())
    await domain.subscribe(domain.topics.directive("ran-1"), domain.topics.telemetry("ran-1"))
    await domain.announce(Presence(state="birth", layer="domain"))
    assert (await next_of(e2e)).envelope.kind == "presence"
    await domain.publish(domain.topics.report("ran-1"), report("ran-1"), retain=True)
    assert (await next_of(e2e)).envelope.body == report("ran-1")
    await e2e.publish(e2e.topics.directive("ran-1"), directive("ran-1"))
    assert (await next_of(domain)).envelope.body == directive("ran-1")
    await domain.publish(domain.topics.actuation("ran-1"), actuation("ran-1"))
    assert (await next_of(emulator)).envelope.body == actuation("ran-1")


async def test_a_domain_publishes_only_its_own(secured: Secured) -> None:
    domain = await secured.open("ran-1")
    topics = domain.topics
    await refused(domain, topics.report("ran-2"), report("ran-2"))
    await refused(domain, topics.actuation("ran-2"), actuation("ran-2"))
    await refused(domain, topics.directive("ran-1"), directive("ran-1"))
    await refused(domain, topics.telemetry("ran-1"), body())
    await refused(domain, topics.presence("ran-2"), Presence(state="lost", layer="domain"))
    await refused(domain, topics.control("e2e"), ControlRequest(action="stop"))
    await refused(domain, topics.e2e_requests(), body())
    assert domain.counters.refused == 7


async def test_a_domain_reads_only_its_own(secured: Secured) -> None:
    """An ACL file acknowledges the subscription and then delivers nothing."""
    domain = await secured.open("ran-1")
    other = await secured.open("ran-2")
    e2e = await secured.open("e2e", layer="e2e")
    await domain.subscribe("cnc/v1/domains/+/directive", "cnc/v1/domains/#", "cnc/v1/#")
    await other.publish(other.topics.report("ran-2"), report("ran-2"), retain=True)
    await e2e.publish(e2e.topics.directive("ran-2"), directive("ran-2"))
    assert await silent(domain, 0.5)
    await e2e.publish(e2e.topics.directive("ran-1"), directive("ran-1"))
    assert (await next_of(domain)).topic == "cnc/v1/domains/ran-1/directive"


async def test_tail_reads_everything_and_writes_nothing(secured: Secured) -> None:
    tail = await secured.open("tail", layer="client")
    domain = await secured.open("ran-1")
    await tail.subscribe("cnc/v1/#")
    await domain.publish(domain.topics.report("ran-1"), report("ran-1"))
    assert (await next_of(tail)).topic == "cnc/v1/domains/ran-1/report"
    topics = tail.topics
    for topic in (
        topics.presence("tail"),
        topics.report("tail"),
        topics.actuation("tail"),
        topics.report("ran-1"),
        topics.control("e2e"),
        topics.intent_requests(),
        topics.replies("operator"),
    ):
        await refused(tail, topic, body())


async def test_anonymous_and_wrong_credentials_are_refused(secured: Secured) -> None:
    for url in (secured.url(None), secured.url("ran-1", "guess"), secured.url("nobody", "x")):
        bus = open_bus(url, "intruder", layer="client", settings=QUICK, connect_timeout_s=10)
        with pytest.raises(PublishRefusedError, match="refuses these credentials") as caught:
            await bus.__aenter__()
        assert "guess" not in str(caught.value)
        await bus.__aexit__(None, None, None)


async def test_an_unknown_authority_is_not_trusted(secured: Secured) -> None:
    bus = open_bus(
        secured.url("ran-1", trusted=False), "ran-1", layer="client", connect_timeout_s=10
    )
    with pytest.raises(PublishRefusedError, match=r"not trusted .*\?ca=FILE"):
        await bus.__aenter__()


async def test_plain_text_gets_nowhere(secured: Secured) -> None:
    url = secured.url("ran-1").replace("mqtts:", "mqtt:").partition("?")[0]
    bus = open_bus(url, "ran-1", layer="client", settings=QUICK, connect_timeout_s=1.0)
    with pytest.raises(Exception, match="no broker answers"):
        await bus.__aenter__()


async def test_reconnect_over_tls(secured: Secured) -> None:
    domain = await secured.open("ran-1")
    e2e = await secured.open("e2e", layer="e2e")
    await domain.subscribe(domain.topics.control("ran-1"))
    await domain.drop_connection()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    await e2e.publish(e2e.topics.control("ran-1"), body("still there?"))
    assert text_of(await next_of(domain)) == "still there?"


async def test_check_names_the_missing_rights(secured: Secured) -> None:
    results = await check_broker(
        secured.url("ran-1"),
        publish=["cnc/v1/domains/ran-1/report", "cnc/v1/domains/ran-2/report"],
    )
    rights = {entry.name: entry.ok for entry in results if entry.name.startswith("publish ")}
    assert rights == {
        "publish cnc/v1/domains/ran-1/report": True,
        "publish cnc/v1/domains/ran-2/report": False,
    }
