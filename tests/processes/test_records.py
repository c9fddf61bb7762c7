from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from postgres import schema

from cnc.errors import NotFoundError, StorageError
from cnc.knowledge.store import KnowledgeStore
from cnc.messages.services import ServiceDescriptor
from cnc.processes.records import Registry


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


@pytest.fixture(params=["file", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Each kind of database that outlives a process, empty."""
    if request.param == "file":
        yield f"sqlite:///{tmp_path / 'folder' / 'cnc.db'}"
    else:
        with schema(request.getfixturevalue("postgres")) as inside:
            yield inside


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
