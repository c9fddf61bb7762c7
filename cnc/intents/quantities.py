"""Latency, rate, reliability and work in a text, read by rules over a table of units."""

from __future__ import annotations

import re
from collections.abc import Callable

from cnc.intents.mentions import Comparison, Mention, comparison_of
from cnc.intents.units import UNIT, Kind, rate_mbps, time_ms, work_gc

NUMBER = (
    r"(?<![\w.,/])(?:\d{1,3}(?:[,']\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?!\d)(?:\.\d+)?|"
    r"\d*[.,]\d+|\d+)(?:e-?\d+)?"
)
"""A decimal number with grouping by comma, apostrophe or space, or a decimal comma."""
_SIGN = r"(?P<sign>(?:(?<=\s)|(?<=^)|(?<=[(:=]))(?:-|minus\s+|negative\s+))?"
_MEASURE = re.compile(rf"{_SIGN}(?P<number>{NUMBER})\s*-?\s*{UNIT}", re.IGNORECASE)
_RANGE_HEAD = re.compile(
    rf"(?P<low>{NUMBER})\s*(?:[a-z/%]{{1,12}})?\s*(?P<joint>-|to|and|up\s+to|\.\.+|~)\s*$",
    re.IGNORECASE,
)
_RANGE_CUE = re.compile(r"\b(?:between|from|in\s+the\s+range(?:\s+of)?)\s*$", re.IGNORECASE)
_NINES = re.compile(r"(?<![\w.])(?P<count>[2-9])\s*-?\s*(?:nines?|9s|9's)\b", re.IGNORECASE)
_BARE_NINES = re.compile(
    r"(?:(?:reliab\w*|availab\w*|uptime|"
    r"success\s+rate)\W+(?:\w+\W+){0,4}?)(?P<after_value>9\d(?:[.,]9+\d?)?|0[.,]9\d*)(?![\w%.]*\s*(?:%|"
    r"percent|per\s?cent|pct|ms|us|[kmgt]b|users|\d))"
    r"|(?<![\w.])(?P<before_value>9\d[.,]\d+)\s+(?=reliab|availab|uptime)",
    re.IGNORECASE,
)
_ERROR_RATE = re.compile(
    r"(?:packet\s+)?(?:error|loss)\s+(?:rate|ratio|"
    r"probability)?\D{0,20}?(?:1\s*e\s*-\s*|10\s*\^?\s*-\s*)(?P<power>\d)"
    r"|1\s*-\s*(?:1\s*e\s*-\s*|10\s*\^?\s*-\s*)(?P<power2>\d)"
    r"|(?:1\s*e\s*-\s*|10\s*\^\s*-\s*)(?P<power3>\d)\s+(?:packet|block|bit)\s+(?:error|loss)",
    re.IGNORECASE,
)
_LATENCY_WORD = (
    r"latenc\w*|delays?|response(?:\s+times?)?|respond\w*|rtt|round[\s-]*trip\w*|lag\w*|ping|"
    r"deadline|reacti\w*|react|answers?|replies|reply|end[\s-]to[\s-]end|e2e|"
    r"motion[\s-]to[\s-]photon|first token|ttft|turnaround|arrive\w*|within|延迟|时延"
)
_OTHER_TIME = (
    r"jitter|intervals?|every|each|cycles?|cycle\s+times?|period\w*|survival|refresh|frames?|"
    r"duration|lasts?|lasting|for|during|battery|timeout|after|window|videos?|clips?|抖动"
)
_TIME_WORD = re.compile(
    rf"\b(?:(?P<latency>{_LATENCY_WORD})|(?P<other>{_OTHER_TIME}))(?=\W|$)", re.IGNORECASE
)
_TIME_AFTER = re.compile(
    r"\s*(?:of\s+|in\s+|as\s+)?(?:(?:max(?:imum)?|end[\s-]to[\s-]end|network|round[\s-]*trip|"
    r"one[\s-]way|total|air|the|or\s+less|e2e|average|mean|rendering|control|"
    r"packet)\s+){0,3}"
    r"(?:(?P<latency>latenc\w*|delays?|response|rtt|lag|ping|round[\s-]*trip|deadline|"
    r"reaction)|(?P<other>jitter|intervals?|cycles?|period|frames?|videos?|clips?|long|"
    r"windows?|duration))",
    re.IGNORECASE,
)
_PER_USER = re.compile(
    r"\b(?:per|each|every|apiece|individual(?:ly)?|"
    r"a)\b\s*-?\s*(?:single\s+)?(?:\w+\s+)?(?:user|person|head|device|player|viewer|"
    r"participant|subscriber|client|customer|vehicle|car|robot|camera|stream|headset|drone|"
    r"terminal|ue|one|student|seat|call|session|surgeon|patient|sensor|meter|phone)?",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:total(?:ling)?|aggregated?|overall|combined|in\s+all|altogether|in\s+sum|summed|"
    r"shar(?:e|es|ed|ing)|together|cumulative|collectively|entire\s+(?:group|site|fleet)|whole\s+(?:group|"
    r"site|fleet)|for\s+all(?:\s+of\s+them)?)\b",
    re.IGNORECASE,
)
_PERCENT_WORD = re.compile(
    r"reliab|availab|uptime|success|guarantee|satisf|up\s+time|deliver|of\s+the\s+time|"
    r"of\s+(?:all\s+)?(?:packets|requests|messages|frames)|service\s+level|sla|可靠|可用",
    re.IGNORECASE,
)
_NOT_RELIABILITY = re.compile(
    r"\b(?:loss|lost|error|less|cheaper|discount|humidity|battery|load(?:ed)?|utili[sz]ation|"
    r"cpu|energy|power|confidence|accuracy|accurate|precision|coverage|growth|increase|"
    r"reduc\w+|cut|capacity|of\s+(?:the\s+)?(?:users|people|customers|staff|devices))\b",
    re.IGNORECASE,
)


