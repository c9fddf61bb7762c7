"""A text made ready for the models: stated slots read, then numbers and quality words masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cnc.errors import IntentError
from cnc.intents.glossary import in_english, without_quantities
from cnc.intents.masking import mask
from cnc.intents.operations import operation_strength
from cnc.intents.slots import Stated, read_stated

SIGNS = 7
"""Latency, rate, reliability and users stated; words of quality; words of networks; a question."""
_QUESTION = re.compile(
    r"\W*(?:what(?:'s|s)?|who(?:'s|s)?|whose|why|how|when|where(?:'s)?|which|is|are|was|were|am|does|do|"
    r"did|has|have|had|will|should|may|explain|define|tell\s+me)\b",
    re.IGNORECASE,
)
_QUALITY = re.compile(
    r"latenc|delay|bandwidth|throughput|reliab|availab|data rate|jitter|urllc|embb|mmtc|mbps|gbps|"
    r"\bqos\b|时延|延迟|带宽|可靠",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"slice|network|\bedge\b|connectivity|connect|deploy|provide|provision|support|uplink|downlink|"
    r"[56]g\b|\blinks?\b|网络|切片|部署|提供|支持",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Prepared:
    """What the heads need to know of a text."""

    masked: str
    """In small letters, without numbers and words of quality."""
    signs: tuple[bool, ...]
    """Which of the `SIGNS` the text shows."""
    job: int
    """How clearly it is a network operation, 0 to 3."""
    stated: Stated | None
    problem: IntentError | None
    """Why the stated values cannot be meant, where they cannot."""


@lru_cache(maxsize=256)
def prepare(text: str, *, english: bool = True) -> Prepared:
    """Read and mask a normalised text; impossible values are kept as a problem, not raised."""
    stated: Stated | None = None
    problem: IntentError | None = None
    try:
        stated = read_stated(text if english else in_english(text))
    except IntentError as error:
        problem = error
    if stated is not None and english:
        masked = mask(stated.text, stated.spans)
    else:
        masked = mask(text if english else without_quantities(text), ())
    signs = (False,) * (SIGNS - 3)
    if stated is not None:
        signs = (
            stated.latency_ms is not None,
            stated.data_rate_mbps is not None or stated.data_rate_total_mbps is not None,
            stated.reliability_pct is not None,
            stated.users is not None and stated.named,
        )
    return Prepared(
        masked=masked.lower(),
        signs=(
            *signs,
            bool(_QUALITY.search(text)),
            bool(_NETWORK.search(text)),
            bool(_QUESTION.match(text)),
        ),
        job=operation_strength(text),
        stated=stated,
        problem=problem,
    )
