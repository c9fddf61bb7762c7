"""Files of entries that agents begin from, as E2E's computation hands them on."""

from __future__ import annotations

from cnc.knowledge.entries import load_seed_entries
from cnc.messages.knowledge import ScoredEntry
from cnc.processes.understanding import _file_of


def test_a_file_comes_along_and_a_missing_one_is_told_instead_of_raised() -> None:
    entries = {entry.entry_id: entry for entry in load_seed_entries()}
    recorded = entries["policy-hmarl-seed-0"]
    arrays, problem = _file_of(ScoredEntry(entry=recorded, score=1.0))
    assert arrays is not None and "e2e.w1" in arrays and not problem
    moved = recorded.effect.model_copy(update={"reference": "trained/hmarl/gone.safetensors"})
    lost = recorded.model_copy(update={"effect": moved})
    arrays, problem = _file_of(ScoredEntry(entry=lost, score=1.0))
    assert arrays is None
    assert "policy-hmarl-seed-0 cannot be used" in problem and "cannot be read" in problem
    rule = next(e for e in entries.values() if e.kind == "expert_rule")
    assert _file_of(ScoredEntry(entry=rule, score=1.0)) == (None, "")
