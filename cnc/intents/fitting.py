"""Fits and calibrates the heads on the examples; deterministic, needs scikit-learn.

Folds keep the variants of one sentence together, so that temperatures and thresholds come from
sentences that the weights have not seen.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnc.intents.catalogue import Catalogue
from cnc.intents.examples import KINDS, Example, training_variants
from cnc.intents.features import FeatureMap, Matrix
from cnc.intents.heads import Heads, softmax
from cnc.intents.languages import language_of
from cnc.intents.normaliser import normalise
from cnc.intents.prepared import prepare

FOLDS = 5
STRENGTH = 10.0
"""Inverse strength of regularisation."""
EVERYDAY_ACCEPTED = 0.006
"""Share of unseen everyday sentences that the threshold may let through,"""
REQUESTS_KEPT = 0.88
"""as long as it keeps this share of unseen requests."""
EVERYDAY_ASKED = 0.04
"""Share of unseen everyday sentences that may be answered by a question or more."""
CLEARLY_EVERYDAY = 0.002
"""Share of unseen requests that may lie where a second model is not heard."""
CLEAR_CONFIDENCE = 0.9
ASKED = 0.02
"""Share of unseen requests that are answered by a question."""
STEPS = 120
"""Most steps of the solver."""
Integers = NDArray[np.int64]


def fit_heads(
    catalogue: Catalogue, examples: list[Example], features: FeatureMap, fingerprint: str
) -> Heads:
    """Fit both heads on the examples with their variants, and calibrate them."""
    variants = training_variants(catalogue, examples)
    clean = [normalise(variant.text) for variant in variants]
    prepared = [prepare(text, english=language_of(text) == "en") for text in clean]
    x = features.of(prepared, fixed=True)
    kinds = np.array([KINDS.index(v.kind) for v in variants], dtype=np.int64)
    services = np.array([v.service for v in variants], dtype=np.int64)
    fold = np.array([v.group % FOLDS for v in variants], dtype=np.int64)
    original = np.arange(len(variants)) < len(examples)

    kind_out = np.zeros((len(variants), len(KINDS)))
    service_out = np.zeros((len(variants), len(catalogue.services)))
    request = services >= 0
    for held in range(FOLDS):
        train = fold != held
        weights, bias = _fit(x[train], kinds[train], STRENGTH)
        kind_out[~train] = x[~train] @ weights.T + bias
        weights, bias = _fit(x[train & request], services[train & request], STRENGTH)
        service_out[~train] = x[~train] @ weights.T + bias
    kind_temperature = _temperature(kind_out[original], kinds[original])
    asked = original & request
    service_temperature = _temperature(service_out[asked], services[asked])
    in_domain = softmax(kind_out / kind_temperature)[:, 0]
    everyday = np.sort(in_domain[original & (kinds == 1)])[::-1]
    accept = min(
        float(everyday[int(EVERYDAY_ACCEPTED * len(everyday))]),
        float(np.quantile(in_domain[original & request], 1.0 - REQUESTS_KEPT)),
    )
    ask = min(float(everyday[int(EVERYDAY_ASKED * len(everyday))]), accept)
    confidence = softmax(service_out[asked] / service_temperature).max(axis=1)
    kind_weights, kind_bias = _fit(x, kinds, STRENGTH)
    service_weights, service_bias = _fit(x[request], services[request], STRENGTH)
    return Heads(
        fingerprint=fingerprint,
        kind_weights=kind_weights,
        kind_bias=kind_bias,
        service_weights=service_weights,
        service_bias=service_bias,
        kind_temperature=kind_temperature,
        service_temperature=service_temperature,
        accept_in_domain=accept,
        ask_in_domain=ask,
        accept_confidence=float(np.quantile(confidence, ASKED)),
        clear_low=min(float(np.quantile(in_domain[asked], CLEARLY_EVERYDAY)), ask),
        clear_high=max(accept, float(everyday[0])),
        clear_confidence=CLEAR_CONFIDENCE,
    )


def _fit(x: Matrix, labels: Integers, strength: float) -> tuple[Matrix, Matrix]:
    """Multinomial logistic regression on centred features; the centre goes into the bias."""
    linear: Any = importlib.import_module("sklearn.linear_model")

    centre = x.mean(axis=0)
    model: Any = linear.LogisticRegression(C=strength, max_iter=STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the last steps change no decision
        model.fit(x - centre, labels)
    weights = model.coef_.astype(np.float16).astype(np.float32)
    bias = (model.intercept_ - weights @ centre).astype(np.float32)
    return weights, bias


def _temperature(logits: NDArray[np.float64], labels: Integers) -> float:
    """The temperature under which held-out labels are most likely."""
    rows = np.arange(len(labels))
    grid = np.geomspace(0.2, 5.0, 60)
    losses = [-np.log(softmax(logits / t)[rows, labels] + 1e-12).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])
