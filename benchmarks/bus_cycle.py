"""Time of one slot on the bus with nothing to decide: 21 domains, 84 messages.

Telemetry to every domain, its report to E2E, a directive to every domain, its actuation to the
infrastructure; QoS 1, one client per component, all in one process. What this takes is the floor
of a slot of the whole emulator; divide the emulator's time by it to get a figure that does not
depend on the machine. Run: `python benchmarks/bus_cycle.py --slots 300`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version

from provenance import commit

from cnc.bus import codec
from cnc.bus.connect import open_bus
from cnc.bus.embedded import EmbeddedBroker, Engine
from cnc.bus.interface import Bus, Outgoing
from cnc.messages.base import Body
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.directives import DomainDirective
from cnc.messages.envelope import new_id, now
from cnc.messages.reports import ClassQuality, DomainReport, LinkState, NodeState
from cnc.messages.telemetry import (
    Cell,
    DomainActuation,
    DomainTelemetry,
    EdgePort,
    EdgeServer,
    Pod,
    RanTelemetry,
)

DOMAINS = 21
WARM_UP = 20
"""Slots that are not counted."""
SERVICES = 30
EXPIRY_S = 5.0


@dataclass(frozen=True)
class CycleTimes:
    """Milliseconds per slot, and bytes of each message."""

    slots: int
    domains: int
    p50_ms: float
    p95_ms: float
    least_ms: float
    cpu_ms: float
    """Processor time of this process per slot."""
    telemetry_bytes: int
    report_bytes: int
    directive_bytes: int
    actuation_bytes: int


@dataclass(frozen=True)
class Bodies:
    """The four messages of one domain, of the size that they have in the paper's scenario."""

    telemetry: DomainTelemetry
    report: DomainReport
    directive: DomainDirective
    actuation: DomainActuation


def bodies_of(domain: str) -> Bodies:
    third = 1.0 / 3.0
    pods = tuple(Pod(service=service, ready=1, desired=2) for service in range(8))
    servers = tuple(
        EdgeServer(
            hostname=f"{domain}-server-{number}",
            capacity_gcps=1_000 * third,
            thread_gcps=third,
            memory_mib=65_536.0,
            vran_load=third,
            load=third,
            queued_gc=10 * third,
            pods=pods,
        )
        for number in range(4)
    )
    port = EdgePort(
        port="backhaul",
        role="backhaul",
        rate_mbps=1_000 * third,
        energy_j_per_mbit=third,
        utilisation=third,
    )
    cell = Cell(
        cell_id=domain,
        bandwidth_mhz=100.0,
        layers=4,
        spectral_efficiency=5 * third,
        transmit_w=40.0,
        prb_utilisation=third,
    )
    quality = tuple(
        ClassQuality(
            traffic_class=number,
            requests=10 * third,
            satisfied=9 * third,
            lost=0.0,
            latency_ms=tuple(third * level for level in range(9)),
        )
        for number in range(9)
    )
    nodes = tuple(
        NodeState(
            node=f"{domain}-server-{number}",
            capacity_gc_s=1_000 * third,
            speed_gc_s=third,
            memory_gb=64.0,
            background=third,
            utilisation=third,
            backlog_gc=10 * third,
            ready=tuple((service, 1) for service in range(8)),
        )
        for number in range(4)
    )
    links = tuple(
        LinkState(
            link=f"{domain}-{name}",
            capacity_mbit_s=1_000 * third,
            energy_j_mbit=third,
            utilisation=third,
        )
        for name in ("radio", "xn", "backhaul")
    )
    shares = (third,) * SERVICES
    return Bodies(
        DomainTelemetry(
            domain=domain,
            frame_start=False,
            classes=SERVICES,
            native=RanTelemetry(cell=cell, ports=(port,) * 3, servers=servers),
        ),
        DomainReport(
            domain=domain,
            domain_kind="ran",
            frame_start=False,
            classes=SERVICES,
            nodes=nodes,
            links=links,
            arrivals=shares,
            quality=quality,
        ),
        DomainDirective(
            domain=domain,
            frame_start=False,
            inflow=(shares,) * 3,
            requests=(shares,) * 3,
            origins=(0, 1, 2),
        ),
        DomainActuation(domain=domain, split=((third,) * 4,) * SERVICES),
    )


