from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge.store import KnowledgeStore
from cnc.messages.intents import IntentEvent
from cnc.messages.services import ServiceDescriptor
from cnc.processes.records import Records, Registry


def descriptor(service: str, name: str = "A name") -> ServiceDescriptor:
    return ServiceDescriptor.model_validate(
        {
            "service": service,
            "name": name,
            "scenario": "Immersive Communication",
            "service_class": "interactive",
            "workflow": [{"name": "a"}, {"name": "b", "after": ["a"]}],
            "level": {"latency_ms": 100},
            "work_gc": 0.4,
            "uplink_mbit": 1.2,
            "downlink_mbit": 0.2,
            "memory_gb": 0.5,
        }
    )


POSTGRES = os.environ.get("CNC_TEST_POSTGRES")


@pytest.fixture(params=["file", *(["postgres"] if POSTGRES else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Each kind of database that outlives a process, empty."""
    if request.param == "file":
        yield f"sqlite:///{tmp_path / 'folder' / 'cnc.db'}"
        return
    assert POSTGRES is not None
    schema = f"cnc_test_{uuid.uuid4().hex[:12]}"
    parsed = sqlalchemy.make_url(POSTGRES)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    admin = sqlalchemy.create_engine(parsed)
    with admin.begin() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {schema}"))
    inside = parsed.update_query_dict({"options": f"-csearch_path={schema}"})
    yield inside.render_as_string(hide_password=False)
    with admin.begin() as connection:
        connection.execute(sqlalchemy.text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture
def opened() -> Iterator[Callable[[str], Registry]]:
    registries: list[Registry] = []

    def open_registry(url: str) -> Registry:
        registries.append(Registry(url))
        return registries[-1]

    yield open_registry
    for registry in registries:
        registry.close()


@pytest.fixture
def registry(url: str, opened: Callable[[str], Registry]) -> Registry:
    return opened(url)


def test_a_registered_service_is_listed(registry: Registry) -> None:
    record = registry.register(descriptor("b"))
    registry.register(descriptor("a"))
    assert record.state == "registered"
    assert record.registered_at.endswith("+00:00")
    assert registry.get("b") == record
    assert [r.descriptor.service for r in registry.list()] == ["a", "b"]


def test_registering_again_keeps_state_and_time(registry: Registry) -> None:
    first = registry.register(descriptor("a"))
    registry.set_state("a", "deployed")
    again = registry.register(descriptor("a", "Another name"))
    assert (again.state, again.registered_at) == ("deployed", first.registered_at)
    assert registry.get("a").descriptor.name == "Another name"
    assert len(registry.list()) == 1


def test_what_nobody_registered_is_not_found(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="no service x"):
        registry.get("x")
    with pytest.raises(NotFoundError, match="no service x"):
        registry.set_state("x", "retired")


def test_it_survives_and_shares_its_database(
    url: str, registry: Registry, opened: Callable[[str], Registry]
) -> None:
    registry.register(descriptor("a"))
    store = KnowledgeStore(url)
    assert store.generation == 0
    store.close()
    assert opened(url).set_state("a", "retired").state == "retired"
    assert registry.get("a").state == "retired"


def test_threads_register_each_service_once(registry: Registry) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: registry.register(descriptor(f"s{n % 5}")), range(40)))
    assert len(registry.list()) == 5


def test_a_corrupt_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cnc.db"
    path.write_bytes(b"something else " * 100)
    with pytest.raises(StorageError, match="left as it was"):
        Registry(f"sqlite:///{path}")
    assert path.read_bytes() == b"something else " * 100


def test_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="CNC_DATABASE"):
        Registry(f"sqlite:///{tmp_path / 'file' / 'cnc.db'}")


# -- intents and snapshots -----------------------------------------------------------------------


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    opened = Records(url)
    yield opened
    opened.close()


def event(intent_id: str, name: str, **fields: object) -> IntentEvent:
    return IntentEvent.model_validate({"event": name, "intent_id": intent_id, **fields})


def test_lives_of_intents_are_kept_in_order(records: Records) -> None:
    log = records.intents
    life = [
        event("i1", "received", text="voice for 20 users, 你好"),
        event("i1", "measured", progress=(1, 20)),
        event("i1", "measured", progress=(2, 20)),
        event("i1", "compliant", message="done"),
    ]
    other = event("i2", "refused", reason="network_operation")
    for step in (life[0], other, *life[1:]):
        assert log.append(step)
    assert log.of("i1") == tuple(life)
    assert log.latest() == (life[-1], other)
    assert log.latest(limit=1, offset=1) == (other,)
    with pytest.raises(NotFoundError, match="cnc intent list"):
        log.of("i3")


def test_an_event_that_arrives_twice_is_kept_once(records: Records) -> None:
    log = records.intents
    deployed, measured = event("i", "deployed"), event("i", "measured", progress=(1, 20))
    assert [log.append(e) for e in (deployed, deployed, measured, deployed)] == [
        True,
        False,
        True,
        True,
    ]
    assert log.of("i") == (deployed, measured, deployed)


def test_snapshots_replace_each_other(records: Records) -> None:
    kept = records.snapshots
    assert kept.load("ran-3") is None
    kept.save("ran-3", 20, {"run": "a", "agent": {"popularity": [0.1, 1 / 3]}})
    kept.save("ran-4", 20, {})
    kept.save("ran-3", 10, {"run": "b", "agent": {"popularity": [1e-300]}})
    loaded = kept.load("ran-3")
    assert loaded is not None
    assert (loaded.component, loaded.slot) == ("ran-3", 10)
    assert loaded.state == {"run": "b", "agent": {"popularity": [1e-300]}}
    assert loaded.saved_at.endswith("+00:00")
    kept.forget("ran-3")
    kept.forget("ran-3")
    assert kept.load("ran-3") is None
    assert kept.load("ran-4") is not None


def test_a_snapshot_must_be_json(records: Records) -> None:
    with pytest.raises(StorageError, match="JSON"):
        records.snapshots.save("e2e", 1, {"agent": object()})
    assert records.snapshots.load("e2e") is None


def test_a_restart_finds_all_records_beside_the_knowledge(url: str, records: Records) -> None:
    records.services.register(descriptor("a"))
    records.intents.append(event("i", "received"))
    records.snapshots.save("e2e", 7, {"x": 1})
    records.close()
    store = KnowledgeStore(url)
    store.close()
    again = Records(url)
    assert again.services.get("a").state == "registered"
    assert [e.event for e in again.intents.of("i")] == ["received"]
    snapshot = again.snapshots.load("e2e")
    assert snapshot is not None and snapshot.state == {"x": 1}
    again.close()


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cnc.db"
    records = Records(f"sqlite:///{path}")
    records.snapshots.save("e2e", 7, {"x": 1})
    records.intents.append(event("i", "received"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE component_snapshots SET body = replace(body, '1', '2')")
        connection.execute("UPDATE intent_events SET body = replace(body, 'received', 'lost')")
    connection.close()
    with pytest.raises(StorageError, match="forget"):
        records.snapshots.load("e2e")
    with pytest.raises(StorageError, match="backup"):
        records.intents.latest()
    records.snapshots.forget("e2e")
    assert records.snapshots.load("e2e") is None
    records.close()


SAVER = """
import sys
from cnc.messages.intents import IntentEvent
from cnc.processes.records import Records
records = Records(sys.argv[1])
for number in range(100000):
    state = {"number": number, "again": number, "bulk": "x" * 3000}
    records.snapshots.save("e2e", number, state)
    event = IntentEvent(event="measured", intent_id="i", message=str(number))
    records.intents.append(event)
    print(number, flush=True)
"""


def test_a_kill_leaves_whole_records(url: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", SAVER, url], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(12)]
    os.kill(child.pid, signal.SIGKILL)
    lines += child.stdout.readlines()
    child.stdout.close()
    child.wait()
    confirmed = int([line for line in lines if line.endswith("\n")][-1])
    records = Records(url)
    snapshot = records.snapshots.load("e2e")
    assert snapshot is not None
    assert snapshot.slot == snapshot.state["number"] == snapshot.state["again"]
    assert snapshot.slot in (confirmed, confirmed + 1)
    told = [int(e.message) for e in records.intents.of("i")]
    assert told == list(range(len(told)))
    assert told[-1] in (confirmed, confirmed + 1)
    records.close()