_OF_ANYTHING = {"for", "after", "each", "every", "window", "frame", "frames", "video", "videos"}
"""Words before a time that say little about what it is."""


def _one(_: str) -> float:
    return 1.0


_SCALES: dict[Kind, Callable[[str], float]] = {
    "rate": rate_mbps,
    "time": time_ms,
    "percent": _one,
    "work": work_gc,
}


def number_of(text: str) -> float:
    """The value of a matched number: "2,000" is 2000, "0,5" is 0.5."""
    text = text.replace("'", "").replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    return float(text.replace(",", "."))


def find_measures(text: str) -> list[Mention]:
    """Latencies (ms), rates (Mbit/s), reliabilities (%) and work (Gc), in the text's order.

    A negative value keeps its sign: whoever fills the slots says that it cannot be.
    """
    found = [*_find_nines(text)]
    taken = [(m.start, m.end) for m in found]
    for match in _MEASURE.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        mention = _measure(text, match)
        if mention is not None:
            found.append(mention)
            taken.append((mention.start, mention.end))
    found += [m for m in _find_bare(text) if not any(s < m.end and m.start < e for s, e in taken)]
    return sorted(found, key=lambda mention: mention.start)


def _measure(text: str, match: re.Match[str]) -> Mention | None:
    kind = next(kind for kind in _SCALES if match[kind])
    start, end, unit = match.start(), match.end(), match[kind]
    sign = -1.0 if match["sign"] else 1.0
    scale = _SCALES[kind](unit)
    number = match["number"]
    if kind == "percent" and re.fullmatch(r"\d\d,\d{3}", number):
        number = number.replace(",", ".")
    value = sign * number_of(number) * scale
    lower, begin = _range_before(text, start, scale)
    if kind == "time":
        if not _is_latency(text, begin, end, unit):
            return None
        comparison = comparison_of(text, begin, end, small_is_good=True)
        return Mention("latency", value, begin, end, comparison, lower)
    comparison = comparison_of(text, begin, end, small_is_good=False)
    if kind == "percent":
        if not _is_reliability(text, begin, end, value):
            return None
        return Mention("reliability", value, begin, end, comparison, lower)
    if kind == "work":
        return Mention("work", value, begin, end, comparison, lower)
    return Mention("rate", value, begin, end, comparison, lower, total=_is_total(text, begin, end))


