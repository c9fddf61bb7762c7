"""An intent of several services: its parts are intents of their own, and it ends with the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnc.messages.intents import FINAL_EVENTS, EventName, IntentEvent, IntentPart, IntentRequest
from cnc.orchestrators.end_to_end.book import IntentBook
from cnc.orchestrators.end_to_end.record import IntentRecord

_FROM_BEST: tuple[EventName, ...] = (
    "withdrawn",
    "planned",
    "compliant",
    "degraded",
    "ask",
    "refused",
    "infeasible",
)
"""The whole ends as its worst part."""


def named_parts(intent_id: str, parts: Sequence[IntentPart]) -> tuple[IntentPart, ...]:
    """The parts with the ids under which they are followed: the whole's, and a number."""
    return tuple(
        part.model_copy(update={"intent_id": f"{intent_id}.{number}"})
        for number, part in enumerate(parts, start=1)
    )


def part_record(parent: IntentRequest, part: IntentPart) -> IntentRecord:
    """The record of one part, with the options of the whole."""
    request = parent.model_copy(
        update={
            "intent_id": part.intent_id,
            "parent_id": parent.intent_id,
            "text": part.text,
            "intent": part.intent,
        }
    )
    return IntentRecord(request=request, reply_to=None, intent=part.intent)


def end_of(record: IntentRecord) -> IntentEvent | None:
    """The event with which a part ended, None while it goes on."""
    dry = record.request.dry_run
    for event in reversed(record.events):
        if event.event in FINAL_EVENTS or (dry and event.event == "planned"):
            return event
    return None


def parts_of(record: IntentRecord, book: IntentBook) -> list[IntentRecord]:
    """The records of an intent's parts."""
    return [part for each in record.parts if (part := book.get(each.intent_id or "")) is not None]


def ended_families(book: IntentBook) -> Iterator[tuple[IntentRecord, EventName, dict[str, Any]]]:
    """Intents of several services all of whose parts have just ended: the worst end, and fields."""
    for record in book:
        if record.state != "divided" or end_of(record) is not None:
            continue
        ends = [end for part in parts_of(record, book) if (end := end_of(part)) is not None]
        if len(ends) < len(record.parts):
            continue
        name = max((end.event for end in ends), key=_FROM_BEST.index)
        told = tuple(
            part.model_copy(update={"outcome": end.event})
            for part, end in zip(record.parts, ends, strict=True)
        )
        words = "; ".join(f"{part.intent.service_name}: {part.outcome}" for part in told)
        request = record.request
        yield (
            record,
            name,
            {
                "parts": told,
                "message": f"{len(told)} services were asked for. {words}",
                "kept": request.keep and not request.dry_run and name != "withdrawn",
            },
        )
