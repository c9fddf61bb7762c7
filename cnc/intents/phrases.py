"""Noun phrases of a sentence, as far as they tell where something is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cnc.intents.served import DEVICES, NO_USERS, PEOPLE


def word_set(words: str) -> frozenset[str]:
    """The words of a text with spaces between them."""
    return frozenset(words.split())


_TOKEN = re.compile(r"\d{1,2}:\d\d|\d+(?:[.,]\d+)*(?:[^\W\d_][\w'-]*)?|[^\W\d_][\w'/&-]*|[^\w\s]")
_DETERMINERS = word_set(
    "the our my your this that these those their its his her both all every each whole entire a an"
)
DEFINITE = word_set("the our my your this that these those both all whole entire their its")
_STOPS = word_set(
    """and or but nor at in on of for with from to by near is are was were be been am has have had
    do does did each every per under below within that which who whom whose where when while
    this these those same their its between less more than most least about over all both as so
    without not no any some before after until till since during because if then also only just
    one another into onto via using through throughout across along around behind beside inside
    outside above beyond off upon toward towards against among amid like plus must shall should
    can could may might will would needs need wants want gets get got see sees saw watch watches
    tell tells ask asks asked report reports send sends run runs join joins learn learns learned
    use uses used let lets make makes please it they we you i he she there here now today
    tonight tomorrow yesterday up down out again still already never always ever later soon too
    very even yet max maximum min minimum latency delay ping jitter reliability availability
    bandwidth priority what how why the a an our my your his her me us them him it's we're don't
    doesn't needed wanted needing wanting instead including excluding whenever starting
    approximately roughly nearly almost at least sits sit stands stand lies lie goes go come
    comes keep keeps kept exchange count count"""
)
_JOINTS = {"of", "am", "de", "la", "le", "del", "di", "du", "an", "der", "und"}
_ID = re.compile(
    r"[A-Z]{1,2}-?\d{0,3}|\d{1,4}[a-zA-Z]?|\d{1,2}\.\d{1,3}|[A-Z]\d{1,3}-[A-Z]?\d{1,3}"
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|G)|\d{1,2}:\d\d", re.IGNORECASE)
_NOT_AFTER_ID = re.compile(
    r"\s*(?:%|km\b|miles?\b|met(?:re|er)s?\b|ms\b|us\b|s\b|seconds?|milliseconds?|minutes?|[kmg]bps|[kmg]bit|nines|times|"
    r"percent|days|hours|x\b|dozen|of\s+(?:them|us)\b|[ap]m\b|[ap]\.m|o'clock|h\b)"
    rf"|\s+(?:[a-z-]+\s+)?(?:(?=[a-z-]*s\b)(?:{DEVICES})|{PEOPLE}|(?!(?:phases|steps|stages|is|was|has|this|us|plus|gets|needs|wants|always|across)\b)(?:{NO_USERS}))\b(?<!\bstreams)(?<!\bmonitors)(?<!\bfeeds)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Token:
    """A word, number or sign."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it begins with a letter."""
        return self.text[0].isalpha()


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: determiner, words, and what numbers it."""

    determiner: str
    words: tuple[Token, ...]
    number: tuple[int, int] | None
    """Where "4", "B" or "5, 7 and 12" stands, right after the words."""
    end: int
    """The index of the token behind it."""


def tokens_of(text: str) -> list[Token]:
    """Words, numbers and signs in order."""
    return [Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text)]


def phrase_at(text: str, tokens: Sequence[Token], at: int, most: int = 6) -> Phrase | None:
    """The noun phrase that begins with a token, or None."""
    determiner, i = "", at
    while i < len(tokens) and i < at + 3 and tokens[i].text.lower() in _DETERMINERS | {"of"}:
        if tokens[i].text.lower() == "of" and determiner not in ("all", "both", "each"):
            break
        if tokens[i].text == "A" and i > at:
            break
        determiner = determiner or tokens[i].text.lower()
        i += 1
    words: list[Token] = []
    while i < len(tokens) and len(words) < most:
        token = tokens[i]
        if not (_goes_on(token, words) or _joins(tokens, i, words)):
            break
        words.append(token)
        i += 1
    while words and words[-1].text.lower() in _JOINTS | {"and"}:
        words.pop()
        i -= 1
    if not words:
        return None
    number, i = _numbered(text, tokens, i)
    return Phrase(determiner, tuple(words), number, i)


def _goes_on(token: Token, words: Sequence[Token]) -> bool:
    if _ORDINAL.fullmatch(token.text):
        return not words
    if not token.is_word or token.text.lower() in _STOPS:
        return False
    return not (words and len(token.text) == 1)


def _joins(tokens: Sequence[Token], i: int, words: Sequence[Token]) -> bool:
    """A small word inside a name: "City of Porto", "Lagos and Lima"."""
    if not words or i + 1 >= len(tokens) or not tokens[i + 1].text[:1].isupper():
        return False
    word = tokens[i].text.lower()
    named = words[-1].text[:1].isupper() and tokens[i + 1].is_word and len(tokens[i + 1].text) > 1
    return named and (word in _JOINTS or word == "and")


def _numbered(text: str, tokens: Sequence[Token], i: int) -> tuple[tuple[int, int] | None, int]:
    """A number or letter behind a noun: "line 4", "gate no. 17", "routes 5, 7 and 12"."""
    first = i
    while (
        i < len(tokens)
        and tokens[i].text.lower() in ("no", "nr", "number", ".", "#")
        and i < first + 2
    ):
        i += 1
    if i >= len(tokens) or not _is_id(text, tokens, i):
        return None, first
    start = tokens[first].start
    end, i = tokens[i].end, i + 1
    while i + 1 < len(tokens) and tokens[i].text.lower() in (",", "and", "to", "-", "&", "through"):
        step = 2 if tokens[i].text == "," and tokens[i + 1].text.lower() == "and" else 1
        if i + step >= len(tokens) or not _is_id(text, tokens, i + step):
            break
        end, i = tokens[i + step].end, i + step + 1
    return (start, end), i


def _is_id(text: str, tokens: Sequence[Token], i: int) -> bool:
    token = tokens[i]
    if (
        token.text == "I"
        or _ID.fullmatch(token.text) is None
        or token.text.upper() in ("AI", "AR", "VR", "HD", "TV", "IT", "XR", "GB", "MB")
    ):
        return False
    return _NOT_AFTER_ID.match(text, token.end) is None
