"""Building each component: its bus, its orchestrator, its shell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from cnc.bus.connect import open_bus
from cnc.messages.presence import Layer
from cnc.orchestrators.domain.orchestrator import DomainOrchestrator
from cnc.processes.blueprint import END_TO_END, INFRASTRUCTURE, SERVICE, Blueprint
from cnc.processes.shell import Shell
from cnc.processes.snapshots import SnapshotFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cnc.bus.interface import Bus
    from cnc.processes.infrastructure import SlotRecord
    from cnc.processes.understanding import Understanding

Notice = Callable[[str], None]
SlotCallback = Callable[["SlotRecord"], None]


def _snapshots(blueprint: Blueprint, component: str) -> SnapshotFile | None:
    config = blueprint.config
    if not config.persist:
        return None
    return SnapshotFile(config.home, config.topic_root, component)


@asynccontextmanager
async def _bus(
    blueprint: Blueprint, component: str, layer: Layer, on_notice: Notice | None
) -> AsyncIterator[Bus]:
    config = blueprint.config
    bus = open_bus(config.broker, component, layer=layer, settings=config.bus, on_notice=on_notice)
    async with bus:
        yield bus


async def run_domain(blueprint: Blueprint, domain: str, on_notice: Notice | None = None) -> None:
    """Run one domain orchestrator until it is stopped or cancelled.

    Raises:
        UsageError: no such domain.
        CncError: the bus or the snapshot failed for good.
    """
    site = blueprint.site(domain)
    topics = blueprint.topics
    orchestrator = DomainOrchestrator(site, blueprint.policy, blueprint.config.seed, topics)
    async with _bus(blueprint, domain, "domain", on_notice) as bus:
        shell = Shell(
            bus,
            "domain",
            orchestrator,
            (
                topics.presence(END_TO_END),
                topics.directive(domain),
                topics.control(domain),
                topics.telemetry(domain),
            ),
            snapshots=_snapshots(blueprint, domain),
            detail=f"{site.kind}, {len(site.nodes)} nodes, policy {blueprint.config.policy}",
        )
        await shell.run()


async def run_end_to_end(
    blueprint: Blueprint,
    on_notice: Notice | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """Run the end-to-end orchestrator until it is stopped or cancelled.

    Args:
        blueprint: the system.
        on_notice: called with lines for people.
        ready: set once texts can be recognised and knowledge retrieved.

    Raises:
        CncError: the bus or a store failed for good.
    """
    from cnc.orchestrators.end_to_end.orchestrator import (
        EndToEndOrchestrator,
        EndToEndSettings,
    )
    from cnc.processes.understanding import Understanding

    config, topics = blueprint.config, blueprint.topics
    realtime = config.pace == "realtime"
    orchestrator = EndToEndOrchestrator(
        blueprint.world,
        blueprint.sites,
        blueprint.offers,
        blueprint.policy,
        config.seed,
        topics,
        EndToEndSettings(
            grace_s=config.slot_ms / 2e3 if realtime else config.grace_s,
            warm=config.understand and blueprint.policy.name == "hmarl-learn",
        ),
        blueprint.areas,
    )
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(_bus(blueprint, END_TO_END, "e2e", on_notice))
        understanding = Understanding(blueprint.models, bus)
        stack.push_async_callback(understanding.close)
        shell = Shell(
            bus,
            "e2e",
            orchestrator,
            (
                topics.all_presence(),
                topics.all_reports(),
                topics.e2e_requests(),
                topics.intent_requests(),
                topics.knowledge_changes(),
                topics.control(END_TO_END),
            ),
            computations=understanding.computations(),
            snapshots=_snapshots(blueprint, END_TO_END),
            detail=f"policy {config.policy}",
            on_message=understanding.take,
        )
        if config.understand:
            understanding.start()
        telling = asyncio.create_task(_tell_when_ready(understanding, ready))
        try:
            await shell.run()
        finally:
            telling.cancel()


async def _tell_when_ready(understanding: Understanding, ready: asyncio.Event | None) -> None:
    if ready is not None:
        await understanding.ready()
        ready.set()


async def run_service(blueprint: Blueprint, on_notice: Notice | None = None) -> None:
    """Run the service orchestrator until it is stopped or cancelled.

    Raises:
        StorageError: registry or knowledge base cannot be used.
        CncError: the bus failed for good.
    """
    from cnc.orchestrators.service.orchestrator import ServiceOrchestrator
    from cnc.orchestrators.service.triggers import TriggerSettings
    from cnc.processes.stewardship import Stewardship, describe_offers

    config, topics = blueprint.config, blueprint.topics
    never = 10**9
    triggers = (
        TriggerSettings()
        if config.reorchestrate
        else TriggerSettings(sustained_slots=never, hotspot_slots=never)
    )
    orchestrator = ServiceOrchestrator(
        describe_offers(blueprint.world, blueprint.offers), topics, triggers
    )
    async with AsyncExitStack() as stack:
        stewardship = Stewardship(config, blueprint.models, on_notice)
        stack.push_async_callback(stewardship.close)
        bus = await stack.enter_async_context(_bus(blueprint, SERVICE, "service", on_notice))
        shell = Shell(
            bus,
            "service",
            orchestrator,
            (
                topics.view(),
                topics.service_requests(),
                topics.knowledge_requests(),
                topics.control(SERVICE),
            ),
            computations=stewardship.computations(),
        )
        await shell.run()


async def run_infrastructure(
    blueprint: Blueprint,
    on_slot: SlotCallback | None = None,
    on_notice: Notice | None = None,
    may_go_on: asyncio.Event | None = None,
) -> None:
    """Run the infrastructure emulator until its slots are done or it is stopped.

    Args:
        blueprint: of the system.
        on_slot: gets every slot.
        on_notice: gets lines for people.
        may_go_on: while it is not set, no slot begins.

    Raises:
        ComponentLostError: nobody to work with.
        CncError: the bus failed for good.
    """
    from cnc.processes.infrastructure import InfrastructureProcess

    async with _bus(blueprint, INFRASTRUCTURE, "infrastructure", on_notice) as bus:
        await InfrastructureProcess(bus, blueprint, on_slot, on_notice, may_go_on).run()
