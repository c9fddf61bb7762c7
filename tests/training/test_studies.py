"""The case study: its loads and policies, and what it says it takes."""

from __future__ import annotations

from cnc.policies.registry import policy_named
from cnc.training.studies import available, expected_s, paper_study


def test_the_case_study_is_that_of_the_figures() -> None:
    study = paper_study(policies=("rand", "grd"))
    assert study.loads == tuple(range(200, 2001, 200))
    assert (study.slots, study.scenario, study.effort) == (50, "paper", "full")


def test_by_default_all_policies_that_there_are() -> None:
    assert available(["rand", "nonsense", "grd"]) == ["rand", "grd"]
    study = paper_study()
    assert {"rand", "grd", "grd-plus", "grd-work"} <= set(study.policies)
    for name in study.policies:
        policy_named(name)


def test_quick_is_quick() -> None:
    quick = paper_study(quick=True)
    assert quick.effort == "quick" and len(quick.cells()) < len(paper_study().cells()) / 5
    assert expected_s(quick, 2) < 180
    assert expected_s(paper_study(), 2) > expected_s(quick, 2)
