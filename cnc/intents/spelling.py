"""Typing slips are put right where a known word is one slip away.

Known are the words of the examples, of units, of the packaged model's vocabulary and of a list of
English words; both list frequent words first. A word with digits, inner capitals or a capital
inside a sentence stays.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources

from cnc.embedding.loading import packaged_model_folder
from cnc.errors import ConfigurationError
from cnc.intents.keyboard import NEIGHBOURS

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = re.compile(r"(?<![\w'/.@-])[A-Za-z][a-z]{2,}(?![\w'/@-])")
_UNITS = (
    "mbps gbps kbps tbps mbit gbit kbit mbits gbits msec msecs usec usecs secs millis milliseconds "
    "millisecond microsecond microseconds seconds megabit megabits gigabit gigabits kilobit "
    "kilobits percent latency delay throughput bandwidth reliability availability users"
)
PREFERRED = 50
"""A word of the examples counts as that many times more frequent than the vocabulary says."""
UNLISTED = 20_000
"""Rank of a word of the examples that the vocabulary lacks."""
TYPICAL, NEAR = 0.1, 0.4
"""Rarity of swapped or doubled letters, and of a neighbouring key, against any other slip."""
_ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly", "al")


class Corrector:
    """Corrects words that are unknown by words that are known."""

    def __init__(self, ranks: Mapping[str, int]) -> None:
        """Know these words; of several candidates the one of the lowest rank wins."""
        self._ranks = ranks
        self._fix = lru_cache(maxsize=4096)(self._fix_word)

    def correct(self, text: str) -> str:
        """The text with unknown words replaced where a known one is a slip away."""
        return _WORD.sub(lambda match: self._replace(match, text), text)

    def _replace(self, match: re.Match[str], text: str) -> str:
        word = match[0]
        inside = match.start() > 0 and text[: match.start()].rstrip()[-1:] not in (
            ".",
            "!",
            "?",
            ":",
        )
        if self._knows(word.lower()) or (word[0].isupper() and inside):
            return word
        fixed = self._fix(word.lower())
        return fixed.capitalize() if word[0].isupper() else fixed

    def _knows(self, word: str) -> bool:
        if (
            word in self._ranks
            or f"{word}s" in self._ranks
            or word.replace("is", "iz") in self._ranks
        ):
            return True
        roots = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
        return any(
            len(root) > 2 and root[-1] != "s" and (root in self._ranks or f"{root}e" in self._ranks)
            for root in roots
        )

    def _fix_word(self, word: str) -> str:
        found = [
            ((self._ranks[candidate] + 1) * rarity, candidate)
            for candidate, rarity in slips(word)
            if candidate in self._ranks
        ]
        return min(found)[1] if found else word


def slips(word: str) -> Iterator[tuple[str, float]]:
    """Every word that one slip turns into this one, with the rarity of such a slip."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            doubled = head.endswith(tail[0])
            yield head + tail[1:], TYPICAL if doubled else 1.0
            near = NEIGHBOURS.get(tail[0], "")
            for letter in _LETTERS:
                yield head + letter + tail[1:], NEAR if letter in near else 1.0
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:], TYPICAL
        for letter in _LETTERS:
            yield head + letter + tail, 1.0


def make_corrector(sentences: Iterable[str]) -> Corrector:
    """A corrector that knows the words of these sentences and of the vocabulary."""
    ranks: dict[str, int] = {}
    for rank, word in enumerate(_vocabulary()):
        if word.isalpha() and len(word) > 1:
            ranks.setdefault(word, rank + 1)
    preferred: set[str] = set()
    for sentence in (*sentences, _UNITS):
        for word in re.findall(r"[a-z]+", sentence.lower()):
            if len(word) > 2:
                preferred.add(word)
    ranks |= {word: ranks.get(word, UNLISTED) // PREFERRED for word in preferred}
    return Corrector(ranks)


def _vocabulary() -> list[str]:
    """Words of the packaged model, then English words by frequency (symspellpy's list)."""
    words: list[str] = []
    with contextlib.suppress(ConfigurationError, OSError):
        words += (packaged_model_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    listed = resources.files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt")
    with contextlib.suppress(OSError):
        text = listed.read_text(encoding="utf-8-sig")
        words += [line.partition(" ")[0] for line in text.splitlines()]
    return words
