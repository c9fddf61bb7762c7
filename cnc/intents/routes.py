"""Models with the heads fitted on them: which of them judges a text."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cnc.embedding import Embedder, RememberingEmbedder, VectorCache
from cnc.intents.catalogue import Catalogue
from cnc.intents.examples import SERVICE, fingerprint, load_examples
from cnc.intents.features import VERSION, FeatureMap
from cnc.intents.heads import Heads, Probabilities, load_heads
from cnc.intents.lexicon import Lexicon
from cnc.intents.prepared import Prepared
from cnc.settings import data_root


@dataclass(frozen=True)
class Judgement:
    """What one route makes of one text."""

    heads: Heads
    kinds: Probabilities
    """[kind] in the order of `KINDS`."""
    services: Probabilities
    """[service] in the catalogue's order."""

    def with_clearer_kind(self, other: Judgement) -> Judgement:
        """This one, with the kinds of the other where that is surer of a request.

        A text cut down to what is wanted ("just voice") may be too short to look like a request.
        """
        return (
            replace(self, kinds=other.kinds) if other.kinds[SERVICE] > self.kinds[SERVICE] else self
        )


@dataclass(frozen=True)
class Route:
    """Features of one model, or of two side by side, with the heads fitted on them."""

    features: FeatureMap
    heads: Heads
    english: bool = True
    """Whether texts reach it in English."""

    def foresee(self, prepared: Sequence[Prepared]) -> None:
        """Embed texts that will be judged one after the other in one pass, which is quicker."""
        if len(prepared) > 1:
            self.features.foresee(prepared)

    def judge(self, prepared: Sequence[Prepared]) -> list[Judgement]:
        """Judge texts, in order."""
        features = self.features.of(prepared)
        kinds, services = self.heads.kinds(features), self.heads.services(features)
        return [Judgement(self.heads, k, s) for k, s in zip(kinds, services, strict=True)]


class Routes:
    """The quick model for English, both models where it hesitates, and the one for the rest."""

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        multilingual: Embedder | Callable[[], Embedder | None] | None,
        home: Path | None,
    ) -> None:
        """Prepare the first route now and the others when they are first needed."""
        self._catalogue = catalogue
        self._lexicon = Lexicon(catalogue)
        self._home = home
        self._embedder: Embedder = RememberingEmbedder(embedder)
        self._source = multilingual
        self._loaded: Embedder | None = None
        self._quick = make_route(catalogue, self._lexicon, (self._embedder,), home=home)
        self._both: Route | None = None
        self._foreign: Route | None = None

    @property
    def lexicon(self) -> Lexicon:
        """Names of services."""
        return self._lexicon

    @property
    def quick(self) -> Route:
        """The first route for English."""
        return self._quick

    @property
    def embedder(self) -> Embedder:
        """The first model; it remembers the vectors of the last texts."""
        return self._embedder

    def judge_english(self, prepared: Prepared) -> Judgement:
        """Judge an English text: by both models if the first one hesitates and there are two."""
        first = self._quick.judge([prepared])[0]
        in_domain, confidence = first.kinds[SERVICE], first.services.max()
        clear = in_domain <= first.heads.clear_low or (
            in_domain >= first.heads.clear_high and confidence >= first.heads.clear_confidence
        )
        if clear:
            return first
        both = self._both_route()
        return first if both is None else both.judge([prepared])[0]

    def judge_by_both(self, prepared: Sequence[Prepared]) -> list[Judgement] | None:
        """Judge English texts by both models side by side; None where there is only one."""
        both = self._both_route()
        return None if both is None else both.judge(prepared)

    def foreign(self) -> Route | None:
        """The route for other languages, None where no model for them is there."""
        if self._foreign is None:
            second = self._second()
            if second is not None:
                self._foreign = find_route(
                    self._catalogue, self._lexicon, (second,), home=self._home, multilingual=True
                )
        return self._foreign

    def _both_route(self) -> Route | None:
        if self._both is None:
            second = self._second()
            if second is not None:
                self._both = find_route(
                    self._catalogue, self._lexicon, (self._embedder, second), home=self._home
                )
        return self._both

    def _second(self) -> Embedder | None:
        if self._loaded is None and self._source is not None:
            second = self._source() if callable(self._source) else self._source
            self._loaded = None if second is None else RememberingEmbedder(second)
            self._source = None
        return self._loaded


def find_route(
    catalogue: Catalogue,
    lexicon: Lexicon,
    embedders: Sequence[Embedder],
    *,
    home: Path | None = None,
    multilingual: bool = False,
) -> Route | None:
    """A route of these models with the heads that ship or are kept in `home`; None without."""
    cache = VectorCache(home / "vectors" if home is not None else None)
    features = FeatureMap(embedders, lexicon, cache)
    key = fingerprint(
        features.model_id, VERSION, load_examples(catalogue, multilingual=multilingual)
    )
    places = [shipped_heads(features.model_id)]
    if home is not None:
        places.append(_kept_heads(home, key))
    for path in places:
        heads = load_heads(path, key)
        if heads is not None:
            return Route(features, heads, not multilingual)
    return None


def make_route(
    catalogue: Catalogue,
    lexicon: Lexicon,
    embedders: Sequence[Embedder],
    *,
    home: Path | None = None,
    multilingual: bool = False,
    refit: bool = False,
) -> Route:
    """A route of these models; heads that are missing (or with `refit`) are fitted: minutes."""
    if not refit:
        found = find_route(catalogue, lexicon, embedders, home=home, multilingual=multilingual)
        if found is not None:
            return found
    cache = VectorCache(home / "vectors" if home is not None else None)
    features = FeatureMap(embedders, lexicon, cache)
    examples = load_examples(catalogue, multilingual=multilingual)
    key = fingerprint(features.model_id, VERSION, examples)
    from cnc.intents.fitting import fit_heads  # loads torch, which recognising never needs

    heads = fit_heads(catalogue, examples, features, key, multilingual=multilingual)
    if home is not None:
        with contextlib.suppress(OSError):
            heads.save(_kept_heads(home, key))
    return Route(features, heads, not multilingual)


def _kept_heads(home: Path, key: str) -> Path:
    return home / "heads" / f"{key}.npz"


def shipped_heads(model_id: str) -> Path:
    """Where the heads of a model ship, if they do."""
    name = "".join(c if c.isalnum() or c in "._+-" else "-" for c in model_id)
    return data_root() / "intents" / "heads" / f"{name}.npz"
