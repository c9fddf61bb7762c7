"""Latency, rate, reliability and work in a text, read by rules over a table of units."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from cnc.intents.figures import NEAR, NUMBER, near_before, number_of
from cnc.intents.mentions import Mention, comparison_of
from cnc.intents.shares import find_bare, find_shares
from cnc.intents.units import UNIT, Kind, rate_mbps, time_ms, work_gc

_SIGN = r"(?P<sign>(?:(?<=\s)|(?<=^)|(?<=[(:=]))(?:-|minus\s+|negative\s+))?"
_MEASURE = re.compile(rf"{_SIGN}(?P<number>{NUMBER})(?P<plus>\s?\+)?\s*-?\s*{UNIT}", re.IGNORECASE)
_RANGE_HEAD = re.compile(
    rf"(?P<low>{NUMBER})\s*-?\s*(?P<unit>[a-z%](?:[a-z/%.]|\s(?=per\b|sec)){{0,24}}?)?\s*"
    r"(?P<joint>-|to|and|or|up\s+to|\.\.+|~)\s*$",
    re.IGNORECASE,
)
_RANGE_CUE = re.compile(
    r"\b(?:between|from|rang(?:e|ing)\s+(?:from|of)|(?:in|within)\s+(?:the\s+|a\s+)?range(?:\s+of)?)\s*$",
    re.IGNORECASE,
)
_UNIT = re.compile(UNIT, re.IGNORECASE)
_BARE_LATENCY = re.compile(
    r"\b(?:latency|delay|lag|ping|rtt|response\s+time|round[\s-]trip(?:\s+time)?)s?\b(?P<words>(?:\s*(?:[<>=:]+|"
    r"or|of|is|at|to|be|must|should|has|stay|stays|kept|keep|remain|not|no|exceed|exceeding|go|more|less|lower|"
    r"smaller|higher|than|below|under|over|above|within|most|max|maximum|about|around|roughly|up|ceiling|limit|cap|budget|target)\b|\s*[<>=:~]+){0,6})\s*"
    rf"(?P<number>{NUMBER})(?=\s*(?:$|[,.;:!?)](?:\s|$)|(?:and|or|but|for|with|please|so|on|in|at|while|is|isn't|would|are)\b))",
    re.IGNORECASE,
)
_LATENCY_WORD = (
    r"latenc\w*|delays?|response(?:\s+times?)?|respond\w*|rtt|round[\s-]*trip\w*|lag\w*|ping|"
    r"deadline|reacti\w*|react|answer(?:s|ed|ing)?|replies|reply|end[\s-]to[\s-]end|e2e|"
    r"motion[\s-]to[\s-]photon|first token|ttft|turnaround|arrive\w*|within|wait(?:s|ing)?|"
    r"live\s+with|tolerat\w*|"
    r"延迟|时延"
)
_OTHER_TIME = (
    r"jitter|intervals?|every|each|cycles?|cycle\s+times?|period\w*|survival|refresh|frames?|"
    r"duration|buffering|lasts?|lasting|for|during|battery|timeout|after|window|videos?|clips?|抖动"
)
_TIME_WORD = re.compile(
    rf"\b(?:(?P<latency>{_LATENCY_WORD})|(?P<other>{_OTHER_TIME})(?!\s+(?:aside|apart)\b))(?=\W|$)",
    re.IGNORECASE,
)
_TIME_AFTER = re.compile(
    r"\s*(?:of\s+|in\s+|as\s+)?(?:(?:max(?:imum)?|end[\s-]to[\s-]end|network|round[\s-]*trip|"
    r"one[\s-]way|total|air|the|or\s+less|e2e|average|mean|rendering|control|"
    r"packet)\s+){0,3}"
    r"(?:(?P<latency>latenc\w*|delays?|response|rtt|lag|ping|late\b|behind\b|round[\s-]*trip|deadline|"
    r"reaction)|(?P<other>jitter|intervals?|cycles?|period|frames?|videos?|clips?|long|"
    r"windows?|duration))",
    re.IGNORECASE,
)
_PER_USER = re.compile(
    r"\b(?:per|each|every|apiece|individual(?:ly)?|for\s+each|to\s+each|"
    r"a)\b\s*-?\s*(?:single\s+)?(?:\w+\s+)?(?:user|person|head|device|player|viewer|"
    r"participant|subscriber|client|customer|vehicle|car|robot|camera|stream|headset|drone|"
    r"terminal|ue|one|student|seat|call|session|surgeon|patient|sensor|meter|phone)?",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:total(?:ling)?|aggregated?|overall|combined|in\s+all|altogether|in\s+sum|summed|"
    r"shar(?:e|es|ed|ing)|together|pooled|between\s+them|among\s+(?:them|all)|split\s+(?:among|between|across|over)|"
    r"in\s+common|as\s+a\s+whole|for\s+every(?:one|body)(?!\s+of)|total\s+of|cumulative|collectively|jointly|(?:entire|whole)\s+(?:group|site|fleet|team|"
    r"class|crew|building|ship|train|bus|lot|thing|party|crowd|system)|for\s+the\s+(?:lot|group|fleet|crowd)|taken\s+together|"
    r"all\s+told|all\s+in\b|sum\s+of|for\s+all(?:\s+of\s+(?:them|us|it))?)\b",
    re.IGNORECASE,
)
_PERCENT_WORD = re.compile(
    r"reliab|availab|uptime|success|guarantee|satisf|up\s+time|deliver|of\s+the\s+time|"
    r"of\s+(?:all\s+)?(?:packets|requests|messages|frames)|service\s+level|sla|可靠|可用",
    re.IGNORECASE,
)
_NOT_RELIABILITY = re.compile(
    r"\b(?:recall|sensitivity|specificity|f1|score|hit\s+rate|loss|lost|error|"
    r"(?<!no )less(?!\s+than)|cheaper|discount|humidity|battery|load(?:ed)?|"
    r"utili[sz]ation|cpu|energy|power|confidence|accuracy|accurate|precision|coverage|growth|increase|"
    r"reduc\w+|cut|capacity|of\s+(?:our|my|your|their)\b|of\s+(?:the\s+)?(?:users|people|customers|staff|devices))\b",
    re.IGNORECASE,
)


_OF_ANYTHING = {"for", "after", "each", "every", "window", "frame", "frames", "video", "videos"}
"""Words before a time that say little about what it is."""
_LIMITING = re.compile(
    r"\b(?:of|at|most|less|than|under|below|within|max|maximum|up|to|no|more|longer|shorter|not|"
    r"exceeding|is|be|are|the|a|about|that|last|lasting|stay|must|should)\b",
    re.IGNORECASE,
)


_UNTIL = re.compile(
    r"\s*(?:until|till|before|to|for)\s+(?:the\s+|an?\s+|every\s+|each\s+)?(?:first\s+)?(?:word|token|answer|response|"
    r"reply|result|image|picture|byte|reaction|alarm|alert|verdict)s?\b",
    re.IGNORECASE,
)
"""What a time leads up to: "half a second to the first word"."""
_LENGTH = re.compile(
    r"\s*(?:of\s+(?!latency|delay|lag|response|wait)|apart\b|ago\b|long\b|later?\b|after\b|behind\b|(?:\w+\s+)?(?:clips?|videos?|windows?|recordings?|"
    r"snippets?|segments?|chunks?|buffers?)\b)",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(
    r"(?:^|[,;:(.]\s*)(?:about|around|roughly|~|circa|ca\.?)?\s*$", re.IGNORECASE
)
_FLAT = re.compile(r"^\s+(?:flat|sharp)\b")
_CLAUSE_BEGINS = re.compile(r"\s*(?:$|[,;.)](?:\s|$))")
_CLAUSE_GOES_ON = re.compile(r"\s*(?:$|[,;.)](?:\s|$)|to\b)")
_CYCLE = re.compile(
    r"\bcycles?(?:\s+times?)?\s*(?:of|is|are|:|=|at|below|under)?\s*(?:about|around|max(?:imum)?\.?|at\s+most)?\s*$",
    re.IGNORECASE,
)
_LOOP = re.compile(r"\s*-?\s*(?:control\s+|motion\s+)?(?:cycles?|loops?)\b", re.IGNORECASE)
MOST_WAIT_MS = 60e3
"""Who waits longer complains, and states no limit."""
MOST_CYCLE_MS = 100.0
_WAY = r"(?P<way>down(?:link|stream|load|loading)?|up(?:link|stream|load|loading)?)"
_DIRECTION = re.compile(
    rf"\s*(?:each\s+|of\s+|for\s+|in\s+(?:the\s+)?|on\s+the\s+)?{_WAY}\b(?!\s+to)", re.IGNORECASE
)
_DIRECTED = re.compile(
    rf"\b{_WAY}(?:\s+(?:rate|speed|of|at|with|is|:|=|about|around))*[\s:=]*$", re.IGNORECASE
)
_OTHER_WAY = re.compile(
    rf"\s*(?:,|and|/|&|with|but|\s)\s*(?P<number>{NUMBER})\s+{_WAY}\b", re.IGNORECASE
)


_LIMIT = re.compile(r"ceiling|limit|cap|budget|target|max", re.IGNORECASE)
_NOT_A_MOMENT = re.compile(r"\bnot\s+(?:even\s+)?$", re.IGNORECASE)
_MORE = re.compile(r"\s+(?:later|more|longer|too|over)\b", re.IGNORECASE)
_IN = re.compile(
    r"(?<!arrives )(?<!land )(?<!lands )(?<!starts )(?<!begins )(?<!leaves )\bin\s+(?:under\s+|"
    r"about\s+|around\s+|some\s+)?$",
    re.IGNORECASE,
)
_DOES_NOT_DO = re.compile(
    r"[^,;.]{0,24}\b(?:(?:does|did|do|will|would)(?:\s+not|n't)\s+(?:work|do|suffice|help)|(?:is|was|are)(?:\s+not|n't)\s+enough|"
    r"too\s+(?:little|slow)|(?:is|was)\s+what\s+we\s+have)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<![\w.,])(\d{1,4})\s?[x×]\s?$")
"""Before a rate: "2 x 900 Mbit/s"."""
_EACH = re.compile(r"\b(?:each|per|every|apiece|individual(?:ly)?)\b", re.IGNORECASE)
_SHORT_RATE = re.compile(
    rf"(?<![#$€£])(?P<number>(?![248]K){NUMBER})(?P<prefix>[kKMG])\s*(?:each\b|apiece\b|/|per\b|an?\s)"
)
"""A unit cut short, beside words for each user: "256k per boat"."""
_PREFIX = {"k": 1e-3, "m": 1.0, "g": 1e3}


def _one(_: str) -> float:
    return 1.0


_SCALES: dict[Kind, Callable[[str], float]] = {
    "rate": rate_mbps,
    "time": time_ms,
    "percent": _one,
    "work": work_gc,
}


def find_measures(text: str) -> list[Mention]:
    """Latencies (ms), rates (Mbit/s), reliabilities (%) and work (Gc), in the text's order.

    A negative value keeps its sign: whoever fills the slots says that it cannot be.
    """
    found: list[Mention] = []
    for mention in find_shares(text):
        _add(found, mention)
    for match in _MEASURE.finditer(text):
        if _free(found, match.start(), match.end()):
            measured = _measure(text, match)
            if measured is not None:
                found = [m for m in found if not _within(m, measured)]
                found.append(measured)
    for mention in [*find_bare(text), *_find_bare_latencies(text)]:
        _add(found, mention)
    if not any(mention.quantity == "latency" for mention in found):
        for mention in _find_cycles(text):
            _add(found, mention)
    if not any(mention.quantity == "rate" for mention in found):
        for match in _SHORT_RATE.finditer(text):
            value = number_of(match["number"]) * _PREFIX[match["prefix"].lower()]
            _add(found, Mention("rate", value, *match.span(), each=True))
    rates = [m for m in found if m.quantity == "rate" and not _DOES_NOT_DO.match(text, m.end)]
    if rates:
        found = [m for m in found if m.quantity != "rate" or m in rates]
    return sorted(found, key=lambda mention: mention.start)


def _free(found: list[Mention], start: int, end: int) -> bool:
    return not any(m.start < end and start < m.end for m in found)


def _add(found: list[Mention], mention: Mention) -> None:
    if _free(found, mention.start, mention.end):
        found.append(mention)


def _within(mention: Mention, other: Mention) -> bool:
    """A mention that is the lower end of another's range."""
    return other.lower is not None and other.start <= mention.start and mention.end <= other.end


