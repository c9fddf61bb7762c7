"""How many users a text states: people first, else devices."""

from __future__ import annotations

import re
from dataclasses import replace

from cnc.intents.figures import NEAR, NUMBER, near_before, number_of
from cnc.intents.mentions import Mention, comparison_of

PEOPLE = (
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
    "riders?|cyclists?|sailors?|anglers?|artists?|analysts?|managers?|experts?|contestants?|athletes?|"
    "scouts?|guards?|medics|volunteers|chefs|vets|monks|pupils|artisans|cosplayers|souls|co-?workers?"
)
DEVICES = (
    "devices?|sensors?|meters?|cars?|vehicles?|trucks?|lorries|buses|trams?|trains?|taxis|robotaxis?|"
    "shuttles?|drones?|uavs?|quadcopters?|robots?|cobots?|agvs?|amrs?|forklifts?|machines?|cameras?|"
    "headsets?|glasses|goggles|hmds?|terminals?|phones?|smartphones?|handsets?|tablets?|laptops?|"
    "computers?|gadgets?|wearables?|wristbands?|watches|smartwatches|trackers?|tags?|containers?|"
    "parcels?|pallets?|assets?|bikes?|scooters?|ships?|boats?|vessels?|aircrafts?|planes?|helicopters?|"
    "excavators?|cranes?|tractors?|actuators?|plcs?|controllers?|arms?|relays?|breakers?|substations?|"
    "stations?|nodes?|endpoints?|clients|streams?|feeds?|calls?|lines?|monitors?|beds?|ambulances?|"
    "units?|bots?|chargers?|turbines?|servers?|probes?|gauges?|cows?|animals?|wagons?|carts?|kiosks?|things|"
    "flats?|apartments?|houses?|cottages?|dwellings?|cams?|webcams?|dashcams?|bodycams?|pumps?|fridges?|freezers?|holograms?|avatars?|axes|motors?|valves?|"
    "elevators?|lifts?|vans?|motorcycles?|mowers?|displays?|screens?|consoles?|pcs|desktops?|lenses|"
    "thermostats?|lamps?|street\\s?lights?|bins?|hives?|wells?|panels?|inverters?|pieces|tills|checkouts|registers|atms|printers|collars|boxes|stations|desks|workplaces|workstations|"
    "extensions|badges?|streetlights?|hydrants|radios?|walkie-talkies|rovers?|barges?|ferries|"
    "locomotives?|bicycles?|e-?bikes?|gateways?|instruments?|detectors?|crates?|packages?|shipments?|pairs"
)
_ORGANISATIONS = (
    "hospitals|clinics|sites|branches|offices|schools|universities|farms|shops|stores|banks|labs|"
    "laboratories|plants|factories|companies|partners|institutions|organi[sz]ations|museums|hotels"
)
"""They count where nobody and nothing else does: "federated learning across 11 hospitals"."""
_NO_USERS = (
    "[a-z]*(?:bits|bytes|hertz|seconds|hours|minutes|metres|meters|watts|flops|cycles|ss|us|is)|ops|times|days|weeks|"
    "months|years|frames|degrees|points|rounds|epochs|images|pictures|photos|videos|clips|films|movies|"
    "songs|pages|floors|stor(?:ey|ie)s|levels|streets|blocks|rooms|halls|buildings|wards|corridors|lanes|"
    "roads|miles|inches|euros|dollars|pounds|parameters|params|tokens|layers|classes|models|[gtcnv]?pus|cores|"
    "nines|steps|stages|phases|shifts|updates|messages|packets|readings|samples|requests|queries|"
    "transactions|events|measurements|values|variables|cells|bands|channels|carriers|slots|"
    "copies|replicas|backups|files|titles|documents|records|matches|games|goals|laps|languages|countries|"
    "cities|towns|villages|regions|provinces|states|districts|zones|areas|places|locations|positions|centres|centers|"
    "types|kinds|sorts|ways|reasons|options|parts|tons|tonnes|kilos|grams|litres|liters|volts|"
    "amps|hectares|acres|millions|thousands|hundreds|dozens|decibels|services|applications|apps|domains|"
    "slices|networks|links|paths|hops|tenths|hundredths|thousandths|megs|gigs|msecs|secs|mins|hrs|kms|"
    "decades|centuries|nights|mornings|evenings|weekends|percents|teams|groups|rows|columns|items|lots"
)
_ANY_PEOPLE = (
    "(?!(?:(?:milli|centi|kilo|hecto)?met|param|cent|serv|lay|corn|numb|ord|lett|lit|tow|monit|pap|riv|quart|"
    "charact|comput|rout|contain|answ|numb|off|memb|fact|col|err|vect|tens|sect|ev|docum|perc|apartm|"
    "mom|elem|experim|pres)(?:ers|ors|ents))[a-z]{3,}(?:ers|ors|ists|ians|ees|men|women|ants)"
)
"""Nouns of persons that no list holds, by their endings."""
_STOP = (
    "kv|volts?|v|kva|kw|mw|gw|w|kwh|mwh|watts?|amps?|bar|psi|db|dbm|ghz|inch|kg|tons?|tonnes?|"
    "for|with|in|per|at|to|of|from|and|or|between|on|by|over|under|within|is|are|the|each|every|"
    "hours?|days?|minutes?|seconds?|weeks?|months?|years?|km|kilomet\\w+|met(?:er|re)s?|m|cm|"
    "percent|degrees?|gb|tb|mb|gigabytes?|terabytes?|times|fps|frames?|hz|ghz|mhz|square|g|k|ms|"
    "mbps|gbps|kbps|mbit|gbit|priority|latency|delay|that|who|which|while|so|because|must|need|needs"
)
_ADJECTIVE = rf"(?!(?:{_STOP})\b)(?:[24]k(?:-[a-z'/-]*)?|[a-z][a-z'/-]*)"
_ADJECTIVES = rf"(?:\s*-?\s*{_ADJECTIVE}(?:\s+-?\s*{_ADJECTIVE}){{0,3}}?)??"
"""A word keeps its hyphens, and words are parted by spaces alone: were a hyphen a part of words and
also between them, a run of hyphens could be divided in as many ways as its length to the fourth."""
_COUNT = re.compile(
    rf"(?P<sign>(?:(?<=\s)|(?<=^))(?:-|minus\s+|"
    rf"negative\s+))?(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mn|mio)\b)?"
    rf"(?:\s?\+)?(?:\s+(?:pairs?|sets?|pieces?|units?)\s+of|\s+of)?(?:\s+(?:the|our|my|these|those|"
    rf"us))?{_ADJECTIVES}[\s-]+(?:(?P<people>{PEOPLE})|(?P<devices>{DEVICES}|{_ANY_PEOPLE}))\b",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"\b(?:in|at|from|inside|after|before|last|next|until|since|every|per|than|ago|within|version|up|(?:instead|ahead|short|out)\s+of|"
    r"(?:area|range|radius|size|length|distance|resolution|period|total|cost|series|set|context|window|budget|list|"
    r"model|depth|height|speed|maximum|minimum|interval|load|rate|one|most|some|any|out|edition)\s+of)\s+(?:the\s+|our\s+|all\s+)?$|[#/.-]$",
    re.IGNORECASE,
)
_SPREAD = re.compile(
    r"\b(?:on|across|over|along|throughout|between|around)\s+(?:the\s+|our\s+|all\s+)?$", re.I
)
_THINGS = re.compile(
    rf"(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mn|mio)\b)?(?:\s?\+)?(?:\s+(?:the|our|my))?"
    rf"(?:\s+(?!(?:{_STOP}|{_NO_USERS})\b)[a-z][a-z'/-]*){{0,2}}?\s+"
    rf"(?:(?P<sites>{_ORGANISATIONS})|(?!(?:{_STOP}|{_NO_USERS})\b)[a-z][a-z-]{{2,}}s)\b",
    re.IGNORECASE,
)
_HOUSED = re.compile(
    rf"(?:^|[,;:]\s+|\(|(?P<served>\bfor\s+(?:(?:each|all)\s+(?:one\s+)?of\s+)?(?:the\s+|our\s+)?))(?P<number>{NUMBER})(?P<scale>\s?k\b)?"
    rf"(?:\s+(?!(?:{_STOP})\b)[a-z][a-z'/-]*){{0,2}}?\s+(?:rooms|wards|classes|classrooms|villages|groups|(?(served)(?:teams|"
    r"buildings|floors|halls|towns)|(?!)))\b(?!\s+an?\s)",
    re.IGNORECASE,
)
"""Rooms and groups count where they are what is served: "for 33 rooms", or said apart."""
_ALONE = re.compile(
    rf"(?:^|[,;:–—]\s+|\(|\s-\s+)(?P<cue>(?:about|around|roughly|approx(?:imately|\.)?|some|nearly|almost|over|"
    rf"up\s+to|at\s+most|at\s+least|~|circa|ca\.?|maybe|in\s+total)?\s*)(?P<number>{NUMBER})(?P<scale>(?:k|m|mio)\b)?"
    r"(?:\s+(?:in\s+(?:all|total|number)|altogether|overall|all\s+told|each|or\s+so))?(?=\s*(?:$|[,;.)–—](?:\s|$)|\s-\s))",
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
    rf"\b(?:me|myself|I|us)\s*(?:,?\s*and|plus|with|\+)\s+(?:my\s+|our\s+)?(?P<number>{NUMBER})\s+(?:\w+\s+){{0,2}}?(?:{PEOPLE})\b"
    rf"|(?P<number2>{NUMBER})\s+(?:\w+\s+){{0,2}}?(?:{PEOPLE})\s+(?:and|plus|\+)\s+(?:me|myself|I)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"\s*(?:,|and|plus|as\s+well\s+as|,\s*and|&|\+)\s+(?:about\s+|some\s+)?", re.IGNORECASE
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
    r"formula|tower|block|unit|platform|pier|dock|bay|terminal)\s*#?\s*-?$",
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
        n = next(n for n in ("", "2", "3") if match[f"number{n}"])
        number, scale = match[f"number{n}"], match[f"scale{n}"]
        found.append(_mention(text, match, number, scale, n != "2"))
    found += [_mention(text, m, m["number"], m["scale"], True) for m in _WE_ARE.finditer(text)]
    if not any(found):
        found += [_thing(text, m) for m in _THINGS.finditer(text)]
        found += [_bare(text, m) for m in (*_FOR.finditer(text), *_HOUSED.finditer(text))]
        found += [_alone(text, m) for m in _ALONE.finditer(text)]
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
    for match in _AND_ME.finditer(text):
        value = number_of(match["number"] or match["number2"]) + 1.0
        found = [
            replace(m, value=value) if m.start < match.end() and match.start() < m.end else m
            for m in found
        ]
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


def _thing(text: str, match: re.Match[str]) -> Mention | None:
    """Anything else in the plural that is asked for: "20 crates", "11 hospitals"."""
    before = near_before(text, match.start())
    if _PLACED.search(before) or (not match["sites"] and _SPREAD.search(before)):
        return None
    mention = _mention(text, match, match["number"], match["scale"], False)
    return None if mention is None else replace(mention, rank=3)


def _bare(text: str, match: re.Match[str]) -> Mention | None:
    mention = _mention(text, match, match["number"], match["scale"], False)
    return None if mention is None else replace(mention, rank=3)


def _mention(
    text: str, match: re.Match[str], number: str, scale: str | None, people: bool
) -> Mention | None:
    at = match.start("number") if match["number"] else match.start()
    if _NOT_A_COUNT.search(near_before(text, at)):
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
    comparison = comparison_of(text, begin, match.end(), small_is_good=False)
    rank = 1 if people else 2
    return Mention("users", value, begin, match.end(), comparison, lower, rank=rank, note=note)
