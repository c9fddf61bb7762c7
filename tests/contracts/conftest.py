from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from contracts.worlds import MemoryWorld, MqttWorld, World

REAL = [
    pytest.param("nats", marks=pytest.mark.broker),
    pytest.param("mosquitto", marks=pytest.mark.broker),
]


async def start(kind: str) -> World:
    return MemoryWorld() if kind == "memory" else await MqttWorld.start(kind)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", *REAL])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Each kind of broker; a missing program fails with what to install."""
    made = await start(request.param)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(params=REAL)
async def real_world(request: pytest.FixtureRequest) -> AsyncIterator[MqttWorld]:
    made = await MqttWorld.start(request.param)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def mosquitto() -> AsyncIterator[MqttWorld]:
    made = await MqttWorld.start("mosquitto")
    try:
        yield made
    finally:
        await made.close()
