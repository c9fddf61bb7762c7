"""Evaluations: the same traces for all, rows as documented, resumed and refused rightly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from cnc.environment.scenario import load_scenario
from cnc.errors import NotFoundError, PermanentError, StorageError, UsageError
from cnc.policies.registry import distributed_policy, policy_named
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import TrafficGenerator
from cnc.training import evaluation, evaluation_cells, evaluation_jobs, provenance
from cnc.training.evaluation import Progress, below_bound, digest_of, evaluate, joined
from cnc.training.results import ResultsFolder
from cnc.training.rollout import episode
from cnc.training.seeds import Purpose, purpose_of
from training.evaluating import FIELDS, plan, row, untimed


def test_rows_are_as_documented_and_on_held_out_traces() -> None:
    rows = evaluate(plan(worlds=2, traces=2)).rows
    assert len(rows) == 2 * 2 * 2 * 2
    for one in rows:
        assert set(FIELDS) <= one.keys()
        assert one["training_seed"] is None and one["bound_cost"] is None
        assert purpose_of(one["world_seed"]) is Purpose.EVALUATION
        assert purpose_of(one["trace_seed"]) is Purpose.EVALUATION
        assert one["energy_min_j"] <= one["energy_j"] <= one["energy_max_j"]
        assert one["satisfied_min"] <= one["satisfied_share"] <= one["satisfied_max"]
        terms = ("computing_j", "network_j", "idle_j", "keepalive_j", "start_j")
        assert sum(one[term] for term in terms) == pytest.approx(one["energy_j"])
        assert one["decision_ms"] > 0
    json.dumps(rows, allow_nan=False)


def test_all_policies_meet_the_same_requests() -> None:
    rows = evaluate(plan(policies=("rand", "grd", "grd-plus"), loads=(90.0,), traces=2)).rows
    for trace in (0, 1):
        assert len({one["asked"] for one in rows if one["trace"] == trace}) == 1
    assert len({one["asked"] for one in rows}) == 2


def test_nobody_asks_and_all_are_satisfied() -> None:
    for one in evaluate(plan(loads=(0.0,))).rows:
        assert one["asked"] == 0
        assert one["satisfied_share"] == one["satisfied_min"] == one["satisfied_max"] == 1.0
        assert one["cost"] == pytest.approx((one["energy_j"] - one["idle_j"]) / 8.0)


def test_the_window_begins_after_one_frame() -> None:
    (one,) = evaluate(plan(policies=("grd",), loads=(90.0,))).rows
    world = generate_world(load_scenario("small"), one["world_seed"])
    steps = list(islice(episode(world, policy_named("grd"), one["trace_seed"], 90.0), 10, 13))
    assert [step.outcome.slot for step in steps] == [10, 11, 12]
    assert one["cost"] == pytest.approx(fmean(step.outcome.cost for step in steps))
    assert one["energy_max_j"] == max(step.outcome.energy_j for step in steps)


def test_the_bound_sees_what_the_policies_met() -> None:
    """Its inputs are drawn apart from any policy; they are those of the episode."""
    world = generate_world(load_scenario("small"), 200_000_000)
    traffic = TrafficGenerator(world, 200_000_000, 90.0)
    for step in islice(episode(world, policy_named("rand"), 200_000_000, 90.0), 12):
        slot = traffic.next()
        assert np.array_equal(slot.requests, step.measured.requests)
        assert np.array_equal(slot.node_background, step.background)
        assert np.array_equal(slot.link_capacity_mbit_s, step.measured.link_capacity_mbit_s)
        assert np.array_equal(slot.link_energy_j_mbit, step.measured.link_energy_j_mbit)


def test_the_bound_is_below_every_policy() -> None:
    found = evaluate(
        plan(policies=("rand", "grd-plus"), loads=(60.0, 200.0), bound=True, effort="quick")
    )
    assert found.below_bound == 0
    for one in found.rows:
        assert 0 < one["bound_cost"] < one["cost"]
        assert 0 < one["bound_energy_j"] < one["energy_j"]


def test_a_row_below_its_bound_is_counted() -> None:
    rows = [row("grd"), row("opt", cost=49.0), row("rand", energy_j=1700.0)]
    assert below_bound(rows) == 2
    assert below_bound([row("grd", bound_cost=None, bound_energy_j=None)]) == 0


def test_jobs_do_not_change_rows(tmp_path: Path) -> None:
    alone = evaluate(plan())
    beside = evaluate(plan(), jobs=2, out=tmp_path)
    assert untimed(alone.rows) == untimed(beside.rows)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_gives_the_same_rows() -> None:
    ray = pytest.importorskip("ray")
    found = evaluate(plan(), jobs=2, backend="ray")
    assert not ray.is_initialized()
    assert untimed(found.rows) == untimed(evaluate(plan()).rows)


def test_without_ray_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'cnc\[ray\]'"):
        evaluate(plan(), jobs=2, backend="ray")


def count_cells(monkeypatch: pytest.MonkeyPatch, fail_after: int | None = None) -> list[str]:
    """Note what is computed; Ctrl-C after some cells."""
    done: list[str] = []
    compute = evaluation_jobs.compute

    def counted(cell: Any, *others: Any) -> Any:
        if fail_after is not None and len(done) == fail_after:
            raise KeyboardInterrupt
        done.append(cell.key)
        return compute(cell, *others)

    monkeypatch.setattr(evaluation_jobs, "compute", counted)
    return done


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        first = count_cells(patch, fail_after=3)
        with pytest.raises(KeyboardInterrupt):
            evaluate(plan(), out=tmp_path)
    assert len(first) == 3
    assert len(ResultsFolder(tmp_path).rows()) == 3
    (tmp_path / "cells" / f"{first[0]}.parquet").write_bytes(b"PAR1 torn")
    seen: list[Progress] = []
    with monkeypatch.context() as patch:
        second = count_cells(patch)
        found = evaluate(plan(), out=tmp_path, on_progress=seen.append)
    assert len(second) == 2 and not set(second) & set(first[1:])
    assert (seen[0].done, seen[0].resumed, seen[0].total) == (2, 2, 4)
    assert seen[0].remaining_s is None and seen[-1].remaining_s == 0 and seen[-1].done == 4
    assert untimed(found.rows) == untimed(evaluate(plan()).rows)
    assert len(found.manifest["runs"]) == 2 and found.manifest["runs"][1]["cells"] == 2


def test_policies_and_loads_are_added_to_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(plan(), out=tmp_path)
    done = count_cells(monkeypatch)
    found = evaluate(plan(policies=("grd-plus", "grd"), loads=(90.0,)), out=tmp_path)
    assert done == ["grd-plus-load90-world0-trace0"]
    assert [one["policy"] for one in found.rows] == ["grd-plus", "grd"]
    kept = ResultsFolder(tmp_path).rows()
    assert [(one["requests"], one["policy"]) for one in kept] == [
        (0.0, "rand"), (0.0, "grd"), (90.0, "rand"), (90.0, "grd"), (90.0, "grd-plus"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slots": 4}, "slots (3, now 4)"),
        ({"seed": 1}, "seed (0, now 1)"),
        ({"scenario": "paper", "loads": (1.0,)}, "scenario (small)"),
        ({"effort": "quick"}, "effort (full, now quick)"),
    ],
)
def test_results_of_something_else_are_refused(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    evaluate(plan(policies=("grd",), loads=(0.0,)), out=tmp_path)
    with pytest.raises(PermanentError) as raised:
        evaluate(plan(policies=("grd",), **{"loads": (0.0,), **changes}), out=tmp_path)
    assert words in str(raised.value) and "--force" in str(raised.value)


def test_results_of_another_commit_are_refused_or_discarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: "aaaaaaa")
    evaluate(plan(policies=("grd",)), out=tmp_path)
    monkeypatch.setattr(provenance, "commit", lambda: "bbbbbbb")
    with pytest.raises(PermanentError, match="commit \\(aaaaaaa, now bbbbbbb\\)"):
        evaluate(plan(policies=("grd",)), out=tmp_path)
    done = count_cells(monkeypatch)
    evaluate(plan(policies=("grd",)), out=tmp_path, force=True)
    assert len(done) == 2
    assert json.loads((tmp_path / "manifest.json").read_text())["commit"] == "bbbbbbb"


def test_the_manifest_says_how_to_repeat_it(tmp_path: Path) -> None:
    evaluate(plan(worlds=2, traces=2), out=tmp_path, command="cnc evaluate --worlds 2")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["commit"] == provenance.commit()
    assert manifest["runs"][0]["command"] == "cnc evaluate --worlds 2"
    assert {"started_at", "ended_at", "wall_s"} <= manifest["runs"][0].keys()
    assert manifest["versions"].keys() >= {"cnc", "python", "numpy", "torch"}
    assert len(manifest["world_seeds"]) == 2 and len(manifest["trace_seeds"][1]) == 2
    assert manifest["scenario_parameters"]["cells"] == 3


def test_a_scenario_counts_by_its_parameters_not_its_file(tmp_path: Path) -> None:
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text("base: small\n")
    other.write_text("base: small\nzipf: 1.1\n")
    digests = [digest_of(asdict(load_scenario(name))) for name in ("small", str(same), str(other))]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "changes",
    [
        {"loads": (-1.0,)},
        {"loads": (float("nan"),)},
        {"loads": (float("inf"),)},
        {"loads": (1e12,)},
        {"loads": ()},
        {"loads": (5.0, 5.0)},
        {"policies": ("grd", "grd")},
        {"slots": 0},
        {"worlds": 0},
        {"worlds": 101},
        {"traces": 0},
        {"training_seeds": 0},
        {"seed": -1},
        {"seed": 900},
        {"policies": ("nonsense",)},
        {"scenario": "atlantis"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        evaluate(plan(**changes), out=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_folder_that_cannot_be_written_is_said_before_computing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = count_cells(monkeypatch)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--out"):
        evaluate(plan(), out=tmp_path / "file" / "results")
    assert not done


def test_results_that_are_not_there_or_damaged_are_said(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    with pytest.raises(NotFoundError, match="holds no results"):
        folder.rows()
    with pytest.raises(NotFoundError, match="holds no results"):
        folder.manifest()
    for damage in (b"", b"PAR1", b"nonsense" * 100):
        (tmp_path / "results.parquet").write_bytes(damage)
        with pytest.raises(StorageError, match="cannot be read"):
            folder.rows()
    for text in ("", "{", "[]"):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(StorageError, match="cannot be read"):
            folder.manifest()
    with pytest.raises(PermanentError, match="--force"):
        evaluate(plan(), out=tmp_path)


class Learned:
    """A policy with weights: grd or rand, by training seed."""

    name = "learned"

    def trained(self, training_seed: int) -> Any:
        return distributed_policy(("rand", "grd")[training_seed])


def test_learned_policies_have_a_row_a_training_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(name: str) -> Any:
        return Learned() if name == "learned" else policy_named(name)

    monkeypatch.setattr(evaluation_cells, "policy_named", named)
    wanted = plan(policies=("learned", "grd"), loads=(90.0,), training_seeds=2)
    rows = evaluation.evaluate(wanted).rows
    assert [(one["policy"], one["training_seed"]) for one in rows] == [
        ("learned", 0), ("learned", 1), ("grd", None),
    ]  # fmt: skip
    assert rows[1]["cost"] == rows[2]["cost"] != rows[0]["cost"]


def test_rows_get_the_bound_of_their_own_trace() -> None:
    cells: list[dict[str, Any]] = []
    for trace, bound in ((0, 10.0), (1, 20.0)):
        shared = {"requests": 90.0, "world": 0, "trace": trace, "cost_by_slot": [bound]}
        lines = {"line_price": [4.0], "line_value": [bound], "requests_by_slot": [90.0]}
        constant = {"bound_idle_j": 100.0, "bound_reference_j": 8.0}
        cells.append({"policy": "bound", "bound_cost": bound, **shared, **lines, **constant})
        cells.append({"policy": "grd", "asked": 90.0, "satisfied": 90.0, **shared})
    rows = joined(cells)
    assert [one["bound_cost"] for one in rows] == [10.0, 20.0]
    assert [one["bound_energy_j"] for one in rows] == [100.0 + 80.0, 100.0 + 160.0]
    assert "cost_by_slot" not in rows[0]


@pytest.fixture(autouse=True)
def _no_cached_worlds() -> Iterator[None]:
    yield
    evaluation_cells._world.cache_clear()
