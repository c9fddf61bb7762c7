"""What a text says is not wanted, so that the rest alone is recognised.

Words find the places where something may be refused ("not X but Y", "X can wait", "instead of X");
whether a place names a service is left to the judges, so that "no more than 20 ms", "without
interruption" and "vehicles without a driver" stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

_NOT = (
    r"(?:do\s+not|don't|dont|does\s+not|doesn't|did\s+not|didn't|will\s+not|won't|would\s+not|"
    r"wouldn't|no\s+longer|never|not|isn't|is\s+not|aren't|are\s+not|ain't|wasn't|was\s+not|needn't|need\s+not)"
)
_ABOUT = (
    r"(?:need|want|require|use|ask(?:ed|ing)?\s+for|look(?:ing)?\s+for|interested\s+in|"
    r"talk(?:ing)?\s+about|about|after|deploy|run|provide|start|set\s+up|play|call(?:ing)?\s+for|"
    r"give\s+(?:me|us)|send\s+(?:me|us)|book|order|mean)"
)
_BEFORE = re.compile(
    rf"\b(?:(?:i|we|they|users|it|this|that|you)(?:'re|'m|'s|\s+are|\s+am|\s+is)?\s+)?{_NOT}\s+"
    rf"(?:really\s+|actually\s+|just\s+)?{_ABOUT}\b"
    rf"|\b(?:(?:it|this|that|what\s+(?:i|we)\s+(?:want|need))(?:'s|\s+is|\s+was)\s+)?"
    rf"(?:not|isn't|wasn't|no|without|neither|nor|minus|unlike)\b(?!\s+only\b)"
    r"|\b(?:instead|in\s+place|in\s+lieu)\s+of\b|\brather\s+than\b|\bas\s+opposed\s+to\b"
    r"|\b(?:except|save)\s+for\b(?![^.;!?]*\b(?:every\w+|nothing|nobody|anything|all)\b)|\bexcluding\b|\b(?:other\s+than|apart\s+from|anything\s+but)\b"
    r"|\b(?:nothing|not\s+anything)\s+to\s+do\s+with\b"
    r"|\b(?:forget|skip|scrap|ditch|cancel|abandon|kill|leave\s+(?:out|aside)|never\s+mind|"
    r"nevermind|enough\s+(?:of|with)|hold\s+off\s+(?:on|with)|no\s+need\s+(?:for|of)|"
    r"put\s+aside|park|postpone|stop|drop|disregard|ignore|replace|swap)\b(?:\s+about\b)?"
    r"|\bless\b(?=[^,;]*[,;]\s*more\b)"
    r"|\b(?:switch|move|change|migrate)\s+(?:us\s+|me\s+)?(?:away\s+)?from\b"
    r"|\b(?:(?:we|i|they)(?:'ve|\s+have)?\s+)(?:already|plenty\s+of|enough)\s+"
    r"(?:have|got|own|use|run|operate|bought|ordered)?\b"
    r"|\b(?:we|i|they)\s+have\s+(?:plenty\s+of|enough|more\s+than\s+enough|already)\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?:\s+(?:is|are|was|were|it\s+is|that\s+is))?\s+{_NOT}\s+(?:actually\s+|really\s+)?"
    r"(?:what\s+(?:i|we|they|this)\b[^,;.:!?]*|needed|required|wanted|necessary|relevant|"
    r"of\s+interest|the\s+(?:point|goal|idea|issue|topic)|for\s+(?:us|me)|an\s+option|our\s+thing|"
    r"enough)"
    r"|\s+(?:isn't|aren't|is\s+not|are\s+not)\s+it\b"
    r"|\s+(?:can|could|may|will|must)\s+(?:wait|stay\s+off|go|be\s+(?:dropped|skipped|cancelled|"
    r"left\s+out|postponed))"
    r"|\s+(?:is|are)\s+(?:already\s+|well\s+)*(?:covered|in\s+place|sorted|sorted\s+out|"
    r"taken\s+care\s+of|handled|out\s+of\s+scope|off\s+the\s+table|out|overkill|no\s+use|"
    r"(?:too|way\s+too)\s+much|cancelled|useless)\b"
    r"|\s+(?:we|i)\s+(?:already\s+)?(?:have|got|own)(?:\s+(?:already|covered|sorted|plenty))?"
    r"(?=\s*[,;.:!?-]|\s+(?:but|what))"
    r"|\s+(?:would\s+be|was|is)\s+(?:a\s+)?(?:misunderstanding|mistake|wrong|the\s+wrong\b\w*)"
    r"|\s+(?:we|i)(?:'ve|\s+have)?\s+had\s+enough\s+of|\s+we\s+(?:do\s+not|don't)\s+care\s+(?:for|about)"
    r"|\s*[,?]?\s+no\s+thanks|(?<!\bor)\s+no\b(?=\s*(?:[.,;!]|$))|\s*[:?]\s*no\b(?=\s*[.,;!]|$)|\s*,\s*not\s+(?:anymore|any\s+more|now|today)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\s*(?:more|less|fewer|later|longer|greater|higher|lower|only|just|exceed|above|below|"
    r"over|under|to\s+exceed|matter|one|doubt|interruptions?|delays?|lag|stutter|urgent|hurry|"
    r"rush|yet|sure|be|been|being|having|losing|moving|waiting|stop|fail|loss|drop|problem|issue|"
    r"wires?|cables?|possible|allowed|allow|tolerate|too|very|that|so|all|than|any\s+(?:lag|delay|"
    r"interruption|loss)|sight|humans?|drivers?|coverage|connection|service|internet|network|"
    r"terrestrial|need\s+to|matter\s+what|later\s+than)\b",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"[,;:!?]|\.(?=\s|$)|\s[-–—]+\s|\bbut\b|\binstead\b(?!\s+of)|\brather\b(?!\s+than)|\bjust\b|"
    r"\bonly\b|\b(?:we|i)\s+(?:\w+\s+)?(?:need|want|lack|require|would\s+like)\b|"
    r"\b(?:i|we)'d\b|\b(?:we|i|they|he|she)\s+(?:mean|intend|plan|hope|aim|wish|shall|should|"
    r"prefer)\b|\bwhat\s+(?:we|i|is)\b|\bgive\s+(?:us|me)\b|\b(?:it|this)\s+(?:is|should\s+be)\b|"
    r"\b(?:start|set\s+up|make\s+it|go\s+for|provide|and\s+(?:have|do|install|build|connect|make|let|start|give|set\s+up|use|provide|"
    r"bring|get|put|run))\b",
    re.IGNORECASE,
)
_EXCHANGE = re.compile(r"\s(?:with|by|for|to)\s", re.IGNORECASE)
_EXCHANGING = re.compile(r"replace|swap|from$", re.IGNORECASE)
LEADING = re.compile(
    r"^(?:\s*(?:[,;.:!?-]|(?:but|rather|instead|just|only|and|so|please|with|by|to)\b))+\s*",
    re.IGNORECASE,
)
"""Connectors that have lost their left side."""
_CHINESE_BEFORE = re.compile(
    r"(?:我们|我|这|这次|咱们)?(?:并?不是(?:要)?|不要|不需要|不用|无需|别(?:给|搞|弄)?|而不是|不想要|取消|"
    r"不做|不搞|已经有|先不管|先别管|除了)"
)
_CHINESE_STOP = re.compile(r"[，。；！？,;!?：:]|而是|而要|只要|只需|改(?:为|成|做)|换成")
_CHINESE_LEADING = re.compile(r"^(?:[，。；！？,;!?：:\s]|而是|而要|只要|只需|但是?)+")


@dataclass(frozen=True)
class Refusal:
    """A part of a text that may say what is not wanted."""

    start: int
    """Where the words of refusal begin, or what is refused."""
    end: int
    text: str
    """What is refused, without the words of refusal."""


def refusals(text: str, *, english: bool = True) -> list[Refusal]:
    """Places where something may be refused, in order, without overlap."""
    if not english:
        return _without_overlap(_found_before(text, _CHINESE_BEFORE, _CHINESE_STOP))
    return _without_overlap(
        [*_found_before(text, _BEFORE, _STOP), *_found_after(text)],
    )


def without(text: str, parts: Sequence[Refusal], *, english: bool = True) -> str:
    """The text without these parts, and without connectors that have lost their left side."""
    leading = LEADING if english else _CHINESE_LEADING
    kept, at = [], 0
    for part in parts:
        kept.append(text[at : part.start])
        at = part.end
    kept.append(text[at:])
    stripped = [leading.sub("", piece).strip(" ,;:-，；") for piece in kept]
    return " ".join(piece for piece in stripped if piece)


def split_refused(
    text: str, is_service: Callable[[Sequence[str]], Sequence[bool]], *, english: bool = True
) -> tuple[str, str]:
    """What is wanted, and what is said not to be.

    Args:
        text: the user's text, normalised.
        is_service: which of some fragments name or describe a service; other refusals stay
            where they are.
        english: whether to look for English words of refusal, else for Chinese ones.
    """
    found = refusals(text, english=english)
    if not found:
        return text, ""
    judged = is_service([part.text for part in found])
    refused = [part for part, service in zip(found, judged, strict=True) if service]
    if not refused:
        return text, ""
    wanted = without(text, refused, english=english)
    if not wanted and english:
        refused = [_before_and(part) for part in refused]
        wanted = without(text, refused, english=english)
    return wanted, " ".join(part.text for part in refused)


def _before_and(part: Refusal) -> Refusal:
    """The part up to its first "and": what follows may be wanted ("skip A and start B")."""
    kept, word, _ = part.text.partition(" and ")
    return replace(part, end=part.end - len(part.text) + len(kept), text=kept) if word else part


def _found_before(text: str, cue: re.Pattern[str], stop: re.Pattern[str]) -> list[Refusal]:
    found = []
    for match in cue.finditer(text):
        if _HARMLESS.match(text, match.end()):
            continue
        begin = match.end()
        following = cue.search(text, begin)
        limit = following.start() if following else len(text)
        boundary = stop.search(text, begin + 1)
        end = min(boundary.start() if boundary else len(text), limit)
        if _EXCHANGING.search(match[0]):
            exchange = _EXCHANGE.search(text, begin, end)
            end = exchange.start() if exchange else end
        fragment = text[begin:end].strip(" ,;:-")
        if fragment:
            found.append(Refusal(match.start(), end, fragment))
    return found


def _found_after(text: str) -> list[Refusal]:
    found = []
    for match in _AFTER.finditer(text):
        begin = 0
        for boundary in _STOP.finditer(text, 0, match.start()):
            begin = boundary.end()
        fragment = text[begin : match.start()].strip(" ,;:-")
        if fragment:
            found.append(Refusal(begin, match.end(), fragment))
    return found


def _without_overlap(found: list[Refusal]) -> list[Refusal]:
    kept: list[Refusal] = []
    for part in sorted(found, key=lambda p: (p.start, -p.end)):
        if not kept or part.start >= kept[-1].end:
            kept.append(part)
    return kept
