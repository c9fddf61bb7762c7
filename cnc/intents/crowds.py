"""How many users a text states: people first, else devices."""

from __future__ import annotations

import re

from cnc.intents.mentions import Mention, comparison_of
from cnc.intents.quantities import NUMBER, number_of

_PEOPLE = (
    "users?|people|persons?|participants?|attendees?|subscribers?|viewers?|players?|gamers?|"
    "customers?|clients?|members?|guests?|visitors?|tourists?|spectators?|fans?|students?|pupils?|"
    "learners?|children|kids|families|employees?|workers?|staff(?:\\s+members?)?|colleagues?|teachers?|"
    "passengers?|patients?|doctors?|surgeons?|nurses?|physicians?|paramedics?|firefighters?|"
    "officers?|responders?|rescuers?|drivers?|operators?|pilots?|agents?|callers?|traders?|dealers?|"
    "brokers?|engineers?|technicians?|developers?|researchers?|citizens?|residents?|inhabitants|"
    "villagers|households?|homes?|homeowners?|listeners?|professionals?|friends?|ppl|pax|folks|"
    "speakers?|delegates?|journalists?|soldiers?|troops|farmers?|commuters?|shoppers?|trainees?|"
    "apprentices?|seats?|heads|ues?|user\\s+equipments?|connections?|sessions?|teammates?|hikers?|"
    "crew(?:\\s+members?)?|musicians?|dancers?|hosts?|lawyers?|tenants?|dispatchers?|scientists?|"
    "inspectors?|mechanics?|pickers?|parties|women|men|adults?|teenagers?|elders?|seniors?|babies|"
    "riders?|cyclists?|sailors?|anglers?|artists?|analysts?|managers?|experts?|contestants?|athletes?"
)
_DEVICES = (
    "devices?|sensors?|meters?|cars?|vehicles?|trucks?|lorries|buses|trams?|trains?|taxis|robotaxis?|"
    "shuttles?|drones?|uavs?|quadcopters?|robots?|cobots?|agvs?|amrs?|forklifts?|machines?|cameras?|"
    "headsets?|glasses|goggles|hmds?|terminals?|phones?|smartphones?|handsets?|tablets?|laptops?|"
    "computers?|gadgets?|wearables?|wristbands?|watches|smartwatches|trackers?|tags?|containers?|"
    "parcels?|pallets?|assets?|bikes?|scooters?|ships?|boats?|vessels?|aircrafts?|planes?|helicopters?|"
    "excavators?|cranes?|tractors?|actuators?|plcs?|controllers?|arms?|relays?|breakers?|substations?|"
    "stations?|nodes?|endpoints?|clients|streams?|feeds?|calls?|lines?|monitors?|beds?|ambulances?|"
    "units?|bots?|chargers?|turbines?|servers?|probes?|gauges?|cows?|animals?|wagons?|carts?|kiosks?|things"
)
_ANY_PEOPLE = (
    "(?!(?:(?:milli|centi|kilo|hecto)?met|param|cent|serv|lay|corn|numb|ord|lett|lit|tow|monit|pap|riv|quart|"
    "charact|comput|rout|contain|answ|numb|off|memb|fact|col|err|vect|tens|sect|ev|docum|perc|apartm|"
    "mom|elem|experim|pres)(?:ers|ors|ents))[a-z]{3,}(?:ers|ors|ists|ians|ees|men|women|ants)"
)
"""Nouns of persons that no list holds, by their endings."""
_STOP = (
    "for|with|in|per|at|to|of|from|and|or|between|on|by|over|under|within|is|are|the|each|every|"
    "hours?|days?|minutes?|seconds?|weeks?|months?|years?|km|kilomet\\w+|met(?:er|re)s?|m|cm|"
    "percent|degrees?|gb|tb|mb|gigabytes?|terabytes?|times|fps|frames?|hz|ghz|mhz|square|g|k|ms|"
    "mbps|gbps|kbps|mbit|gbit|priority|latency|delay|that|who|which|while|so|because|must|need|needs"
)
_ADJECTIVES = rf"(?:\s*-?\s*(?!(?:{_STOP})\b)(?:[24]k|hd|[a-z][a-z'/-]*)){{0,4}}?"
_COUNT = re.compile(
    rf"(?P<sign>(?:(?<=\s)|(?<=^))(?:-|minus\s+|"
    rf"negative\s+))?(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mn|mio)\b)?"
    rf"\+?(?:\s+of)?(?:\s+(?:the|our|my|these|those|"
    rf"us))?{_ADJECTIVES}[\s-]+(?:(?P<people>{_PEOPLE})|(?P<devices>{_DEVICES}|{_ANY_PEOPLE}))\b",
    re.IGNORECASE,
)
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
    rf"(?P<number>{NUMBER})(?P<scale>\s?k\b)?\s+of\s+(?:us|them)\b"
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
    r"formula|tower|block|unit|platform|pier|dock|bay|terminal)\s*#?\s*-?$",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?:(?P<cue>between|from)\s+)?(?P<low>{NUMBER})(?P<scale>\s?k)?\s*(?P<joint>-|to|and)\s*$",
    re.IGNORECASE,
)
_RESOLUTION = re.compile(r"[248]|16")
_MANY = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6}


def find_users(text: str) -> list[Mention]:
    """Stated numbers of users, devices or seats, in the text's order."""
    found = [
        _mention(text, m, m["number"], m["scale"], m["people"] is not None)
        for m in _COUNT.finditer(text)
    ]
    found += [_mention(text, m, m["number"], m["scale"], True) for m in _LABELLED.finditer(text)]
    for match in _OF_US.finditer(text):
        number, scale = match["number"] or match["number2"], match["scale"] or match["scale2"]
        found.append(_mention(text, match, number, scale, match["number"] is not None))
    kept: list[Mention] = []
    for mention in found:
        if mention is not None and not any(
            m.start < mention.end and mention.start < m.end for m in kept
        ):
            kept.append(mention)
    return sorted(kept, key=lambda mention: mention.start)


def _mention(
    text: str, match: re.Match[str], number: str, scale: str | None, people: bool
) -> Mention | None:
    at = match.start("number") if match["number"] else match.start()
    if _NOT_A_COUNT.search(text[:at]):
        return None
    factor = _MANY[scale.strip().lower()] if scale else 1.0
    if scale and scale.strip().lower() == "k" and _RESOLUTION.fullmatch(number):
        after = text[match.end("scale") :].lstrip().lower()
        if not scale.startswith(" ") and re.match(
            r"(?:uhd|video|cameras?|streams?|hdr|feeds?|quality|viewers?|at)\b", after
        ):
            return None
    groups = match.groupdict()
    sign = -1.0 if groups.get("sign") else 1.0
    begin = match.start()
    lower = None
    head = _RANGE.search(text[:at])
    if head is not None and (head["joint"].lower() != "and" or head["cue"]):
        lower = number_of(head["low"]) * (1e3 if head["scale"] else 1.0)
        if scale and not head["scale"] and lower < 1000:
            lower *= factor
        begin = head.start()
    value = sign * number_of(number) * factor
    comparison = comparison_of(text, begin, match.end(), small_is_good=False)
    return Mention("users", value, begin, match.end(), comparison, lower, rank=1 if people else 2)
