"""What in a noun phrase names a place: a name, or a kind of place with its number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cnc.intents.phrases import DEFINITE, Phrase, Token, phrase_at, word_set
from cnc.intents.places import NOT_PLACES, NOUN, VAGUE

SHIPS = ("MS", "MV", "SS", "HMS", "RMS", "USS")
SIDES = word_set(
    "upper lower greater inner outer central north south east west northern southern eastern "
    "western old new rural downtown"
    " metropolitan"
)
UNREAL = word_set(
    "virtual digital artificial simulated imaginary voltage real low medium kv like online call "
    "contact coin fuel battery radio synthetic immersive crisis help phone telephone en quality"
)
_NOUN = re.compile(NOUN, re.IGNORECASE)
_NOUNS = re.compile(
    rf"(?:{NOUN}(?:e?s)?|(?:cit|librar|nurser|ferr|quarr|factor|cemeter|brewer|baker|dair|foundr|refiner|galler|laborator|embass|"
    r"facilit|universit|countr|count|territor|propert)ies)",
    re.IGNORECASE,
)
GLUED = re.compile(rf"(?:{NOUN}|edge|node|zone)-?\d{{1,3}}", re.IGNORECASE)
_ROAD = re.compile(r"(?:[ABEM]|US|I|RN?)-?\d{1,3}")
VAGUE_NOUN = re.compile(
    rf"(?:{VAGUE}|market|road|way|ground|centre|center|field\s+of|north|south|east|west|interior|site|stage|floor|station|"
    rf"platform|room|well|peak|sea|tracks?|line|hand|lot|circuit|area|region|pitch|surgery|wing|course|face|front)",
    re.IGNORECASE,
)
_DIM = re.compile(
    rf"(?:high|low|wide|narrow|short|long|big|critical|worst|real|good|broad)\s+(?:{VAGUE}|field|area|range)",
    re.IGNORECASE,
)
_ALONE = re.compile(r"campus|town|downtown|hq|court|port|harbou?r", re.IGNORECASE)
_COMPUTED = re.compile(r"(?:.*\s)?(?:data\s*cent(?:er|re)s?|base\s+stations?)", re.IGNORECASE)
"""Where machines compute, not where users are."""


@dataclass(frozen=True)
class Candidate:
    """A place in a text; the lower its rank, the surer."""

    rank: int
    start: int
    end: int


def is_name(phrase: Phrase) -> bool:
    """Whether a phrase is nothing but a name, without acronyms and digits."""
    small = ("of", "and", "am", "de", "the", *SIDES)
    words = [w for w in phrase.words if w.text.lower() not in small] or list(phrase.words)
    if any(w.text.isupper() or any(c.isdigit() for c in w.text) for w in words):
        return False
    return not phrase.determiner and len(words) <= 3 and all(w.text[0].isupper() for w in words)


def name_in(text: str, phrase: Phrase) -> tuple[int, int, bool] | None:
    """A name with the sides and nouns of places around it; whether it has such a noun."""
    words = phrase.words
    k = next((k for k, w in enumerate(words) if w.text[0].isupper() and len(w.text) > 1), None)
    if k is None:
        return None
    if _ROAD.fullmatch(words[k].text):
        return words[k].start, words[k].end, True
    if re.match(r"[A-Z]\d|IPv\d", words[k].text):
        return None
    end = k
    while end + 1 < len(words) and (
        words[end + 1].text[0].isupper()
        or (
            end + 2 < len(words)
            and words[end + 2].text[0].isupper()
            and words[end + 1].text.lower()
            in ("of", "and", "am", "de", "la", "le", "del", "di", "du", "an", "der", "und")
        )
    ):
        end += 1
    if NOT_PLACES.match(text[words[k].start : words[end].end]):
        return None
    last = max(
        (e for e in range(k, len(words)) if ends_with_noun(text, words[: e + 1])), default=-1
    )
    begin = k
    while begin > 0 and words[begin - 1].text.lower() in SIDES:
        begin -= 1
    stop = words[max(end, last)].end
    if last == len(words) - 1 and last >= end and phrase.number is not None:
        stop = phrase.number[1]
    if UNREAL.intersection(w.text.lower() for w in words[k : max(end, last) + 1]):
        return None
    ship = words[k].text in SHIPS and end > k
    return words[begin].start, stop, last >= k or ship


def ends_with_noun(text: str, words: Sequence[Token]) -> bool:
    """Whether the words end with a noun of a place."""
    return _noun_words(text, words) > 0


def _noun_words(text: str, words: Sequence[Token]) -> int:
    """How many of the last words are a noun of a place; 0 for none."""
    for count in (3, 2, 1):
        if len(words) >= count:
            said = " ".join(text[words[-count].start : words[-1].end].split())
            said = said.removesuffix("'s")
            if _NOUN.fullmatch(said) or _NOUNS.fullmatch(said):
                return count
    return 0


def is_singular(text: str, words: Sequence[Token]) -> bool:
    """Whether the noun that the words end with is in the singular."""
    count = max(1, _noun_words(text, words))
    return _NOUN.fullmatch(" ".join(text[words[-count].start : words[-1].end].split())) is not None


def kind_in(
    text: str, tokens: Sequence[Token], phrase: Phrase, *, alone: bool = False
) -> Candidate | None:
    """A kind of place in the phrase: up to its last noun of a place, with number and "of …"."""
    words = phrase.words
    glued = next((w for w in words if GLUED.fullmatch(w.text)), None)
    if glued is not None:
        return Candidate(2, glued.start, glued.end)
    last = max((e for e in range(len(words)) if ends_with_noun(text, words[: e + 1])), default=-1)
    if last < 0:
        return None
    used = words[: last + 1]
    if any(w.text.lower() in UNREAL for w in used):
        return None
    if used[0].text.lower() == "smart" and len(used) == 2:
        return None
    if (
        used[-1].text.lower() == "port"
        and phrase.number is not None
        and phrase.number[1] - phrase.number[0] > 2
    ):
        return None
    if any(w.text.lower() == "high" for w in used) and used[-1].text.lower() not in (
        "street",
        "school",
    ):
        return None
    start, end = used[0].start, used[-1].end
    numbered = last == len(words) - 1 and phrase.number is not None
    if numbered and phrase.number is not None:
        end = phrase.number[1]
    elif last == len(words) - 1 and (of := where_ends(text, tokens, phrase.end)) is not None:
        return Candidate(2, start, of)
    said = text[start : used[-1].end]
    if last < len(words) - 1 and said.endswith("'s"):
        return None
    if not numbered and _COMPUTED.fullmatch(said):
        return None
    plural = not numbered and not is_singular(text, used)
    definite = phrase.determiner in DEFINITE
    if plural and not definite:
        return None
    if not numbered and (
        VAGUE_NOUN.fullmatch(said) or (_DIM.fullmatch(said) and said.lower() != "high street")
    ):
        return None
    if not (numbered or phrase.determiner or alone):
        bare = len(used) < 2 and _ALONE.fullmatch(said) is None
        if bare or last < len(words) - 1:
            return None
    return Candidate(2 if numbered or len(used) > 1 else 3, start, end)


def where_ends(text: str, tokens: Sequence[Token], at: int) -> int | None:
    """Where "… of the library" or "… of Porto" ends."""
    if at + 1 >= len(tokens) or tokens[at].text.lower() not in ("of", "under", "near"):
        return None
    phrase = phrase_at(text, tokens, at + 1)
    if phrase is None:
        return None
    named = name_in(text, phrase)
    if named is not None:
        return named[1]
    last = max(
        (e for e in range(len(phrase.words)) if ends_with_noun(text, phrase.words[: e + 1])),
        default=-1,
    )
    return phrase.words[last].end if phrase.determiner in DEFINITE and last >= 0 else None
