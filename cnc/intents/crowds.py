"""How many users a text states: people first, else devices."""

from __future__ import annotations

import re
from dataclasses import replace

from cnc.intents.figures import NEAR, NUMBER, near_before, number_of
from cnc.intents.headcounts import (
    AFTER_NOUN,
    AT_ONCE,
    ATTENDING,
    FLOW,
    GROUP_OF,
    GROUPS_OF,
    NEVER_SERVED,
    ONE,
    ONE_OF_MANY,
    PART_OF,
    SETTLED,
)
from cnc.intents.mentions import Mention, comparison_of
from cnc.intents.served import ANY_PEOPLE, DEVICES, NO_USERS, ORGANISATIONS, PEOPLE, STOP

_ADJECTIVE = rf"(?!(?:{STOP})(?![\w-]))(?:[24]k(?:-[a-z'/-]*)?|[a-z][a-z'/-]*)"
_ADJECTIVES = rf"(?:\s+-?\s*{_ADJECTIVE}(?:\s+-?\s*{_ADJECTIVE}){{0,3}}?)??"
"""A word keeps its hyphens, and words are parted by spaces alone: were a hyphen a part of words and
also between them, a run of hyphens could be divided in as many ways as its length to the fourth."""
_COUNT = re.compile(
    rf"(?P<sign>(?:(?<=\s)|(?<=^))(?:-|minus\s+|"
    rf"negative\s+))?(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mn|mio)\b)?"
    rf"(?:\s?\+)?(?:\s+(?:pairs?|sets?|pieces?|units?)\s+of|\s+of)?(?:\s+(?:the|our|my|these|those|"
    rf"us))?{_ADJECTIVES}(?:[\s-]+|(?<=\d))(?:(?P<people>{PEOPLE})|(?P<devices>{DEVICES}|{ANY_PEOPLE}))\b",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"\b(?:in|at|inside|after|before|last|next|until|since|every|per|than|ago|within|version|up|(?:instead|ahead|short|out)\s+of|"
    r"(?:area|range|radius|size|length|distance|resolution|period|total|cost|series|set|context|window|budget|list|"
    r"model|depth|height|speed|maximum|minimum|interval|load|rate|one|most|some|any|out|edition)\s+of)\s+(?:the\s+|our\s+|all\s+)?$|[#/.-]$",
    re.IGNORECASE,
)
_SPREAD = re.compile(
    r"\b(?:across|over|along|throughout|between|around)\s+(?:the\s+|our\s+|all\s+)?$", re.I
)
_THINGS = re.compile(
    rf"(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mn|mio)\b)?(?:\s?\+)?(?:\s+(?:the|our|my))?"
    rf"(?:\s+(?!(?:{STOP}|of|[a-z]+ous)(?![\w-])|(?!bus\b)(?:{NO_USERS})\b)[a-z][a-z'/-]*){{0,3}}?\s+"
    rf"(?:(?P<sites>{ORGANISATIONS})|(?!(?:{STOP}|{NO_USERS})\b)[a-z][a-z-]{{2,}}s)\b",
    re.IGNORECASE,
)
_HOUSED = re.compile(
    rf"(?:^|[,;:]\s+|\(|(?P<served>\bfor\s+(?:(?:each|all)\s+(?:one\s+)?of\s+)?(?:the\s+|our\s+)?))(?P<number>{NUMBER})(?P<scale>\s?k\b)?"
    rf"(?:\s+(?!(?:{STOP})\b)[a-z][a-z'/-]*){{0,2}}?\s+(?:rooms|wards|classes|classrooms|villages|groups|(?(served)(?:teams|"
    r"buildings|floors|halls|towns)|(?!)))\b(?!\s+an?\s)",
    re.IGNORECASE,
)
"""Rooms and groups count where they are what is served: "for 33 rooms", or said apart."""
_ALONE = re.compile(
    rf"(?:^|[,;:–—]\s+|\(|\s-\s+|\s(?=~))(?P<cue>(?:about|around|roughly|approx(?:imately|\.)?|some|nearly|almost|over|"
    rf"up\s+to|at\s+most|at\s+least|~|circa|ca\.?|maybe|in\s+total)?\s*)(?P<number>{NUMBER})(?P<scale>(?:k|m|mio)\b)?"
    r"(?:\s+(?:(?:an?|per)\s+(?:trip|flight|ride|session|game|class|show|visit|sailing|crossing)|in\s+(?:all|total|number)|altogether|overall|all\s+told|each|or\s+so))?(?=\s*(?:$|[,;.)–—](?:\s|$)|\s-\s))",
    re.IGNORECASE,
)
"""A number that is a clause of its own: "bridge sensors, 70, reporting hourly"."""
_OF_ANOTHER = re.compile(
    r"\b(?:latency|delay|lag|ping|rtt|jitter|reliability|availability|uptime|prio(?:rity)?|level|class|port|version|domain|"
    r"rate|speed|throughput|bandwidth|hall|room|gate|floor|line|ward|building|ran|year|version|no\.?|number|nr\.?|"
    r"jan\w*|feb\w*|mar\w*|apr\w*|may|jun\w*|jul\w*|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|\d)\W*$",
    re.IGNORECASE,
)
_MANY_SAID = re.compile(
    r"\b(?:(?!(?:this|always|across|was|has|us|plus|news|gas|bus|its|previous)\b)[a-z]{2,}s|people|children|men|women|"
    r"cattle|sheep|aircraft)\b",
    re.IGNORECASE,
)
_IN_SUM = re.compile(
    r"(?:\b(?:so|that\s+is|that's|i\.?e\.?|makes?|making|meaning|hence|thus|in\s+total|in\s+all|altogether|total(?:ling)?(?:\s+of)?|"
    r"all\s+told|=)\W*(?:about\s+|we\s+are\s+|are\s+)?)$",
    re.IGNORECASE,
)
_IN_SUM_AFTER = re.compile(
    r"\W*\b(?:in\s+(?:total|all|sum)|altogether|all\s+told|overall|combined)\b(?!\W+\d)",
    re.IGNORECASE,
)
_AND_ME = re.compile(
    rf"\b(?:me|myself|I|us|she|he)\s*(?:,?\s*and|plus|with|\+)\s+(?:my\s+|our\s+|her\s+|his\s+)?(?P<number>{NUMBER})\s+(?:\w+\s+){{0,2}}?(?:{PEOPLE})\b"
    rf"|(?P<number2>{NUMBER})\s+(?:\w+\s+){{0,2}}?(?:{PEOPLE})\s+(?:and|plus|\+)\s+(?:me|myself|I)\b",
    re.IGNORECASE,
)
_AND_MORE = re.compile(
    r"\s*(?:,|,?\s*and|plus|as\s+well\s+as|&|\+)\s+(?:(?:the|our|my|another|about|some)\s+)?|\s",
    re.IGNORECASE,
)
_AND = re.compile(r"and|plus|as\s+well|[&+]|^\s$", re.IGNORECASE)
_AND_ONE = re.compile(
    rf"\s*,?\s*(?:and|plus)\s+(?:an?|1|one)\s+(?:[a-z-]+\s+)?(?:{PEOPLE}|{ANY_PEOPLE}|{DEVICES}|[a-z]+er)\b",
    re.I,
)
_ENDS_THERE = re.compile(
    r"\s*(?:$|[,;.:!?)]|(?:in|on|at|with|for|from|off|across|near|over|need|want|are|will|to|talk|share|together)\b)",
    re.IGNORECASE,
)
_WE_ARE = re.compile(
    rf"\b(?:we\s+are|we're|we\s+will\s+be|we'll\s+be|there\s+(?:are|will\s+be))\s+(?:about\s+|around\s+|"
    rf"roughly\s+|some\s+)?(?P<number>{NUMBER})(?P<scale>\s?k\b)?(?=\s*(?:$|[,;!.](?:\s|$)|(?:and|in|on|at|"
    rf"with|who|strong)\b))",
    re.IGNORECASE,
)
_FOR = re.compile(
    rf"\bfor\s+(?:about\s+|around\s+|up\s+to\s+|some\s+|at\s+least\s+|at\s+most\s+)?(?P<number>{NUMBER})"
    rf"(?P<scale>\s?k\b)?(?=\s*(?:$|[,;!.](?:\s|$)|(?:and|with|at|within|in|on|near|each)\b))",
    re.IGNORECASE,
)
"""A number alone: "voice calls for 30"."""
_LABELLED = re.compile(
    rf"\b(?:(?:number|count|amount)\s+of\s+(?:concurrent\s+|simultaneous\s+)?(?:users|people|"
    rf"participants|devices|subscribers|viewers|players)|user\s+count|users|headcount|"
    rf"participants|attendance|capacity)"
    rf"\s*(?:is|are|was|:|=|of|to)?\s*(?:about|around|up\s+to|at\s+most|at\s+least|"
    rf"~)?\s*(?P<sign>-)?(?P<number>{NUMBER})(?P<scale>\s?(?:k|m)\b)?(?!\s*(?:ms|us|%|[kmgt]b|"
    rf"percent|g\b|s\b|sec|\.\d|-?\s*\d))",
    re.IGNORECASE,
)
_OF_US = re.compile(
    rf"(?P<number3>{NUMBER})(?P<scale3>\s?k\b)?[\s-]strong\b|(?P<number>{NUMBER})(?P<scale>\s?k\b)?\s+of\s+(?:us|them)\b"
    rf"|\b(?:team|group|crowd|audience|class|party|guild|squad|family|fleet|crew|staff|"
    rf"community|batch|convoy|swarm)\s+of\s+(?:about\s+|around\s+|up\s+to\s+|"
    rf"some\s+)?(?P<number2>{NUMBER})(?P<scale2>\s?k\b)?(?!\s*(?:ms|%|[kmgt]b))",
    re.IGNORECASE,
)
_NOT_A_COUNT = re.compile(
    r"\b(?:domain|ran|terminal|hall|room|area|zone|floor|building|gate|section|sector|cell|"
    r"level|lane|highway|route|"
    r"priority|class|phase|version|release|layer|industry|type|no\.?|number|line|stage|studio|"
    r"theatre|tier|top|group|"
    r"trench|aisle|pole|berth|pylon|mast|formula|tower|block|unit|platform|pier|dock|bay|terminal)\s*#?\s*-?$",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?:(?P<cue>between|from)\s+)?(?P<low>{NUMBER})(?P<scale>\s?k)?\s*(?P<joint>-|to|and|or|up\s+to)\s*$",
    re.IGNORECASE,
)
_GROUPS = re.compile(
    rf"(?P<groups>{NUMBER})\s+(?:groups|teams|classes|classrooms|rooms|squads|crews|batches|convoys|fleets|platoons|"
    r"halls|shifts|wards|floors|tables|schools|clubs|buses|trains)\s+(?P<joint>of|with)\s+$",
    re.IGNORECASE,
)
"""Before a number of members: "20 classes of 24 pupils"."""
_EITHER = re.compile(r"\s*,?\s*or\s+(?:perhaps\s+|maybe\s+|even\s+|for\s+)?", re.IGNORECASE)
_DOTTED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""Nobody counts users to three decimals: "1.000 users" are a thousand."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_OF_A_YEAR = re.compile(
    r"\b(?:the|of|in|since|from|an?|our|by|until|till|before|after|built)\s*$", re.IGNORECASE
)
_CODE = re.compile(
    r"(?:(?<=\d):(?!\s)|[#+]|\b(?:job|ticket|order|invoice|licence|license|case)\s)\s?$",
    re.IGNORECASE,
)
"""A clock time, a telephone number, a number of a ticket."""
_IN_SOMETHING = re.compile(r"\b(?:in|at|on|near)\s+[a-z]+\s*$", re.IGNORECASE)
_PER_NOUN = re.compile(
    r"(?:[bB](?:it)?s?(?:ps|/s)|second|bits?|[kMG])\s+(?:of\s+\w+\s+)?(?:per|an?|each|every|from\s+each|for\s+each|out\s+of\s+every|from\s+every)\s+(?:single\s+)?([a-z]{3,})"
)
"""Whom a rate is for: "15 Mbps per tractor"."""
_NEXT = re.compile(r"[\s-]+([a-z-]+s)\b", re.IGNORECASE)
_PLURAL = re.compile(
    r"(?:s|people|children|men|women|staff|aircraft|crafts?|sheep|cattle|deer|folk|crew|personnel|police|number|\d)$",
    re.IGNORECASE,
)
_OF_THEM = re.compile(r"\bof\s+them$", re.IGNORECASE)
_TIMES = re.compile(r"(?<![\w.,])(\d{1,4})\s?[x×]\s?$")
_BETWEEN = re.compile(
    r"\bbetween\s.*\b(?:junctions|intersections|crossings|theatres|rooms|rooms)$",
    re.I,
)
_VERBS = re.compile(r"\d\s+(?:streams|feeds|calls|monitors|lifts|drives|tags|needs)$")
_NUMBERED_ONE = re.compile(
    rf"(?:^|[.!?]\s+)(?!(?:monitor|track|tag|lift|phone|screen|display|stream|call|feed|watch|film|host|seat)\b)"
    rf"(?:{DEVICES}|{PEOPLE})(?<!s)\s+$",
    re.IGNORECASE,
)
"""Before the number of one of many: "Ambulance 7 streams"."""
_SITE = re.compile(r"(?:stations|substations|wells|houses|flats|homes|buildings)$", re.IGNORECASE)
_METRES = re.compile(
    r"(?:met(?:er|re)|mile|foot|second|minute|hour|year|degree|euro|dollar)s", re.IGNORECASE
)
_MEASURED = re.compile(r"\d\s?-\s?met(?:er|re)s?\b|\d\s+degrees?\b", re.IGNORECASE)
_AT_SITES = re.compile(r"\b(?:in|at)\s+(?:the\s+|our\s+|all\s+)?$", re.IGNORECASE)
_RESOLUTION = re.compile(r"[248]|16")
_MANY = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6}


