"""Fits and calibrates the heads on the examples; deterministic on one machine.

Folds keep the variants of one sentence together, so that temperatures and thresholds come from
sentences that the weights have not seen.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from cnc.intents.catalogue import Catalogue
from cnc.intents.examples import KINDS, Example, training_variants
from cnc.intents.features import FeatureMap, Matrix
from cnc.intents.heads import Heads, softmax
from cnc.intents.languages import language_of
from cnc.intents.normaliser import normalise
from cnc.intents.prepared import prepare

FOLDS = 5
RATE = 3e-3
"""Learning rate, falling to nothing along a cosine."""
DECAY = 0.01
"""Weight decay; a tenth or ten times of it change held-out accuracy by less than a point."""
EPOCHS = 20
BATCH = 128
EVERYDAY_ACCEPTED = 0.01
"""Share of unseen everyday sentences that the threshold may let through,"""
REQUESTS_KEPT = 0.92
"""as long as it keeps this share of unseen requests. Examples are harder than what users say: many
everyday ones speak of the services, and many requests do not name theirs."""
REQUESTS_ANSWERED = 0.98
"""Share of unseen requests that are at least asked about."""
CLEARLY_EVERYDAY = 0.002
"""Share of unseen requests that may lie where a second model is not heard,"""
CLEARLY_REQUESTS = 0.005
"""and the share of unseen everyday sentences above."""
CLEAR_CONFIDENCE = 0.8
ASKED = 0.02
"""Share of unseen requests that are answered by a question."""
Integers = NDArray[np.int64]


def fit_heads(
    catalogue: Catalogue,
    examples: list[Example],
    features: FeatureMap,
    fingerprint: str,
    *,
    multilingual: bool = False,
) -> Heads:
    """Fit both heads on the examples with their variants, and calibrate them.

    Args:
        catalogue: the services, in the order of the head's rows.
        examples: sentences with what they are.
        features: of the models that the heads are for.
        fingerprint: kept in the heads, to tell when they are older than the examples.
        multilingual: calibrate on the sentences that are not English.
    """
    variants = training_variants(catalogue, examples)
    clean = [normalise(variant.text) for variant in variants]
    english = np.array([language_of(text) == "en" for text in clean])
    prepared = [prepare(text, english=bool(e)) for text, e in zip(clean, english, strict=True)]
    x = features.of(prepared, fixed=True)
    kinds = np.array([KINDS.index(v.kind) for v in variants], dtype=np.int64)
    services = np.array([v.service for v in variants], dtype=np.int64)
    fold = np.array([v.group % FOLDS for v in variants], dtype=np.int64)
    original = np.arange(len(variants)) < len(examples)
    if multilingual:
        original &= ~english  # these heads never judge an English text

    kind_out = np.zeros((len(variants), len(KINDS)))
    service_out = np.zeros((len(variants), len(catalogue.services)))
    request = services >= 0
    for held in range(FOLDS):
        train = fold != held
        weights, bias = _fit(x[train], kinds[train])
        kind_out[~train] = x[~train] @ weights.T + bias
        weights, bias = _fit(x[train & request], services[train & request])
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
    ask = min(float(np.quantile(in_domain[original & request], 1.0 - REQUESTS_ANSWERED)), accept)
    confidence = softmax(service_out[asked] / service_temperature).max(axis=1)
    kind_weights, kind_bias = _fit(x, kinds)
    service_weights, service_bias = _fit(x[request], services[request])
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
        clear_high=max(accept, float(everyday[int(CLEARLY_REQUESTS * len(everyday))])),
        clear_confidence=CLEAR_CONFIDENCE,
    )


def _fit(x: Matrix, labels: Integers) -> tuple[Matrix, Matrix]:
    """Multinomial logistic regression on centred features; the centre goes into the bias.

    AdamW on small batches: as good on held-out sentences as a second-order solver run to its end,
    in a tenth of the time.
    """
    centre = x.mean(axis=0)
    inputs, targets = torch.from_numpy(x - centre), torch.from_numpy(labels)
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(x.shape[1], int(labels.max()) + 1)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * math.ceil(len(x) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(x), generator=generator), BATCH):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(inputs[rows]), targets[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    weights = model.weight.detach().numpy().astype(np.float16).astype(np.float32)
    bias = (model.bias.detach().numpy() - weights @ centre).astype(np.float32)
    return weights, bias


def _temperature(logits: NDArray[np.float64], labels: Integers) -> float:
    """The temperature under which held-out labels are most likely."""
    rows = np.arange(len(labels))
    grid = np.geomspace(0.2, 5.0, 60)
    losses = [-np.log(softmax(logits / t)[rows, labels] + 1e-12).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])
