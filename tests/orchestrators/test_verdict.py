"""The sentence that ends an intent says what was asked, and what was only assumed or needed."""

from __future__ import annotations

from cnc.messages.intents import Figures, Slot
from cnc.orchestrators.end_to_end.verdict import verdict
from tests.orchestrators.asking import ar

MEASURED = Figures(p95_ms=83.9, satisfied_share=0.9969)


def test_what_was_said_is_asked() -> None:
    said = Slot(value=99.5, origin="said")
    intent = ar(200, 100).model_copy(update={"reliability_pct": said})
    assert verdict(intent, MEASURED) == (
        "compliant",
        "p95 latency 83.9 ms against 100 ms asked; 99.69 % in time against 99.5 % asked",
    )


def test_what_was_not_said_is_not_called_asked() -> None:
    assumed = Slot(value=80.0, origin="assumed")
    intent = ar(200, 100).model_copy(update={"latency_ms": assumed})
    assert verdict(intent, MEASURED) == (
        "degraded",
        "p95 latency 83.9 ms against 80 ms assumed",
    )
    late = verdict(ar(200, 100), Figures(p95_ms=None, satisfied_share=0.5))
    assert late[0] == "degraded" and late[1].endswith("50.00 % in time against 95 % needed")