def find_users(text: str) -> list[Mention]:
    """Stated numbers of users, devices or seats, in the text's order."""
    found = [
        _placed(text, m, _mention(text, m, m["number"], m["scale"], m["people"] is not None))
        for m in _COUNT.finditer(text)
    ]
    found += [_mention(text, m, m["number"], m["scale"], True) for m in _LABELLED.finditer(text)]
    for match in _OF_US.finditer(text):
        n = next(n for n in ("", "2", "3") if match[f"number{n}"])
        number, scale = match[f"number{n}"], match[f"scale{n}"]
        found.append(_mention(text, match, number, scale, n != "2"))
    found += [_mention(text, m, m["number"], m["scale"], True) for m in _WE_ARE.finditer(text)]
    found[:0] = [_apart(text, m, 0) for m in PART_OF.finditer(text)]
    found[:0] = [_product(text, m) for m in GROUPS_OF.finditer(text)]
    settled = [_apart(text, m, 0) for m in SETTLED.finditer(text)]
    found += (
        settled if any(found) or not any(settled) else [replace(m, rank=4) for m in settled if m]
    )
    if not any(m for m in found if m and m.rank < 4):
        found += [_thing(text, m) for m in _THINGS.finditer(text)]
        found += [_bare(text, m) for m in (*_FOR.finditer(text), *_HOUSED.finditer(text))]
        found += [_alone(text, m) for m in _ALONE.finditer(text)]
        for pattern in (GROUP_OF, AFTER_NOUN, AT_ONCE, ATTENDING):
            found += [_apart(text, m, 4) for m in pattern.finditer(text)]
    if not any(found):
        found += [_thing(text, m, anywhere=True) for m in _THINGS.finditer(text)]
    if not any(found):
        found += [
            Mention("users", 1.0, m.start(), m.end(), rank=5)
            for m in ONE.finditer(text)
            if not ONE_OF_MANY.search(near_before(text, m.start()))
        ]
    kept: list[Mention] = []
    for mention in found:
        if mention is not None and not any(
            m.start < mention.end and mention.start < m.end for m in kept
        ):
            kept.append(mention)
    return _summed(text, _either(text, sorted(kept, key=lambda mention: mention.start)))


