"""How the life cycle of an intent looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from cnc.cli.feasibility_view import feasibility_lines, feasibility_text
from cnc.cli.output import console, hanging, printable
from cnc.messages.intents import (
    RELIABILITY_UNSAID_PCT,
    Figures,
    Intent,
    IntentEvent,
    IntentPart,
    Placement,
    Slot,
)
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

MARKS = {
    "received": ("●", "cyan"),
    "recognised": ("●", "cyan"),
    "planned": ("●", "cyan"),
    "deployed": ("●", "cyan"),
    "compliant": ("✔", "bold green"),
    "degraded": ("▲", "bold yellow"),
    "withdrawn": ("■", "dim"),
    "ask": ("?", "bold yellow"),
    "refused": ("✘", "bold red"),
    "infeasible": ("✘", "bold red"),
}
HEAD = 13
"""Columns of mark and event at the left of what an event says."""
DEPLOYED = (
    "the plan was E2E's forecast; what runs is its split of each slot, on the nodes and paths that "
    "the domains choose"
)
"""Why shares differ between `planned` and `deployed`."""
ROOMY = 100
"""Columns from which on bars are long, and names stand beside them."""
ROWS = 6
"""Domains shown; the rest is summed up in a last row."""


class IntentView:
    """Prints events as they come; slots measured so far move a bar."""

    def __init__(self, hidden: tuple[str, ...] = ()) -> None:
        """Leave the events of these names out."""
        self._hidden = hidden
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._intents: dict[str, Intent] = {}
        self._several = False

    @property
    def measuring(self) -> bool:
        """Whether a bar moves."""
        return self._progress is not None

    def show(self, event: IntentEvent, although_known: bool = False) -> None:
        """Show one event; one of a name that is left out only `although_known`."""
        if event.intent is not None:
            self._intents[event.intent_id] = event.intent
        self._several = self._several or event.parent_id is not None
        if event.event in self._hidden and not although_known:
            return
        if event.event == "measured":
            self._measured(event)
            return
        self.close()
        mark, style = MARKS[event.event]
        line = Text.assemble((f"{mark} ", style), (f"{event.event:<11}", style))
        line.append(self._name(event), style="bold")
        line.append(printable(_headline(event)))
        console().print(hanging(line, HEAD))
        for block in self._details(event):
            console().print(block)

    def close(self) -> None:
        """End the bar, if there is one."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._tasks.clear()

    def _name(self, event: IntentEvent) -> str:
        """Which of several services an event is about."""
        if event.parent_id is None:
            return ""
        number = event.intent_id.rpartition(".")[2]
        intent = self._intents.get(event.intent_id)
        return (
            f"{number} · "
            if intent is None or event.event == "recognised"
            else f"{number} {intent.service_name} · "
        )

    def _measured(self, event: IntentEvent) -> None:
        assert event.progress is not None and event.measured is not None
        done, wanted = event.progress
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(finished_text="[cyan]●[/]"),
                TextColumn("measuring  {task.description}"),
                BarColumn(bar_width=24),
                TextColumn("slot {task.completed:.0f} of {task.total:.0f}"),
                TextColumn("{task.fields[figures]}"),
                console=console(),
            )
            self._progress.start()
        if event.intent_id not in self._tasks:
            name = self._name(event).removesuffix(" · ")
            if console().width < ROOMY:
                name = name.partition(" ")[0]
            self._tasks[event.intent_id] = self._progress.add_task(name, total=wanted, figures="")
        figures = (
            f"p95 {_ms(event.measured.p95_ms)}, {percent(event.measured.satisfied_share)} in time"
        )
        task = self._tasks[event.intent_id]
        self._progress.update(task, completed=done, figures=figures)

    def _details(self, event: IntentEvent) -> list[RenderableType]:
        blocks: list[RenderableType] = []
        asked = self._intents.get(event.intent_id)
        if event.parts:
            return part_lines(event.parts)
        if event.event == "recognised" and event.intent is not None:
            blocks.append(intent_table(event.intent))
            for note in event.intent.notes:
                blocks.append(hanging(Text(f"    note: {printable(note)}", style="yellow"), 10))
        if event.event == "planned":
            blocks.append(placement_table(event.placements, "planned share"))
            blocks += knowledge_lines(event)
            blocks.append(hanging(Text(f" {_sentence(event)}", style="dim"), 1))
            blocks += [hanging(Text(f" {note}", style="green"), 1) for note in event.notes]
            blocks += feasibility_lines(event, asked)
        if event.event == "infeasible":
            blocks += feasibility_lines(event, asked)
        if event.event == "deployed" and event.placements:
            blocks.append(placement_table(event.placements, "share"))
            blocks.append(hanging(Text(f" {DEPLOYED}", style="dim"), 1))
        carries = not any(c.suspended and c.yields == event.intent_id for c in event.conflicts)
        verdict = event.event in ("compliant", "degraded") and carries
        if verdict and asked and event.measured:
            blocks.append(verdict_table(asked, event.measured))
        if event.event in ("compliant", "degraded"):
            blocks += feasibility_lines(event, asked)
        if event.event == "ask":
            names = [f"{choice.service_name} ({choice.service})" for choice in event.choices]
            width = max(map(len, names), default=0)
            for number, (name, choice) in enumerate(zip(names, event.choices, strict=True), 1):
                blocks.append(
                    Text(f"    {number}  {name:<{width}}  {percent(choice.confidence):>8}")
                )
        return blocks


