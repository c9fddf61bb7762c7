"""All stages one after the other, resumable: the one command that makes the shipped weights.

A folder holds demonstrations, a checkpoint of the traffic stage, the weights (safetensors) and a
manifest. Running it again goes on where it stopped and ends with the same weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cnc.environment.scenario import load_scenario
from cnc.environment.sites import Floats, Integers
from cnc.errors import ConfigurationError, StorageError, UsageError
from cnc.files import write_whole
from cnc.policies.hmarl.initial import initial_weights
from cnc.policies.hmarl.q_distribution import QDistribution
from cnc.training.hmarl.demonstrations import Demonstration, demonstrate_all, read
from cnc.training.provenance import commit, versions
from cnc.training.seeds import Purpose, world_seed

Report = Callable[[str, int, int, float | None], None]
"""Stage, done, of how many, and a figure to watch."""
CHECKPOINT_EVERY = 10


@dataclass(frozen=True)
class TrainingPlan:
    """What is trained."""

    seed: int = 0
    """Of networks, worlds and traces; 0 to 899."""
    demonstrations: int = 150
    """Frames that the optimal reference plans, about 3 s each."""
    episodes: int = 120
    """Of the traffic stage, about 3 s each."""
    scenario: str = "paper"

    def __post_init__(self) -> None:
        if self.demonstrations < 10 or self.episodes < 1:
            raise UsageError("training needs at least 10 demonstrations and 1 episode")
        world_seed(Purpose.TRAINING, self.seed, 0)


def train(plan: TrainingPlan, folder: Path, jobs: int, report: Report) -> Path:
    """Train HMARL; the path of its weights.

    Args:
        plan: what.
        folder: kept and gone on with.
        jobs: processes for the demonstrations.
        report: told of progress.

    Raises:
        ConfigurationError: the folder is of another plan, or damaged.
        StorageError: the folder cannot be written.
    """
    import torch
    from safetensors.numpy import save_file
    from torch.utils.tensorboard import SummaryWriter

    from cnc.training.hmarl.deployment_stage import samples, train_deployment
    from cnc.training.hmarl.traffic_stage import TrafficLearner, train_traffic

    torch.set_num_threads(1)
    parameters = load_scenario(plan.scenario)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _same_plan(plan, folder)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror or error}); name another folder with "
            "--out"
        ) from error
    kept = folder / "demonstrations"
    demonstrate_all(
        parameters, plan.seed, plan.demonstrations, kept, jobs,
        lambda done, of: report("demonstrations", done, of, None),
    )  # fmt: skip

    @lru_cache(maxsize=512)
    def frame(number: int) -> Demonstration:
        return read(parameters, plan.seed, number, kept)

    seen, replicas = samples(frame(number) for number in range(plan.demonstrations))
    deployment = train_deployment(
        seen, replicas, plan.seed,
        lambda done, of, loss: report("deployment", done, of, loss),
    )  # fmt: skip
    weights = initial_weights(plan.seed)
    learner = TrafficLearner(weights, plan.episodes)
    checkpoint = folder / "traffic.pt"
    if checkpoint.exists():
        learner.restore(torch.load(checkpoint, weights_only=True))

    @lru_cache(maxsize=512)
    def sets(number: int) -> tuple[Integers, Integers]:
        shown = frame(number)
        searched = QDistribution(shown.world, {**weights, **deployment})
        return shown.replicas, searched.replicas(shown.observation)

    def tell(done: int, of: int, ratio: float) -> None:
        if done % CHECKPOINT_EVERY == 0 or done == of:
            write_whole(checkpoint, lambda file: torch.save(learner.snapshot(), file))
            writer.add_scalar("traffic/cost over plan", ratio, done)
        report("traffic", done, of, ratio)

    with SummaryWriter(str(folder / "tensorboard")) as writer:
        train_traffic(learner, frame, sets, plan.demonstrations, plan.episodes, plan.seed, tell)
    traffic = {name: np.asarray(array) for name, array in learner.weights().items()}
    done: dict[str, Floats] = {**traffic, **deployment}
    path = folder / f"seed-{plan.seed}.safetensors"
    single = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in done.items()}
    note = {"plan": json.dumps(asdict(plan))}
    write_whole(path, lambda file: save_file(single, file, metadata=note))
    manifest = {**asdict(plan), "commit": commit(), "versions": versions()}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return path


def _same_plan(plan: TrainingPlan, folder: Path) -> None:
    path = folder / "plan.json"
    wanted = asdict(plan)
    if not path.exists():
        path.write_text(json.dumps(wanted, indent=2) + "\n", "utf-8")
        return
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}); train into another folder"
        ) from error
    if found != wanted:
        raise ConfigurationError(
            f"{folder} holds a training of another plan ({found}); train into another folder, or "
            "with the same options to go on"
        )