def _either(text: str, mentions: list[Mention]) -> list[Mention]:
    """Of "20 users or 30 users" the larger, with the other as the lower end."""
    found: list[Mention] = []
    for mention in mentions:
        last = found[-1] if found else None
        if (
            last is not None
            and last.rank == mention.rank
            and _EITHER.fullmatch(text, last.end, mention.start)
        ):
            low, high = sorted((last.value, mention.value))
            found[-1] = replace(mention, value=high, lower=low, start=last.start)
        else:
            found.append(mention)
    return found


def _summed(text: str, mentions: list[Mention]) -> list[Mention]:
    """A number said to be the sum goes before the others; me and 3 friends are 4."""
    found = []
    for mention in mentions:
        before, after = text[: mention.start], text[mention.end :]
        if len(mentions) > 1 and (_IN_SUM.search(before[-40:]) or _IN_SUM_AFTER.match(after)):
            mention = replace(mention, rank=0)
        found.append(mention)
    found = _joined(text, _rated(text, found))
    for match in _AND_ME.finditer(text):
        value = number_of(match["number"] or match["number2"]) + 1.0
        found = [
            replace(m, value=value) if m.start < match.end() and match.start() < m.end else m
            for m in found
        ]
    return found


def _product(text: str, match: re.Match[str]) -> Mention | None:
    """So many groups of so many each."""
    mention = _mention(text, match, match["number"], None, True)
    value = number_of(match["groups"]) * number_of(match["number"])
    return None if mention is None else replace(mention, value=value, rank=0)


