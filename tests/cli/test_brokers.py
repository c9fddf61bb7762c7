"""Brokers that refuse, are something else, or vanish in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.running import run_cnc, wait_for
from cnc.bus.embedded import find_mosquitto, free_port

CLOSED = "mqtt://127.0.0.1:9"
CLIENTS = [["status"], ["tail", "--count", "1"], ["intent", "withdraw", "intent-1"]]


@pytest.mark.parametrize("args", CLIENTS, ids=" ".join)
def test_a_closed_port(args: list[str], home: Path) -> None:
    run_cnc(*args, home=home, broker=CLOSED).fails(1, "127.0.0.1:9", "cnc broker start")


def test_check_of_a_closed_port(home: Path) -> None:
    result = run_cnc("broker", "check", "--json", home=home, broker=CLOSED)
    assert result.code == 1
    assert result.rows[0]["ok"] is False and "127.0.0.1:9" in result.rows[0]["detail"]


@contextlib.contextmanager
def something_else(answer: bytes) -> Iterator[str]:
    """A server that is no MQTT broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(1)
                        connection.recv(1024)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join(5)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b""]
)
def test_not_a_broker(answer: bytes, home: Path) -> None:
    with something_else(answer) as url:
        run_cnc("status", home=home, broker=url).fails(1, url.removeprefix("mqtt://"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Mosquitto that wants a password."""
    program = find_mosquitto()
    assert program is not None, "install Mosquitto: apt-get install mosquitto"
    folder = tmp_path_factory.mktemp("secured")
    folder.chmod(0o755)
    port = free_port()
    (folder / "passwords").write_text("")
    subprocess.run(
        ["mosquitto_passwd", "-b", str(folder / "passwords"), "user", "right"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "passwords").chmod(0o644)
    (folder / "broker.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {folder / 'passwords'}\n" + ("user root\n" if os.geteuid() == 0 else "")
    )
    with subprocess.Popen(
        [program, "-c", str(folder / "broker.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_for(listens, 10, "Mosquitto listens")
        yield port
        process.terminate()


@pytest.mark.broker
@pytest.mark.parametrize(
    ("user", "args"),
    [
        ("", ["status"]),
        ("user:wrong@", ["status"]),
        ("user:wrong@", ["knowledge", "list"]),
        ("", ["intent", "--json", "AR for 20 users"]),
        ("user:wrong@", ["up", "--scenario", "small", "--slots", "2"]),
        ("user:wrong@", ["up", "--scenario", "small", "--slots", "2", "--processes", "each"]),
        ("", ["run", "domain", "ran-0", "--scenario", "small"]),
    ],
)
def test_wrong_credentials(args: list[str], user: str, secured: int, home: Path) -> None:
    url = f"mqtt://{user}127.0.0.1:{secured}"
    result = run_cnc(*args, home=home, broker=url)
    result.fails(1, "refuse" if "each" not in args else "")
    assert "user:wrong" not in result.err + result.out


@pytest.mark.broker
def test_right_credentials(secured: int, home: Path) -> None:
    url = f"mqtt://user:right@127.0.0.1:{secured}"
    told = run_cnc("status", "--json", home=home, broker=url).good().row
    assert "right" not in json.dumps(told)
    assert told["components"] == []
