"""Numbers and words of quality are hidden from the classifier: they attract the wrong class."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DEGREE = r"(?:(?:ultra|very|extremely|super|highly|really|as|so)[\s-]+)*"
_GRADE = (
    r"(?:(?:low|lowest|minimal|minimum|high|higher|highest|maximum|good|best|better|guaranteed|"
    r"sufficient|stable|end[\s-]to[\s-]end|e2e|round[\s-]trip|network|one[\s-]way|small|short|fast|"
    r"zero|no|little)[\s-]+)*"
)
_MEASURE = (
    r"(?:latenc(?:y|ies)|delays?|jitter|lag|bandwidth|throughput|data[\s-]?rates?|bit[\s-]?rates?|"
    r"packet[\s-]loss|reliability|availability|response\s+times?|quality\s+of\s+service|qos|"
    r"round[\s-]trip\s+times?|rtt|downlink|uplink|capacity|slas?)"
)
_LIMIT = (
    r"(?:\s+(?:of|is|at|under|below|above|about|around|within|budget|requirements?|constraints?|"
    r"should\s+be|must\s+be|must\s+not\s+exceed|not\s+exceeding|guarantees?)\b)*"
)
_PHRASE = (
    r"(?:ultra|highly|very)[\s-]+(?:reliable|fast|available|low)(?:[\s-]+low)?|low[\s-]latency|"
    r"low[\s-]lag|urllc|hrllc|embb|(?:high|low)[\s-]+speed|lag[\s-]free|reliabl[ey]|dependabl[ey]|"
    r"as\s+fast\s+as\s+possible|lowest\s+possible"
)
_QUALITY = re.compile(
    rf"\b(?:{_DEGREE}{_GRADE}{_MEASURE}\b{_LIMIT}|(?:{_PHRASE})\b)", re.IGNORECASE
)
_DANGLING = re.compile(
    r"\b(?:with|at|of|below|under|within|less\s+than|no\s+more\s+than|at\s+least|at\s+most|"
    r"up\s+to|about|around|per\s+user|each|and|for|a|an|the|per|maximum|minimum|max|min|"
    r"must\s+not\s+exceed|in\s+total|total|above|between|from|to)(?:\s*[,.;:]|\s*$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![A-Za-z\d])(?!360[\s-]*(?:°|deg|videos?\b|cameras?\b|views?\b|film|content))"
    r"\d+(?:[.,:]\d+)*(?:st|nd|rd|th|k|%)?(?![A-Za-z\d])",
    re.IGNORECASE,
)
"""Numbers but for the name of pictures all around, "360 video"."""
_SPACE = re.compile(r"\s+([,.;:])|([,;:])(?=\s*[,.;:])")


def mask(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without the given spans, bare numbers and words of quality."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    masked = _NUMBER.sub(" ", "".join(kept))
    masked = _QUALITY.sub(" ", masked)
    for _ in range(3):
        masked = " ".join(masked.split())
        masked = _DANGLING.sub("", masked)
        masked = _SPACE.sub(r"\1", masked)
    return masked.strip(" ,;:-")
