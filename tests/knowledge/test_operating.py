"""Knowledge of the whole system: which entry is nearest to a state."""

from __future__ import annotations

import pytest

from cnc.knowledge.entries import load_seed_entries
from cnc.knowledge.operating import (
    changed_a_lot,
    context_distance,
    operating_text,
    retrieve_operating,
)
from cnc.knowledge.retrieval import Context, retrieve
from cnc.messages.knowledge import OperatingContext
from knowledge.made import entry

USUAL = {"ar-split-rendering": 0.7, "cloud-gaming": 0.2, "llm-inference": 0.1}
OTHER = {"ar-split-rendering": 0.1, "cloud-gaming": 0.2, "llm-inference": 0.7}


def state(**fields: object) -> OperatingContext:
    return OperatingContext.model_validate({"mix": USUAL, "load": 240.0, **fields})


def test_distance_grows_with_what_differs() -> None:
    here = state(hotspot="terminal-1")
    assert context_distance(here, here) == 0.0
    assert context_distance(here, state(mix=OTHER, hotspot="terminal-1")) == pytest.approx(0.6)
    near, far = state(load=300.0), state(load=60.0)
    assert 0 < context_distance(here, near) < context_distance(here, far) == pytest.approx(0.5)
    same_kind = context_distance(state(lost=["ran-1"]), state(lost=["ran-2"]))
    other_kind = context_distance(state(lost=["ran-1"]), state(lost=["transport"]))
    assert 0 < same_kind < other_kind == context_distance(state(lost=["ran-1"]), state())
    assert context_distance(state(scenario="small"), state(scenario="paper")) > 0
    assert context_distance(here, far) == context_distance(far, here)


def test_a_loss_or_another_mix_is_a_lot_and_a_moved_hotspot_is_not() -> None:
    assert changed_a_lot(state(), state(lost=["ran-1"]))
    assert changed_a_lot(state(), state(mix=OTHER))
    assert not changed_a_lot(state(hotspot="terminal-0"), state(hotspot="terminal-1", load=260.0))


def recorded(name: str, kind: str, **fields: object) -> object:
    effect = {"kind": kind, "reference": f"recorded/{name}.safetensors"}
    return entry(name, kind="runtime_history", effect=effect, **fields)


def test_numbers_decide_between_entries_whose_texts_are_alike() -> None:
    here = state(lost=["ran-1"])
    found = [
        (recorded("usual", "checkpoint", context=state().model_dump()), 0.8),
        (recorded("lost", "checkpoint", context=here.model_dump()), 0.6),
        (recorded("other", "demonstrations", context=state(mix=OTHER).model_dump()), 0.9),
        (recorded("for-any", "checkpoint"), 0.8),
    ]
    best = retrieve_operating(found, here)  # type: ignore[arg-type]
    assert [s.entry.entry_id for s in best] == ["lost"]  # the other history is too far
    without = [hit for hit in found if hit[0].entry_id != "lost"]  # type: ignore[attr-defined]
    assert [s.entry.entry_id for s in retrieve_operating(without, here)] == ["for-any"]  # type: ignore[arg-type]


def test_rules_for_any_service_come_along_and_others_do_not() -> None:
    prior = {"kind": "candidate_prior", "prior": {"transport": 0.5}}
    found = [
        (entry("any", effect=prior), 0.5),
        (entry("one", effect=prior, applies_to={"services": ["cloud-gaming"]}), 0.9),
        (entry("cut-off", effect=prior, applies_to={"lost": ["transport"]}), 0.9),
    ]
    assert [s.entry.entry_id for s in retrieve_operating(found, state())] == ["any"]
    assert "cut-off" in {
        s.entry.entry_id for s in retrieve_operating(found, state(lost=["transport"]))
    }


def test_what_is_about_the_whole_system_is_not_told_of_an_intent() -> None:
    found = [(recorded("policy", "checkpoint"), 0.99), (entry("rule"), 0.5)]
    best = retrieve(found, Context("cloud-gaming"))  # type: ignore[arg-type]
    assert [s.entry.entry_id for s in best] == ["rule"]


def test_each_shipped_history_is_found_in_its_own_state() -> None:
    shipped = [e for e in load_seed_entries() if e.context is not None]
    assert len(shipped) >= 6
    found = [(e, 0.5) for e in load_seed_entries()]
    for wanted in shipped:
        assert wanted.context is not None
        best = retrieve_operating(found, wanted.context)
        assert wanted.entry_id in {s.entry.entry_id for s in best}


def test_the_text_names_services_and_losses() -> None:
    text = operating_text(state(lost=["ran-1"]))
    assert text.startswith("service mix led by ar split rendering, cloud gaming, llm inference")
    assert "RAN site ran-1 is lost" in text
    assert operating_text(OperatingContext()) == "any state of the system"