def _find_bare_latencies(text: str) -> list[Mention]:
    """ "Ping below 40": a number that follows a word for latency is in ms."""
    found = []
    for match in _BARE_LATENCY.finditer(text):
        start, end = match.span("number")
        comparison = comparison_of(text, start, end, small_is_good=True)
        words = match["words"]
        if comparison or not words.strip(" :=") or "=" in words or _LIMIT.search(words):
            value = number_of(match["number"])
            found.append(Mention("latency", value, start, end, comparison))
    return found


def find_directions(text: str, rates: Sequence[Mention]) -> list[Mention] | None:
    """The rates of both directions, the larger first; None unless both are said.

    "20 Mbps down and 5 up" has a second number without a unit; it is in that of the first.
    """
    both: dict[str, Mention] = {}
    for mention in rates:
        after = _DIRECTION.match(text[mention.end :])
        before = _DIRECTED.search(near_before(text, mention.start))
        word = after["way"] if after else before["way"] if before else None
        if word is None:
            continue
        both.setdefault(word.lower()[:1], mention)
        rest = _OTHER_WAY.match(text[mention.end + after.end() :]) if after else None
        if rest is not None:
            unit = _UNIT.search(text[mention.start : mention.end])
            scale = rate_mbps(unit["rate"]) if unit is not None and unit["rate"] else 1.0
            value = number_of(rest["number"]) * scale
            both.setdefault(rest["way"].lower()[:1], replace(mention, value=value))
    if len(both) < 2:
        return None
    total = any(mention.total for mention in both.values())
    ways = [replace(mention, total=total) for mention in both.values()]
    return sorted(ways, key=lambda mention: -mention.value)


