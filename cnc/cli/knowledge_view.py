"""Entries of the knowledge base as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnc.cli.output import console, hanging, printable

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry, ScoredEntry

INDENT = 2
LABEL = 11
"""Columns of a field's name."""
SCORE = 5
"""Columns that a score takes; what follows stands under the title."""


def print_listed(entries: Iterable[KnowledgeEntry]) -> None:
    """Two lines an entry: a table of ids of forty characters would leave titles a narrow strip."""
    from rich.text import Text

    for entry in entries:
        outcome = entry.outcome
        kind = entry.kind.replace("_", " ")
        fared = ""
        if outcome.uses:
            fared = f", used {outcome.uses}, compliant {outcome.compliant}"
        weight = f", weight {entry.weight:.2f}" if entry.weight < 1.0 else ""
        title = printable(entry.title).replace("\n", " ")
        _print_indented(Text(title, style="bold"), 0)
        _print_indented(
            Text.assemble((entry.entry_id, "cyan"), (f"  {kind}{fared}{weight}", "dim")), INDENT
        )


def print_found(hits: Iterable[ScoredEntry]) -> None:
    """Score and title, then id and text."""
    from rich.text import Text

    for hit in hits:
        entry = hit.entry
        title = printable(entry.title).replace("\n", " ")
        console().print(Text.assemble((f"{hit.score:.2f} ", "magenta"), (title, "bold")))
        _print_indented(Text(entry.entry_id, style="cyan"), SCORE)
        _print_indented(Text(printable(entry.text)), SCORE)


def print_entry(entry: KnowledgeEntry) -> None:
    """One entry, whole."""
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
        ("source", printable(entry.provenance)),
        ("created", entry.created),
        (
            "used",
            f"{'once' if entry.outcome.uses == 1 else f'{entry.outcome.uses} times'}, "
            f"{entry.outcome.compliant} compliant; weight {entry.weight:.2f}",
        ),
    ):
        console().print(hanging(Text.assemble((f"  {name:<9}", "dim"), value), LABEL))


def _print_indented(text: object, left: int) -> None:
    """Lines that the terminal is too narrow for go on at the same column."""
    from rich.padding import Padding

    console().print(Padding(text, (0, 0, 0, left), expand=False))  # type: ignore[arg-type]


def _load_text(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    if high is None:
        return f"from {low:g} requests a slot"
    return f"{low or 0:g} to {high:g} requests a slot"
