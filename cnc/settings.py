"""Every setting of the running system, typed, with unit and reason, and where data lies.

May import `cnc.errors` alone. Values come from the command line, then the environment
(`CNC_BROKER`, `CNC_HOME`, …), then these defaults.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from cnc.errors import StorageError


@dataclass(frozen=True)
class BusSettings:
    """How a component talks to the broker."""

    broker: str = "mqtt://127.0.0.1:1883"
    """`mqtt://`, `mqtts://` or `ws://`, with user and password where the broker wants them."""
    topic_root: str = "cnc/v1"
    """Several systems may share one broker under different roots."""
    keepalive_s: int = 30
    """A dead component's will arrives after at most 1.5 of these."""
    session_expiry_s: int = 60
    """The broker keeps a session over a short loss, so that QoS 1 messages survive it."""
    inbound_limit: int = 2_000
    """Messages; beyond it the oldest replaceable one is dropped and counted."""
    outbound_limit: int = 2_000
    """Messages waiting while the broker is away."""
    pending_calls: int = 500
    """In-flight publishes before the client library warns; 84 per slot are normal."""
    reconnect_first_s: float = 0.2
    """First back-off; doubles with jitter, as many components return at once."""
    reconnect_most_s: float = 10.0
    """Longest back-off."""
    payload_limit: int = 1_048_576
    """Bytes; a larger payload is counted and skipped before it is parsed."""


@dataclass(frozen=True)
class TimingSettings:
    """Paces and graces of the slot cycle."""

    grace_s: float = 5.0
    """Wall-clock wait for a live party in lockstep; counts only on failure."""
    slot_ms: int = 1_000
    """Length of a slot in realtime pace."""
    measured_slots: int = 20
    """Slots over which an intent's service level is measured."""


@dataclass(frozen=True)
class Settings:
    """All settings of one process."""

    bus: BusSettings = field(default_factory=BusSettings)
    timing: TimingSettings = field(default_factory=TimingSettings)
    home: Path = field(default_factory=lambda: default_home())


def default_home() -> Path:
    """The user's data folder: `CNC_HOME`, else the platform's usual place."""
    stated = os.environ.get("CNC_HOME")
    return Path(stated).expanduser() if stated else Path(platformdirs.user_data_dir("cnc"))


def ensure_home(home: Path) -> Path:
    """Create the home folder and check that it can be written.

    Raises:
        StorageError: it cannot be created or written; the message says what to do.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".write-test-{os.getpid()}"
        probe.write_text("cnc")
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"the home folder {home} cannot be written ({error.strerror or error}); free some "
            "space, change its rights, or name another with --home DIR or CNC_HOME"
        ) from error
    return home


def data_root() -> Path:
    """The folder that holds `brokers/`, `intents/` and `knowledge/`.

    Inside a wheel they lie in `cnc/_data`; in a checkout beside the package.
    """
    packaged = Path(__file__).parent / "_data"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).parent.parent
    if (checkout / "intents").is_dir():
        return checkout
    raise StorageError(
        "the data folders of cnc (brokers, intents, knowledge) are missing; install the package "
        "again, or run from a complete checkout"
    )