def _apart(text: str, match: re.Match[str], rank: int) -> Mention | None:
    """A number that stands apart from what it counts."""
    value = number_of(match["number"])
    if _OF_ANOTHER.search(near_before(text, match.start("number"))) or not (
        match["scale"] or (value.is_integer() and value >= 1)
    ):
        return None
    if _YEAR.fullmatch(match["number"]):
        return None
    mention = _mention(text, match, match["number"], match["scale"], False)
    return None if mention is None else replace(mention, start=match.start("number"), rank=rank)


def _rated(text: str, mentions: list[Mention]) -> list[Mention]:
    """Those whom a rate is for are the users, whatever they are: "260 cabins, 8 Mb/s per cabin"."""
    match = _PER_NOUN.search(text)
    if match is None:
        return mentions
    noun = re.compile(rf"\b{match[1]}(?:e?s)?$", re.IGNORECASE)
    rated = [m for m in mentions if noun.search(text[m.start : m.end])]
    if not rated:
        counted = re.compile(
            rf"(?P<number>{NUMBER})(?P<scale>\s?k\b)?\s+(?:(?!(?:{STOP})\b)[a-z][a-z'-]*\s+){{0,2}}?{match[1]}(?:e?s)\b",
            re.IGNORECASE,
        )
        other = counted.search(text)
        mention = (
            None if other is None else _mention(text, other, other["number"], other["scale"], False)
        )
        rated = [] if mention is None else [mention]
        mentions = [
            m for m in mentions if not any(m.start < r.end and r.start < m.end for r in rated)
        ]
        mentions = sorted([*mentions, *rated], key=lambda m: m.start)
    if len(rated) != 1 or rated[0].rank == 0:
        return mentions
    return [replace(m, rank=0) if m is rated[0] else m for m in mentions]