def _find_cycles(text: str) -> list[Mention]:
    """The cycle of a control loop, where no latency is said: what is sent must arrive within it."""
    found = []
    for match in _MEASURE.finditer(text):
        cycle = _CYCLE.search(near_before(text, match.start())) or _LOOP.match(text, match.end())
        if match["time"] and not match["sign"] and cycle:
            value = number_of(match["number"]) * time_ms(match["time"])
            comparison = comparison_of(text, *match.span(), small_is_good=True)
            if value <= MOST_CYCLE_MS:
                found.append(Mention("latency", value, *match.span(), comparison))
    return found


def _measure(text: str, match: re.Match[str]) -> Mention | None:
    kind = next(kind for kind in _SCALES if match[kind])
    start, end, unit = match.start(), match.end(), match[kind]
    sign = -1.0 if match["sign"] else 1.0
    scale = _SCALES[kind](unit)
    number = match["number"]
    if kind == "percent" and re.fullmatch(r"\d\d,\d{3}", number):
        number = number.replace(",", ".")
    value = sign * number_of(number) * scale
    lower, begin = _range_before(text, start, scale, kind)
    if lower is not None and lower > value > 0 and re.search(r"\bor\s*$", text[begin:start], re.I):
        lower, value = value, lower
    if kind == "time":
        if not _is_latency(text, begin, end, unit, value):
            return None
        comparison = comparison_of(text, begin, end, small_is_good=True)
        if lower is not None and comparison is None:
            comparison = "at_most"
        return Mention("latency", value, begin, end, comparison, lower)
    comparison = comparison_of(text, begin, end, small_is_good=False)
    comparison = comparison or ("at_least" if match["plus"] else None)
    if kind == "percent":
        if not _is_reliability(text, begin, end, value):
            return None
        return Mention("reliability", value, begin, end, comparison, lower)
    if kind == "work":
        return Mention("work", value, begin, end, comparison, lower)
    times = _TIMES.search(near_before(text, begin))
    if times is not None:
        value, lower = value * number_of(times[1]), None
    total = times is not None or _is_total(text, begin, end)
    each = not total and _is_each(text, begin, end)
    return Mention("rate", value, begin, end, comparison, lower, total=total, each=each)


