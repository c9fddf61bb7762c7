"""Many entries to and from a service orchestrator, in pages that fit into messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnc.cli.knowledge_bus import request_on, service_bus
from cnc.cli.output import notice
from cnc.cli.service_names import check_registered
from cnc.errors import CncError

if TYPE_CHECKING:
    from cnc.bus.interface import Bus
    from cnc.messages.knowledge import KnowledgeEntry, KnowledgeReply
    from cnc.processes.blueprint import SystemConfig

PAGE = 200
"""Entries of one request: embedding so many takes a few of the 30 s that an answer may take."""


@dataclass(frozen=True)
class Added:
    """What became of entries that were sent."""

    entries: tuple[KnowledgeEntry, ...]
    """As they are stored."""
    changed: int
    """How many of them were new or different."""


async def listed(
    bus: Bus, kind: str | None, limit: int | None = None, offset: int = 0
) -> AsyncIterator[KnowledgeReply]:
    """Pages of entries by id, until `limit` of them or all came.

    The first page skips `offset` entries; each later one goes on behind the last id, so that
    none is left out or repeated while others are added and removed.

    Raises:
        CncError: a request was refused or not answered.
    """
    seen, after = 0, None
    while limit is None or seen < limit:
        wanted = PAGE if limit is None else min(PAGE, limit - seen)
        reply = await request_on(
            bus, action="list", kind=kind, limit=wanted, offset=offset, after=after
        )
        if not reply.results and seen:
            return
        yield reply
        if not reply.results:
            return
        seen += len(reply.results)
        offset, after = 0, reply.results[-1].entry.entry_id


async def add_entries(
    config: SystemConfig, entries: Sequence[KnowledgeEntry], services: Sequence[str] = ()
) -> Added:
    """Add entries, page by page; those of one page are added together or not at all.

    Args:
        config: of the system.
        entries: what is to be added.
        services: names that somebody typed, which must be services of the system.

    Raises:
        NotFoundError: one of the services is not known; nothing was added.
        CncError: a page was refused or not answered; the message says how many entries are in.
    """
    done: list[KnowledgeEntry] = []
    changed = 0
    async with service_bus(config) as bus:
        await check_registered(bus, services)
        for page in pages(entries):
            try:
                reply = await request_on(bus, action="add", entries=page)
            except CncError as error:
                if not done:
                    raise
                raise type(error)(
                    f"{error}; {len(done)} of {len(entries)} entries are added: the same command "
                    "again adds the others and doubles none"
                ) from error
            done += [scored.entry for scored in reply.results]
            changed += reply.total
            if len(done) < len(entries):
                notice(f"{len(done)} of {len(entries)} entries added")
    return Added(tuple(done), changed)


def pages(entries: Sequence[KnowledgeEntry]) -> Iterator[tuple[KnowledgeEntry, ...]]:
    """Parts of `PAGE` entries at most that each fit into a message, in order."""
    from cnc.knowledge.change import PAGE_BYTES

    page: list[KnowledgeEntry] = []
    size = 0
    for entry in entries:
        weight = len(entry.model_dump_json().encode())
        if page and (len(page) == PAGE or size + weight > PAGE_BYTES):
            yield tuple(page)
            page, size = [], 0
        page.append(entry)
        size += weight
    if page:
        yield tuple(page)
