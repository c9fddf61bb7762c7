"""`cnc explain`: why an intent was understood and planned as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.guard import run
from cnc.cli.options import ROOT, Broker, Common, Home, Json, TopicRoot
from cnc.cli.output import console, emit, hanging, printable
from cnc.cli.recent import LAST, last_id, life
from cnc.errors import BusError, NotFoundError, UsageError
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from cnc.messages.feasibility import Conflict
    from cnc.messages.intents import IntentEvent

TIERS = {
    "terminal": "own terminals",
    "ran": "own RAN edge",
    "neighbour": "neighbouring RAN edges",
    "transport": "core and cloud",
}


def explain(
    context: typer.Context,
    intent_id: Annotated[str, typer.Argument(metavar="INTENT|last")],
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Say why: what was understood, retrieved, predicted, chosen, and not chosen.

    Example: cnc explain intent-3f2a91c0d1e2

    `last` is the last request from this home, which keeps its last ones: they are explained after
    their emulator has ended, too.
    """
    common = Common(context)
    events = _events(common.broker(broker), topic_root, common.home(home), intent_id)
    if common.json(json_output):
        emit(document(events))
    else:
        _show(events)


def _events(
    broker: str | None, topic_root: str, home: Path, intent_id: str
) -> tuple[IntentEvent, ...]:
    """Of the running system, else what this home remembers of its own requests.

    Raises:
        NotFoundError: neither knows the intent.
        UsageError: the home does not, and no broker is named.
    """
    if intent_id == LAST:
        intent_id = last_id(home)
    kept = life(home, intent_id)
    if broker is None and kept:
        return kept
    if broker is None:
        raise UsageError(
            f"this home remembers no intent {intent_id!r} (`cnc explain last` is its last one); of "
            "another, name the broker of its running system with --broker URL or CNC_BROKER"
        )
    from cnc.cli.intent_history import history

    try:
        events = run(history(broker, topic_root, "explain", intent_id))
    except (BusError, NotFoundError):
        if kept:
            return kept
        raise
    if not events and not kept:
        raise NotFoundError(f"no intent {intent_id!r}; `cnc intent list` shows those there are")
    return events or kept


def document(events: tuple[IntentEvent, ...]) -> dict[str, Any]:
    """The whole explanation as one document."""
    from cnc.cli.intent_documents import figures_document, intent_document, part_document

    by_name = {event.event: event for event in events}
    planned = _planned(events)
    recognised = by_name.get("recognised")
    last = events[-1]
    conflicts = _conflicts(events)
    alternatives = [] if planned is None else [a.model_dump() for a in planned.alternatives]
    return {
        "intent_id": events[0].intent_id,
        "text": events[0].text,
        "intent": None
        if recognised is None or recognised.intent is None
        else intent_document(recognised.intent),
        "parts": [] if recognised is None else [part_document(p) for p in recognised.parts],
        "knowledge": [] if planned is None else [k.model_dump() for k in planned.knowledge],
        "candidates": alternatives,
        "not_taken": _not_taken(alternatives),
        "placements": [] if planned is None else [p.model_dump() for p in planned.placements],
        "feasibility": None
        if planned is None or planned.feasibility is None
        else planned.feasibility.model_dump(exclude_none=True),
        "conflicts": [conflict.model_dump() for conflict in conflicts],
        "predicted": None if planned is None else figures_document(planned.predicted),
        "measured": figures_document(last.measured),
        "state": last.event,
        "message": last.message,
    }


def _planned(events: tuple[IntentEvent, ...]) -> IntentEvent | None:
    """The last time that it was planned, or found infeasible."""
    return next((e for e in reversed(events) if e.event in ("planned", "infeasible")), None)


def _conflicts(events: tuple[IntentEvent, ...]) -> tuple[Conflict, ...]:
    """Of the last event that tells of any."""
    return next((e.conflicts for e in reversed(events) if e.conflicts), ())


