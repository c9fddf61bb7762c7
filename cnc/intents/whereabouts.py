"""Places in the words of a text: noun phrases that stand where a place stands, the surest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnc.intents.figures import clause_before
from cnc.intents.phrases import DEFINITE, Phrase, Token, phrase_at, tokens_of, word_set
from cnc.intents.place_names import (
    GLUED,
    SHIPS,
    UNREAL,
    Candidate,
    ends_with_noun,
    is_name,
    is_singular,
    kind_in,
    name_in,
    where_ends,
)
from cnc.intents.places import ABSTRACT, NOT_IN, PEOPLE_THERE
from cnc.intents.served import ANY_PEOPLE, DEVICES, PEOPLE

_NAMING = word_set(
    "in at near nearby around across throughout over inside between off above along beneath under "
    "outside"
)
"""Before a name these say that it is a place."""
_LOCATING = _NAMING | word_set("on within beside behind by covering into")
_IDENTIFYING = word_set("in at on along across near under inside")
_NUMBERED = re.compile(
    r"versions?|phases?|steps?|stages?|days?|weeks?|months?|years?|levels?|class|classes|bands?|channels?|ports?|chapters?|slides?|groups?|"
    r"teams?|modes?|layers?|priority|tiers?|releases?|articles?|items?|questions?|part|parts|option|options|case|form|grade|form|"
    r"quarter|series|season|episode|round|heat|game|match|lap|mbps|figure|table|page|appendix|annex|rule|protocol|ipv|"
    r"category|type|size|scale|batch|lot|sprint|shift|slot|session|job|ticket|order|exactly|only|all|these|those|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|[a-z]*day",
    re.IGNORECASE,
)
"""What is numbered and is no place."""
_FORMS = re.compile(
    r"(?:ed|ing|ly|est)$|^(?:better|or|maybe|about|over|under|circa|roughly|number|numbers|max|min|approx)$"
)
_STRETCH = re.compile(
    r"\b(?:along|over|across|on)\s+(?:about\s+|some\s+)?[\d.,]+\s*(?:km|kilomet\w+|miles?|m|met(?:er|re)s|hectares?|ha|acres?)\s+$",
    re.IGNORECASE,
)
_OPEN = word_set("at near nearby around across throughout inside along outside")
"""Before any noun with an article these say that it is a place, unless it is of another kind."""
_WEAK = word_set("of for from to serving covering")
_VISITING = word_set(
    "roam roams patrol patrols inspect inspects survey surveys cover covers guard guards watch "
    "watches monitor monitors"
    " observe scan map film films photograph search sweep clean"
)
_TO = word_set("next close")
_OF = word_set("front upstream downstream vicinity north south east west outskirts")
_BREAKS = frozenset(",;:.!?()-–—|/")
_NEVER_ALONE = word_set(
    "line branch wing front face course pass channel bank circuit bridge exchange stage train "
    "tram plane lift ring bar base block street stand"
)
_LANDSCAPE = re.compile(
    r"[A-Z]\w+(?:berg|horn|spitze|kogel|see|moor|heath|fell|feld|wald|tal|ridge|alp|alm|joch)"
)
_OF_A_PLACE = word_set(
    "crew staff guests desk team people grounds fence visitors residents patients"
)
_INSTITUTION = re.compile(
    r"(?:.*\s)?(?:summit|festival|fair|club|school|bank|university|college|academy|institute|library|archive|exchange|pub|court|embassy|parliament|"
    r"headquarters|hq)",
    re.IGNORECASE,
)
"""Whom a service is for, more often than where."""
_DONE = re.compile(
    r"\b(?!monitoring|mapping|inspection|protection|surveying|patrolling|scanning|observation|detection|station)[a-z]+(?:tion|ing|ment)\s*$",
    re.IGNORECASE,
)
_PERSON = re.compile(rf"(?!crew|staff|people|police)(?:{PEOPLE}|{ANY_PEOPLE})(?<!s)", re.IGNORECASE)
_LAID_OFF = re.compile(
    r"\b(?!us|this|is|was|has|goes|turns|switches|takes|shuts|cuts|comes|gets)[a-z]{3,}s\s*$",
    re.IGNORECASE,
)
_THERE = re.compile(rf"(?:.*\s)?(?:{PEOPLE_THERE})", re.IGNORECASE)
_STEERED = re.compile(
    r"\b(?:driv\w+|steer\w*|controll?\w*|operat\w+|pilot\w*|flown|fly|guid\w+|command\w*|sits?|sitting|seated|sat|watch\w*|supervis\w+)\b[^,;.:]*$",
    re.IGNORECASE,
)
_DESK = re.compile(r"control\s+(?:room|cent(?:re|er))|office|cockpit|desk", re.IGNORECASE)
_AT_WORK = re.compile(rf"\b(?:{PEOPLE}|someone|somebody)\s*$", re.IGNORECASE)
_AGENT = re.compile(
    r"(?:\w+ed|run|driven|used|owned|flown|sent|made|given|held|shown|taken)\s*$", re.IGNORECASE
)
_PAST = re.compile(
    r"\b(?:saw|visited|met|bought|learnt|learned\s+about|last\s+(?:year|week|month))\b",
    re.I,
)
_PICTURED = re.compile(
    r"\b(?:cop(?:y|ies)|backups?|pictures?|photos?|images?|footage|videos?|vid|model|map|plan|tour|director|head|board|owner|end|rest|most|some|all|out|because)\s*$",
    re.I,
)
_SMALL = word_set(
    "and or for with at within from to under below during until by is are has have need needs "
    "must should while"
)
_NOT_IN = re.compile(NOT_IN, re.IGNORECASE)
_ABSTRACT = re.compile(ABSTRACT, re.IGNORECASE)
_THINGS = re.compile(rf"(?:{PEOPLE}|{DEVICES}|{ANY_PEOPLE})", re.IGNORECASE)
_SITTING = re.compile(r"\b(?:sits?|sitting|seated|sat)\s*$", re.IGNORECASE)
_DWELLERS = re.compile(
    rf"\b(?:{PEOPLE}|{ANY_PEOPLE}|people|streets|roofs|canals|banks)\s*$", re.IGNORECASE
)
_WANTS = word_set("needs wants need want has asks requires is gets should must shall would")
_EVERYWHERE = re.compile(
    r"\b(?P<place>downtown|uptown|city-?wide|campus-?wide|nation-?wide|country-?wide|backstage|offshore)\b"
    r"(?!\s+(?:park|wind|farm|site|platform|rig))",
    re.IGNORECASE,
)


def find_place(text: str, taken: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Where the surest place stands, without its article, outside of parts that are taken."""
    tokens = tokens_of(text)
    found = [
        candidate
        for candidate in _candidates(text, tokens)
        if not any(start < candidate.end and candidate.start < end for start, end in taken)
    ]
    if not found:
        return None
    best = min(found, key=lambda candidate: (candidate.rank, candidate.start))
    return best.start, best.end


