"""How feasibility and conflicts of an intent look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from cnc.cli.output import hanging, printable
from cnc.messages.feasibility import Conflict, Constraint, Feasibility, Offer
from cnc.messages.intents import Intent, IntentEvent
from cnc.messages.percent import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

LABEL = 17
"""Columns of the label at the left of a line."""
STATES = {
    "feasible": "can be met now",
    "lower_quality": "can be met with lower quality",
    "infeasible": "cannot be met now",
}
RESOURCES = {
    "request": "the request",
    "reach": "reach",
    "latency": "latency budget",
    "access_link": "radio and local links",
    "transport_link": "transport links",
    "computing": "computing",
    "replicas": "memory for replicas",
}


def feasibility_lines(event: IntentEvent, intent: Intent | None) -> list[RenderableType]:
    """Whether it can be met, what binds and by how much, what could be had, and conflicts."""
    lines: list[RenderableType] = []
    if event.feasibility is not None:
        lines += _feasibility(event.feasibility, intent)
    return lines + [_conflict(conflict) for conflict in event.conflicts]


def feasibility_text(found: Feasibility) -> str:
    """The outcome of the check, with the share that is predicted in time."""
    predicted, needed = found.predicted_share, found.required_share
    shown = f"{needed * 100:.6g} %"
    if found.constraint is not None and predicted == 0:
        return f"{STATES[found.state]} ({shown} in time are needed)"
    return f"{STATES[found.state]}: {percent(predicted)} predicted in time, {shown} needed"


def _feasibility(found: Feasibility, intent: Intent | None) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if found.constraint is not None:
        lines.append(_constraint(found.constraint))
    lines += [_offer(offer, intent) for offer in found.offers]
    if found.state != "feasible" and not found.offers:
        nothing = "neither a longer latency nor fewer users would help"
        lines.append(Text.assemble(("    nearest      ", "dim"), nothing))
    return lines


def _constraint(binds: Constraint) -> Text:
    text = Text("    what binds   ", style="dim")
    text.append(f"{RESOURCES[binds.resource]}: ", style="bold")
    text.append(printable(binds.detail))
    return hanging(text, LABEL)


def _offer(offer: Offer, intent: Intent | None) -> Text:
    text = Text("    nearest      ", style="dim")
    latency, users = f"latency \u2264 {offer.latency_ms:g} ms", _users(offer.users)
    if intent is not None and offer.users < intent.users.value:
        text.append(f"{users} at {offer.latency_ms:g} ms", style="cyan")
    else:
        text.append(f"{latency} for {users}", style="cyan")
    text.append(f"  ({percent(offer.predicted_share)} predicted in time)", style="dim")
    return hanging(text, LABEL)


def _users(number: int) -> str:
    return "1 user" if number == 1 else f"{number:,} users"


def _conflict(conflict: Conflict) -> Text:
    text = Text("    conflict     ", style="dim")
    text.append(printable(conflict.detail), style="yellow")
    return hanging(text, LABEL)
