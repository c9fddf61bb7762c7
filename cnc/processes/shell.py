"""The shell of an orchestrator: bus messages in, instructions carried out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from cnc import __version__
from cnc.bus.interface import Bus, Gap, Outgoing, Received
from cnc.errors import CncError, PermanentError, StorageError
from cnc.messages.envelope import now
from cnc.messages.presence import ControlRequest, Layer, Presence
from cnc.orchestrators.events import (
    ComputedEvent,
    Event,
    GapEvent,
    MessageEvent,
    StartedEvent,
    TimerEvent,
)
from cnc.orchestrators.instructions import (
    Compute,
    Fail,
    Instruction,
    Log,
    Persist,
    Publish,
    SetTimer,
    Stop,
)
from cnc.processes.snapshots import SnapshotFile
from cnc.processes.worker import Worker

Computation = Callable[..., Any]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class Orchestrator(Protocol):
    """What a shell drives."""

    def handle(self, event: Event) -> list[Instruction]:
        """What follows from one event."""
        ...


class Shell:
    """Runs one orchestrator on one bus until it stops or is cancelled.

    Args:
        bus: connected.
        layer: for the presence message.
        orchestrator: the pure object.
        filters: topics to subscribe to.
        computations: functions by name, run one at a time in a background thread.
        snapshots: where `Persist` goes; None keeps nothing.
        detail: for the presence message.
        on_message: sees each message first; True when it is dealt with.
    """

    def __init__(
        self,
        bus: Bus,
        layer: Layer,
        orchestrator: Orchestrator,
        filters: Sequence[str],
        computations: Mapping[str, Computation] | None = None,
        snapshots: SnapshotFile | None = None,
        detail: str = "",
        on_message: Callable[[Received], bool] | None = None,
    ) -> None:
        self.bus = bus
        self.orchestrator = orchestrator
        self._layer = layer
        self._filters = filters
        self._computations = computations or {}
        self._snapshots = snapshots
        self._detail = detail
        self._on_message = on_message
        self._logger = logging.getLogger(f"cnc.{bus.component}")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: Worker | None = None
        self._stopped: asyncio.Future[None] | None = None
        self.slowest_handle_s = 0.0

    async def run(self) -> None:
        """Subscribe, say that this component lives, and work until it stops.

        Raises:
            CncError: the bus or a store failed for good.
        """
        loop = asyncio.get_running_loop()
        self._stopped = loop.create_future()
        if self._computations:
            self._worker = Worker(f"cnc-{self.bus.component}")
        self.bus.on_gap = self._gap
        try:
            await self.bus.subscribe(*self._filters)
            await self.bus.announce(self.presence("birth"))
            await self._act(StartedEvent(self._load()))
            reader = self._spawn(self._read())
            await self._stopped
            reader.cancel()
        finally:
            await self._close()

    def presence(self, state: str) -> Presence:
        """This component's presence message."""
        return Presence(
            state=state,
            layer=self._layer,
            pid=os.getpid(),
            since=now().isoformat(),
            version=__version__,
            detail=self._detail,
        )

    def _load(self) -> dict[str, Any] | None:
        if self._snapshots is None:
            return None
        try:
            return self._snapshots.load()
        except StorageError as error:
            self._logger.warning("%s", error)
            return None

    async def _read(self) -> None:
        async for received in self.bus.messages():
            self.bus.run = received.envelope.run or self.bus.run
            if self._on_message is not None and self._on_message(received):
                continue
            body = received.envelope.body
            if isinstance(body, ControlRequest) and body.action == "rebirth":
                await self.bus.announce(self.presence("alive"))
            await self._act(_event_of(received))
        self._stop()

    async def _act(self, event: Event) -> None:
        began = time.perf_counter()
        instructions = self.orchestrator.handle(event)
        self.slowest_handle_s = max(self.slowest_handle_s, time.perf_counter() - began)
        outgoing = [
            Outgoing(
                topic=i.topic,
                body=i.body,
                slot=i.slot,
                retain=i.retain,
                correlation=i.correlation,
                reply_to=i.reply_to,
                replaceable=i.replaceable,
                expiry_s=i.expiry_s,
            )
            for i in instructions
            if isinstance(i, Publish)
        ]
        for instruction in instructions:
            if not isinstance(instruction, Publish):
                self._carry_out(instruction)
        if outgoing:
            await self.bus.publish_many(outgoing)

    def _carry_out(self, instruction: Instruction) -> None:
        if isinstance(instruction, SetTimer):
            self._set_timer(instruction)
        elif isinstance(instruction, Compute):
            self._spawn(self._compute(instruction))
        elif isinstance(instruction, Persist):
            self._persist(instruction.snapshot)
        elif isinstance(instruction, Log):
            self._logger.log(LEVELS[instruction.level], "%s", instruction.text)
        elif isinstance(instruction, Stop):
            self._logger.info("stops: %s", instruction.reason)
            self._stop()
        elif (
            isinstance(instruction, Fail) and self._stopped is not None and not self._stopped.done()
        ):
            self._stopped.set_exception(PermanentError(instruction.text))

    def _stop(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def _set_timer(self, instruction: SetTimer) -> None:
        previous = self._timers.pop(instruction.key, None)
        if previous is not None:
            previous.cancel()
        if instruction.seconds > 0:
            loop = asyncio.get_running_loop()
            self._timers[instruction.key] = loop.call_later(
                instruction.seconds, self._ring, instruction.key
            )

    def _ring(self, key: str) -> None:
        self._timers.pop(key, None)
        self._spawn(self._act(TimerEvent(key)))

    def _gap(self, gap: Gap) -> None:
        self._spawn(self._act(GapEvent(gap.sender, gap.topic, gap.missing)))

    async def _compute(self, instruction: Compute) -> None:
        computation = self._computations.get(instruction.name)
        result, error = None, ""
        if computation is None:
            error = f"this component cannot compute {instruction.name!r}"
        else:
            assert self._worker is not None
            try:
                result = await self._worker.run(lambda: computation(**instruction.arguments))
            except CncError as problem:
                error = str(problem)
        await self._act(ComputedEvent(instruction.name, instruction.token, result, error))

    def _persist(self, snapshot: dict[str, Any]) -> None:
        if self._snapshots is None:
            return
        if self._snapshots.offer(snapshot, asyncio.get_running_loop().time()):
            self._spawn(self._snapshots.write())

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or self._stopped is None or self._stopped.done():
            return
        problem = task.exception()
        if problem is not None:
            self._stopped.set_exception(problem)

    async def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._snapshots is not None:
            await self._snapshots.write()
        if self._worker is not None:
            self._worker.close()


def _event_of(received: Received) -> MessageEvent:
    envelope = received.envelope
    return MessageEvent(
        topic=received.topic,
        sender=envelope.sender,
        body=envelope.body,
        slot=envelope.slot,
        run=envelope.run,
        message_id=envelope.id,
        correlation=envelope.correlation,
        reply_to=envelope.reply_to,
        retained=received.retained,
        incarnation=envelope.incarnation,
    )
