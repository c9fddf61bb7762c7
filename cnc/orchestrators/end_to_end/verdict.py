"""Was the intent met: measured figures against what was asked (docs/cli.md)."""

from __future__ import annotations

from typing import Literal

from cnc.messages.intents import RELIABILITY_UNSAID_PCT, Figures, Intent
from cnc.messages.percent import percent


def required_share(intent: Intent) -> float:
    """The satisfied share that counts: the reliability said, else 0.95."""
    slot = intent.reliability_pct
    return (slot.value if slot.origin == "said" else RELIABILITY_UNSAID_PCT) / 100.0


def verdict(intent: Intent, measured: Figures) -> tuple[Literal["compliant", "degraded"], str]:
    """Compliant if p95 latency and satisfied share hold; with a sentence that says why."""
    limit = intent.latency_ms.value
    share = required_share(intent)
    p95 = measured.p95_ms
    late = p95 is None or p95 > limit
    unmet = measured.satisfied_share < share
    shown = "beyond measure (requests were lost)" if p95 is None else f"{p95:.1f} ms"
    source = "asked" if intent.latency_ms.origin == "said" else "assumed"
    latency = f"p95 latency {shown} against {limit:g} ms {source}"
    demand = "asked" if intent.reliability_pct.origin == "said" else "needed"
    satisfied = (
        f"{percent(measured.satisfied_share, 2)} in time against {share * 100:.6g} % {demand}"
    )
    if late or unmet:
        return "degraded", "; ".join(
            text for text, bad in ((latency, late), (satisfied, unmet)) if bad
        )
    return "compliant", f"{latency}; {satisfied}"