def _range_before(text: str, start: int, scale: float, kind: Kind) -> tuple[float | None, int]:
    """The lower end of "10 to 20 ms" and where it begins, or None and `start`."""
    head = _RANGE_HEAD.search(text, max(0, start - NEAR), start)
    if head is None:
        return None, start
    cue = _RANGE_CUE.search(text, max(0, head.start() - NEAR), head.start())
    joint = head["joint"].lower()
    if joint == "and" and cue is None:
        return None, start
    if head["unit"] is not None:
        own = _UNIT.fullmatch(head["unit"].strip())
        if own is None or own[kind] is None:
            return None, start
        scale = _SCALES[kind](own[kind])
    low = number_of(head["low"]) * scale
    return low, cue.start() if cue is not None else head.start()


def _is_latency(text: str, start: int, end: int, unit: str, value: float) -> bool:
    if _NOT_A_MOMENT.search(text[max(0, start - 24) : start]) and _MORE.match(text, end):
        return False
    after = _TIME_AFTER.match(text[end:])
    if after is not None:
        late = (after["latency"] or "").lower() in ("late", "behind")
        return after["latency"] is not None and (value <= MOST_WAIT_MS or not late)
    if _UNTIL.match(text[end:]):
        return True
    words = list(_TIME_WORD.finditer(text[max(0, start - 48) : start]))
    clause = re.split(r"[;.!?]\s", text[max(0, start - 48) : start])[-1]
    nearest = words[-1] if words else None
    small = unit.lower().startswith(("ms", "mil", "us", "usec", "mic", "m.s", "毫"))
    if nearest is not None and nearest[0] in clause:
        if nearest["latency"] is not None:
            return value <= MOST_WAIT_MS or not nearest["latency"].lower().startswith("wait")
        word = nearest[0].lower()
        limited = comparison_of(text, start, end, small_is_good=True) == "at_most"
        if word == "refresh" and limited:
            return True
        if word not in _OF_ANYTHING or _is_period(word, clause):
            return False
        between = text[max(0, start - 48) + nearest.end() : start]
        answered = word == "after" and any(w["latency"] and w[0] in clause for w in words)
        near = ("," in between or word == "after" or _IN.search(between)) and limited
        if value <= 1e4 and _IN.search(between) and _CLAUSE_BEGINS.match(text[end:]):
            return True
        return small or answered or _is_far(between) or bool(near)
    if small:
        return True
    if comparison_of(text, start, end, small_is_good=True) == "at_most":
        return True
    return _is_wait(text, start, end, value)


