"""Opens a bus from a broker's address."""

from __future__ import annotations

from collections.abc import Callable

from cnc.bus.address import parse_address
from cnc.bus.interface import Bus, Gap
from cnc.errors import ConfigurationError
from cnc.messages.presence import Layer
from cnc.settings import BusSettings


def open_bus(
    url: str,
    component: str,
    *,
    layer: Layer,
    settings: BusSettings | None = None,
    connect_timeout_s: float | None = None,
    on_gap: Callable[[Gap], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    version: int | None = None,
) -> Bus:
    """Make a bus; enter it with `async with`. Call it inside a running event loop.

    Args:
        url: `mqtt://`, `mqtts://`, `ws://`, `wss://` with user and password where wanted, or
            `memory://NAME` within one process.
        component: unique name; also the MQTT client id.
        layer: what the component is; a `client` leaves no last will.
        settings: limits and times.
        connect_timeout_s: seconds to wait for a broker that is away; None waits for ever.
        on_gap: called for every gap in a sender's sequence; ask for a rebirth there.
        on_notice: called with one line for people: waiting, lost, refused.
        version: 5 or 4 (3.1.1) to insist; None tries 5 first.

    Raises:
        ConfigurationError: the address cannot be read.
    """
    chosen = settings or BusSettings()
    address = parse_address(url)
    if version not in (None, 4, 5):
        raise ConfigurationError(f"MQTT version {version} is not spoken; use 5 or 4 (3.1.1)")
    if address.scheme == "memory":
        from cnc.bus.memory import MemoryBroker, MemoryBus

        return MemoryBus(
            MemoryBroker.named(address.host),
            component,
            layer=layer,
            settings=chosen,
            on_gap=on_gap,
            on_notice=on_notice,
        )
    from cnc.bus.mqtt import MqttBus

    return MqttBus(
        address,
        component,
        layer=layer,
        settings=chosen,
        connect_timeout_s=connect_timeout_s,
        version=version,
        on_gap=on_gap,
        on_notice=on_notice,
    )
