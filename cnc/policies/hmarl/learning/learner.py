"""One agent's learning: looking back, moving its weights, taking them back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch

from cnc.environment.sites import Floats
from cnc.policies.hmarl.improvement import Shares, Weights
from cnc.policies.hmarl.joint import stacked
from cnc.policies.hmarl.learning.guard import Guard, Verdict
from cnc.policies.hmarl.learning.hindsight import slot_cost
from cnc.policies.hmarl.learning.loss import Role, actor_loss
from cnc.policies.hmarl.learning.packing import Arrays, packed, taken, under, unpacked
from cnc.policies.hmarl.learning.replay import Replay
from cnc.policies.hmarl.learning.samples import SHARES, Batch, measured
from cnc.policies.hmarl.learning.settings import LearningSettings
from cnc.policies.hmarl.learning.trainable import Trainable
from cnc.policies.hmarl.marginal import Layout
from cnc.policies.hmarl.warm_start import WarmStart
from cnc.policies.interface import generator_of

logger = logging.getLogger(__name__)


class Learner:
    """Moves a copy of the weights by what an agent is told anyway.

    Args:
        name: of the agent, for the log.
        base: all weights to begin with, which are good until better ones are found.
        role: what the agent decides.
        settings: rates and windows.
        seed: of the policy.
        number: of the agent, for its draws and its turn.
    """

    def __init__(
        self,
        name: str,
        base: Weights,
        role: Role,
        settings: LearningSettings,
        seed: int,
        number: int,
    ) -> None:
        self._name, self._role, self._settings = name, role, settings
        self._seed, self._number = seed, number
        self.trainable = Trainable(base, role.learned, settings)
        self.weights: Weights = self.trainable.arrays()
        self.good: Weights = self.weights
        self.guard = Guard(settings)
        self._replay = Replay(settings.replay)
        self._key = b""
        self._layout: Layout | None = None
        self._pending: tuple[int, Arrays, Arrays] | None = None

    @property
    def slot(self) -> int | None:
        """The slot that waits for its outcome."""
        return None if self._pending is None else self._pending[0]

    def suit(self, key: bytes, layout: Layout) -> None:
        """The traffic classes of the slot; what was kept with others does not fit them."""
        if self._layout is not None and key == self._key:
            return
        if key != self._key:
            self._replay.clear()
            self._pending = None
        self._key, self._layout = key, stacked([_dense(layout)], torch.float64)

    def remember(self, slot: int, sample: Arrays, compared: Sequence[Shares]) -> None:
        """Keep a decision until its outcome is reported.

        Args:
            slot: of the decision.
            sample: what was known, and where the decision started from.
            compared: what was decided, what the last good weights would have, what the heuristic.
        """
        stacks = {name: np.stack([getattr(shares, name) for shares in compared]) for name in SHARES}
        self._pending = (slot, sample, stacks)

    def look_back(self, slot: int, background: Floats) -> Verdict:
        """Judge the slot before this one, and learn from it.

        Args:
            slot: that begins.
            background: [N] measured in the slot before.

        Returns:
            What became of the weights; the agent then follows `weights`.
        """
        pending, self._pending = self._pending, None
        if not all(np.isfinite(array).all() for array in self.weights.values()):
            self.take_back()
            return "revert"
        if pending is None or pending[0] != slot - 1:
            return "none"
        sample = measured(pending[1], background)
        verdict = self.guard.compare(*self._costs(sample, pending[2]))
        if verdict == "revert":
            self.take_back()
            return verdict
        if verdict == "promote":
            self.good = self.weights
            logger.info("%s: what was learned until slot %d is better and stays", self._name, slot)
        self._replay.add(sample)
        if (slot + self._number) % self._settings.every == 0:
            self._learn(slot)
        return verdict

    def take_back(self) -> None:
        """Go on from the last good weights; slots that began from worse decisions are forgotten."""
        self.trainable.set(self.good)
        self.weights = self.trainable.arrays()
        self._replay.clear()
        logger.warning("%s: what was learned was worse and is taken back", self._name)

    def warm(self, start: WarmStart) -> None:
        """Begin from knowledge: weights on probation, and slots that others have measured."""
        weights = start.weights_of(self._name)
        if weights is not None:
            self.begin_from(weights)
        if self._name in start.transitions:
            self.seed(start.key, start.transitions[self._name])

    def begin_from(self, weights: Weights) -> None:
        """Go on from what knowledge recommends.

        What was good so far stays the last good weights: its shadow decides beside, and the guard
        takes the recommended ones back where they are worse.
        """
        self.trainable.set({**self.weights, **weights})
        self.weights = self.trainable.arrays()
        self.guard.begin()

    def seed(self, key: bytes, samples: Sequence[Arrays]) -> None:
        """Fill the replay with slots that others have measured.

        Args:
            key: of the traffic classes that they were measured with; they count only for those.
            samples: oldest first.
        """
        if self._layout is not None and key != self._key:
            return
        self._key = key
        self._replay.clear()
        for sample in samples:
            self._replay.add(sample)

    def recorded(self, most: int) -> list[Arrays]:
        """The newest slots of the replay, oldest first, for `seed` of another learner."""
        return self._replay.newest(most)

    def _costs(self, sample: Arrays, compared: Arrays) -> list[float]:
        assert self._layout is not None
        batch = Batch([sample])
        shares = Shares(*(torch.as_tensor(compared[name]) for name in SHARES))
        with torch.no_grad():
            costs: list[float] = slot_cost(self._layout, batch.met, batch.asked, shares).tolist()
        return costs

    def _learn(self, slot: int) -> None:
        assert self._layout is not None
        stream = generator_of(self._seed, self._number, slot)
        batch = Batch(self._replay.draw(self._settings.drawn, stream))
        loss = actor_loss(self._layout, self._role, batch, self.trainable.tensors())
        if self.trainable.descend(loss):
            self.weights = self.trainable.arrays()

    def snapshot(self, others: Arrays) -> dict[str, Any]:
        """What a restart needs, replay included, as JSON values.

        Args:
            others: further arrays of the agent, which `restore` gives back.
        """
        arrays = under("trainable/", self.trainable.snapshot())
        arrays |= under("good/", {name: self.good[name] for name in self.trainable.names})
        arrays |= under("replay/", self._replay.snapshot())
        arrays |= under("other/", others)
        if self._pending is not None:
            arrays |= under("sample/", self._pending[1]) | under("compared/", self._pending[2])
        return {
            "slot": self.slot,
            "steps": self.trainable.steps,
            "key": self._key.hex(),
            "guard": self.guard.snapshot(),
            "arrays": packed(arrays),
        }

    def restore(self, snapshot: dict[str, Any]) -> Arrays:
        """Take up a snapshot; the further arrays that it was given.

        Raises:
            StorageError: it is damaged.
        """
        arrays = unpacked(snapshot["arrays"])
        self.trainable.restore(taken("trainable/", arrays))
        self.weights = self.trainable.arrays()
        self.good = {**self.weights, **taken("good/", arrays)}
        self.guard.restore(snapshot["guard"])
        self._replay.restore(taken("replay/", arrays))
        self._key, self._layout = bytes.fromhex(snapshot["key"]), None
        slot = snapshot["slot"]
        self._pending = None
        if slot is not None:
            self._pending = (int(slot), taken("sample/", arrays), taken("compared/", arrays))
        return taken("other/", arrays)


def _dense(layout: Layout) -> Layout:
    """Large layouts hold sparse matrices, which torch does not multiply from the left."""
    found = {field.name: getattr(layout, field.name) for field in fields(layout)}
    return replace(
        layout,
        **{name: value.toarray() for name, value in found.items() if hasattr(value, "toarray")},
    )
