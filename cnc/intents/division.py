"""Whether a text asks for two services: how its two sides are judged at a place where it may end.

A clause cut out of one request often looks like another service ("and screens", "a relay opens"),
so that no single sign decides. The signs of a cut are weighed by a logistic regression; weights and
limits come from `benchmarks/fit_intent_division.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnc.intents.examples import SERVICE
from cnc.intents.lexicon import Lexicon
from cnc.intents.parts import Fragment, fragments
from cnc.intents.prepared import prepare
from cnc.intents.routes import Judgement, Routes
from cnc.intents.stances import refuses_clearly

_CUT = re.compile(
    r"\s*(?:[;.!?:](?=\s)|,(?=\s)(?:\s*(?:and|plus|then|but|while|also)\b)*|\s[-–—+]\s|"
    r"\b(?:and|plus|while|whereas|as\s+well\s+as|along\s+with|together\s+with|in\s+addition\s+to|"
    r"besides)\b|&)\s*",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"\W*(?:(?:an?|the|with|within|at|under|below|about|up\s+to|only|ultra|very|high|low|good|"
    r"guaranteed|minimal|maximum)[\s-]+)*(?:\d|keeping\b|maintaining\b|ensuring\b|saving\b|"
    r"reducing\b|minimi[sz]ing\b|energy\s+(?:use|consumption)|latenc|delay|jitter|bandwidth|throughput|reliab|"
    r"availab|rates?\b|uptime|packet|up\b|down\b|uplink|downlink)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\W*(?:they|it|he|she|we|that|those|these|this|its|their|his|her|each|everyone|which|who|so)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:both|also|besides|separately|separate|additionally|in\s+addition|on\s+top|as\s+well|"
    r"too|another|two|three|second|secondly|twice|plus|half|first|afterwards|after\s+that|then)\b",
    re.IGNORECASE,
)
_FIRST = (
    (0.287, 0.346, -0.159, -0.236, 0.298, 0.068, 0.405, -0.117, 2.913, 0.241, -1.901, -0.196, 0.498,
     2.128, -4.75, 0.391, -0.039, -0.639, -1.517, 0.833, -1.3),
    -9.079,
)  # fmt: skip
"""Weights of `signs` by the first model alone, and a constant."""
_BOTH = (
    (0.171, 0.246, -0.051, -0.101, 0.062, -0.15, 0.209, -0.098, 2.804, 0.629, -2.306, -0.195, 0.324,
     1.955, -5.438, 0.557, -0.1, -0.645, -1.46, 1.079, -1.443, 0.209, 0.148, -0.116, -0.25, 0.308,
     0.19, 0.259, -0.112),
    -10.673,
)  # fmt: skip
"""The same with what both models judge."""
_ALONE, _ASK, _LIMIT = 0.65, 0.1, 0.55
"""Probability of two services from which a text is divided by the first model where there is no
other, from which the other is asked, and from which it is divided by both."""
_OWN = 0.7
"""Probability of the first service in the fragment that begins to ask for it."""
_FURTHER = 1.5
"""Log-odds that a side of a divided text has more for being divided itself."""
_CLEAR = (5.0, 8.0, -11.0, -9.0, 4.0, 6.0)
"""Log-odds of clearly different sides, for telling beforehand which cuts need no judge."""
_MOST = 12
"""Cuts that are looked at, at most; a longer list is no request for two services."""


@dataclass(frozen=True)
class Span:
    """A stretch of a text that asks for one service."""

    start: int
    end: int
    service: int
    confidence: float


@dataclass(frozen=True)
class Cut:
    """A place where one request may end and the next begin."""

    start: int
    end: int
    """Of what separates, in characters of the text."""
    sign: str
    left: str
    right: str


def cuts(text: str) -> list[Cut]:
    """All places between clauses, with the text on either side."""
    found = []
    for match in _CUT.finditer(text):
        left, right = text[: match.start()].strip(" ,;."), text[match.end() :].strip(" ,;.")
        if left and right:
            found.append(Cut(match.start(), match.end(), match[0].strip().lower(), left, right))
    return found


def signs(
    cut: Cut, whole: Judgement, left: Judgement, right: Judgement, lexicon: Lexicon
) -> NDArray[np.float64] | None:
    """What speaks for and against a cut, as the weights take it; None where both sides agree."""
    a, b = int(left.services.argmax()), int(right.services.argmax())
    if a == b:
        return None
    named = (lexicon.scores(cut.left)[a] > 0, lexicon.scores(cut.right)[b] > 0)
    return np.array(
        [
            *judged(whole, left, right),
            *seen(cut, named),
        ],
        dtype=np.float64,
    )


def seen(cut: Cut, named: tuple[bool, bool]) -> list[float]:
    """The signs that need no judge: names, what separates, lengths, first words."""
    words = (len(cut.left.split()), len(cut.right.split()))
    return [
        float(sign)
        for sign in (
            all(named),
            any(named),
            cut.sign == ",",
            cut.sign == "and",
            cut.sign in ".;!?",
            cut.sign.startswith(",") and cut.sign != ",",
            cut.sign == ":",
            min(*words, 8),
            min(max(words), 30),
            bool(_MEASURE.match(cut.right)),
            bool(_BACK.match(cut.right)),
            bool(_SEVERAL.search(f"{cut.left} {cut.right}")),
            refuses_clearly(cut.left) or refuses_clearly(cut.right),
        )
    ]


def judged(whole: Judgement, left: Judgement, right: Judgement) -> list[float]:
    """How sure the sides are of their services, and not of each other's, in log-odds."""
    a, b = int(left.services.argmax()), int(right.services.argmax())
    kinds = sorted((float(left.kinds[SERVICE]), float(right.kinds[SERVICE])))
    shares = sorted((float(left.services[a]), float(right.services[b])))
    return [
        *map(_log_odds, shares),
        _log_odds(float(left.services[b])),
        _log_odds(float(right.services[a])),
        *map(_log_odds, kinds),
        _log_odds(float(min(whole.services[a], whole.services[b]))),
        _log_odds(float(whole.services[a] + whole.services[b])),
    ]


