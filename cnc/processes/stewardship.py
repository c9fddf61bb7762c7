"""What the service orchestrator keeps: the registry and the knowledge base, behind requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from cnc.errors import CncError, NotFoundError, UsageError
from cnc.messages.envelope import new_id, now
from cnc.messages.knowledge import (
    KnowledgeEntry,
    KnowledgeReply,
    KnowledgeRequest,
    ScoredEntry,
    VectorRecord,
)
from cnc.messages.services import (
    ServiceDescriptor,
    ServiceLevel,
    ServiceReply,
    ServiceRequest,
    WorkflowStep,
)
from cnc.settings import ensure_home

if TYPE_CHECKING:
    from cnc.knowledge.index import KnowledgeIndex
    from cnc.knowledge.store import KnowledgeStore
    from cnc.orchestrators.offers import Offers
    from cnc.processes.blueprint import SystemConfig
    from cnc.processes.models import Models
    from cnc.processes.records import Registry
    from cnc.simulator.world import World

ServiceState = Literal["registered", "deployed", "retired"]

logger = logging.getLogger("cnc.service.knowledge")


def describe_offers(world: World, offers: Offers) -> tuple[ServiceDescriptor, ...]:
    """The world's services as a provider would register them."""
    classes = world.classes
    descriptors = []
    for index, service_id in enumerate(offers.ids):
        offer = offers.at(index)
        descriptors.append(
            ServiceDescriptor(
                service=service_id,
                name=offer.name,
                scenario=offer.scenario,
                service_class=offer.service_class,
                workflow=(
                    WorkflowStep(name="receive"),
                    WorkflowStep(name="process", after=("receive",)),
                    WorkflowStep(name="answer", after=("process",)),
                ),
                data_model={"request": "bytes", "answer": "bytes"},
                level=ServiceLevel(latency_ms=float(classes.deadline_s[index]) * 1e3),
                work_gc=float(world.work_gc[index]),
                uplink_mbit=float(classes.uplink_mbit[index]),
                downlink_mbit=float(classes.downlink_mbit[index]),
                memory_gb=float(world.memory_gb[index]),
            )
        )
    return tuple(descriptors)


