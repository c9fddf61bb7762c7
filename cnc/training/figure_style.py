"""How policies look in figures: apart also for the colour-blind, and in grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.labelsize": 9.5,
    "legend.fontsize": 8.5,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "cnc",
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Look:
    """One policy's bars and lines."""

    label: str
    colour: str
    marker: str
    hatch: str | None = None
    edge: str = "#333333"

    @property
    def line(self) -> str:
        """Colour of lines: yellow and light grey are too pale for them."""
        return {"#F0E442": "#B8A900", "#C8C8C8": "#8C8C8C"}.get(self.colour, self.colour)


_LOOKS = {
    "rand": Look("RAND", "#C8C8C8", "x"),
    "nearest": Look("NEAREST", "#CC79A7", "v"),
    "grd": Look("GRD", "#F0E442", "s"),
    "grd-plus": Look("GRD-PLUS", "#E69F00", "D"),
    "grd-work": Look("GRD-WORK", "#56B4E9", "^"),
    "hmarl": Look("HMARL", "#D55E00", "*"),
    "opt-causal": Look("OPT-CAUSAL", "#009E73", "P"),
    "opt": Look("OPT", "#0072B2", "o"),
}
"""The palette of Okabe and Ito, with grey; weak ones first, as they are drawn."""
_OTHERS = (
    ("#882255", "h", "//"),
    ("#332288", "p", "\\\\"),
    ("#999933", "<", ".."),
    ("#AA4499", ">", "xx"),
)


def rank_of(policy: str) -> tuple[int, str]:
    """Sorts known policies as in the palette, then others by name."""
    known = list(_LOOKS)
    return (known.index(policy) if policy in _LOOKS else len(known)), policy


def ordered(policies: set[str]) -> list[str]:
    """Policies in the order in which they are drawn."""
    return sorted(policies, key=rank_of)


def look_of(policy: str) -> Look:
    """A policy's look; another one's follows from its name."""
    if policy in _LOOKS:
        return _LOOKS[policy]
    colour, marker, hatch = _OTHERS[sum(policy.encode()) % len(_OTHERS)]
    return Look(policy, colour, marker, hatch)
