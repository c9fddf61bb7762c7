"""Asking a service orchestrator about knowledge: the running one, or one of this call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnc.cli.guard import fields_checked
from cnc.cli.options import Common, system_config
from cnc.cli.output import notice
from cnc.cli.waiting import waiting
from cnc.errors import KnowledgeError, NotFoundError

if TYPE_CHECKING:
    import typer

    from cnc.bus.interface import Bus
    from cnc.messages.knowledge import KnowledgeReply
    from cnc.processes.blueprint import SystemConfig


DOING = {"search": "searching", "add": "adding", "list": "reading"}
"""What is awaited; a search or an addition may load the model."""


def configured(
    context: typer.Context,
    broker: str | None,
    home: Path | None,
    topic_root: str,
    embedder: str | None,
) -> SystemConfig:
    """The configuration of one call."""
    common = Common(context)
    return system_config(
        broker=common.broker(broker),
        home=common.home(home),
        topic_root=topic_root,
        embedder=embedder,
    )


@asynccontextmanager
async def service_bus(config: SystemConfig) -> AsyncIterator[Bus]:
    """A connection to a broker with a service orchestrator, running or started now."""
    from cnc.processes.client import OWN_CONNECT_S, answers, client_bus
    from cnc.processes.session import steward

    if config.broker and await answers(config.broker, "service", config.topic_root):
        async with client_bus(config.broker, config.topic_root) as bus:
            yield bus
        return
    with waiting("starting a service orchestrator") as wait:
        async with (
            steward(config, notice) as running,
            client_bus(running.broker, running.topic_root, OWN_CONNECT_S) as bus,
        ):
            wait.done()
            yield bus


async def ask(config: SystemConfig, **request: Any) -> KnowledgeReply:
    """Ask once; see `request_on`."""
    async with service_bus(config) as bus:
        return await request_on(bus, **request)


async def request_on(bus: Bus, **request: Any) -> KnowledgeReply:
    """The answer to one request.

    Raises:
        UsageError: a field of the request is wrong.
        NotFoundError: there is no such entry.
        KnowledgeError: it was refused.
    """
    from cnc.messages.knowledge import KnowledgeRequest
    from cnc.processes.client import ask_knowledge

    with fields_checked("the request"):
        asked = KnowledgeRequest(**request)
    with waiting(DOING.get(asked.action, "asking")):
        reply = await ask_knowledge(bus, asked)
    if not reply.ok:
        raise (NotFoundError if reply.not_found else KnowledgeError)(reply.error)
    return reply
