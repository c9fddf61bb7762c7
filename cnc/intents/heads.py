"""Two small linear heads on the features of a text: what kind it is, and which service."""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnc.intents.features import Matrix

Probabilities = NDArray[np.float64]
_ARRAYS = ("kind_weights", "kind_bias", "service_weights", "service_bias")

_SCALARS = (
    "kind_temperature",
    "service_temperature",
    "accept_in_domain",
    "ask_in_domain",
    "accept_confidence",
    "clear_low",
    "clear_high",
    "clear_confidence",
)


@dataclass(frozen=True)
class Heads:
    """Fitted weights with the temperatures and thresholds that were calibrated with them."""

    fingerprint: str
    """Of the model and examples that the weights were fitted on."""
    kind_weights: Matrix
    """[kind, feature]."""
    kind_bias: Matrix
    service_weights: Matrix
    """[service, feature]."""
    service_bias: Matrix
    kind_temperature: float
    service_temperature: float
    accept_in_domain: float
    """Probability of being a request from which on a text is accepted as one."""
    ask_in_domain: float
    """Probability of being a request below which a text is refused; between the two, ask."""
    accept_confidence: float
    """Confidence in a service below which the user is asked."""
    clear_low: float
    """Probability of being a request below which a second model need not be heard."""
    clear_high: float
    """The same from above, together with `clear_confidence`."""
    clear_confidence: float

    def kinds(self, features: Matrix) -> Probabilities:
        """[text, kind] probabilities in the order of `KINDS`."""
        logits = features @ self.kind_weights.T + self.kind_bias
        return softmax(logits / self.kind_temperature)

    def services(self, features: Matrix) -> Probabilities:
        """[text, service] probabilities in the catalogue's order."""
        logits = features @ self.service_weights.T + self.service_bias
        return softmax(logits / self.service_temperature)

    def save(self, path: Path) -> None:
        """Write all weights into one file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            np.savez_compressed(
                part,
                fingerprint=np.str_(self.fingerprint),
                scalars=np.array([getattr(self, name) for name in _SCALARS]),
                **{
                    name: getattr(self, name).astype(
                        np.float16 if name.endswith("weights") else np.float32
                    )
                    for name in _ARRAYS
                },
            )
        Path(part.name).chmod(0o644)
        os.replace(part.name, path)  # noqa: PTH105


def load_heads(path: Path, fingerprint: str) -> Heads | None:
    """Read heads; None if the file is absent, damaged, or was fitted on something else."""
    try:
        with path.open("rb") as file, np.load(file) as archive:
            if str(archive["fingerprint"]) != fingerprint:
                return None
            scalars = [float(value) for value in archive["scalars"]]
            arrays = {name: archive[name].astype(np.float32) for name in _ARRAYS}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    return Heads(fingerprint, *(arrays[name] for name in _ARRAYS), *scalars)


def softmax(logits: NDArray[np.floating]) -> Probabilities:
    """Rows of probabilities."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    result: Probabilities = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
