"""The weights that one agent moves, with Adam's moments.

Steps are moved in logarithms, as in training. Adam is written out (Kingma and Ba, 2015): its
moments must go into snapshots and come back exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cnc.policies.hmarl.improvement import Weights
from cnc.policies.hmarl.learning.packing import Arrays, taken, under
from cnc.policies.hmarl.learning.settings import LearningSettings

FIRST, SECOND, TINY = 0.9, 0.999, 1e-8
LEAST_STEP = 1e-3
"""Of an improvement; smaller ones have no useful logarithm."""


class Trainable:
    """Some of the weights, as they are learned.

    Args:
        base: all weights.
        prefixes: of the names that are learned.
        settings: rates.
    """

    def __init__(self, base: Weights, prefixes: Sequence[str], settings: LearningSettings) -> None:
        self._settings = settings
        self.names = tuple(sorted(name for name in base if name.startswith(tuple(prefixes))))
        self._fixed = {
            name: torch.tensor(np.asarray(array), dtype=torch.float64)
            for name, array in base.items()
            if name not in self.names
        }
        self.steps = 0
        self.set(base)

    def set(self, weights: Weights) -> None:
        """Begin from these weights, with Adam's moments at 0."""
        self._raw = {name: _raw(name, np.asarray(weights[name])) for name in self.names}
        self._first = {name: torch.zeros_like(raw) for name, raw in self._raw.items()}
        self._second = {name: torch.zeros_like(raw) for name, raw in self._raw.items()}
        self._count = 0

    def tensors(self) -> dict[str, torch.Tensor]:
        """All weights; the learned ones carry gradients."""
        learned = {
            name: raw.exp() if name.endswith("steps") else raw for name, raw in self._raw.items()
        }
        return {**self._fixed, **learned}

    def arrays(self) -> Arrays:
        """All weights as agents take them."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.tensors().items()}

    def learned(self) -> Arrays:
        """Only those that are learned."""
        return {name: array for name, array in self.arrays().items() if name in self.names}

    def descend(self, loss: torch.Tensor) -> bool:
        """One step of Adam; False, and nothing moved, without a gradient that is finite.

        There is none where every drawn decision is best left as it began.
        """
        if not loss.requires_grad:
            return False
        settings = self._settings
        grads = torch.autograd.grad(loss, list(self._raw.values()), allow_unused=True)
        found = {
            name: torch.zeros_like(raw) if grad is None else grad
            for (name, raw), grad in zip(self._raw.items(), grads, strict=True)
        }
        length = float(torch.sqrt(sum((grad**2).sum() for grad in found.values())))  # type: ignore[arg-type]
        if not np.isfinite(length):
            return False
        shrink = min(1.0, settings.clip / max(length, 1e-12))
        self._count += 1
        self.steps += 1
        for name, raw in self._raw.items():
            grad = found[name] * shrink
            first, second = self._first[name], self._second[name]
            first.mul_(FIRST).add_(grad, alpha=1.0 - FIRST)
            second.mul_(SECOND).add_(grad**2, alpha=1.0 - SECOND)
            rate = settings.step_rate if name.endswith("steps") else settings.rate
            size = (second / (1.0 - SECOND**self._count)).sqrt() + TINY
            with torch.no_grad():
                raw -= rate * first / (1.0 - FIRST**self._count) / size
        return True

    def snapshot(self) -> Arrays:
        """Weights and moments."""
        counts = np.array([self._count, self.steps])
        kinds = {"raw/": self._raw, "first/": self._first, "second/": self._second}
        arrays: Arrays = {"counts": counts}
        for prefix, tensors in kinds.items():
            arrays |= under(prefix, {n: t.detach().numpy().copy() for n, t in tensors.items()})
        return arrays

    def restore(self, arrays: Arrays) -> None:
        """Take up a snapshot."""
        self._count, self.steps = (int(count) for count in arrays["counts"])
        self._raw = {
            name: torch.tensor(array).requires_grad_(True)
            for name, array in taken("raw/", arrays).items()
        }
        self._first = {n: torch.tensor(a) for n, a in taken("first/", arrays).items()}
        self._second = {n: torch.tensor(a) for n, a in taken("second/", arrays).items()}


def _raw(name: str, array: np.ndarray) -> torch.Tensor:
    tensor = torch.tensor(array, dtype=torch.float64)
    if name.endswith("steps"):
        tensor = tensor.clamp(min=LEAST_STEP).log()
    return tensor.requires_grad_(True)
