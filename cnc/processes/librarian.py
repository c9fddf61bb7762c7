"""Answers requests about knowledge: the store is the truth, the index finds, models embed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cnc.errors import NotFoundError, StorageError, UsageError
from cnc.messages.envelope import now
from cnc.messages.knowledge import (
    KnowledgeEntry,
    KnowledgeReply,
    KnowledgeRequest,
    Outcome,
    ScoredEntry,
    VectorRecord,
)
from cnc.settings import ensure_home

if TYPE_CHECKING:
    from cnc.knowledge.index import KnowledgeIndex
    from cnc.knowledge.store import KnowledgeStore
    from cnc.processes.blueprint import SystemConfig
    from cnc.processes.models import Models

EMBEDDED_AT_ONCE = 256
"""Texts of one call to the model and of one transaction: a kill loses no more."""
EMBEDDING_S = 10.0
"""Of one request; a client waits 30 s, and what is left is embedded with the next requests."""
TOLD = 1_000
"""From so many entries on, embedding or building takes seconds: people are told."""
WEIGHED = 4
"""Times as many as are wanted are looked at, since weights change the order of similarity."""
NAMED = 3
"""Entries that came with a later version and are named; the others are counted."""
UNSAVED_SHARE = 0.01
"""The index is saved when it closes and so much of it changed; less is read from the log again."""

logger = logging.getLogger("cnc.service.knowledge")


class Librarian:
    """Owns store, index and its file; not safe for several threads, as the shell has one."""

    def __init__(
        self, config: SystemConfig, models: Models, tell: Callable[[str], None] | None = None
    ) -> None:
        """Nothing is opened yet.

        Args:
            config: names database and home.
            models: embed texts.
            tell: gets lines for people; without it they are logged.
        """
        self._config = config
        self._models = models
        self._tell = tell or logger.warning
        self._store: KnowledgeStore | None = None
        self._index: KnowledgeIndex | None = None
        self._saved = 0

    def open(self) -> KnowledgeStore:
        """The store; it gets the entries that ship and that it never had.

        So a new database gets all, one of an earlier version those that came with later ones.

        Raises:
            StorageError: the database or the home folder cannot be used.
        """
        if self._store is None:
            from cnc.knowledge.entries import load_seed_entries
            from cnc.knowledge.store import KnowledgeStore

            if self._config.database is None:
                ensure_home(self._config.home)
            store = KnowledgeStore(self._config.database_url)
            new = store.generation == 0
            try:
                added = store.add_unseen(load_seed_entries())
            except StorageError as error:
                if new:
                    store.close()
                    raise
                self._tell(f"knowledge that ships with this version is not added: {error}")
                added = []
            if added and not new:
                self._tell(_came(added))
            self._store = store
        return self._store

    def close(self) -> None:
        """Save the index where that spares the next start work, and close the store."""
        index = self._index
        if index is not None and index.generation - self._saved > UNSAVED_SHARE * len(index):
            self._save(index)
        if self._store is not None:
            self._store.close()

    def answer(self, request: KnowledgeRequest, message_id: str = "") -> KnowledgeReply:
        """Answer a request; changes come along for the feed.

        Raises:
            CncError: what is wrong, and what to do.
        """
        store = self.open()
        if request.action == "add":
            return self._add(store, request.entries)
        if request.action == "remove":
            return self._changed(store, [store.remove(_named(request))])
        if request.action == "record_outcome":
            if request.compliant is None:
                raise UsageError("record_outcome says whether the intent was compliant")
            known = [entry for entry in request.entry_ids if _find(store, entry) is not None]
            records = store.record_outcome(known, request.compliant, message_id)
            return self._changed(store, records)
        if request.action == "show":
            entry = store.get(_named(request))
            return KnowledgeReply(ok=True, results=(ScoredEntry(entry=entry, score=1.0),), total=1)
        if request.action == "search":
            return self._search(store, request)
        if request.action == "changes_since":
            self._embed_missing(store)
            changes = store.changes_since(request.generation)
            return KnowledgeReply(ok=True, changes=tuple(changes), generation=store.generation)
        entries, total = store.list(
            request.kind, request.limit, request.offset, request.after or ""
        )
        return KnowledgeReply(
            ok=True,
            results=tuple(ScoredEntry(entry=entry, score=1.0) for entry in entries),
            total=total,
            generation=store.generation,
        )

    # -- changing --------------------------------------------------------------------------------

    def _add(self, store: KnowledgeStore, entries: tuple[KnowledgeEntry, ...]) -> KnowledgeReply:
        """All of them or none; those that need a new vector are embedded first."""
        from cnc.knowledge.entries import embedding_text, oversize

        if not entries:
            raise UsageError("add needs at least one entry")
        stamped, texts = [], {}
        for entry in entries:
            if why := oversize(entry):
                raise UsageError(f"{entry.entry_id}: {why}")
            known = _find(store, entry.entry_id)
            entry = _stamped(entry, known)
            stamped.append(entry)
            if known is None or embedding_text(known) != embedding_text(entry):
                texts[entry.entry_id] = embedding_text(entry)
        model_id, vectors = "", {}
        if texts:
            model_id = self._models.embedder().model_id
            rows = self._models.encode(list(texts.values()))
            vectors = {name: row.tolist() for name, row in zip(texts, rows, strict=True)}
        before = store.generation
        records = store.add_all([(e, vectors.get(e.entry_id)) for e in stamped], model_id)
        changed = [record for record in records if record.generation > before]
        return self._changed(store, changed, tuple(stamped))

    def _changed(
        self,
        store: KnowledgeStore,
        records: list[VectorRecord],
        entries: Sequence[KnowledgeEntry] | None = None,
    ) -> KnowledgeReply:
        if self._index is not None:
            self._index.apply_live(records)  # after a gap the next search catches up
        if entries is None:
            entries = [record.entry for record in records if record.entry is not None]
        return KnowledgeReply(
            ok=True,
            results=tuple(ScoredEntry(entry=entry, score=1.0) for entry in entries),
            total=len(records),
            generation=store.generation,
            changes=tuple(records),
        )

    # -- searching -------------------------------------------------------------------------------

    def _search(self, store: KnowledgeStore, request: KnowledgeRequest) -> KnowledgeReply:
        if not request.query.strip():
            raise UsageError("search needs words to look for")
        left = self._embed_missing(store)
        if left:
            self._tell(
                f"found by words only: {left} entries still wait for vectors of the model "
                f"{self._models.embedder().model_id}; every search embeds some of them"
            )
            hits: Sequence[ScoredEntry] = store.find_words(
                request.query, request.kind, request.limit
            )
        elif request.context is not None:
            hits = self._in_context(store, request)
        else:
            vector = self._models.encode([request.query])[0]
            found = self._ready_index(store).search(vector, WEIGHED * request.limit, request.kind)
            hits = [ScoredEntry(entry=e, score=score * e.weight) for e, score in found]
            hits = sorted(hits, key=lambda hit: (-hit.score, hit.entry.entry_id))
        best = hits[: request.limit]
        results = [hit.model_copy(update={"score": round(hit.score, 6)}) for hit in _fitting(best)]
        return KnowledgeReply(
            ok=True, results=tuple(results), total=len(best), generation=store.generation
        )

    def _in_context(
        self, store: KnowledgeStore, request: KnowledgeRequest
    ) -> Sequence[ScoredEntry]:
        """As for an intent in this situation."""
        from cnc.knowledge.retrieval import CANDIDATES, Context, context_text, retrieve

        assert request.context is not None
        if request.kind == "trained_policy":
            raise UsageError(
                "trained policies are for the whole system, not for a request in a situation: "
                "search for them without service, domains, load, users and latency"
            )
        context = Context(**request.context.model_dump())
        said = context_text(context)
        vector = self._models.encode([f"{request.query}. {said}" if said else request.query])[0]
        index = self._ready_index(store)
        candidates = max(CANDIDATES, request.limit)
        if request.kind is None:
            return retrieve(index.search_each_kind(vector, candidates), context, request.limit)
        found = index.search(vector, candidates, request.kind)
        return retrieve(found, context, request.limit, histories_most=request.limit)

    def _ready_index(self, store: KnowledgeStore) -> KnowledgeIndex:
        from cnc.knowledge.derive import catch_up, open_index

        if self._index is None:
            embedder, path = self._models.embedder(), self._path
            known = path.exists()
            began = time.monotonic()
            index, why = open_index(store, path, embedder.dimension, embedder.model_id)
            self._index, self._saved = index, index.generation
            if why:
                took = time.monotonic() - began
                if known or len(index) >= TOLD:
                    self._tell(
                        f"the knowledge index was built anew in {took:.1f} s from {len(index)} "
                        f"entries: {why}"
                    )
                self._save(index)
        elif self._index.generation != store.generation:
            catch_up(self._index, store)
        return self._index

    def _save(self, index: KnowledgeIndex) -> None:
        """A file that cannot be written costs the next start a rebuild, and nothing else."""
        from cnc.knowledge.index_file import write

        try:
            write(self._path, index)
            self._saved = index.generation
        except StorageError as error:
            self._tell(str(error))

    @property
    def _path(self) -> Path:
        """Of the index: every database has one of its own."""
        database = self._config.database
        name = "" if database is None else f"-{sha256(database.encode()).hexdigest()[:12]}"
        return self._config.home / f"knowledge{name}.index"

    def _embed_missing(self, store: KnowledgeStore) -> int:
        """Entries without a vector of this model get one; how many are left for the next time."""
        from cnc.knowledge.entries import embedding_text

        if self._index is not None and self._index.generation == store.generation:
            return 0
        model_id = self._models.embedder().model_id
        left, other = store.lacking(model_id)
        if not left:
            return 0
        if other or left >= TOLD:
            of = f", as they have vectors of {other}" if other else ""
            self._tell(f"embeds {left} knowledge entries with {model_id}{of}")
        end = time.monotonic() + EMBEDDING_S
        while left > 0 and time.monotonic() < end:
            batch = store.without_vectors(model_id, EMBEDDED_AT_ONCE)
            rows = self._models.encode([embedding_text(entry) for entry in batch])
            named = [(e.entry_id, row.tolist()) for e, row in zip(batch, rows, strict=True)]
            store.set_vectors(named, model_id)
            left = left - len(batch) if batch else 0
        return left


def _came(added: Sequence[KnowledgeEntry]) -> str:
    """One line on the entries that a later version brought."""
    names = [entry.entry_id for entry in added]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    entries = "1 entry" if len(names) == 1 else f"{len(names)} entries"
    return (
        f"the knowledge base got {entries} that came with this version of cnc: "
        f"{', '.join(names[:NAMED])}{more}"
    )


def _stamped(entry: KnowledgeEntry, known: KnowledgeEntry | None) -> KnowledgeEntry:
    """An entry that says when it was created.

    One that does not say so comes from a person or an orchestrator, perhaps a second time, as an
    answer was lost: if only the history of the known one differs, the known one stays.
    """
    if entry.created:
        return entry
    if known is not None:
        fresh = known.model_copy(
            update={"created": "", "outcome": Outcome(), "weight": entry.weight}
        )
        if fresh == entry:
            return known
    return entry.model_copy(update={"created": now().isoformat()})


def _fitting(hits: Sequence[ScoredEntry]) -> Sequence[ScoredEntry]:
    """The first of them, as many as fit into one message."""
    from cnc.knowledge.change import PAGE_BYTES

    size = 0
    for number, hit in enumerate(hits):
        size += len(hit.entry.model_dump_json().encode()) + 100
        if number and size > PAGE_BYTES:
            return hits[:number]
    return hits


def _find(store: KnowledgeStore, entry_id: str) -> KnowledgeEntry | None:
    try:
        return store.get(entry_id)
    except NotFoundError:
        return None


def _named(request: KnowledgeRequest) -> str:
    if request.entry_id is None:
        raise UsageError(f"{request.action} needs an entry id")
    return request.entry_id
