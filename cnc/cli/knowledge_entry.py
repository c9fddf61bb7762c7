"""An entry of the knowledge base from options of the command line."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from cnc.cli.knowledge_situation import domain_or_kind
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.messages.knowledge import KnowledgeEntry

ID_DIGITS = 16
"""Of the content's SHA-256: two of a million entries share an id with a chance below 10^-7."""


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
    """The entry; its id follows from all the rest, so that the same again is the same entry.

    Raises:
        UsageError: names the field that is wrong, or the entry is too large to be sent.
    """
    from pydantic import ValidationError

    from cnc.knowledge.entries import oversize
    from cnc.messages.knowledge import KnowledgeEntry

    prior = dict(_preference(each) for each in prefer or [])
    try:
        entry = KnowledgeEntry.model_validate(
            {
                "entry_id": "unnamed",
                "title": title or (text if len(text) <= 80 else f"{text[:77]}…"),
                "text": text,
                "kind": kind,
                "applies_to": {
                    "services": service or [],
                    "domains": [domain_or_kind("--domain", each) for each in domain or []],
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
        todo = "; shorten it, or add several entries" if first["type"] == "string_too_long" else ""
        raise UsageError(f"the entry's {field} is wrong: {first['msg']}{todo}") from error
    if why := oversize(entry):
        raise UsageError(why)
    stated = entry.model_dump_json(exclude_defaults=True, exclude={"entry_id"})
    content = sha256(stated.encode()).hexdigest()
    return entry.model_copy(update={"entry_id": f"rule-{content[:ID_DIGITS]}"})


def _preference(text: str) -> tuple[str, float]:
    tier, _, weight = text.partition("=")
    try:
        return tier.strip(), float(weight)
    except ValueError:
        raise UsageError(
            f"--prefer {text!r} is not TIER=WEIGHT, such as ran=0.8 or transport=-0.5"
        ) from None