def _headline(event: IntentEvent) -> str:
    if event.event == "received":
        return f"“{event.text}”" if event.text else ""
    if event.event == "recognised" and event.parts:
        return f"{len(event.parts)} services; each is followed by itself"
    if event.event == "recognised" and event.intent is not None:
        intent = event.intent
        confidence = percent(intent.confidence, 0)
        return f"{intent.service_name} · {intent.scenario} · confidence {confidence}"
    if event.event == "planned" and event.predicted is not None:
        figures = event.predicted
        return (
            f"predicted p95 {_ms(figures.p95_ms)}, {percent(figures.satisfied_share)} in time, "
            f"{_joule(figures.energy_j_per_request)} a request"
        )
    if event.event == "refused":
        reason = (event.reason or "").replace("_", " ")
        return f"({reason}) {event.message}"
    return _sentence(event)


def _sentence(event: IntentEvent) -> str:
    """The message; without what the lines on feasibility and conflicts say anew."""
    if event.feasibility is None:
        return event.message
    if event.event == "infeasible":
        return feasibility_text(event.feasibility)
    if event.event == "planned":
        return f"{feasibility_text(event.feasibility)}; {event.message.split('. ', 1)[0]}"
    return event.message


def part_lines(parts: tuple[IntentPart, ...]) -> list[RenderableType]:
    """Each of several services: what it is called, what was said of it, how it ended."""
    lines: list[RenderableType] = []
    for number, part in enumerate(parts, start=1):
        line = Text(f"    {number}  {part.intent.service_name}")
        if part.outcome is None:
            if part.intent_id:
                line.append(f"  {part.intent_id}", style="dim")
            line.append(printable(f"  “{part.text}”"), style="dim")
        else:
            mark, style = MARKS[part.outcome]
            line.append(f"  {mark} {part.outcome}", style=style)
            line.append(f"  {part.intent_id}", style="dim")
        lines.append(hanging(line, 7))
    return lines


def intent_table(intent: Intent) -> Table:
    """What was understood, and whether it was said, assumed or retrieved."""
    table = _table("understood", "value", "from")
    _row(table, "users", f"{intent.users.value:,}", intent.users)
    _row(table, "latency at most", f"{intent.latency_ms.value:g} ms", intent.latency_ms)
    rate = intent.data_rate_mbps
    _row(table, "data rate", f"{rate.value:g} Mbit/s a user", rate)
    _row(table, "reliability", f"{intent.reliability_pct.value:.12g} %", intent.reliability_pct)
    _row(table, "priority", str(intent.priority.value), intent.priority)
    for name, slot in (
        ("area", intent.area),
        ("time window", intent.time_window),
        ("compute, Gc a request", intent.compute_gc),
        ("computers", intent.hardware),
        ("users per km²", intent.density_per_km2),
        ("energy", intent.energy_preference),
    ):
        if slot is not None:
            value = slot.value if name != "area" or not intent.domains else _place(intent)
            _row(table, name, f"{value:g}" if isinstance(value, float) else str(value), slot)
    return table


def _place(intent: Intent) -> str:
    """The area as said, and its domains."""
    said, domains = intent.area.value if intent.area else "", ", ".join(intent.domains)
    return domains if said == domains else f"{said} ({domains})"


