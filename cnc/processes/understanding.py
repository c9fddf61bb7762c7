"""What E2E needs computed: recognising texts, and retrieving from its knowledge replica."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnc.bus.interface import Bus, Received
from cnc.errors import BusError, KnowledgeError
from cnc.knowledge.operating import operating_text, retrieve_operating
from cnc.knowledge.retrieval import CANDIDATES, Context, context_text, retrieve
from cnc.messages.knowledge import (
    KnowledgeChange,
    KnowledgeReply,
    KnowledgeRequest,
    OperatingContext,
    ScoredEntry,
    VectorRecord,
)

if TYPE_CHECKING:
    from cnc.knowledge.index import KnowledgeIndex
    from cnc.policies.hmarl.learning.packing import Arrays
    from cnc.processes.models import Models

from cnc.policies.hmarl.recorded import read_recorded
from cnc.processes.worker import Worker
from cnc.settings import data_root

logger = logging.getLogger("cnc.e2e.knowledge")

PAGE_TIMEOUT_S = 30.0
"""The service orchestrator may have to embed its seed entries first."""
FIRST_SYNC_S = 15.0
"""A first start embeds the shipped entries, which takes seconds."""
OPERATING_CANDIDATES = 20
"""Of each kind, the nearest that are ranked by the state of the whole system."""


class Understanding:
    """Models and the FAISS replica of the knowledge base, kept up to date from the bus."""

    def __init__(self, models: Models, bus: Bus) -> None:
        self._models = models
        self._bus = bus
        self._index: KnowledgeIndex | None = None
        self._generation = 0
        self._pending: list[VectorRecord] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._resync = asyncio.Event()
        self._complete = threading.Event()
        self._ready = asyncio.Event()
        self._warm = False
        self._worker = Worker("cnc-e2e-models")

    async def ready(self) -> None:
        """Wait until texts can be recognised and knowledge retrieved."""
        await self._ready.wait()

    def start(self) -> None:
        """Load the models and the replica in the background."""
        self._spawn(self._warm_up())
        self._spawn(self._keep_synchronised())
        self._resync.set()

    async def close(self) -> None:
        """End the background work."""
        self._complete.set()
        self._worker.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def computations(self) -> dict[str, Callable[..., Any]]:
        """What the E2E shell can compute."""
        return {
            "recognise": self._models.recognise,
            "correct": self._models.correct,
            "retrieve": self.retrieve,
            "warm_start": self.warm_start,
        }

    def take(self, received: Received) -> bool:
        """Take in a change of the knowledge base; True when the message was one."""
        body = received.envelope.body
        if not isinstance(body, KnowledgeChange):
            return False
        self._pending.extend(body.records)
        self._resync.set()
        return True

    def retrieve(self, text: str, context: Context) -> tuple[ScoredEntry, ...]:
        """The entries nearest to a request in its context.

        Waits for the replica's first synchronisation, but not for ever: without a service
        orchestrator the policy decides alone.
        """
        if not self._complete.wait(FIRST_SYNC_S):
            logger.warning("plans without knowledge: no replica within %g s", FIRST_SYNC_S)
        index = self._index
        if index is None or len(index) == 0:
            return ()
        vector = self._models.encode([f"{text}. {context_text(context)}"])[0]
        return retrieve(index.search_each_kind(vector, CANDIDATES), context)

    def warm_start(
        self, context: OperatingContext
    ) -> tuple[tuple[ScoredEntry, Arrays | None, str], ...]:
        """The entries that agents begin from in this state of the system, with their files.

        Where a file cannot be used, the third part says why.
        """
        if not self._complete.wait(FIRST_SYNC_S):
            logger.warning("agents begin without knowledge: no replica within %g s", FIRST_SYNC_S)
        index = self._index
        if index is None or len(index) == 0:
            return ()
        vector = self._models.encode([operating_text(context)])[0]
        found = retrieve_operating(index.search_each_kind(vector, OPERATING_CANDIDATES), context)
        return tuple((scored, *_file_of(scored)) for scored in found)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("background work failed: %s", task.exception())

    async def _warm_up(self) -> None:
        await self._worker.run(self._models.recogniser)
        self._warm = True
        if self._complete.is_set():
            self._ready.set()

    async def _keep_synchronised(self) -> None:
        while True:
            await self._resync.wait()
            self._resync.clear()
            try:
                await self._catch_up()
            except BusError as error:
                logger.info("knowledge is not there yet: %s", error)
                await asyncio.sleep(1.0)
                self._resync.set()

    async def _catch_up(self) -> None:
        """Apply what arrived; ask for what is missing before it."""
        pending, self._pending = self._pending, []
        index = self._index
        if pending and index is not None:
            if await self._worker.run(lambda: index.apply_live(pending)):
                self._generation = index.generation
                return
            logger.info("changes of the knowledge base were missed; reads them again")
        while True:
            request = KnowledgeRequest(action="changes_since", generation=self._generation)
            topic = self._bus.topics.knowledge_requests()
            answer = await self._bus.request(topic, request, PAGE_TIMEOUT_S)
            reply = answer.body
            if not isinstance(reply, KnowledgeReply) or not reply.ok:
                problem = reply.error if isinstance(reply, KnowledgeReply) else "no reply"
                logger.warning("knowledge cannot be read: %s", problem)
                return
            if not reply.changes:
                self._complete.set()
                if self._warm:
                    self._ready.set()
                return
            await self._apply(list(reply.changes))

    async def _apply(self, records: list[VectorRecord]) -> None:
        if self._index is None:
            from cnc.knowledge.index import KnowledgeIndex

            embedder = await self._worker.run(self._models.embedder)
            self._index = KnowledgeIndex(embedder.dimension, embedder.model_id)
        index = self._index
        await self._worker.run(lambda: index.apply(records))
        self._generation = records[-1].generation


def _file_of(scored: ScoredEntry) -> tuple[Arrays | None, str]:
    """The arrays of an entry's file, or why there are none."""
    if scored.entry.effect.kind not in ("checkpoint", "demonstrations"):
        return None, ""
    try:
        return read_recorded(scored.entry, data_root() / "knowledge"), ""
    except KnowledgeError as error:
        return None, str(error)