def _range_before(text: str, start: int, scale: float) -> tuple[float | None, int]:
    """The lower end of "10 to 20 ms" and where it begins, or None and `start`."""
    head = _RANGE_HEAD.search(text[:start])
    if head is None:
        return None, start
    cue = _RANGE_CUE.search(text[: head.start()])
    joint = head["joint"].lower()
    if joint == "and" and cue is None:
        return None, start
    low = number_of(head["low"]) * scale
    return low, cue.start() if cue is not None else head.start()


def _is_latency(text: str, start: int, end: int, unit: str) -> bool:
    after = _TIME_AFTER.match(text[end:])
    if after is not None:
        return after["latency"] is not None
    words = list(_TIME_WORD.finditer(text[max(0, start - 48) : start]))
    clause = re.split(r"[;.!?]\s", text[max(0, start - 48) : start])[-1]
    nearest = words[-1] if words else None
    small = unit.lower().startswith(("ms", "mil", "us", "usec", "mic", "m.s", "毫"))
    if nearest is not None and nearest[0] in clause:
        if nearest["latency"] is not None:
            return True
        word = nearest[0].lower()
        period = word in ("every", "each") and clause.rstrip().lower().endswith(word)
        return small and word in _OF_ANYTHING and not period
    if small:
        return True
    limit = comparison_of(text, start, end, small_is_good=True)
    return limit == "at_most"


def _is_reliability(text: str, start: int, end: int, value: float) -> bool:
    near = text[max(0, start - 32) : end + 28]
    if _PERCENT_WORD.search(near) and not re.search(r"loss|lost|error", near, re.IGNORECASE):
        return True
    tail = text[end : end + 28].split(",")[0]
    head = re.split(r"[,;.]\s|\band\b", text[max(0, start - 24) : start])[-1]
    if _NOT_RELIABILITY.search(tail) or _NOT_RELIABILITY.search(head):
        return _PERCENT_WORD.search(tail) is not None or _PERCENT_WORD.search(head) is not None
    return value >= 90 or value < 0


def _is_total(text: str, start: int, end: int) -> bool:
    after = re.split(r"[,;.]\s|\band\b", text[end : end + 40])[0]
    before = re.split(r"[,;.]\s|\band\b|\bwith\b", text[max(0, start - 40) : start])[-1]
    if _PER_USER.match(after.lstrip(" /")) or re.match(r"\s*/\s*\w", after):
        return False
    return _TOTAL.search(after) is not None or _TOTAL.search(before) is not None


def _find_nines(text: str) -> list[Mention]:
    found = []
    for match in _NINES.finditer(text):
        count = int(match["count"])
        value = round(100.0 - 10.0 ** (2 - count), 10)
        found.append(_reliability(text, value, match.start(), match.end()))
    for match in _ERROR_RATE.finditer(text):
        power = int(match["power"] or match["power2"] or match["power3"])
        value = round(100.0 - 100.0 * 10.0**-power, 10)
        found.append(Mention("reliability", value, match.start(), match.end(), "at_least"))
    return found


def _find_bare(text: str) -> list[Mention]:
    found = []
    for match in _BARE_NINES.finditer(text):
        group = "after_value" if match["after_value"] else "before_value"
        value = number_of(match[group])
        if value < 1:
            value = round(value * 100.0, 10)
        found.append(_reliability(text, value, match.start(group), match.end(group)))
    return found


def _reliability(text: str, value: float, start: int, end: int) -> Mention:
    comparison: Comparison | None = comparison_of(text, start, end, small_is_good=False)
    return Mention("reliability", value, start, end, comparison)