def _candidates(text: str, tokens: Sequence[Token]) -> Iterator[Candidate]:
    for i, token in enumerate(tokens):
        word = token.text.lower()
        before = tokens[i - 1].text.lower() if i else ""
        if i == 0 or before in _BREAKS:
            yield from _segment(text, tokens, i)
        strong = (
            word in _LOCATING
            or (word == "to" and before in _TO)
            or (
                word == "of"
                and (
                    before in _OF
                    or _STRETCH.search(text[max(0, token.start - 24) : token.start]) is not None
                )
            )
        )
        if word == "the":
            yield from _of_name(text, tokens, i)
        if not (strong or word in _WEAK or word in _VISITING) or i + 1 >= len(tokens):
            continue
        phrase = phrase_at(text, tokens, i + 1)
        if phrase is None:
            continue
        if _PAST.search(clause_before(text, token.start, 48)):
            continue
        if strong:
            yield from _after(text, tokens, token, phrase, word)
        else:
            yield from _weakly(text, tokens, token, phrase, word)
    for match in _EVERYWHERE.finditer(text):
        yield Candidate(6, *match.span("place"))


def _after(
    text: str, tokens: Sequence[Token], cue: Token, phrase: Phrase, word: str
) -> Iterator[Candidate]:
    """What follows a preposition of place."""
    if word == "between" and (pair := _between(text, tokens, phrase)) is not None:
        yield pair
    if (named := name_in(text, phrase)) is not None:
        start, end, with_noun = named
        if (
            with_noun
            or word in _NAMING
            or word in ("to", "of")
            or _LANDSCAPE.fullmatch(text[start:end])
        ):
            yield Candidate(1, start, end)
    kind = kind_in(text, tokens, phrase)
    if kind is not None and word != "between":
        said = text[kind.start : kind.end]
        by = word == "by" and _AGENT.search(text[max(0, cue.start - 20) : cue.start]) is not None
        before = text[max(0, cue.start - 48) : cue.start]
        away = bool(
            (phrase.number is None and _SITTING.search(before))
            or (_THERE.fullmatch(said) and _STEERED.search(before))
            or (_DESK.fullmatch(said) and _AT_WORK.search(before))
        )
        if not (by or away):
            yield kind
    elif word in _IDENTIFYING and phrase.number is not None and _is_thing_of_a_place(phrase):
        yield Candidate(2, phrase.words[0].start, phrase.number[1])
    elif (
        word == "off"
        and not phrase.determiner
        and _LAID_OFF.search(text[max(0, cue.start - 24) : cue.start])
    ):
        yield Candidate(6, phrase.words[0].start, phrase.words[0].end)
    elif phrase.determiner in DEFINITE - {"all"} and (
        word in _OPEN or word in ("in", "on", "to", "of")
    ):
        head = phrase.words[-1].text
        if _ABSTRACT.fullmatch(head) is None and _THINGS.fullmatch(head) is None:
            if word in ("in", "on") and (
                phrase.determiner != "the" or _NOT_IN.fullmatch(head) or not _rests(tokens, phrase)
            ):
                return
            yield Candidate(6, phrase.words[0].start, phrase.words[-1].end)