def _joined(text: str, mentions: list[Mention]) -> list[Mention]:
    """ "4 doctors and 6 nurses" are 10; so are those in a list that ends with "and"."""
    chains: list[list[Mention]] = []
    for mention in mentions:
        last = chains[-1][-1] if chains else None
        if (
            last is not None
            and (last.rank == mention.rank > 0 or {last.rank, mention.rank} == {1, 2})
            and last.lower is None is mention.lower
            and last.comparison == mention.comparison
            and _AND_MORE.fullmatch(text, last.end, mention.start)
        ):
            chains[-1].append(mention)
        else:
            chains.append([mention])
    found: list[Mention] = []
    for chain in chains:
        single = _AND_ONE.match(text, chain[-1].end)
        ended = single or (len(chain) > 1 and _AND.search(text[chain[-2].end : chain[-1].start]))
        whole = ended and _ENDS_THERE.match(text, single.end() if single else chain[-1].end)
        if whole and (len(chain) > 1 or single):
            value = sum(m.value for m in chain) + (1.0 if single else 0.0)
            found.append(
                replace(chain[0], value=value, end=chain[-1].end, rank=min(m.rank for m in chain))
            )
        else:
            found.extend(chain)
    return found


def _alone(text: str, match: re.Match[str]) -> Mention | None:
    """A number that is a clause of its own, beside something in the plural."""
    clause = re.split(r"[,;:(]\s", near_before(text, match.start()).rstrip(" ,;:("))[-1]
    if not _MANY_SAID.search(clause) or _OF_ANOTHER.search(
        near_before(text, match.start("number"))
    ):
        return None
    if not float(number_of(match["number"])).is_integer() and not match["scale"]:
        return None
    mention = _mention(text, match, match["number"], match["scale"], False)
    return None if mention is None else replace(mention, start=match.start("number"), rank=4)


def _placed(text: str, match: re.Match[str], mention: Mention | None) -> Mention | None:
    """Stations that something is at count where nothing else does: "at 31 stations, 280 gates"."""
    if (
        mention is None
        or match["people"] is not None
        or _AT_SITES.search(near_before(text, match.start())) is None
    ):
        return mention
    return replace(mention, rank=4) if _SITE.search(match[0]) else mention


