from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnc.knowledge.retrieval import (
    Context,
    candidate_prior,
    context_text,
    contributions,
    retrieve,
)
from cnc.messages.knowledge import KnowledgeEntry, ScoredEntry
from knowledge.made import entry

AR = "ar-split-rendering"


def rule(
    entry_id: str, weight: float = 1.0, prior: dict[str, float] | None = None, **applies: object
) -> KnowledgeEntry:
    return entry(
        entry_id,
        weight=weight,
        applies_to=applies,
        effect={"kind": "candidate_prior" if prior else "none", "prior": prior or {}},
    )


def order(found: list[tuple[KnowledgeEntry, float]], **context: object) -> list[str]:
    made = Context(service=AR, **context)  # type: ignore[arg-type]
    return [scored.entry.entry_id for scored in retrieve(found, made)]


def test_entries_of_other_services_are_dropped_and_own_ones_rise() -> None:
    found = [
        (rule("other", services=["model-training"]), 0.9),
        (rule("any"), 0.6),
        (rule("own", services=[AR, "vr-streaming"]), 0.5),
    ]
    assert order(found) == ["own", "any"]


def test_the_load_decides_between_entries_of_one_service() -> None:
    found = [
        (rule("light", services=[AR], load_max=500), 0.62),
        (rule("heavy", services=[AR], load_min=900), 0.60),
        (rule("any"), 0.58),
    ]
    assert order(found, load=200) == ["light", "any", "heavy"]
    assert order(found, load=1500) == ["heavy", "any", "light"]
    assert order(found) == ["light", "heavy", "any"]
    near = {s.entry.entry_id: s.score for s in retrieve(found, Context(AR, load=550))}
    far = {s.entry.entry_id: s.score for s in retrieve(found, Context(AR, load=900))}
    assert near["light"] > far["light"]


def test_users_and_latency_decide_as_well() -> None:
    found = [
        (rule("tight", services=[AR], latency_max_ms=30), 0.62),
        (rule("loose", services=[AR], latency_min_ms=80), 0.60),
        (rule("crowd", services=[AR], users_min=1000), 0.58),
        (rule("any"), 0.40),
    ]
    assert order(found, latency_ms=20.0, users=5) == ["tight", "any", "loose", "crowd"]
    assert order(found, latency_ms=200.0, users=5000) == ["loose", "crowd", "any", "tight"]
    assert order(found) == ["tight", "loose", "crowd", "any"]


def test_losses_bring_out_what_was_written_for_them() -> None:
    found = [
        (rule("usual", services=[AR]), 0.5),
        (rule("ran-lost", lost=["ran"]), 0.3),
        (rule("that-one", lost=["ran-3"]), 0.45),
        (rule("core-lost", lost=["transport"]), 0.3),
    ]
    assert order(found) == ["usual"]
    assert order(found, lost_domains=("ran-3",)) == ["that-one", "usual", "ran-lost"]
    assert order(found, lost_domains=("ran-4",)) == ["usual", "ran-lost"]
    assert order(found, lost_domains=("transport",)) == ["usual", "core-lost"]


def test_an_entry_about_the_hotspot_rises() -> None:
    found = [(rule("there", domains=["terminal-2"]), 0.5), (rule("any"), 0.55)]
    assert order(found) == ["any", "there"]
    assert order(found, hotspot="terminal-2") == ["there", "any"]


def test_weight_counts_and_little_is_left_out() -> None:
    found = [(rule("hurt", weight=0.3), 0.9), (rule("fine"), 0.5), (rule("unrelated"), 0.1)]
    assert order(found) == ["fine", "hurt"]
    assert (
        retrieve([(rule(f"e{n}"), 0.5) for n in range(9)], Context(AR), k=3)[2].entry.entry_id
        == "e2"
    )


def test_histories_do_not_push_out_rules() -> None:
    found = [(entry(f"h{n}", kind="runtime_history"), 0.9) for n in range(9)]
    found += [(rule(f"r{n}", services=[AR]), 0.3) for n in range(2)]
    assert order(found) == ["h0", "h1", "r0", "r1"]


def test_the_order_of_hits_does_not_matter() -> None:
    found = [(rule("b"), 0.5), (rule("a"), 0.5), (rule("c", services=[AR]), 0.3)]
    for hits in itertools.permutations(found):
        assert order(list(hits)) == ["c", "a", "b"]


def test_the_context_in_words() -> None:
    full = Context(AR, "interactive", 1200, 20, 15, "ran-3", ("ran-1", "transport"))
    assert context_text(full) == (
        "ar split rendering, interactive service, heavy load, hotspot at ran-3, "
        "while the RAN site ran-1 is lost, while the core transport is lost"
    )
    assert context_text(Context(AR)) == "ar split rendering"


def scored(prior: dict[str, float], score: float = 1.0, weight: float = 1.0) -> ScoredEntry:
    return ScoredEntry(entry=rule("x", weight=weight, prior=prior), score=score)


def test_one_entry_gives_its_own_prior() -> None:
    assert candidate_prior([scored({"ran": 0.8, "transport": -0.5}, 0.4)]) == {
        "ran": pytest.approx(0.8),
        "transport": pytest.approx(-0.5),
    }
    assert candidate_prior([]) == {}
    assert candidate_prior([scored({})]) == {}


def test_better_entries_count_more_and_agreement_strengthens() -> None:
    mixed = candidate_prior([scored({"ran": 1.0}, 1.0), scored({"ran": -1.0}, 0.5)])
    assert 0 < mixed["ran"] < 1
    assert candidate_prior([scored({"ran": 1.0}, 1.0, 0.2)])["ran"] == pytest.approx(0.2)
    many = candidate_prior([scored({"ran": 1.0})] * 4)
    assert many["ran"] == pytest.approx(2.0)


def test_contributions_explain_the_prior() -> None:
    told = rule("told")
    entries = [
        ScoredEntry(entry=rule("a", prior={"ran": 0.8, "transport": -0.4}), score=1.0),
        ScoredEntry(entry=told, score=0.9),
        ScoredEntry(entry=rule("b", weight=0.5, prior={"ran": -0.2}), score=0.5),
    ]
    parts = contributions(entries)
    assert [part.entry_id for part in parts] == ["a", "b"]
    assert parts[0].prior["ran"] > 0 > parts[1].prior["ran"]
    assert candidate_prior(entries) == {
        "ran": pytest.approx(parts[0].prior["ran"] + parts[1].prior["ran"]),
        "transport": pytest.approx(parts[0].prior["transport"]),
    }
    assert contributions([]) == contributions(entries[1:2]) == ()


@given(
    st.lists(
        st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.5, 1.3), st.floats(0.001, 1)),
        max_size=30,
    )
)
def test_priors_stay_bounded(rows: list[tuple[float, float, float, float]]) -> None:
    entries = [scored({"ran": a, "terminal": b}, s, w) for a, b, s, w in rows]
    assert all(-3 <= value <= 3 for value in candidate_prior(entries).values())