def _rests(tokens: Sequence[Token], phrase: Phrase) -> bool:
    """Whether the phrase ends where a clause does, or before a small word."""
    if phrase.end >= len(tokens):
        return True
    after = tokens[phrase.end]
    return not after.is_word or after.text.lower() in _SMALL


def _is_thing_of_a_place(phrase: Phrase) -> bool:
    """Whatever is numbered, such as "trench 7", if its number is no version, stage or channel."""
    head = phrase.words[-1].text
    known = _THINGS.fullmatch(head) or _ABSTRACT.fullmatch(head) or _NUMBERED.fullmatch(head)
    return (
        len(phrase.words) <= 2
        and not known
        and head[0].islower()
        and len(head) > 2
        and not _FORMS.search(head)
    )


def _weakly(
    text: str, tokens: Sequence[Token], cue: Token, phrase: Phrase, word: str
) -> Iterator[Candidate]:
    """What follows "of", "for", "from" or "to", which lead to other things as well."""
    before = text[max(0, cue.start - 48) : cue.start]
    named = name_in(text, phrase)
    if named is not None:
        start, end, with_noun = named
        if word == "from" or with_noun:
            yield Candidate(1 if word == "from" else 4, start, end)
        elif word == "of" and _DWELLERS.search(before):
            yield Candidate(4, start, end)
    glued = any(GLUED.fullmatch(w.text) for w in phrase.words)
    sure = phrase.number is not None or glued or phrase.determiner in DEFINITE
    if not sure or (word == "to" and not glued and phrase.determiner not in ("both", "all")):
        return
    if (
        word == "of"
        and phrase.number is None
        and (_PICTURED.search(before) or _DONE.search(before))
    ):
        return
    if _PERSON.fullmatch(phrase.words[-1].text):
        return
    kind = kind_in(text, tokens, phrase)
    if kind is None:
        return
    said = text[kind.start : kind.end]
    last = phrase.words[-1]
    if kind.end < last.end and last.text.lower() not in _OF_A_PLACE and not glued:
        return
    if word == "for" and _INSTITUTION.fullmatch(said):
        return
    if word == "from" and (_THERE.fullmatch(said) or _STEERED.search(before)):
        return
    yield Candidate(max(4, kind.rank), kind.start, kind.end)


