"""`cnc knowledge`: expert rules, runtime history, trained policies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnc.cli.guard import run
from cnc.cli.knowledge_bus import ask, configured, request_on, service_bus
from cnc.cli.knowledge_entry import entry_of
from cnc.cli.options import ROOT, Broker, Common, Embedder, Home, Json, TopicRoot
from cnc.cli.output import console, emit, notice, printable
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry, KnowledgeReply, ScoredEntry
    from cnc.processes.blueprint import SystemConfig

HELP = """Expert rules, runtime history and trained policies.

Example: cnc knowledge search "augmented reality under heavy load"

With a running system its service orchestrator answers; else one is started for the call.
"""
Kind = Annotated[
    Literal["expert_rule", "runtime_history", "trained_policy"] | None,
    typer.Option("--kind", help="Only entries of this kind."),
]
PAGE = 200


def document(entry: KnowledgeEntry, score: float | None = None) -> dict[str, Any]:
    """An entry for scripts; with its score where it was searched for."""
    told = entry.model_dump(mode="json")
    return told if score is None else {**told, "score": score}


def add(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="The rule in words.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Entries as JSON lines.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Default: the text's beginning.")] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Applies to this service.")
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option("--domain", help="Applies to this domain or kind.")
    ] = None,
    load_min: Annotated[float | None, typer.Option(min=0, help="From this load on.")] = None,
    load_max: Annotated[float | None, typer.Option(min=0, help="Up to this load.")] = None,
    prefer: Annotated[
        list[str] | None,
        typer.Option(
            "--prefer",
            metavar="TIER=WEIGHT",
            help="Prior on terminal, ran, neighbour or transport, from -3 to 3.",
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="Where this is known from.")] = "",
    kind: Annotated[
        Literal["expert_rule", "runtime_history"], typer.Option(help="Kind of entry.")
    ] = "expert_rule",
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Add an entry; it can be searched for at once and survives a restart.

    Example: cnc knowledge add "Keep AR at the edge" --service ar-split-rendering --prefer ran=0.8
    """
    entries: list[Any] = []
    if file is not None:
        from cnc.knowledge.entries import read_jsonl

        entries += read_jsonl(file)
    if text is not None and text.strip():
        entries.append(
            entry_of(text, title, service, domain, load_min, load_max, prefer, source, kind)
        )
    if not entries:
        raise UsageError("nothing to add: give a text in quotes, or --file FILE with JSON lines")
    config = configured(context, broker, home, topic_root, embedder)
    reply = run(_add(config, entries))
    _list_entries(context, json_output, reply.results, "added")


async def _add(config: SystemConfig, entries: list[Any]) -> KnowledgeReply:
    async with service_bus(config) as bus:
        done: list[ScoredEntry] = []
        reply: KnowledgeReply | None = None
        for start in range(0, len(entries), PAGE):
            page = tuple(entries[start : start + PAGE])
            reply = await request_on(bus, action="add", entries=page)
            done += reply.results
            if len(entries) > PAGE:
                notice(f"{min(start + PAGE, len(entries))} of {len(entries)} entries added")
    assert reply is not None
    return reply.model_copy(update={"results": tuple(done)})


def list_entries(
    context: typer.Context,
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="Skip so many.")] = 0,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """List the entries.

    Example: cnc knowledge list --kind expert_rule
    """
    config = configured(context, broker, home, topic_root, None)
    reply = run(ask(config, action="list", kind=kind, limit=limit, offset=offset))
    _list_entries(context, json_output, reply.results, "")
    if reply.total > offset + len(reply.results) and not Common(context).json(json_output):
        notice(f"{len(reply.results)} of {reply.total}; go on with --offset")


def _list_entries(
    context: typer.Context, json_output: bool, results: tuple[ScoredEntry, ...], word: str
) -> None:
    if Common(context).json(json_output):
        for scored in results:
            emit(document(scored.entry))
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False)
    for name in ("id", "kind", "title", "uses", "weight"):
        table.add_column(name, no_wrap=name == "id")
    for scored in results:
        entry = scored.entry
        table.add_row(
            entry.entry_id,
            entry.kind,
            printable(entry.title),
            str(entry.outcome.uses),
            f"{entry.weight:.2f}",
        )
    if word:
        console().print(f"{word}: {len(results)}")
    console().print(table)


