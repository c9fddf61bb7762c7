"""Stage 3: E2E and the domains learn to distribute and split, through the differentiable kernel.

Each episode takes a few demonstrations: their worlds, traces and sets of replicas, or the sets that
E2E would search for there by itself.
In each of the frame's slots all agents decide from what they would see, the kernel gives the slot
cost with the background that they have not seen, and its gradient moves the shared weights
(gamma 0: what a slot leaves to the next is not followed back). Costs are over those of OPT's plan,
so that all loads weigh alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnc.environment.sites import Floats, Integers
from cnc.policies.hmarl.joint import JointTraffic, View
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.world import World
from cnc.training.hmarl.demonstrations import BEFORE, FRAME, Demonstration

RATE = 3e-3
STEP_RATE = 9e-3
"""Of the logarithms of the step sizes."""
CLIP = 1.0
MEMBERS = 6
"""Worlds of an episode."""


@dataclass(frozen=True, eq=False)
class Played:
    """A slot of B worlds, decided and played."""

    joint: JointTraffic
    kernel: Kernel
    state: State
    """Before the slot."""
    now: ExogenousTensors
    routing: torch.Tensor
    """[B, D, C, R]"""
    planned: torch.Tensor
    """[B] cost of a slot, as OPT planned."""
    ratio: torch.Tensor
    """[B] cost over that."""


class TrafficLearner:
    """Weights of the traffic networks while they are trained.

    Args:
        weights: to begin with.
        episodes: that training will have, for the rate to fall over.
    """

    def __init__(self, weights: dict[str, Floats], episodes: int) -> None:
        self._episodes = max(episodes, 1)
        self._raw: dict[str, torch.Tensor] = {}
        for name, array in weights.items():
            tensor = torch.as_tensor(array, dtype=torch.float32)
            if name.endswith("steps"):
                tensor = tensor.clamp(min=1e-3).log()
            self._raw[name] = tensor.clone().requires_grad_(True)
        steps = [raw for name, raw in self._raw.items() if name.endswith("steps")]
        others = [raw for name, raw in self._raw.items() if not name.endswith("steps")]
        self._optimiser = torch.optim.Adam(
            [{"params": others, "lr": RATE}, {"params": steps, "lr": STEP_RATE}]
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda done: max(0.05, 1.0 - done / self._episodes)
        )

    def weights(self) -> dict[str, Floats]:
        """As the agents take them."""
        return {
            name: tensor.detach().numpy().astype(np.float64)
            for name, tensor in self._current().items()
        }

    def _current(self) -> dict[str, torch.Tensor]:
        return {
            name: raw.exp() if name.endswith("steps") else raw for name, raw in self._raw.items()
        }

    def episode(self, frames: Sequence[Demonstration], sets: Sequence[Floats]) -> float:
        """One episode; the mean cost over OPT's plan in its later slots.

        Args:
            frames: of one layout.
            sets: replicas [S, N] that serve in each.
        """
        ratios = []
        for played in self._slots(frames, sets):
            loss = self._loss(played)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(self._raw.values()), CLIP)
            self._optimiser.step()
            ratios.append(float(played.ratio.mean().detach()))
        self._schedule.step()
        return float(np.mean(ratios[3:]))

    def measured(self, frames: Sequence[Demonstration], sets: Sequence[Floats]) -> float:
        """The same figure, of weights that stay as they are."""
        with torch.no_grad():
            ratios = [float(played.ratio.mean()) for played in self._slots(frames, sets)]
        return float(np.mean(ratios[3:]))

    def _joint(self, worlds: Sequence[World]) -> JointTraffic:
        """All agents of some worlds."""
        return JointTraffic(worlds)

    def _loss(self, played: Played) -> torch.Tensor:
        """What a slot's gradient step makes smaller."""
        return played.ratio.mean()

    def _slots(self, frames: Sequence[Demonstration], sets: Sequence[Floats]) -> Iterator[Played]:
        """The slots of a frame one by one, each with the weights of then."""
        worlds = [frame.world for frame in frames]
        joint = self._joint(worlds)
        kernel = Kernel.of(worlds, dtype=torch.float32)
        ready = torch.as_tensor(np.stack(list(sets)), dtype=torch.float32)
        planned = torch.tensor([frame.cost for frame in frames], dtype=torch.float32)
        state = State(torch.zeros(len(frames), kernel.nodes), ready, ready)
        background = _stacked(frames, BEFORE - 1, "node_background")
        load = torch.zeros(len(frames), kernel.links)
        remembered = None
        for slot in range(BEFORE, BEFORE + FRAME):
            now = ExogenousTensors(
                *(
                    _stacked(frames, slot, name)
                    for name in (
                        "requests", "node_background", "link_capacity_mbit_s",
                        "link_energy_j_mbit",
                    )
                )
            )  # fmt: skip
            view = View(
                now.requests,
                background,
                state.backlog_gc,
                ready,
                now.link_capacity,
                now.link_energy,
                load,
            )
            routing, remembered = joint.decide(view, self._current(), remembered)
            after, outcome = kernel.step(state, now, routing, check=False)
            yield Played(joint, kernel, state, now, routing, planned, outcome.cost / planned)
            state = State(after.backlog_gc.detach(), ready, ready)
            background, load = now.node_background, outcome.link_utilisation.detach()

    def snapshot(self) -> dict[str, object]:
        """From which training goes on with the same numbers."""
        return {
            "raw": {name: raw.detach().clone() for name, raw in self._raw.items()},
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        """Go on from a snapshot."""
        raw = snapshot["raw"]
        assert isinstance(raw, dict)
        with torch.no_grad():
            for name, tensor in raw.items():
                self._raw[name].copy_(tensor)
        self._optimiser.load_state_dict(snapshot["optimiser"])  # type: ignore[arg-type]
        self._schedule.load_state_dict(snapshot["schedule"])  # type: ignore[arg-type]

    @property
    def done(self) -> int:
        """Episodes so far."""
        return int(self._schedule.last_epoch)


def train_traffic(
    learner: TrafficLearner,
    frame_of: Callable[[int], Demonstration],
    sets_of: Callable[[int], Sequence[Integers]],
    count: int,
    episodes: int,
    seed: int,
    progress: Callable[[int, int, float], None],
) -> None:
    """Episodes until there have been enough; each draws frames and sets by its own number."""
    while learner.done < episodes:
        stream = np.random.default_rng([seed, learner.done, 0x7A])
        drawn = stream.choice(count, min(MEMBERS, count), replace=False).tolist()
        sets = [sets_of(n) for n in drawn]
        chosen = [one[int(stream.integers(len(one)))].astype(np.float64) for one in sets]
        ratio = learner.episode([frame_of(n) for n in drawn], chosen)
        progress(learner.done, episodes, ratio)


def _stacked(frames: Sequence[Demonstration], slot: int, name: str) -> torch.Tensor:
    arrays = [getattr(frame.slots[slot], name) for frame in frames]
    return torch.as_tensor(np.stack(arrays), dtype=torch.float32)
