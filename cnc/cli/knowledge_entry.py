"""An entry of the knowledge base from options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry


def entry_of(
    text: str,
    title: str | None,
    service: list[str] | None,
    domain: list[str] | None,
    load_min: float | None,
    load_max: float | None,
    prefer: list[str] | None,
    source: str,
    kind: str,
) -> KnowledgeEntry:
    """The entry.

    Raises:
        UsageError: names the field that is wrong.
    """
    from pydantic import ValidationError

    from cnc.messages.envelope import new_id
    from cnc.messages.knowledge import KnowledgeEntry

    prior = dict(_preference(each) for each in prefer or [])
    try:
        return KnowledgeEntry.model_validate(
            {
                "entry_id": f"rule-{new_id()[-12:]}",
                "title": title or (text if len(text) <= 80 else f"{text[:77]}…"),
                "text": text,
                "kind": kind,
                "applies_to": {
                    "services": service or [],
                    "domains": domain or [],
                    "load_min": load_min,
                    "load_max": load_max,
                },
                "effect": {"kind": "candidate_prior" if prior else "none", "prior": prior},
                "provenance": source or "added on the command line",
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the entry's {field} is wrong: {first['msg']}") from error


def _preference(text: str) -> tuple[str, float]:
    tier, _, weight = text.partition("=")
    try:
        return tier.strip(), float(weight)
    except ValueError:
        raise UsageError(
            f"--prefer {text!r} is not TIER=WEIGHT, such as ran=0.8 or transport=-0.5"
        ) from None
