"""`cnc evaluate`, `cnc study` and `cnc plot`, as a user calls them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from training.evaluating import FIELDS

from cli.running import call_cnc, run_cnc, start_cnc, wait_for

FEW = ("--scenario", "small", "--slots", "3", "--traces", "1", "--no-bound")
EVALUATE = ("evaluate", *FEW, "--policies", "rand,grd", "--loads", "0,90.5")


def test_a_table_or_rows(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    shown = call_cnc(*EVALUATE, "--out", str(out), home=home).good()
    for word in ("requests", "90.5", "rand", "grd", "satisfied %", "100.0"):
        assert word in shown.out
    assert f"cnc plot {out}" in " ".join(shown.err.split())
    rows = call_cnc(*EVALUATE, "--out", str(out), "--json", home=home).good().rows
    assert [(row["requests"], row["policy"]) for row in rows] == [
        (0, "rand"), (0, "grd"), (90.5, "rand"), (90.5, "grd"),
    ]  # fmt: skip
    assert all(set(FIELDS) <= row.keys() for row in rows)
    assert all(row["satisfied_share"] == 1.0 for row in rows if row["requests"] == 0)
    before = call_cnc("--json", *EVALUATE, home=home).good().rows
    assert [row["cost"] for row in before] == [row["cost"] for row in rows]
    drawn = call_cnc("plot", str(out), home=home).good()
    assert [Path(line).exists() for line in drawn.out.splitlines()] == [True] * 5
    figures = call_cnc("plot", str(out), "--out", str(tmp_path / "f"), "--json", home=home).rows
    assert [row["figure"] for row in figures] == ["figure-4-energy", "figure-5-satisfaction"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--loads", "-5"], ["load", "-5"]),
        (["--loads", "many"], ["--loads", "'many'"]),
        (["--loads", "nan"], ["load", "nan"]),
        (["--loads", "1,,2"], ["--loads", "commas"]),
        (["--loads", ""], ["--loads"]),
        (["--policies", "nonsense"], ["'nonsense'", "grd"]),
        (["--policies", "grd,grd"], ["named twice"]),
        (["--slots", "0"], ["slots", "at least 1"]),
        (["--slots", "three"], ["--slots", "integer"]),
        (["--worlds", "0"], ["worlds", "at least 1"]),
        (["--worlds", "1000"], ["world", "99"]),
        (["--traces", "-1"], ["traces", "at least 1"]),
        (["--seed", "-1"], ["seed"]),
        (["--jobs", "0"], ["--jobs"]),
        (["--backend", "cloud"], ["--backend"]),
        (["--scenario", "atlantis"], ["atlantis", "paper"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_wrong_use_is_2(args: list[str], words: list[str], home: Path) -> None:
    call_cnc("evaluate", *args, home=home).fails(2, *words)


def test_results_of_another_commit_are_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results"
    call_cnc(*EVALUATE, "--out", str(out), home=home).good()
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps({**manifest, "commit": "0123456"}))
    refused = call_cnc(*EVALUATE, "--out", str(out), home=home)
    refused.fails(1, "another commit (0123456", "--out", "--force")
    call_cnc(*EVALUATE, "--out", str(out), "--force", home=home).good()


def test_folders_that_cannot_be_used(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    call_cnc(*EVALUATE, "--out", str(file / "results"), home=home).fails(1, "--out")
    call_cnc(*EVALUATE, "--out", str(file), home=home).fails(1, "--out")
    call_cnc("plot", str(tmp_path / "none"), home=home).fails(1, "holds no results", "cnc evaluate")
    call_cnc("plot", str(file), home=home).fails(1, "holds no results")
    call_cnc("plot", home=home).fails(2, "DIR")
    out = tmp_path / "results"
    call_cnc(*EVALUATE, "--out", str(out), home=home).good()
    call_cnc("plot", str(out), "--out", str(file / "x"), home=home).fails(1, "--out")
    (out / "results.parquet").write_bytes(b"PAR1")
    call_cnc("plot", str(out), home=home).fails(1, "cannot be read", "--force")


def test_the_case_study_ends_with_its_figures(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    args = ("study", "paper", "--quick", "--policies", "grd", "--no-bound", "--jobs", "1")
    done = call_cnc(*args, "--out", str(out), "--json", home=home).good()
    assert [row["requests"] for row in done.rows] == [400, 1200]
    assert " s on 1 idle core" in done.err
    assert (out / "figures" / "figure-5-satisfaction.svg").exists()
    assert "quick references" in (out / "figures" / "figures.md").read_text()


@pytest.mark.e2e
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_keeps_what_is_finished(
    sent: signal.Signals, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    args = ("evaluate", *FEW[:4], "--no-bound", "--policies", "grd", "--loads", "90")
    args = (*args, "--traces", "999", "--slots", "200", "--jobs", "2", "--out", str(out))
    with start_cnc(*args, home=home) as running:
        wait_for(lambda: len(list(out.glob("cells/*.parquet"))) > 2, 60, "cells are kept")
        assert running.end(sent) == 130
    assert "the same command goes on from there" in running.told
    assert "Traceback" not in running.told
    drawn = run_cnc("plot", str(out), home=home).good()
    assert "figure-4-energy.png" in drawn.out