def _row(table: Table, name: str, value: str, slot: Slot[Any]) -> None:
    style = {"said": "green", "assumed": "dim", "retrieved": "magenta"}[slot.origin]
    source = f" ({slot.source})" if slot.source and slot.origin != "said" else ""
    table.add_row(name, value, Text(f"{slot.origin}{source}", style=style))


def placement_table(placements: tuple[Placement, ...], share: str) -> Table:
    """Domains with their nodes, paths and shares, the largest first."""
    table = _table("domain", "nodes", "paths", share)
    by_domain: dict[str, list[Placement]] = {}
    for row in placements:
        by_domain.setdefault(row.domain, []).append(row)
    ordered = sorted(by_domain.items(), key=lambda entry: -_sum(entry[1]))
    for domain, rows in ordered[:ROWS]:
        total = _sum(rows)
        nodes = _merged({}, [(row.node.split("/")[-1], row.share) for row in rows])
        paths = _merged({}, [(row.path, row.share) for row in rows])
        table.add_row(domain, _parts(nodes, total, 4), _parts(paths, total, 3), _bar(total))
    rest = ordered[ROWS:]
    if rest:
        table.add_row(
            "…",
            "",
            f"{len(rest)} more domain{'s' if len(rest) > 1 else ''}",
            _bar(sum(_sum(r) for _, r in rest)),
        )
    return table


def _sum(rows: list[Placement]) -> float:
    return sum(row.share for row in rows)


def _merged(into: dict[str, float], pairs: list[tuple[str, float]]) -> dict[str, float]:
    for name, value in pairs:
        into[name] = into.get(name, 0.0) + value
    return into


def _parts(shares: dict[str, float], total: float, most: int) -> Text:
    """The largest parts, one a line, each with its share of the domain."""
    largest = sorted(shares.items(), key=lambda entry: -entry[1])
    if len(largest) == 1:
        return Text(largest[0][0].replace(" / ", "\n"))
    lines = [f"{name} {percent(value / total, 0)}" for name, value in largest[:most]]
    if len(largest) > most:
        lines.append(f"and {len(largest) - most} more")
    return Text("\n".join(lines))


def _bar(share: float) -> Text:
    filled = round(share * (20 if console().width >= ROOMY else 10))
    return Text.assemble(f"{percent(share):>7} ", ("█" * filled, "cyan"))


def knowledge_lines(event: IntentEvent) -> list[RenderableType]:
    """The entries that were retrieved, and what they changed."""
    if not event.knowledge:
        return [Text("    knowledge: none retrieved", style="dim")]
    table = _table("knowledge", "effect")
    table.columns[0].no_wrap = table.columns[1].no_wrap = False
    moved = ""
    for used in event.knowledge:
        effect, _, shares = used.effect.partition("; shares: ")
        moved = shares or moved
        title = Text(used.title, style="magenta")
        title.append(f" [{used.entry_id}, {used.score:.2f}]", style="dim")
        table.add_row(title, effect)
    lines: list[RenderableType] = [table]
    if moved:
        lines.append(hanging(Text(f" together: {moved}", style="dim"), 11))
    return lines


def verdict_table(intent: Intent, measured: Figures) -> Table:
    """Requested against measured."""
    table = _table("requested", "asked", "measured", "")
    limit = intent.latency_ms.value
    late = measured.p95_ms is None or measured.p95_ms > limit
    reliability = intent.reliability_pct
    said = reliability.origin == "said"
    wanted = reliability.value if said else RELIABILITY_UNSAID_PCT
    table.add_row("p95 latency", f"≤ {limit:g} ms", _ms(measured.p95_ms), _tick(not late))
    table.add_row(
        "served in time",
        f"≥ {wanted:.12g} %",
        percent(measured.satisfied_share, 2),
        _tick(measured.satisfied_share >= wanted / 100),
    )
    table.add_row("p50 / p99 latency", "", f"{_ms(measured.p50_ms)} / {_ms(measured.p99_ms)}", "")
    table.add_row("energy a request", "", _joule(measured.energy_j_per_request), "")
    table.add_row("slots measured", "", str(measured.slots), "")
    return table


def _tick(good: bool) -> Text:
    return Text("✔", style="green") if good else Text("✘", style="red")


def _ms(value: float | None) -> str:
    return "beyond measure" if value is None else f"{value:.1f} ms"


def _joule(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f} J"


def _table(*columns: str) -> Table:
    from rich import box

    table = Table(
        box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1), show_edge=False, pad_edge=True
    )
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number < 2)
    return table
