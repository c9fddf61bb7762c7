"""A text judged by what it wants: services that it refuses are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnc.intents.examples import SERVICE
from cnc.intents.lexicon import Lexicon
from cnc.intents.negation import doubtful_apart, refusals, split_refused
from cnc.intents.prepared import Prepared, prepare
from cnc.intents.routes import Judgement, Route, Routes

CONFIDENT = 0.5
"""Probability of one service with which a part of a text is about it."""


@dataclass(frozen=True)
class Wanted:
    """The part of a text that says what is wanted, with its judgement."""

    text: str
    """Empty if the text only says what is not wanted; the judgement is of the whole then."""
    prepared: Prepared
    judgement: Judgement


def judge_english(text: str, routes: Routes) -> Wanted:
    """Judge an English text by what it wants."""
    whole = prepare(text)
    routes.quick.foresee([whole, *map(prepare, _looked_at_apart(text))])
    wanted, refused = split_refused(text, describes_service(routes.quick, routes.lexicon))
    if not refused:
        return Wanted(text, whole, _without_doubtful(text, routes.judge_english(whole), routes))
    if not wanted:
        return Wanted("", whole, routes.judge_english(whole))
    prepared = prepare(wanted)
    judgement = routes.judge_english(prepared)
    if judgement.services.max() < CONFIDENT or not could_ask(prepared, routes.lexicon):
        return Wanted(text, whole, routes.judge_english(whole))
    judgement = judgement.with_clearer_kind(routes.judge_english(whole))
    return Wanted(wanted, prepared, judgement)


def judge_foreign(text: str, route: Route, lexicon: Lexicon, *, chinese: bool) -> Wanted:
    """Judge a text in another language; refusals are looked for in Chinese alone."""
    wanted = text
    if chinese:
        wanted, _ = split_refused(text, describes_service(route, lexicon), english=False)
    prepared = prepare(wanted or text, english=False)
    return Wanted(wanted, prepared, route.judge([prepared])[0])


def could_ask(prepared: Prepared, lexicon: Lexicon) -> bool:
    """Whether there is more than one word, or that word names a service."""
    return " " in prepared.masked or lexicon.names_service(prepared.masked)


def describes_service(route: Route, lexicon: Lexicon) -> Callable[[Sequence[str]], list[bool]]:
    """A judge of which fragments name a service or describe one."""

    def judge(fragments: Sequence[str]) -> list[bool]:
        judged = route.judge([prepare(part, english=route.english) for part in fragments])
        return [
            lexicon.names_service(part)
            or (j.kinds[SERVICE] >= CONFIDENT and j.services.max() >= CONFIDENT)
            for part, j in zip(fragments, judged, strict=True)
        ]

    return judge


def _looked_at_apart(text: str) -> list[str]:
    """Parts that will be judged by themselves."""
    found = [part.text for part in refusals(text)]
    rest, doubtful = doubtful_apart(text)
    return [*found, rest, doubtful] if rest and doubtful else found


def _without_doubtful(text: str, whole: Judgement, routes: Routes) -> Judgement:
    """The judgement of what is clearly wanted, where the rest explains the whole's answer."""
    rest, doubtful = doubtful_apart(text)
    if not rest or not doubtful:
        return whole
    prepared = prepare(rest)
    clear, refused = routes.quick.judge([prepared, prepare(doubtful)])
    top = int(whole.services.argmax())
    if (
        clear.services.argmax() == top
        or refused.services.argmax() != top
        or clear.services.max() < CONFIDENT
        or clear.kinds[SERVICE] < CONFIDENT
    ):
        return whole
    return routes.judge_english(prepared).with_clearer_kind(whole)
