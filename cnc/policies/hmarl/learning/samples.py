"""A slot as an agent keeps it: what it knew, where it started from, what was measured since."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cnc.environment.sites import Floats
from cnc.policies.hmarl.improvement import Shares
from cnc.policies.hmarl.learning.packing import Arrays
from cnc.policies.hmarl.marginal import Conditions

SHARES = ("choice", "node", "side")
CONDITIONS = ("background", "backlog_gc", "ready", "link_mbit_s", "link_j_mbit")
MEASURED = "measured"


def sample_of(asked: Floats, possible: Floats, start: Shares, now: Conditions) -> Arrays:
    """Before the slot, in float32.

    Args:
        asked: [C, D] requests of origins.
        possible: [C, D x (K + 1)] choices.
        start: what the decision started from.
        now: what was known.
    """
    arrays = {"asked": asked, "possible": possible}
    arrays |= {name: getattr(start, name) for name in SHARES}
    arrays |= {name: getattr(now, name) for name in CONDITIONS}
    return {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()}


def measured(sample: Arrays, background: Floats) -> Arrays:
    """After it: with the background [N] that the slot really had."""
    return {**sample, MEASURED: np.asarray(background, dtype=np.float32)}


class Batch:
    """Slots [B, …] as tensors.

    Args:
        samples: measured, of one layout.
    """

    def __init__(self, samples: Sequence[Arrays]) -> None:
        self._tensors = {
            name: torch.tensor(np.stack([sample[name] for sample in samples]), dtype=torch.float64)
            for name in samples[0]
        }

    @property
    def asked(self) -> torch.Tensor:
        """[B, C, D]"""
        return self._tensors["asked"]

    @property
    def possible(self) -> torch.Tensor:
        """[B, C, D x (K + 1)]"""
        return self._tensors["possible"]

    @property
    def start(self) -> Shares:
        """Where the decisions started from."""
        return Shares(*(self._tensors[name] for name in SHARES))

    @property
    def believed(self) -> Conditions:
        """What was known before the slots."""
        return Conditions(*(self._tensors[name] for name in CONDITIONS))

    @property
    def met(self) -> Conditions:
        """What the slots really had."""
        names = (MEASURED, *CONDITIONS[1:])
        return Conditions(*(self._tensors[name] for name in names))