def _segment(text: str, tokens: Sequence[Token], i: int) -> Iterator[Candidate]:
    """A clause that is nothing but a place, or a place that wants something."""
    phrase = phrase_at(text, tokens, i)
    if phrase is None or phrase.determiner in ("a", "an", "each", "every"):
        return
    end = phrase.end
    after = tokens[end].text.lower() if end < len(tokens) else "."
    whole = after in _BREAKS
    continued = after in ("of", "near", "under", "in", "at", "on")
    subject = phrase.number is not None or (phrase.determiner == "the" and after != "is")
    if not (whole or continued or (after in _WANTS and subject)):
        return
    first = i == 0 or tokens[i - 1].text in ".!?"
    named = name_in(text, phrase)
    named_inside = not first or sum(w.text[0].isupper() for w in phrase.words) > 1
    sure = named is not None and named[2] and len(phrase.words) > 1 and named_inside
    if (
        sure
        and named is not None
        and whole
        and (named[0], named[1]) == (phrase.words[0].start, phrase.words[-1].end)
    ) or (named is not None and whole and (sure or not first) and is_name(phrase)):
        yield Candidate(3, named[0], named[1])
    if whole and (titled := _titled(text, phrase)) is not None:
        yield titled
    several = phrase.number is not None and re.search(
        r"\d\D+\d", text[phrase.number[0] : phrase.number[1]]
    )
    if (
        whole
        and phrase.number
        and (several or not first)
        and phrase.number[1] - phrase.number[0] != 4
        and _is_thing_of_a_place(phrase)
    ):
        yield Candidate(4, phrase.words[0].start, phrase.number[1])
    kind = kind_in(text, tokens, phrase, alone=True)
    if kind is None or UNREAL.intersection(w.text.lower() for w in phrase.words):
        return
    last = phrase.words[-1]
    if phrase.number is None and kind.end < last.end:
        return
    named_after = kind.end > last.end
    if not (phrase.number or named_after) and (
        last.text.lower() in _NEVER_ALONE or _INSTITUTION.fullmatch(last.text)
    ):
        return
    counted = after == "of" and end + 1 < len(tokens) and tokens[end + 1].text[0].isdigit()
    inside = after in ("on", "in", "at") and len(phrase.words) > 1
    if continued and not (phrase.number or kind.end > last.end or counted or inside):
        return
    if (
        len(phrase.words) > 1
        or phrase.number
        or phrase.determiner
        or kind.end > last.end
        or after == ":"
    ):
        yield Candidate(3 if phrase.number else 5, kind.start, kind.end)


def _of_name(text: str, tokens: Sequence[Token], i: int) -> Iterator[Candidate]:
    """ "The village of Alstad", wherever it stands; of several villages only the name."""
    phrase = phrase_at(text, tokens, i)
    if phrase is None or phrase.number or not ends_with_noun(text, phrase.words):
        return
    end = where_ends(text, tokens, phrase.end)
    if end is None or tokens[phrase.end].text.lower() != "of":
        return
    other = phrase_at(text, tokens, phrase.end + 1)
    named = None if other is None else name_in(text, other)
    if named is not None:
        plural = not is_singular(text, phrase.words)
        yield Candidate(1 if plural else 2, named[0] if plural else phrase.words[0].start, end)


def _titled(text: str, phrase: Phrase) -> Candidate | None:
    """A noun of a place before its name: "wind farm Horns Rev", "MS Nordlys"."""
    words = phrase.words
    k = next((k for k, w in enumerate(words) if w.text[0].isupper()), 0)
    if words[0].text in SHIPS and len(words) > 1:
        return Candidate(3, words[0].start, words[-1].end)
    if (
        k == 0
        or not all(w.text[0].isupper() for w in words[k:])
        or not ends_with_noun(text, words[:k])
    ):
        return None
    return Candidate(3, words[0].start, words[-1].end)


def _between(text: str, tokens: Sequence[Token], phrase: Phrase) -> Candidate | None:
    """ "Between gate A and gate B", "between the depot and the clinic"."""
    if phrase.end + 1 >= len(tokens) or tokens[phrase.end].text.lower() != "and":
        return None
    other = phrase_at(text, tokens, phrase.end + 1)
    if other is None:
        return None
    if phrase.number is not None and other.number is not None:
        return Candidate(2, phrase.words[0].start, other.number[1])
    both = all(
        p.determiner == "the" and any(ends_with_noun(text, w) for w in (p.words[:1], p.words))
        for p in (phrase, other)
    )
    return Candidate(2, phrase.words[0].start, other.words[-1].end) if both else None
