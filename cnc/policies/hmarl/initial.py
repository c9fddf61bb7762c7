"""Weights before any training: corrections of 0, steps that fall."""

from __future__ import annotations

import numpy as np

from cnc.environment.sites import Floats
from cnc.policies.hmarl import backhaul, improvement

HIDDEN = 16
"""Units of the traffic networks."""
TURNS = 10
"""Improvements by E2E in a slot."""
DOMAIN_TURNS = 1
"""Improvements by a domain in a slot."""


def initial_weights(seed: int) -> dict[str, Floats]:
    """Random hidden layers, output layers of 0."""
    stream = np.random.default_rng([seed, 0x41])
    weights: dict[str, Floats] = {}
    inputs = {
        "e2e": improvement.FEATURES,
        "node": improvement.NODE_FEATURES,
        "backhaul": backhaul.FEATURES,
    }
    for name, features in inputs.items():
        weights[f"{name}.w1"] = stream.normal(0.0, features**-0.5, (features, HIDDEN))
        weights[f"{name}.b1"] = np.zeros(HIDDEN)
        weights[f"{name}.w2"] = np.zeros((HIDDEN, 2))
        weights[f"{name}.b2"] = np.zeros(2)
    falling = 0.9 ** np.arange(TURNS)
    weights["e2e.steps"] = np.stack([0.6 * falling, 0.6 * falling, 1.0 * falling], -1)
    weights["domain.steps"] = np.tile(np.array([0.0, 0.4, 0.6]), (DOMAIN_TURNS, 1))
    return weights
