"""The live table of `cnc up`: layers, energy, satisfaction, intents."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich import box
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cnc.cli.output import console, hanging, printable
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from cnc.processes.blueprint import SystemConfig
    from cnc.processes.client import Look

FIGURES = {"slot": 6, "energy": 7, "in time": 7, "requests": 8, "cost": 6, "ms/slot": 7}
"""Columns of the newest slot, and the widths that keep them still."""
BARS = "▁▂▃▄▅▆▇█"
HISTORY = 32
NARROWEST = 8
BESIDE = 62
"""Columns that the figures beside the history take, and the gap before it."""
REFRESH_S = 0.25


class UpView:
    """Shows the newest slot, its recent history and the state of every component."""

    def __init__(self, config: SystemConfig) -> None:
        self._config = config
        self._energy: deque[float] = deque(maxlen=HISTORY)
        self._share: deque[float] = deque(maxlen=HISTORY)
        self._duration: deque[float] = deque(maxlen=HISTORY)
        self._last: Any = None
        self._silent: tuple[str, ...] = ()
        self._seen: Look | None = None
        self._alive: frozenset[str] = frozenset()
        self._alive_in_slot: frozenset[str] = frozenset()
        self._drawn = 0.0
        self._console = console()
        self._live = Live(console=self._console, auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        self._live.update(self._render(), refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._alive = self._alive_in_slot  # components that are being ended are no news
        self._live.update(self._render(), refresh=True)
        self._live.stop()
        if not self._console.is_terminal:
            self._console.print()

    def record(self, record: Any) -> None:
        """One more slot."""
        self._last = record.outcome
        self._silent = record.silent
        self._energy.append(record.outcome.energy_j)
        self._share.append(record.outcome.satisfied_share)
        self._duration.append(record.duration_ms)
        self._alive_in_slot = self._alive
        self._draw()

    def look(self, seen: Look) -> None:
        """What the bus shows of components and intents."""
        self._seen = seen
        self._alive = frozenset(name for name in seen.presence if seen.alive(name))
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= REFRESH_S:
            self._drawn = now
            self._live.update(self._render(), refresh=True)

    def _render(self) -> Group:
        config = self._config
        head = Text.assemble(
            ("cnc ", "bold cyan"),
            f"{config.scenario}, seed {config.seed}, load {config.load:g}, policy {config.policy}, "
            f"{config.pace}",
        )
        return Group(head, self._figures(), self._layers(), self._intents())

    def _figures(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False)
        named = self._console.width >= BESIDE + NARROWEST + len(" in time")
        beside = BESIDE + (len(" in time") if named else 0)
        shown = max(NARROWEST, min(HISTORY, self._console.width - beside))
        for name, width in FIGURES.items():
            table.add_column(name, justify="right", min_width=width, no_wrap=True)
        table.add_column(f"last {shown}", no_wrap=True)
        last = self._last
        if last is None:
            table.add_row("…", "", "", "", "", "", "waiting for slot 0")
            return table
        share = last.satisfied_share
        style = "green" if share >= 0.95 else "yellow" if share >= 0.8 else "red"
        table.add_row(
            str(last.slot),
            f"{last.energy_j / 1e3:.2f} kJ",
            Text(percent(share), style=style),
            f"{last.requests:.0f}",
            f"{last.cost:.0f}",
            f"{sum(self._duration) / len(self._duration):.0f}",
            _history("energy" if named else "", self._energy, shown, "cyan"),
        )
        table.add_row(
            "",
            "",
            "",
            "",
            "",
            "",
            _history("in time" if named else "", self._share, shown, "green"),
        )
        return table

    def _layers(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False)
        for name in ("layer", "live", "utilisation", "energy", "replicas", "missing"):
            table.add_column(name, no_wrap=name != "missing")
        seen = self._seen
        if seen is None:
            return table
        view = seen.view
        for layer, label in (("service", "service"), ("e2e", "end to end")):
            members = [n for n, p in seen.presence.items() if p.layer == layer]
            table.add_row(label, self._count(members), "", "", "", self._missing(members))
        for kind in ("terminal", "ran", "transport"):
            members = [
                n for n, p in seen.presence.items() if p.layer == "domain" and n.startswith(kind)
            ]
            domains = [] if view is None else [d for d in view.domains if d.domain.startswith(kind)]
            busy = sum(d.utilisation for d in domains) / len(domains) if domains else 0.0
            table.add_row(
                f"{kind} domains",
                self._count(members),
                f"{'█' * round(busy * 6):<6} {percent(busy):>7}",
                f"{sum(d.energy_j for d in domains):6.0f} J",
                str(sum(d.replicas for d in domains)),
                self._missing(members),
            )
        return table

    def _count(self, members: list[str]) -> str:
        return f"{len(self._alive.intersection(members))} of {len(members)}"

    def _missing(self, members: list[str]) -> Text:
        return Text(", ".join(m for m in members if m not in self._alive), style="red")

    def _intents(self) -> Text:
        seen = self._seen
        if seen is None or not seen.intents:
            return Text("no intents yet: ask with `cnc intent TEXT`", style="dim")
        lines = []
        for intent_id, event in list(seen.intents.items())[-5:]:
            head = f"{intent_id}  {event.event:<11} "
            told = printable(event.message or event.text)
            lines.append(hanging(Text(head + told), len(head)))
        return Text("\n").join(lines)


def _history(name: str, values: deque[float], shown: int, style: str) -> Text:
    bars = _spark(list(values)[-shown:])
    return Text.assemble((bars, style), (f" {name}", "dim"))


def _spark(values: list[float]) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    width = high - low
    if width <= 0:
        return BARS[-1] * len(values)
    return "".join(BARS[round((value - low) / width * (len(BARS) - 1))] for value in values)
