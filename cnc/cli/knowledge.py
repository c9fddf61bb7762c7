"""`cnc knowledge`: expert rules, runtime history, trained policies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnc.cli.guard import run
from cnc.cli.knowledge_bus import ask, configured, service_bus
from cnc.cli.knowledge_entry import entry_of
from cnc.cli.knowledge_pages import Added, add_entries, listed
from cnc.cli.knowledge_situation import situation
from cnc.cli.knowledge_view import print_entry, print_found, print_listed
from cnc.cli.options import ROOT, Broker, Common, Embedder, Home, Json, TopicRoot
from cnc.cli.output import console, emit, notice
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry
    from cnc.processes.blueprint import SystemConfig

HELP = """Expert rules, runtime history and trained policies.

Example: cnc knowledge search "augmented reality under heavy load"

With a running system its service orchestrator answers; else one is started for the call.
"""
PANEL = "The situation"
Kind = Annotated[
    Literal["expert_rule", "runtime_history", "trained_policy"] | None,
    typer.Option("--kind", help="Only entries of this kind."),
]


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
    load_min: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="From this load on.")
    ] = None,
    load_max: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="Up to this load.")
    ] = None,
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

    The same again adds nothing: the id follows from the content.

    Example: cnc knowledge add "Keep AR at the edge" --service ar-split-rendering --prefer ran=0.8
    """
    entries: list[KnowledgeEntry] = []
    if file is not None:
        from cnc.knowledge.exchange import read_jsonl

        entries += read_jsonl(file)
    if text is not None and text.strip():
        entries.append(
            entry_of(text, title, service, domain, load_min, load_max, prefer, source, kind)
        )
    if not entries:
        raise UsageError("nothing to add: give a text in quotes, or --file FILE with JSON lines")
    config = configured(context, broker, home, topic_root, embedder)
    added = run(add_entries(config, entries, service or ()))
    if Common(context).json(json_output):
        for entry in added.entries:
            emit(document(entry))
        return
    console().print(_counted("added", added))
    print_listed(added.entries)


def _counted(word: str, added: Added) -> str:
    """How many entries came in, and how many were there already."""
    same = len(added.entries) - added.changed
    if not same:
        return f"{word}: {added.changed}"
    return f"{word}: {added.changed}; unchanged, as known already: {same}"


def list_entries(
    context: typer.Context,
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 100,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Skip so many.")] = 0,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """List the entries.

    Example: cnc knowledge list --kind expert_rule
    """
    config = configured(context, broker, home, topic_root, None)
    as_json = Common(context).json(json_output)
    run(_list(config, kind, limit, offset, as_json))


async def _list(
    config: SystemConfig, kind: str | None, limit: int, offset: int, as_json: bool
) -> None:
    seen, total = 0, 0
    async with service_bus(config) as bus:
        async for reply in listed(bus, kind, limit, offset):
            entries = [scored.entry for scored in reply.results]
            seen, total = seen + len(entries), reply.total
            if as_json:
                for entry in entries:
                    emit(document(entry))
            else:
                print_listed(entries)
    if as_json:
        return
    left = total - offset - seen
    if left > 0:
        notice(f"{seen} of {total}; go on with --offset {offset + seen}")
    elif not seen:
        notice(f"none of {total} entries; --offset skips {offset}" if total else "no entries")


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
    print_entry(entry)


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
    limit: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="At most so many.")] = 5,
    service: Annotated[
        str | None, typer.Option(metavar="ID", help="Rank for this service.", rich_help_panel=PANEL)
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            metavar="DOMAIN",
            help="Most requests come from here: such as ran-3, or terminal, ran, transport.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    lost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOMAIN", help="This domain is lost; may be repeated.", rich_help_panel=PANEL
        ),
    ] = None,
    load: Annotated[
        float | None,
        typer.Option(min=0, metavar="N", help="Requests a slot.", rich_help_panel=PANEL),
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Users who ask.", rich_help_panel=PANEL),
    ] = None,
    latency_ms: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="MS", help="What they ask for.", rich_help_panel=PANEL),
    ] = None,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Search by meaning; in a situation, ranked as for an intent in it.

    Example: cnc knowledge search "glasses stutter" --service ar-split-rendering --load 1200
    """
    if not query.strip():
        raise UsageError("search needs words to look for")
    config = configured(context, broker, home, topic_root, embedder)
    asked = situation(service, domain, lost, load, users, latency_ms)
    reply = run(ask(config, action="search", query=query, kind=kind, limit=limit, context=asked))
    as_json = Common(context).json(json_output)
    if as_json:
        for scored in reply.results:
            emit(document(scored.entry, scored.score))
    else:
        print_found(reply.results)
    if reply.total > len(reply.results):
        notice(
            f"{len(reply.results)} of {reply.total}: more texts do not fit into one message; "
            "`cnc knowledge export` gives all"
        )
    elif not reply.results and not as_json:
        notice("nothing found; `cnc knowledge list` shows what there is")


def remove(
    context: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ID")],
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Remove one entry.

    Example: cnc knowledge remove rule-87c3e01fa6f5d190
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

    If any line is wrong nothing is imported, and every wrong line is named.

    Example: cnc knowledge import entries.jsonl
    """
    from cnc.knowledge.exchange import read_jsonl

    entries = read_jsonl(file)
    if not entries:
        raise UsageError(f"{file} holds no entries")
    added = run(add_entries(configured(context, broker, home, topic_root, embedder), entries))
    if Common(context).json(json_output):
        emit({"imported": len(added.entries), "changed": added.changed, "file": str(file)})
    else:
        console().print(f"{_counted('imported', added)}, from {file}", markup=False)


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
    from cnc.knowledge.exchange import write_jsonl

    config = configured(context, broker, home, topic_root, None)
    entries = run(_all(config, kind))
    write_jsonl(file, entries)
    count = len(entries)
    if Common(context).json(json_output):
        emit({"exported": count, "file": str(file)})
    else:
        console().print(f"exported {count} entries to {file}", markup=False)


async def _all(config: SystemConfig, kind: str | None) -> list[KnowledgeEntry]:
    async with service_bus(config) as bus:
        return [scored.entry async for page in listed(bus, kind) for scored in page.results]


COMMANDS: dict[str, Callable[..., None]] = {
    "add": add,
    "list": list_entries,
    "show": show,
    "search": search,
    "remove": remove,
    "import": import_entries,
    "export": export,
}
