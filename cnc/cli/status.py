"""`cnc status`: components, domains, services, intents, the last slot's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from cnc.cli.guard import run
from cnc.cli.options import ROOT, Broker, Common, Json, TopicRoot, required_broker
from cnc.cli.output import console, emit, hanging, printable
from cnc.cli.waiting import waiting
from cnc.errors import NotFoundError
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from cnc.processes.client import Look


LEAST_WIDTHS = {"component": 14, "layer": 14, "domain": 12, "service": 24, "state": 5, "pid": 6}
"""Of columns; the last one gives way where the terminal is narrow."""
NUMBERS = (
    *("pid", "utilisation", "energy", "replicas"),
    *("requests", "in time", "p50", "p95", "p99"),
)
"""Columns of figures, which are read by their last digit."""
BESIDE_DETAIL = 57
"""Columns of the other parts of a component."""


def status(
    context: typer.Context,
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Show the components, domains, services and intents of a running system.

    Example: cnc status --broker mqtt://127.0.0.1:1883
    """
    common = Common(context)
    url = required_broker(common.broker(broker), "status")
    seen = run(_look(url, topic_root))
    if common.json(json_output):
        emit(document(url, seen))
        return
    if not seen.presence:
        raise NotFoundError("the broker answers, but no component was ever there: `cnc up`")
    _show(url, seen)


async def _look(url: str, root: str) -> Look:
    from cnc.processes.client import client_bus, look

    with waiting("asking the broker"):
        async with client_bus(url, root) as bus:
            return await look(bus, 1.0)


def document(url: str, seen: Look) -> dict[str, Any]:
    """As docs/cli.md says."""
    from cnc.bus.address import parse_address

    view = seen.view
    return {
        "broker": parse_address(url).shown,
        "slot": seen.view_slot,
        "components": [
            {
                "id": name,
                "layer": presence.layer,
                "state": presence.state,
                "since": presence.since,
                "pid": presence.pid,
                "detail": presence.detail,
            }
            for name, presence in sorted(seen.presence.items())
        ],
        "domains": [] if view is None else [domain.model_dump() for domain in view.domains],
        "services": [] if view is None else [service.model_dump() for service in view.services],
        "intents": [
            {"intent_id": name, "event": event.event, "message": event.message}
            for name, event in seen.intents.items()
        ],
        "last_slot": None
        if view is None
        else {
            "slot": view.measured_slot,
            "energy_j": view.energy_j,
            "satisfied_share": view.satisfied_share,
            "requests": view.requests,
            "cost": view.cost,
        },
    }


def _show(url: str, seen: Look) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cnc.bus.address import parse_address

    def table(*columns: str) -> Table:
        made = Table(
            box=box.SIMPLE_HEAD,
            header_style="dim",
            show_edge=False,
            pad_edge=False,
            collapse_padding=True,
        )
        for number, column in enumerate(columns):
            last = number == len(columns) - 1
            width = None if last else LEAST_WIDTHS.get(column, 7)
            room = max(12, console().width - BESIDE_DETAIL) if column == "detail" else None
            side: JustifyMethod = "right" if column in NUMBERS else "left"
            made.add_column(column, justify=side, no_wrap=True, min_width=width, max_width=room)
        return made

    view = seen.view
    head = f"[bold cyan]cnc[/] at {parse_address(url).shown}"
    if view is not None:
        head += (
            f" · slot {view.measured_slot} · {view.energy_j / 1e3:.2f} kJ · "
            f"{percent(view.satisfied_share)} of {view.requests:.0f} requests in time · "
            f"policy {view.policy}"
        )
    console().print(head)
    components = table("component", "layer", "state", "since", "pid", "detail")
    for name, p in sorted(seen.presence.items(), key=lambda entry: (entry[1].layer, entry[0])):
        colour = "green" if p.state in ("birth", "alive") else "red"
        state = {"birth": "live", "alive": "live"}.get(p.state, p.state)
        pid = str(p.pid) if p.pid else ""
        detail = p.detail if view is None else p.detail.removesuffix(f", policy {view.policy}")
        components.add_row(name, p.layer, f"[{colour}]{state}[/]", p.since[11:19], pid, detail)
    console().print(components)
    if view is not None:
        domains = table("domain", "state", "utilisation", "energy", "replicas")
        for d in view.domains:
            state = d.state if seen.alive(d.domain) else "gone"
            domains.add_row(
                d.domain, state, percent(d.utilisation), f"{d.energy_j:.0f} J", str(d.replicas)
            )
        console().print(domains)
        services = table("service", "requests", "in time", "replicas", "p50", "p95", "p99")
        for s in view.services:
            share = percent(s.satisfied / s.requests) if s.requests else "—"
            services.add_row(
                s.service, f"{s.requests:.0f}", share, str(s.replicas),
                *(f"{v:.0f} ms" if v is not None else "—" for v in (s.p50_ms, s.p95_ms, s.p99_ms)),
            )  # fmt: skip
        console().print(services)
    for name, event in seen.intents.items():
        head = f"{name}  {event.event:<11} "
        console().print(hanging(Text(head + printable(event.message)), len(head)))