def _is_wait(text: str, start: int, end: int, value_ms: float) -> bool:
    """A few seconds until something comes, or part of a second said without any other purpose."""
    if _LENGTH.match(text[end:]):
        return False
    alone = _CLAUSE_ENDS.search(near_before(text, start)) and _CLAUSE_BEGINS.match(text[end:])
    inside = _IN.search(near_before(text, start)) and _CLAUSE_GOES_ON.match(
        _FLAT.sub("", text[end : end + 24])
    )
    return value_ms < 1e3 or (value_ms <= 1e4 and bool(alone or inside))


def _is_period(word: str, clause: str) -> bool:
    return word in ("every", "each") and clause.rstrip().lower().endswith(word)


def _is_far(between: str) -> bool:
    """A limit with other things between it and the word: "the video of 16 cameras in under 1 s"."""
    others = re.findall(r"\w+", _LIMITING.sub(" ", between))
    limited = re.search(r"under|below|within|less|most|max|faster|longer|exceed", between, re.I)
    return limited is not None and (len(others) >= 2 or "," in between)


def _is_reliability(text: str, start: int, end: int, value: float) -> bool:
    near = text[max(0, start - 32) : end + 28]
    if _PERCENT_WORD.search(near) and not re.search(r"loss|lost|error", near, re.IGNORECASE):
        return True
    tail = text[end : end + 28].split(",")[0]
    head = re.split(r"[,;.]\s|\band\b", text[max(0, start - 24) : start])[-1]
    if _NOT_RELIABILITY.search(tail) or _NOT_RELIABILITY.search(head):
        return _PERCENT_WORD.search(tail) is not None or _PERCENT_WORD.search(head) is not None
    return value >= 90 or value < 0


def _is_each(text: str, start: int, end: int) -> bool:
    """Words for each user stand beside a rate."""
    after = re.split(r"[,;.]\s", text[end : end + 40])[0]
    before = re.split(r"[,;.]\s", text[max(0, start - 40) : start])[-1]
    said = _PER_USER.match(after.lstrip(" /")) or re.match(r"\s*/\s*\w", after)
    return bool(said or _EACH.search(after) or _EACH.search(before))


def _is_total(text: str, start: int, end: int) -> bool:
    after = re.split(r"[,;.]\s|\band\b", text[end : end + 40])[0]
    before = re.split(r"[,;.]\s|\band\b|\bwith\b", text[max(0, start - 40) : start])[-1]
    if _PER_USER.match(after.lstrip(" /")) or re.match(r"\s*/\s*\w", after):
        return False
    return _TOTAL.search(after) is not None or _TOTAL.search(before) is not None
