"""What an ended intent teaches: runtime history, and outcomes of the entries that were used."""

from __future__ import annotations

from cnc.messages.intents import Figures
from cnc.messages.knowledge import AppliesTo, Effect, KnowledgeEntry, KnowledgeRequest
from cnc.messages.percent import percent
from cnc.orchestrators.end_to_end.record import IntentRecord

LOAD_SPREAD = 0.3
"""A history entry applies to loads that differ by at most this part."""


def lessons(
    record: IntentRecord, outcome: str, figures: Figures, why: str, load: float
) -> list[KnowledgeRequest]:
    """Requests to the knowledge base after an intent was measured.

    Args:
        record: the intent.
        outcome: compliant or degraded.
        figures: as measured.
        why: the verdict in words.
        load: requests a slot at the end.
    """
    intent, plan = record.intent, record.plan
    assert intent is not None
    requests = []
    used = tuple(s.entry.entry_id for s in record.entries if s.entry.effect.kind != "none")
    if used:
        requests.append(
            KnowledgeRequest(
                action="record_outcome", entry_ids=used, compliant=outcome == "compliant"
            )
        )
    shares = {} if plan is None else plan.tier_shares
    told = ", ".join(f"{tier} {percent(value, 0)}" for tier, value in shares.items())
    entry = KnowledgeEntry(
        entry_id=f"history-{record.intent_id}",
        title=f"{intent.service_name} for {intent.users.value} users: {outcome}",
        text=(
            f"{intent.service_name}, {intent.users.value} users, {intent.latency_ms.value:g} ms "
            f"asked, at {load:.0f} requests a slot. Distributed: {told}. {why}."
        ),
        kind="runtime_history",
        applies_to=AppliesTo(
            services=(intent.service,),
            load_min=round(load * (1.0 - LOAD_SPREAD), 1),
            load_max=round(load * (1.0 + LOAD_SPREAD), 1),
        ),
        effect=Effect(kind="none"),
        provenance=(
            f"measured over {figures.slots} slots, satisfied {figures.satisfied_share:.4f}"
        ),
    )
    requests.append(KnowledgeRequest(action="add", entries=(entry,)))
    return requests