class Stewardship:
    """Owns registry and knowledge base; every method runs in the shell's one worker thread."""

    def __init__(self, config: SystemConfig, models: Models) -> None:
        self._config = config
        self._models = models
        self._store: KnowledgeStore | None = None
        self._registry: Registry | None = None
        self._index: KnowledgeIndex | None = None

    async def close(self) -> None:
        """Close the stores."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
        if self._registry is not None:
            self._registry.close()

    def computations(self) -> dict[str, Callable[..., Any]]:
        """What the service shell can compute."""
        return {
            "register_offers": self.register_offers,
            "services": self.services,
            "knowledge": self.knowledge,
        }

    # -- registry --------------------------------------------------------------------------------

    def register_offers(self, descriptors: tuple[ServiceDescriptor, ...]) -> int:
        """Register what the scenario offers and seed the knowledge base; returns how many."""
        registry = self._open_registry()
        known = {record.descriptor.service for record in registry.list()}
        for descriptor in descriptors:
            fresh = descriptor.service not in known
            registry.register(descriptor)
            if fresh:
                registry.set_state(descriptor.service, "deployed")
        self._open_store()
        return len(descriptors)

    def services(self, request: ServiceRequest) -> ServiceReply:
        """Answer a request about services."""
        registry = self._open_registry()
        try:
            if request.action == "list":
                return ServiceReply(ok=True, services=tuple(registry.list()))
            if request.action == "register":
                if request.descriptor is None:
                    raise UsageError("register needs a descriptor")
                return ServiceReply(ok=True, services=(registry.register(request.descriptor),))
            if request.service is None:
                raise UsageError(f"{request.action} needs a service id")
            if request.action == "show":
                return ServiceReply(ok=True, services=(registry.get(request.service),))
            state: ServiceState = "deployed" if request.action == "deploy" else "retired"
            return ServiceReply(ok=True, services=(registry.set_state(request.service, state),))
        except NotFoundError as error:
            return ServiceReply(ok=False, error=str(error), not_found=True)
        except CncError as error:
            return ServiceReply(ok=False, error=str(error))

    # -- knowledge -------------------------------------------------------------------------------

    def knowledge(self, request: KnowledgeRequest) -> KnowledgeReply:
        """Answer a request about knowledge; changes come along for the feed."""
        try:
            return self._knowledge(request)
        except NotFoundError as error:
            return KnowledgeReply(ok=False, error=str(error), not_found=True)
        except CncError as error:
            return KnowledgeReply(ok=False, error=str(error))

    def _knowledge(self, request: KnowledgeRequest) -> KnowledgeReply:
        store = self._open_store()
        if request.action == "add":
            return self._changed(store, self._add(store, request.entries))
        if request.action == "remove":
            return self._changed(store, [store.remove(_named(request))])
        if request.action == "record_outcome":
            known = [e for e in request.entry_ids if self._knows(store, e)]
            if request.compliant is None:
                raise UsageError("record_outcome says whether the intent was compliant")
            return self._changed(store, store.record_outcome(known, request.compliant))
        if request.action == "show":
            entry = store.get(_named(request))
            return KnowledgeReply(ok=True, results=(ScoredEntry(entry=entry, score=1.0),), total=1)
        if request.action == "search":
            return self._search(store, request)
        if request.action == "changes_since":
            self._embed_missing(store)
            changes = store.changes_since(request.generation)
            return KnowledgeReply(ok=True, changes=tuple(changes), generation=store.generation)
        entries, total = store.list(request.kind, request.limit, request.offset)
        return KnowledgeReply(
            ok=True,
            results=tuple(ScoredEntry(entry=entry, score=1.0) for entry in entries),
            total=total,
            generation=store.generation,
        )

    def _changed(self, store: KnowledgeStore, records: list[VectorRecord]) -> KnowledgeReply:
        if self._index is not None:
            self._index.apply_live(records)  # after a gap the next search catches up
        results = tuple(
            ScoredEntry(entry=record.entry, score=1.0)
            for record in records
            if record.entry is not None
        )
        return KnowledgeReply(
            ok=True,
            results=results,
            total=len(records),
            generation=store.generation,
            changes=tuple(records),
        )

    def _add(
        self, store: KnowledgeStore, entries: tuple[KnowledgeEntry, ...]
    ) -> list[VectorRecord]:
        if not entries:
            raise UsageError("add needs at least one entry")
        stamped = [
            entry if entry.created else entry.model_copy(update={"created": now().isoformat()})
            for entry in entries
        ]
        model_id = self._models.embedder().model_id
        vectors = self._models.encode([_text(entry) for entry in stamped])
        return [
            store.add(entry, vector.tolist(), model_id)
            for entry, vector in zip(stamped, vectors, strict=True)
        ]

    def _search(self, store: KnowledgeStore, request: KnowledgeRequest) -> KnowledgeReply:
        if not request.query.strip():
            raise UsageError("search needs words to look for")
        index = self._ensure_index(store)
        vector = self._models.encode([request.query])[0]
        found = index.search(vector, request.limit, kind=request.kind)
        results = [ScoredEntry(entry=entry, score=round(score, 6)) for entry, score in found]
        return KnowledgeReply(
            ok=True,
            results=tuple(results),
            total=len(index),
            generation=store.generation,
        )

    def _ensure_index(self, store: KnowledgeStore) -> KnowledgeIndex:
        from cnc.knowledge.index import KnowledgeIndex

        self._embed_missing(store)
        if self._index is None:
            embedder = self._models.embedder()
            self._index = KnowledgeIndex(embedder.dimension, embedder.model_id)
        while changes := store.changes_since(self._index.generation):
            self._index.apply(changes)
        return self._index

    def _embed_missing(self, store: KnowledgeStore) -> None:
        """Entries without a vector, or with another model's, get one of this model."""
        model_id = self._models.embedder().model_id
        missing = store.without_vectors(model_id)
        if not missing:
            return
        logger.info("embeds %d knowledge entries with %s", len(missing), model_id)
        vectors = self._models.encode([_text(entry) for entry in missing])
        for entry, vector in zip(missing, vectors, strict=True):
            store.set_vector(entry.entry_id, vector.tolist(), model_id)

    def _knows(self, store: KnowledgeStore, entry_id: str) -> bool:
        try:
            store.get(entry_id)
        except NotFoundError:
            return False
        return True

    def _open_store(self) -> KnowledgeStore:
        if self._store is None:
            from cnc.knowledge.entries import load_seed_entries
            from cnc.knowledge.store import KnowledgeStore

            self._prepare_home()
            store = KnowledgeStore(self._config.database_url)
            if store.generation == 0:
                store.add_all([(entry, None) for entry in load_seed_entries()], "")
            self._store = store
        return self._store

    def _open_registry(self) -> Registry:
        if self._registry is None:
            from cnc.processes.records import Registry

            self._prepare_home()
            self._registry = Registry(self._config.database_url)
        return self._registry

    def _prepare_home(self) -> None:
        if self._config.database is None:
            ensure_home(self._config.home)


def new_entry_id() -> str:
    """An id for an entry that has none."""
    return f"rule-{new_id()[-12:]}"


def _named(request: KnowledgeRequest) -> str:
    if request.entry_id is None:
        raise UsageError(f"{request.action} needs an entry id")
    return request.entry_id


def _text(entry: KnowledgeEntry) -> str:
    from cnc.knowledge.entries import embedding_text

    return embedding_text(entry)
