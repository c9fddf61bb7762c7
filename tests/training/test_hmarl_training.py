"""Training HMARL: one plan gives one set of weights, interrupted or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from cnc.errors import ConfigurationError, StorageError, UsageError
from cnc.policies.hmarl.policy import read_weights
from cnc.training.hmarl.pipeline import TrainingPlan, train

PLAN = TrainingPlan(seed=3, demonstrations=10, episodes=12, scenario="small")


class Stopped(Exception):
    """Stands for Ctrl-C."""


def ignore(stage: str, done: int, of: int, figure: float | None) -> None:
    assert 0 < done <= of


def stop_late(stage: str, done: int, of: int, figure: float | None) -> None:
    if stage == "traffic" and done == 11:
        raise Stopped


@pytest.mark.slow
def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    first = read_weights(train(PLAN, whole, 1, ignore))
    shutil.copytree(whole / "demonstrations", parted / "demonstrations")
    with pytest.raises(Stopped):
        train(PLAN, parted, 1, stop_late)
    second = read_weights(train(PLAN, parted, 1, ignore))
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)
    assert any(np.abs(array).max() > 0 for name, array in first.items() if name.endswith("w2"))
    with pytest.raises(ConfigurationError, match="another plan"):
        train(TrainingPlan(seed=4, demonstrations=10, episodes=12), parted, 1, ignore)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way", "utf-8")
    with pytest.raises(StorageError, match="name another folder with --out"):
        train(PLAN, file / "training", 1, ignore)


def test_a_wrong_plan_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the seed is from 0 to 899"):
        TrainingPlan(seed=1000)
    with pytest.raises(UsageError):
        train(TrainingPlan(scenario="nowhere"), tmp_path / "training", 1, ignore)
    assert not (tmp_path / "training").exists()


def test_too_little_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 10 demonstrations"):
        TrainingPlan(demonstrations=2)