def _not_taken(alternatives: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The best candidate by predicted energy among those that got least."""
    possible = [a for a in alternatives if a["latency_ms"] is not None]
    if len(possible) < 2:
        return None
    taken = max(possible, key=lambda a: a["share"])
    rest = [a for a in possible if a is not taken]
    other = min(rest, key=lambda a: a["energy_j_per_request"])
    return {
        **other,
        "reason": (
            f"{TIERS[other['domain']]} would take {other['latency_ms']:.1f} ms (p95) and "
            f"{other['energy_j_per_request']:.2f} J a request, against {taken['latency_ms']:.1f} "
            f"ms and {taken['energy_j_per_request']:.2f} J of {TIERS[taken['domain']]}; the policy "
            f"gives it {percent(other['share'], 0)}"
        ),
    }


def _show(events: tuple[IntentEvent, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cnc.cli.feasibility_view import feasibility_lines, feasibility_text
    from cnc.cli.intent_view import (
        DEPLOYED,
        intent_table,
        knowledge_lines,
        part_lines,
        placement_table,
    )

    told = document(events)
    by_name = {event.event: event for event in events}
    console().print(Text(printable(f"{told['intent_id']}  “{told['text']}”"), style="bold"))
    recognised = by_name.get("recognised")
    if recognised is not None and recognised.parts:
        console().print("\n[bold]Understood[/] as several services; explain each by its own id")
        ended = events[-1].parts or recognised.parts
        for line in part_lines(ended):
            console().print(line)
    elif recognised is not None and recognised.intent is not None:
        intent = recognised.intent
        near = [r for r in intent.runners_up if r.confidence >= 0.001]
        others = ", ".join(f"{r.service_name} {percent(r.confidence)}" for r in near)
        console().print(
            f"\n[bold]Understood[/] as {intent.service_name} ({percent(intent.confidence)})"
        )
        if others:
            console().print(f"  nearly: {others}", markup=False)
        console().print(intent_table(intent))
    planned = None if told["parts"] else _planned(events)
    if planned is not None:
        console().print("\n[bold]Knowledge[/]")
        for block in knowledge_lines(planned):
            console().print(block)
        if planned.feasibility is not None or told["conflicts"]:
            console().print("\n[bold]Feasibility[/], when it was planned")
            intent_asked = None if recognised is None else recognised.intent
            shown = planned.model_copy(update={"conflicts": _conflicts(events)})
            if planned.feasibility is not None:
                console().print(f"    {feasibility_text(planned.feasibility)}", markup=False)
            for block in feasibility_lines(shown, intent_asked):
                console().print(block)
    if planned is not None and planned.alternatives:
        console().print("\n[bold]Candidates[/], each as if it took everything")
        table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False)
        table.add_column("candidate", no_wrap=True)
        for name in ("predicted p95", "energy a request", "share"):
            table.add_column(name, justify="right")
        notes = []
        for row in planned.alternatives:
            latency = "—" if row.latency_ms is None else f"{row.latency_ms:.1f} ms"
            energy = row.energy_j_per_request
            joule = "—" if energy is None else f"{energy:.2f} J"
            tier = TIERS.get(row.domain, row.domain)
            table.add_row(tier, latency, joule, percent(row.share))
            if row.latency_ms is None and row.note:
                notes.append(f"  {tier}: {row.note}")
        console().print(table)
        for note in notes:
            console().print(hanging(Text(printable(note), style="dim"), 4))
        if told["not_taken"] is not None:
            console().print(hanging(Text(f"  not taken: {told['not_taken']['reason']}"), 13))
        console().print("\n[bold]Plan[/]")
        console().print(placement_table(planned.placements, "planned share"))
        if any(event.event == "deployed" for event in events):
            console().print(hanging(Text(f"  {DEPLOYED}", style="dim"), 2))
    console().print()
    state = told["state"].capitalize()
    closing = Text.assemble((state, "bold"), f": {printable(told['message'])}")
    console().print(hanging(closing, len(state) + 2))