async def measure_cycle(url: str, *, slots: int = 300, domains: int = DOMAINS) -> CycleTimes:
    """Run the empty cycle on a broker; the core that other benchmarks divide by."""
    names = [f"empty-{number}" for number in range(domains)]
    bodies = {name: bodies_of(name) for name in names}
    async with AsyncExitStack() as stack:
        infrastructure, e2e, *owners = [
            await stack.enter_async_context(
                open_bus(url, name, layer="client", connect_timeout_s=10.0)
            )
            for name in ("empty-infrastructure", "empty-e2e", *names)
        ]
        await infrastructure.subscribe(infrastructure.topics.all_actuations())
        await e2e.subscribe(e2e.topics.all_reports())
        await asyncio.gather(
            *(
                owner.subscribe(owner.topics.telemetry(name), owner.topics.directive(name))
                for name, owner in zip(names, owners, strict=True)
            )
        )
        working = [asyncio.ensure_future(_serve_e2e(e2e, bodies))] + [
            asyncio.ensure_future(_serve_domain(owner, bodies[name]))
            for name, owner in zip(names, owners, strict=True)
        ]
        try:
            times_ms, cpu_ms = await _drive(infrastructure, bodies, slots, working)
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
    first = bodies[names[0]]
    return CycleTimes(
        slots=slots,
        domains=domains,
        p50_ms=statistics.median(times_ms),
        p95_ms=statistics.quantiles(times_ms, n=20)[-1],
        least_ms=min(times_ms),
        cpu_ms=cpu_ms,
        telemetry_bytes=_size(first.telemetry),
        report_bytes=_size(first.report),
        directive_bytes=_size(first.directive),
        actuation_bytes=_size(first.actuation),
    )


async def _drive(
    bus: Bus, bodies: dict[str, Bodies], slots: int, working: list[asyncio.Future[None]]
) -> tuple[list[float], float]:
    stream = bus.messages()
    times_ms: list[float] = []
    cpu_began = 0.0
    for slot in range(slots + WARM_UP):
        if slot == WARM_UP:
            cpu_began = time.process_time()
        began = time.perf_counter()
        await bus.publish_many(
            Outgoing(bus.topics.telemetry(name), entry.telemetry, slot, replaceable=True)
            for name, entry in bodies.items()
        )
        for _ in bodies:
            async with asyncio.timeout(10.0):
                await anext(stream)
        times_ms.append((time.perf_counter() - began) * 1e3)
        for task in working:
            if task.done():
                task.result()
    return times_ms[WARM_UP:], (time.process_time() - cpu_began) * 1e3 / slots


async def _serve_domain(bus: Bus, own: Bodies) -> None:
    domain = own.telemetry.domain
    async for received in bus.messages():
        slot = received.envelope.slot
        if received.envelope.kind == "domain_telemetry":
            await bus.publish(
                bus.topics.report(domain),
                own.report,
                slot=slot,
                expiry_s=EXPIRY_S,
                replaceable=True,
            )
        else:
            await bus.publish(bus.topics.actuation(domain), own.actuation, slot=slot)


async def _serve_e2e(bus: Bus, bodies: dict[str, Bodies]) -> None:
    reported = 0
    async for received in bus.messages():
        reported += 1
        if reported == len(bodies):
            reported = 0
            await bus.publish_many(
                Outgoing(
                    bus.topics.directive(name),
                    entry.directive,
                    received.envelope.slot,
                    expiry_s=EXPIRY_S,
                )
                for name, entry in bodies.items()
            )


def _size(body: Body) -> int:
    return len(
        codec.encode(
            ENVELOPES[body.KIND](
                kind=body.KIND,
                id=new_id(),
                sender="e2e",
                incarnation=new_id(),
                sequence=1_000,
                sent_at=now(),
                body=body,
            )
        )
    )


async def measure_on(engine: Engine, *, slots: int = 300, domains: int = DOMAINS) -> CycleTimes:
    """The same on a broker of its own."""
    async with await EmbeddedBroker.start(force=engine) as broker:
        return await measure_cycle(broker.url, slots=slots, domains=domains)


def run(work: Callable[[], Awaitable[CycleTimes]], *, uvloop: bool = True) -> CycleTimes:
    """Run it on uvloop where that is installed, as `cnc` does."""

    async def main() -> CycleTimes:
        return await work()

    if uvloop and sys.platform != "win32":
        import uvloop as faster

        return faster.run(main())
    return asyncio.run(main())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=300)
    parser.add_argument("--domains", type=int, default=DOMAINS)
    parser.add_argument("--engine", choices=("mosquitto", "nats", "memory"), default="mosquitto")
    parser.add_argument("--no-uvloop", action="store_true")
    options = parser.parse_args()

    async def work() -> CycleTimes:
        if options.engine == "memory":
            return await measure_cycle(
                "memory://cycle", slots=options.slots, domains=options.domains
            )
        return await measure_on(options.engine, slots=options.slots, domains=options.domains)

    times = run(work, uvloop=not options.no_uvloop)
    print(
        json.dumps(
            {
                "command": " ".join(["python", *sys.argv]),
                "seeds": "none: nothing random",
                "commit": commit(),
                "engine": options.engine,
                "python": platform.python_version(),
                **{name: version(name) for name in ("aiomqtt", "paho-mqtt", "pydantic", "uvloop")},
                **asdict(times),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
