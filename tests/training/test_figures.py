"""Figures and their report: complete, the same bytes each time, apart for all eyes."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from cnc.errors import StorageError
from cnc.training.evaluation import evaluate
from cnc.training.evaluation_statistics import summarise
from cnc.training.figure_style import look_of, ordered
from cnc.training.figures import draw
from cnc.training.report import write_report
from training.evaluating import Row, plan, row

POLICIES = ("rand", "nearest", "grd", "grd-plus", "grd-work", "hmarl", "opt-causal", "opt")
NAMES = ("figure-4-energy", "figure-5-satisfaction", "figure-6-cost-over-bound")


def rows(**changes: Any) -> list[Row]:
    return [
        row(policy, requests=load, trace=trace, cost=100.0 + rank + trace, **changes)
        for load in (200.0, 1600.0)
        for trace in (0, 1)
        for rank, policy in enumerate(POLICIES)
    ]


def test_all_figures_are_drawn_the_same_each_time(tmp_path: Path) -> None:
    summary = summarise(rows())
    first = draw(summary, tmp_path / "first", "from here")
    second = draw(summary, tmp_path / "second", "from here")
    assert [figure.name for figure in first] == list(NAMES)
    for one, other in zip(first, second, strict=True):
        assert [file.suffix for file in one.files] == [".png", ".svg"]
        for left, right in zip(one.files, other.files, strict=True):
            assert left.read_bytes() == right.read_bytes()
        svg = one.files[1].read_text()
        assert "<dc:date>" not in svg and svg.startswith("<?xml")


def test_no_state_of_pyplot_is_touched(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    loaded = "matplotlib.pyplot" in sys.modules
    draw(summarise([row("grd")]), tmp_path, "")
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_without_a_bound_there_is_no_figure_of_it(tmp_path: Path) -> None:
    drawn = draw(summarise(rows(bound_cost=None, bound_energy_j=None)), tmp_path, "")
    assert [figure.name for figure in drawn] == list(NAMES[:2])
    assert "BOUND" not in drawn[0].caption


def test_gaps_and_unknown_policies_are_drawn(tmp_path: Path) -> None:
    some = [row("grd", 0.0, bound_cost=-1.0), row("grd", 200.0), row("of a plug-in", 800.0)]
    assert len(draw(summarise(some), tmp_path, "")) == 3


def test_policies_differ_in_colour_and_marker() -> None:
    looks = [look_of(policy) for policy in POLICIES]
    for one, other in combinations(looks, 2):
        assert one.colour != other.colour and one.marker != other.marker
    assert ordered({"z", "opt", "rand", "a"}) == ["rand", "opt", "a", "z"]
    assert look_of("z").hatch is not None


def test_a_report_says_commit_seeds_and_command(tmp_path: Path) -> None:
    evaluate(plan(traces=2), out=tmp_path, command="cnc evaluate --traces 2")
    report = write_report(tmp_path, tmp_path / "figures")
    text = report.file.read_text()
    for words in (
        f"commit {report.manifest['commit']}", "scenario small, seed 0: 1 world, 2 traces each",
        "cnc evaluate --traces 2", "200000000, 200000001", "| 90 | grd |", "whiskers",
        "(figure-4-energy.png)",
    ):  # fmt: skip
        assert words in text
    assert "over OPT" not in text and "BOUND" not in text
    assert text.count("\n# ") == 0 and text.startswith("# ")


def test_figures_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--out"):
        draw(summarise([row("grd")]), tmp_path / "file" / "figures", "")