def show(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID")],
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Show one entry, whole.

    Example: cnc knowledge show ar-at-the-edge
    """
    config = configured(context, broker, home, topic_root, None)
    reply = run(ask(config, action="show", entry_id=_identifier(entry_id)))
    entry = reply.results[0].entry
    if Common(context).json(json_output):
        emit(document(entry))
        return
    from rich.text import Text

    applies, effect = entry.applies_to, entry.effect
    console().print(Text(printable(entry.title), style="bold"))
    console().print(Text(printable(entry.text)))
    prior = ", ".join(f"{tier} {weight:+.2f}" for tier, weight in effect.prior.items())
    for name, value in (
        ("id", entry.entry_id),
        ("kind", entry.kind),
        ("services", ", ".join(applies.services) or "all"),
        ("domains", ", ".join(applies.domains) or "all"),
        ("load", _load_text(applies.load_min, applies.load_max)),
        ("effect", f"{effect.kind} {prior}".strip()),
        ("source", entry.provenance),
        ("created", entry.created),
        (
            "used",
            f"{entry.outcome.uses} times, {entry.outcome.compliant} compliant; weight "
            f"{entry.weight:.2f}",
        ),
    ):
        console().print(Text.assemble((f"  {name:<9}", "dim"), value))


def _load_text(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    if high is None:
        return f"from {low:g} requests a slot"
    return f"{low or 0:g} to {high:g} requests a slot"


def _identifier(text: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from cnc.messages.base import Identifier

    try:
        return str(TypeAdapter(Identifier).validate_python(text))
    except ValidationError as error:
        raise UsageError(f"{text!r} is no id; `cnc knowledge list` shows them") from error


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="TEXT")],
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 5,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Search by meaning.

    Example: cnc knowledge search "where to run heavy training jobs"
    """
    if not query.strip():
        raise UsageError("search needs words to look for")
    config = configured(context, broker, home, topic_root, embedder)
    reply = run(ask(config, action="search", query=query, kind=kind, limit=limit))
    if Common(context).json(json_output):
        for scored in reply.results:
            emit(document(scored.entry, scored.score))
        return
    from rich.text import Text

    for scored in reply.results:
        entry = scored.entry
        console().print(
            Text.assemble(
                (f"{scored.score:.2f} ", "magenta"),
                (printable(entry.title), "bold"),
                (f"  [{entry.entry_id}]", "dim"),
            )
        )
        console().print(Text(printable(f"     {entry.text}")))


def remove(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID")],
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Remove one entry.

    Example: cnc knowledge remove rule-3f2a91c0d1e2
    """
    config = configured(context, broker, home, topic_root, None)
    run(ask(config, action="remove", entry_id=_identifier(entry_id)))
    if Common(context).json(json_output):
        emit({"entry_id": entry_id, "removed": True})
    else:
        console().print(f"removed {entry_id}", markup=False)


def import_entries(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines.")],
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Import entries from JSON lines; those with a known id are replaced.

    Example: cnc knowledge import entries.jsonl
    """
    from cnc.knowledge.entries import read_jsonl

    entries = read_jsonl(file)
    if not entries:
        raise UsageError(f"{file} holds no entries")
    reply = run(_add(configured(context, broker, home, topic_root, embedder), list(entries)))
    if Common(context).json(json_output):
        emit({"imported": len(reply.results), "file": str(file)})
    else:
        console().print(f"imported {len(reply.results)} entries from {file}", markup=False)


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To be written as JSON lines.")],
    kind: Kind = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Export all entries as JSON lines.

    Example: cnc knowledge export entries.jsonl
    """
    from cnc.knowledge.entries import write_jsonl

    config = configured(context, broker, home, topic_root, None)
    entries = run(_all(config, kind))
    write_jsonl(file, entries)
    count = len(entries)
    if Common(context).json(json_output):
        emit({"exported": count, "file": str(file)})
    else:
        console().print(f"exported {count} entries to {file}", markup=False)


async def _all(config: SystemConfig, kind: str | None) -> list[KnowledgeEntry]:
    entries: list[KnowledgeEntry] = []
    async with service_bus(config) as bus:
        while True:
            reply = await request_on(bus, action="list", kind=kind, limit=PAGE, offset=len(entries))
            entries += [scored.entry for scored in reply.results]
            if not reply.results or len(entries) >= reply.total:
                return entries


COMMANDS: dict[str, Callable[..., None]] = {
    "add": add,
    "list": list_entries,
    "show": show,
    "search": search,
    "remove": remove,
    "import": import_entries,
    "export": export,
}