def _thing(text: str, match: re.Match[str], *, anywhere: bool = False) -> Mention | None:
    """Anything else in the plural that is asked for: "20 crates", "11 hospitals"."""
    before = near_before(text, match.start())
    where = _PLACED.search(before)
    there = match["sites"] or anywhere
    if where is not None and not (there and _AT_SITES.search(before)):
        return None
    if _SPREAD.search(before) and (not match["sites"] or _BETWEEN.search(before + match[0])):
        return None
    mention = _mention(text, match, match["number"], match["scale"], False)
    if mention is None or mention.value == 0:
        return None
    return replace(mention, rank=5 if anywhere else 3)


def _bare(text: str, match: re.Match[str]) -> Mention | None:
    mention = _mention(text, match, match["number"], match["scale"], False)
    return None if mention is None else replace(mention, rank=3)


def _counts_no_users(before: str) -> bool:
    """What "80 of them" stands for is of a kind that is never served, such as photos."""
    plurals = [word for word in _MANY_SAID.findall(before) if not _METRES.fullmatch(word)]
    return bool(plurals) and all(NEVER_SERVED.fullmatch(word) for word in plurals)


def _mention(
    text: str, match: re.Match[str], number: str, scale: str | None, people: bool
) -> Mention | None:
    at = match.start("number") if match["number"] else match.start()
    before, after = near_before(text, at), text[match.end() : match.end() + NEAR]
    if _NOT_A_COUNT.search(before) or _CODE.search(before) or FLOW.match(after):
        return None
    if number.startswith("0") and len(number) > 1 and "." not in number and "," not in number:
        return None
    one = not _PLURAL.search(match[0])
    rest = _NEXT.match(after) if match["number"] and one and number != "1" else None
    if rest is not None and NEVER_SERVED.fullmatch(rest[1]):
        return None
    if one and number != "1" and _IN_SOMETHING.search(before):
        return None
    yearly = _YEAR.fullmatch(number) is not None and not number.endswith("00")
    if yearly and (one or _OF_A_YEAR.search(before)):
        return None
    if match.groupdict().get("number2") and NEVER_SERVED.match(after.lstrip()):
        return None
    if _VERBS.search(match[0]) and _NUMBERED_ONE.search(before):
        return None
    if _MEASURED.search(match[0]):
        return None
    if _OF_THEM.search(match[0]) and _counts_no_users(before):
        return None
    factor = _MANY[scale.strip().lower()] if scale else 1.0
    if scale and scale.strip().lower() == "k" and _RESOLUTION.fullmatch(number):
        after = text[match.end("scale") :].lstrip().lower()
        one = not match[0].lower().endswith(("s", "people", "men", "women", "staff", "aircraft"))
        if one and not scale.startswith(" ") and match["number"]:
            return None
        if not scale.startswith(" ") and re.match(
            r"(?:uhd|video|cameras?|streams?|hdr|feeds?|quality|viewers?|at)\b", after
        ):
            return None
    groups = match.groupdict()
    sign = -1.0 if groups.get("sign") else 1.0
    begin = match.start()
    lower = None
    head = _RANGE.search(text, max(0, at - NEAR), at)
    if head is not None and (head["joint"].lower() != "and" or head["cue"]):
        lower = number_of(head["low"]) * (1e3 if head["scale"] else 1.0)
        if scale and not head["scale"] and lower < 1000:
            lower *= factor
        begin = head.start()
    value, note = sign * number_of(number) * factor, ""
    if not scale and _DOTTED.fullmatch(number):
        value *= 1000.0
        note = f'"{number}" users are read as {value:,.0f}'
    if lower is not None and head is not None and head["joint"].lower() == "or":
        lower, value = min(lower, value), max(lower, value)
    groups_of = _GROUPS.search(text, max(0, at - NEAR), at)
    if groups_of is not None and (
        groups_of["joint"].lower() == "of" or re.match(r"\s*each\b", text[match.end() :])
    ):
        value, begin = value * number_of(groups_of["groups"]), groups_of.start()
    times = _TIMES.search(before)
    if times is not None:
        value, begin = value * number_of(times[1]), begin - len(times[0])
    comparison = comparison_of(text, begin, match.end(), small_is_good=False)
    rank = 1 if people else 2
    return Mention("users", value, begin, match.end(), comparison, lower, rank=rank, note=note)
