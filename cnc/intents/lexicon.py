"""Names and acronyms of services, found literally in a text."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cnc.intents.catalogue import Catalogue

_WORD = re.compile(r"[a-z0-9][a-z0-9'/+-]*")


def _stem(word: str) -> str:
    word = word.replace("-", "").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _words(text: str) -> list[str]:
    return [_stem(word) for part in _WORD.findall(text.lower()) for word in part.split("-") if word]


class Lexicon:
    """Looks the catalogue's aliases up; an alias of several services counts less for each."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Index the aliases and names of all services."""
        self._size = len(catalogue.services)
        self._entries: dict[tuple[str, ...], list[int]] = {}
        for index, service in enumerate(catalogue.services):
            for alias in {*service.aliases, service.name, service.id.replace("-", " ")}:
                key = tuple(_words(alias))
                owners = self._entries.setdefault(key, [])
                if index not in owners:
                    owners.append(index)
        lengths = Counter(map(len, self._entries))
        self._lengths = sorted(lengths, reverse=True)

    def scores(self, text: str) -> NDArray[np.float64]:
        """[service] strength of literal hits, longest first, each word used once; 0 to 1."""
        words = _words(text)
        used = [False] * len(words)
        result = np.zeros(self._size)
        for length in self._lengths:
            for at in range(len(words) - length + 1):
                if any(used[at : at + length]):
                    continue
                owners = self._entries.get(tuple(words[at : at + length]))
                if owners is None:
                    continue
                used[at : at + length] = [True] * length
                result[owners] += (0.5 + 0.25 * min(length, 3)) / len(owners)
        return np.minimum(result, 1.5)

    def names_service(self, text: str) -> bool:
        """Whether the text contains an alias of any service."""
        return bool(self.scores(text).any())
