"""The life of an intent through pure orchestrators: planned, deployed, measured, judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnc.messages.intents import Intent, IntentHistory, IntentRequest, Recognition, Slot
from cnc.messages.knowledge import Effect, KnowledgeEntry, KnowledgeRequest, ScoredEntry
from cnc.messages.telemetry import DemandRequest
from cnc.orchestrators.end_to_end.demand import apportion
from cnc.orchestrators.events import ComputedEvent, MessageEvent, StartedEvent
from tests.orchestrators.systems import RUN, System

SERVICE = "ar-split-rendering"


def offered(system: System) -> str:
    """An interactive service that the small scenario offers."""
    offers = system.blueprint.offers
    return next(s for s in offers.ids if offers.of(s).service_class == "interactive")


def intent(system: System, **changes: Any) -> Intent:
    fields: dict[str, Any] = {
        "service": offered(system),
        "service_name": "A service",
        "scenario": "Immersive Communication",
        "users": Slot(value=12, origin="said"),
        "latency_ms": Slot(value=150.0, origin="said"),
        "data_rate_mbps": Slot(value=1.0, origin="assumed"),
        "reliability_pct": Slot(value=95.0, origin="assumed"),
        "priority": Slot(value=3, origin="assumed"),
        "confidence": 0.9,
    }
    return Intent.model_validate({**fields, **changes})


def submit(system: System, what: Intent | None, **fields: Any) -> None:
    body = IntentRequest(intent_id="intent-1", text="a request", intent=what, slots=3, **fields)
    topic = system.blueprint.topics.intent_requests()
    system.tell_e2e(MessageEvent(topic=topic, sender="client-1", body=body, reply_to="replies/x"))


def retrieved(system: System, *entries: ScoredEntry) -> None:
    system.tell_e2e(ComputedEvent("retrieve", "intent-1", entries))


def names(system: System) -> list[str]:
    return [event.event for event in system.events()]


def started(slots: int = 3, **settings: Any) -> System:
    system = System(**settings)
    for _ in range(slots):
        system.step()
    return system


def test_an_intent_is_planned_deployed_measured_and_judged() -> None:
    system = started()
    submit(system, intent(system))
    retrieved(system)
    for _ in range(20):
        system.step()
        if names(system)[-1] in ("compliant", "degraded"):
            break
    assert names(system)[:4] == ["received", "recognised", "planned", "deployed"]
    assert names(system)[4:] == ["measured"] * 3 + ["compliant"]
    planned, last = system.events()[2], system.events()[-1]
    assert sum(p.share for p in planned.placements) == pytest.approx(1.0)
    assert last.measured is not None and last.measured.slots == 3
    assert last.measured.p95_ms is not None and last.measured.p95_ms <= 150.0
    assert last.measured.energy_j_per_request is not None
    assert sum(p.share for p in last.placements) == pytest.approx(1.0, abs=0.05)


def test_the_group_ends_with_the_intent_and_history_is_written() -> None:
    system = started()
    submit(system, intent(system))
    retrieved(system)
    for _ in range(20):
        system.step()
    demands = [p.body for p in system.published if isinstance(p.body, DemandRequest)]
    assert [len(d.start) for d in demands] == [1, 0]
    assert demands[1].end == ("group-intent-1",)
    assert system.infrastructure.groups == ()
    taught = [p.body for p in system.published if isinstance(p.body, KnowledgeRequest)]
    assert [t.action for t in taught] == ["add"]
    assert taught[0].entries[0].kind == "runtime_history"


def test_a_dry_run_plans_and_starts_nothing() -> None:
    system = started()
    submit(system, intent(system), dry_run=True)
    retrieved(system)
    for _ in range(5):
        system.step()
    assert names(system) == ["received", "recognised", "planned"]
    assert not any(isinstance(p.body, DemandRequest) for p in system.published)


def test_a_kept_intent_stays_until_it_is_withdrawn() -> None:
    system = started()
    submit(system, intent(system), keep=True)
    retrieved(system)
    for _ in range(20):
        system.step()
    assert len(system.infrastructure.groups) == 1
    body = IntentRequest(action="withdraw", intent_id="intent-1")
    topic = system.blueprint.topics.intent_requests()
    system.tell_e2e(MessageEvent(topic=topic, sender="c", body=body, reply_to="replies/c"))
    system.step()
    assert names(system)[-1] == "withdrawn"
    assert system.infrastructure.groups == ()
    answers = [p.body for p in system.published if isinstance(p.body, IntentHistory)]
    assert answers[-1].events[-1].event == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latency_ms": Slot(value=5.0, origin="said")}, "Nearest offer"),
        ({"users": Slot(value=10**9, origin="said")}, "users at 150 ms"),
        ({"area": Slot(value="ran-77", origin="said")}, "ran-77"),
        ({"service": "no-such-service"}, "not on offer"),
    ],
)
def test_what_cannot_be_met_is_infeasible_and_says_why(changes: dict[str, Any], words: str) -> None:
    system = started()
    submit(system, intent(system, **changes))
    retrieved(system)
    last = system.events()[-1]
    assert last.event == "infeasible"
    assert words in last.message
    assert not any(isinstance(p.body, DemandRequest) for p in system.published)


def test_refusals_and_questions_of_the_recogniser_end_the_intent() -> None:
    system = started()
    submit(system, None)
    refusal = Recognition(text="a poem", outcome="refused", reason="not_this_domain")
    system.tell_e2e(ComputedEvent("recognise", "intent-1", refusal))
    last = system.events()[-1]
    assert (last.event, last.reason) == ("refused", "not_this_domain")


def test_an_intent_that_comes_before_the_first_slot_is_planned_with_it() -> None:
    system = System()
    submit(system, intent(system))
    retrieved(system)
    assert names(system) == ["received", "recognised"]
    for _ in range(3):
        system.step()
    assert "planned" in names(system)


def test_knowledge_moves_the_shares_and_says_so() -> None:
    def shares(*entries: ScoredEntry) -> tuple[dict[str, float], str]:
        system = started(14)
        submit(system, intent(system), dry_run=True)
        retrieved(system, *entries)
        planned = system.events()[-1]
        assert planned.event == "planned"
        by_kind: dict[str, float] = {}
        for row in planned.placements:
            kind = row.domain.split("-")[0]
            by_kind[kind] = by_kind.get(kind, 0.0) + row.share
        return by_kind, planned.knowledge[0].effect if planned.knowledge else ""

    entry = KnowledgeEntry(
        entry_id="rule-1",
        title="Keep it at the edge",
        text="Interactive services belong to the edge.",
        effect=Effect(kind="candidate_prior", prior={"ran": 2.0, "transport": -2.0}),
    )
    without, _ = shares()
    with_rule, effect = shares(ScoredEntry(entry=entry, score=0.9))
    assert with_rule["ran"] > without["ran"] + 0.1
    assert "own RAN +2.00" in effect and "→" in effect


def test_a_reborn_e2e_goes_on_with_the_intents_it_had() -> None:
    system = started(11)
    submit(system, intent(system), keep=True)
    retrieved(system)
    for _ in range(12):
        system.step()
    assert system.snapshots["e2e"]["run"] == RUN
    assert [r["state"] for r in system.snapshots["e2e"]["intents"]] == ["kept"]
    reborn = system.new_e2e()
    reborn.handle(StartedEvent(system.snapshots["e2e"]))
    system.e2e = reborn
    for _ in range(3):
        system.step()
    assert len(system.infrastructure.groups) == 1
    assert system.outcomes[-1].satisfied_share > 0.5


def test_a_new_infrastructure_gets_the_running_intents_again() -> None:
    system = started(11)
    submit(system, intent(system), keep=True)
    retrieved(system)
    for _ in range(12):
        system.step()
    fresh = System()
    reborn = fresh.new_e2e()
    snapshot = {**system.snapshots["e2e"], "run": "an earlier run"}
    reborn.handle(StartedEvent(snapshot))
    fresh.e2e = reborn
    for _ in range(14):
        fresh.step()
    assert [g.name for g in fresh.infrastructure.groups] == ["group-intent-1"]


def test_requests_are_spread_whole() -> None:
    counts = apportion(10, np.array([3.0, 1.8, 1.8, 1.0]))
    assert counts.sum() == 10
    assert (counts == np.floor(counts)).all()
    assert counts[0] >= counts[1] >= counts[3]
