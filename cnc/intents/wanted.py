"""A text judged by what it wants: services that it refuses are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnc.intents.examples import SERVICE
from cnc.intents.lexicon import Lexicon
from cnc.intents.negation import refusals, split_refused
from cnc.intents.prepared import Prepared, prepare
from cnc.intents.routes import Judgement, Route, Routes
from cnc.intents.stances import doubtful_apart, lacks_something, refuses_clearly

CONFIDENT = 0.5
"""Probability of one service with which a part of a text is about it."""
FAINT = 0.02
"""Probability of being a request that a clause needs beside one that clearly refuses: cut off
from its text it seldom looks like one."""
HALF = 0.4
"""The same beside a clause that only may refuse."""
SOME = 0.2
"""Probability of the whole's service in a refusing clause that explains the whole's answer."""
FAIR = 0.6
"""Confidence of a clause beside a clear refusal of something that the whole does not show."""
SURE = 0.9
"""Confidence of a clause that outweighs a whole which neither it nor the refusal explains."""


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
    rest, doubtful = doubtful_apart(text)
    apart = [rest, doubtful] if rest and doubtful else []
    named = [part.text for part in refusals(text)]
    routes.quick.foresee([whole, *map(prepare, (*named, *apart))])
    wanted, refused = split_refused(text, describes_service(routes.quick, routes.lexicon))
    if refused and wanted:
        prepared = prepare(wanted)
        judgement = routes.judge_english(prepared)
        if judgement.services.max() >= CONFIDENT and could_ask(prepared, routes.lexicon):
            judgement = judgement.with_clearer_kind(routes.judge_english(whole))
            return Wanted(wanted, prepared, judgement)
    judgement = routes.judge_english(whole)
    left, clear = text, judgement
    if apart:
        left, clear = _without_doubtful(text, rest, doubtful, judgement, routes)
    if refused and not wanted and clear is judgement:
        return Wanted("", whole, judgement)
    return Wanted(left, whole, clear)


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


def _without_doubtful(
    text: str, rest: str, doubtful: str, whole: Judgement, routes: Routes
) -> tuple[str, Judgement]:
    """What is clearly wanted, with its judgement, where the rest explains the whole's answer."""
    prepared = prepare(rest)
    clear, refused = routes.quick.judge([prepared, prepare(doubtful)])
    top = int(whole.services.argmax())
    wanted, other = int(clear.services.argmax()), int(refused.services.argmax())
    certain = refuses_clearly(doubtful) or lacks_something(rest)
    if wanted == top:
        return (rest if certain and other != top else text), whole.with_clearer_kind(clear)
    confident = clear.services[wanted]
    if confident < CONFIDENT or clear.kinds[SERVICE] < (FAINT if certain else HALF):
        return text, whole
    explained = other == top or refused.services[top] >= SOME
    if not explained and (other == wanted or confident < (FAIR if certain else SURE)):
        return text, whole
    return rest, routes.judge_english(prepared).with_clearer_kind(clear).with_clearer_kind(whole)