def _log_odds(share: float) -> float:
    clipped = min(max(share, 1e-5), 1 - 1e-5)
    return float(np.log(clipped / (1 - clipped)))


def divide(text: str, routes: Routes) -> list[Span]:
    """Stretches of the text that ask for one service each, in order; one for a single request."""
    return _divided(text, 0, routes)


def with_services(text: str, spans: Sequence[Span], routes: Routes) -> list[Fragment]:
    """Fragments of the text; where a span's own words begin, the fragment has its service.

    What comes before the words that ask for the first service is said of all.
    """
    pieces: list[Fragment] = []
    for number, span in enumerate(spans):
        inside = [
            Fragment(span.start + piece.start, span.start + piece.end)
            for piece in fragments(text[span.start : span.end])
        ]
        asking = 0
        if number == 0 and len(inside) > 1:
            said = routes.quick.judge([prepare(text[p.start : p.end]) for p in inside])
            own = [j.services[span.service] >= _OWN for j in said]
            asking = own.index(True) if any(own) else 0
        inside[asking] = replace(inside[asking], service=span.service)
        pieces += inside
    return pieces


def _divided(text: str, offset: int, routes: Routes, *, further: bool = False) -> list[Span]:
    whole = routes.quick.judge([prepare(text)])[0]
    cut = _best_cut(text, whole, routes, _FURTHER if further else 0.0)
    if cut is None:
        top = int(whole.services.argmax())
        return [Span(offset, offset + len(text), top, float(whole.services[top]))]
    left = _divided(text[: cut.start], offset, routes, further=True)
    return left + _divided(text[cut.end :], offset + cut.end, routes, further=True)


def _best_cut(text: str, whole: Judgement, routes: Routes, bonus: float) -> Cut | None:
    """The cut that most likely parts two services, if that is likely enough."""
    places = cuts(text)
    if len(places) > _MOST:
        return None
    places = [cut for cut in places if _could_win(cut, whole, routes.lexicon)]
    if not places:
        return None
    judgements = routes.quick.judge([prepare(t) for c in places for t in (c.left, c.right)])
    best: tuple[float, Cut, NDArray[np.float64]] | None = None
    for n, cut in enumerate(places):
        row = signs(cut, whole, judgements[2 * n], judgements[2 * n + 1], routes.lexicon)
        if row is not None:
            p = _probability(row, _FIRST, bonus)
            if best is None or p > best[0]:
                best = (p, cut, row)
    if best is None or best[0] < _ASK:
        return None
    p, cut, row = best
    second = routes.judge_by_both([prepare(t) for t in (text, cut.left, cut.right)])
    if second is None:
        return cut if p >= _ALONE else None
    return cut if _probability(np.array([*row, *judged(*second)]), _BOTH, bonus) >= _LIMIT else None


def _could_win(cut: Cut, whole: Judgement, lexicon: Lexicon) -> bool:
    """Whether the cut would do if its sides were judged as clearly as sides mostly are at best."""
    shares = np.sort(whole.services)
    second = _log_odds(float(shares[-2]))
    best = [*_CLEAR, second, _log_odds(float(shares[-1] + shares[-2]))]
    named = (lexicon.names_service(cut.left), lexicon.names_service(cut.right))
    return _probability(np.array([*best, *seen(cut, named)]), _FIRST) >= _ASK


def _probability(
    row: NDArray[np.float64], model: tuple[tuple[float, ...], float], bonus: float = 0.0
) -> float:
    weights, constant = model
    return float(1 / (1 + np.exp(-(row @ np.array(weights) + constant + bonus))))
