"""The infrastructure emulator as a component: owns the ground truth and the pace of slots."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from cnc import __version__
from cnc.bus.interface import Bus, Outgoing, Received
from cnc.environment.assembly import DomainPart, assemble
from cnc.environment.infrastructure import Infrastructure, Measurement, SlotOutcome
from cnc.environment.native import native_telemetry
from cnc.environment.sites import Site
from cnc.errors import ComponentLostError, MessageError, SimulationError
from cnc.messages.envelope import new_id, now
from cnc.messages.presence import ClockTick, ControlRequest, Presence
from cnc.messages.telemetry import DemandRequest, DomainActuation, TrafficClass
from cnc.processes.actuation_check import checked_part
from cnc.processes.blueprint import END_TO_END, INFRASTRUCTURE, Blueprint

logger = logging.getLogger("cnc.infrastructure")

START_PATIENCE_S = 60.0
"""How long the first slot waits for components that were never seen."""


@dataclass(frozen=True)
class SlotRecord:
    """One slot as the emulator saw it."""

    outcome: SlotOutcome
    duration_ms: float
    silent: tuple[str, ...]
    """Domains that did not act in time."""

    @property
    def degraded_timing(self) -> bool:
        """Outside the promise of determinism."""
        return bool(self.silent)


class InfrastructureProcess:
    """Publishes telemetry, collects actuations, steps the simulator.

    Args:
        bus: connected.
        blueprint: the system.
        on_slot: called after every slot (not for slot -1).
        on_notice: called with lines for people.
        may_go_on: while it is not set, no slot begins.
    """

    def __init__(
        self,
        bus: Bus,
        blueprint: Blueprint,
        on_slot: Callable[[SlotRecord], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
        may_go_on: asyncio.Event | None = None,
    ) -> None:
        torch.set_num_threads(1)  # a batch of one gains nothing from more, and pays for waking them
        self.bus = bus
        self._blueprint = blueprint
        self._config = blueprint.config
        self._on_slot = on_slot
        self._on_notice = on_notice
        self._may_go_on = may_go_on
        self._topics = bus.topics
        self._sites = blueprint.sites
        self._by_name = {site.domain: site for site in self._sites}
        self.infrastructure = Infrastructure(blueprint.world, self._config.seed, self._config.load)
        self._present: dict[str, bool] = {}
        self._parts: dict[int, DomainPart] = {}
        self._refused: set[int] = set()
        self._last: dict[int, DomainPart] = {}
        self._rejected = dict.fromkeys(range(len(self._sites)), 0)
        self._demands: list[DemandRequest] = []
        self._measured: Measurement | None = None
        self._changed = asyncio.Event()
        self._stop = False
        self.rejected = 0

    async def run(self) -> None:
        """Run until the configured number of slots is done or a stop is asked for.

        Raises:
            ComponentLostError: nobody to work with appeared in time.
        """
        topics = self._topics
        self.bus.run = new_id()
        await self.bus.subscribe(
            topics.all_actuations(),
            topics.demand(),
            topics.all_presence(),
            topics.control(INFRASTRUCTURE),
        )
        reader = asyncio.create_task(self._read())
        try:
            await self.bus.announce(self._presence())
            await self._gather_components(reader)
            while not self._stop and not self._done():
                if self._may_go_on is not None:
                    await self._may_go_on.wait()
                await self._slot(reader)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def stop(self) -> None:
        """End after the current slot."""
        self._stop = True
        self._changed.set()

    def _done(self) -> bool:
        slots = self._config.slots
        return slots is not None and self.infrastructure.slot >= slots

    def _presence(self) -> Presence:
        config = self._config
        return Presence(
            state="birth",
            layer="infrastructure",
            pid=os.getpid(),
            since=now().isoformat(),
            version=__version__,
            detail=(
                f"scenario {config.scenario}, seed {config.seed}, load {config.load:g}, "
                f"policy {config.policy}, {config.pace}"
            ),
        )

    # -- arrivals ------------------------------------------------------------------------------

    async def _read(self) -> None:
        async for received in self.bus.messages():
            self._take(received)

    def _take(self, received: Received) -> None:
        envelope = received.envelope
        body = envelope.body
        if isinstance(body, Presence):
            self._present[envelope.sender] = body.state in ("birth", "alive")
        elif isinstance(body, DomainActuation):
            self._actuation(received, body)
        elif isinstance(body, DemandRequest):
            self._demands.append(body)
        elif isinstance(body, ControlRequest) and body.action == "stop":
            logger.info("stops: %s", body.reason or "asked to")
            self._stop = True
        self._changed.set()

    def _actuation(self, received: Received, body: DomainActuation) -> None:
        envelope, measured = received.envelope, self._measured
        site = self._by_name.get(body.domain)
        if site is None or measured is None or envelope.run != self.bus.run:
            return
        if envelope.slot != measured.slot:
            logger.debug("%s acted for slot %s, now %s", body.domain, envelope.slot, measured.slot)
            return
        try:
            if envelope.sender != body.domain:
                raise MessageError(f"{envelope.sender} may not act for {body.domain}")
            self._parts[site.index] = checked_part(site, measured, body)
            self._present[body.domain] = True
        except MessageError as error:
            self.rejected += 1
            self._refused.add(site.index)
            self._rejected[site.index] += 1
            logger.warning("actuation of %s is refused: %s", body.domain, error)

    # -- slots ----------------------------------------------------------------------------------

    async def _gather_components(self, reader: asyncio.Task[None]) -> None:
        """Wait for the first birth of every domain and of E2E."""
        wanted = {END_TO_END, *self._by_name}
        deadline = asyncio.get_running_loop().time() + START_PATIENCE_S
        told = False
        while not self._stop:
            missing = sorted(wanted - {name for name, alive in self._present.items() if alive})
            if not missing:
                return
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                if not any(name in self._by_name for name in self._present):
                    raise ComponentLostError(
                        f"no domain orchestrator appeared within {START_PATIENCE_S:g} s; start "
                        "them with `cnc run domain ID` on the same broker"
                    )
                self._notice(f"starts without {', '.join(missing)}")
                return
            waited = START_PATIENCE_S - left
            if not told and waited > 5.0:
                self._notice(f"waits for {', '.join(missing)}")
                told = True
            if waited > 1.0:
                await self._call_roll(missing)
            await self._wait(reader, min(left, 1.0))

    async def _call_roll(self, missing: list[str]) -> None:
        """Ask for a life sign: one that was sent while we subscribed can be missed."""
        request = ControlRequest(action="rebirth", reason="the infrastructure is about to start")
        await self.bus.publish_many(
            Outgoing(self._topics.control(name), request) for name in missing
        )

    async def _wait(self, reader: asyncio.Task[None], seconds: float) -> None:
        self._changed.clear()
        if reader.done():
            reader.result()
            raise ComponentLostError("the bus was closed while slots were running")
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _slot(self, reader: asyncio.Task[None]) -> None:
        began = time.perf_counter()
        self._apply_demands()
        infrastructure = self.infrastructure
        measured = infrastructure.measure()
        self._measured, self._parts, self._refused = measured, {}, set()
        await self._publish(measured)
        await self._collect(reader, began)
        silent = [site for site in self._sites if site.index not in self._parts]
        actuation = assemble(self._blueprint.world, self._sites, measured, self._parts, self._last)
        if measured.slot < 0:
            assert actuation.replicas is not None
        try:
            outcome = infrastructure.actuate(actuation)
        except SimulationError:
            logger.exception("slot %s cannot be simulated", measured.slot)
            raise
        self._last.update(self._parts)
        if outcome is not None and self._on_slot is not None:
            duration = (time.perf_counter() - began) * 1e3
            names = tuple(site.domain for site in silent)
            self._on_slot(SlotRecord(outcome, duration, names))
        await self._pace(began)

    async def _publish(self, measured: Measurement) -> None:
        config, last = self._config, self.infrastructure.last
        frame = measured.slot // self._blueprint.world.parameters.frame_slots
        tick = ClockTick(
            slot=measured.slot,
            frame=frame,
            pace=config.pace,
            slot_ms=config.slot_ms,
            scenario=config.scenario,
            seed=config.seed,
            load=config.load,
            policy=config.policy,
        )
        base = len(self._blueprint.world.classes.service)
        classes = measured.classes
        groups = tuple(
            TrafficClass(
                traffic_class=c,
                service=int(classes.service[c]),
                uplink_mbit=float(classes.uplink_mbit[c]),
                downlink_mbit=float(classes.downlink_mbit[c]),
                deadline_s=float(classes.deadline_s[c]),
            )
            for c in range(base, len(classes.service))
        )
        messages = [Outgoing(self._topics.clock(), tick, slot=measured.slot, qos=0)]
        for site in self._sites:
            body = native_telemetry(
                self._blueprint.world, site, measured, last, self._rejected[site.index], groups
            )
            messages.append(
                Outgoing(
                    self._topics.telemetry(site.domain),
                    body,
                    slot=measured.slot,
                    retain=True,
                    replaceable=True,
                )
            )
        await self.bus.publish_many(messages)

    async def _collect(self, reader: asyncio.Task[None], began: float) -> None:
        """Wait for the actuations of all live domains, or until grace or slot are over."""
        deploying = self.infrastructure.slot < 0
        realtime = self._config.pace == "realtime" and not deploying
        limit = self._config.slot_ms / 1e3 if realtime else self._config.grace_s * 2.0
        while not self._stop:
            live = [site for site in self._sites if self._present.get(site.domain, False)]
            if live and all(self._answered(site.index) for site in live):
                return
            left = began + limit - time.perf_counter()
            if left <= 0:
                self._after_grace(live)
                return
            await self._wait(reader, left)

    def _answered(self, domain: int) -> bool:
        """It acted, well or badly; waiting longer brings nothing new."""
        return domain in self._parts or domain in self._refused

    def _after_grace(self, live: list[Site]) -> None:
        if self._config.pace == "realtime":
            return
        silent = [site.domain for site in live if not self._answered(site.index)]
        self._notice(
            f"slot {self.infrastructure.slot} goes on without {', '.join(silent) or 'any domain'}: "
            f"no actuation within {self._config.grace_s * 2:g} s"
        )
        for name in silent:
            self._present[name] = False

    async def _pace(self, began: float) -> None:
        left = began + self._config.slot_ms / 1e3 - time.perf_counter()
        if left > 0:
            await asyncio.sleep(left)

    def _apply_demands(self) -> None:
        demands, self._demands = self._demands, []
        for demand in demands:
            for name in demand.end:
                self.infrastructure.end_group(name)
            for group in demand.start:
                if any(running.name == group.group for running in self.infrastructure.groups):
                    continue
                try:
                    self.infrastructure.start_group(
                        group.group,
                        group.traffic_class,
                        group.service,
                        group.uplink_mbit,
                        group.downlink_mbit,
                        group.deadline_s,
                        np.array(group.requests),
                    )
                except SimulationError as error:
                    logger.warning("user group %s is refused: %s", group.group, error)

    def _notice(self, text: str) -> None:
        logger.warning("%s", text)
        if self._on_notice is not None:
            self._on_notice(text)
