"""Fits and calibrates the heads on the examples; deterministic, needs scikit-learn.

Folds keep the variants of one sentence together, so that temperatures and thresholds come from
sentences that the weights have not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnc.intents.catalogue import Catalogue
from cnc.intents.examples import KINDS, Example, training_variants
from cnc.intents.features import FeatureMap, Matrix, prepare
from cnc.intents.heads import Heads, softmax

FOLDS = 5
KIND_C = 20.0
SERVICE_C = 30.0
"""Inverse strength of regularisation."""
EVERYDAY_ACCEPTED = 0.004
"""Share of unseen everyday sentences that the threshold may let through."""
ASKED = 0.02
"""Share of unseen requests that are answered by a question."""
Integers = NDArray[np.int64]


def fit_heads(
    catalogue: Catalogue, examples: list[Example], features: FeatureMap, fingerprint: str
) -> Heads:
    """Fit both heads on the examples with their variants, and calibrate them."""
    variants = training_variants(catalogue, examples)
    raw = [variant.text for variant in variants]
    x = features.of([prepare(text) for text in raw], raw, fixed=True)
    kinds = np.array([KINDS.index(v.kind) for v in variants], dtype=np.int64)
    services = np.array([v.service for v in variants], dtype=np.int64)
    fold = np.array([v.group % FOLDS for v in variants], dtype=np.int64)
    original = np.arange(len(variants)) < len(examples)

    kind_out = np.zeros((len(variants), len(KINDS)))
    service_out = np.zeros((len(variants), len(catalogue.services)))
    request = services >= 0
    for held in range(FOLDS):
        train = fold != held
        weights, bias = _fit(x[train], kinds[train], KIND_C)
        kind_out[~train] = x[~train] @ weights.T + bias
        weights, bias = _fit(x[train & request], services[train & request], SERVICE_C)
        service_out[~train] = x[~train] @ weights.T + bias
    kind_temperature = _temperature(kind_out[original], kinds[original])
    asked = original & request
    service_temperature = _temperature(service_out[asked], services[asked])
    in_domain = softmax(kind_out / kind_temperature)[:, 0]
    everyday = np.sort(in_domain[original & (kinds == 1)])[::-1]
    threshold = float(everyday[int(EVERYDAY_ACCEPTED * len(everyday))])
    confidence = softmax(service_out[asked] / service_temperature).max(axis=1)
    kind_weights, kind_bias = _fit(x, kinds, KIND_C)
    service_weights, service_bias = _fit(x[request], services[request], SERVICE_C)
    return Heads(
        fingerprint=fingerprint,
        kind_weights=kind_weights,
        kind_bias=kind_bias,
        service_weights=service_weights,
        service_bias=service_bias,
        kind_temperature=kind_temperature,
        service_temperature=service_temperature,
        accept_in_domain=min(max(threshold, 0.3), 0.9),
        accept_confidence=float(np.quantile(confidence, ASKED)),
    )


def _fit(x: Matrix, labels: Integers, strength: float) -> tuple[Matrix, Matrix]:
    """Multinomial logistic regression; classes weigh the same whatever their number."""
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=strength, max_iter=400, class_weight="balanced", tol=1e-3)
    model.fit(x, labels)
    return model.coef_.astype(np.float32), model.intercept_.astype(np.float32)


def _temperature(logits: NDArray[np.float64], labels: Integers) -> float:
    """The temperature under which held-out labels are most likely."""
    rows = np.arange(len(labels))
    grid = np.geomspace(0.2, 5.0, 60)
    losses = [-np.log(softmax(logits / t)[rows, labels] + 1e-12).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])
