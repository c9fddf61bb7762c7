"""Times without a clock: seasons, shifts, "until further notice", "whenever it snows"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnc.intents.figures import clause_before
from cnc.intents.phrases import word_set

_MONTHS = (
    r"(?-i:Jan(?:uary)?|Feb(?:ruary)?|March|April|May|June|July|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
    r"(?![\w-])"
)
_FEASTS = (
    r"christmas(?:\s+eve)?|easter|ramadan|carnival|advent|hanukkah|diwali|thanksgiving|"
    r"whitsun|pentecost|halloween|new\s+year(?:'s(?:\s+eve|\s+day)?)?|oktoberfest"
)
_SEASON = (
    r"spring(?:time)?|summers?|autumn|winters?|seasons?|semesters?|terms?|holidays|vacations?|harvest(?:\s+time)?|"
    r"monsoon|growing\s+season|school\s+year"
)
_PART = (
    r"mornings?|forenoons?|afternoons?|evenings?|nights?|night-?time|day-?time|lunch(?:\s?-?times?|\s+breaks?|\s+hours?)?|noon|midday|"
    r"midnight|dawn|dusk|daybreak|nightfall|sunrise|sunset|daylight|darkness|twilight|closing\s+time|opening\s+time|"
    r"bedtime|tea\s?time|breakfast|dinner|supper"
)
_STRETCH = (
    r"shifts?|hours|peaks?|peak\s+(?:hours?|times?|season)|off-?peak|rush\s+hours?|week-?ends?|week-?days?|weeks?|months?|"
    r"years?|days?"
)
_TIME = (
    rf"(?:{_PART}|{_SEASON}|{_STRETCH}|{_FEASTS}|{_MONTHS}|(?:mon|tues|wednes|thurs|fri|satur|"
    r"sun)days?)"
)
_W = (
    r"(?:(?!(?:and|or|with|for|at|in|on|to|of|is|are|the|a|an|per|than|within|under|below|by|"
    r"from|as|we|i|it|no|not|real|half|this|that|our|my|good|last|yesterday|whose|which|who|"
    r"movie|film|game|quiz)\b)[a-z][\w'-]*\s+)"
)
_DET = r"(?:(?:the|our|my|this|that|these|each|every|all|whole|entire|their|its)\s+)"
_NP = rf"(?:{_DET}{{0,2}}{_W}{{0,3}}?[a-z][\w'-]*)"
_EDGE = r"(?=\s*(?:$|[,;:.!?)](?:\s|$)))"
_NO_TRAIN = (
    r"(?!'|\s+(?:market|fair|tree|party|train|bus|tram|shift|vision|club|watch|guard|mode|light|"
    r"sky|cream|tyres?|tires?|time\s+limit|school|camp|sports?|coat))"
)
_NOTHING = (
    r"(?!\s*(?:(?:the\s+)?(?:first|last|next)\s+)?(?:word|token|answer|response|reply|result|"
    r"image|picture|byte|reaction|alarm|alert|verdict)s?\b)"
)
_IN_USE = (
    r"call|session|conversation|handover|movement|motion|transmission|process|use|stream|playback|flight|ride|training|"
    r"inference|transport|inspection|procedure|survey|mission|operations?|pass|trial|movements|calls|roaming|failover|outage|outages"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:(?:a?round|round)\s+the\s+clock|24\s?/\s?7|24\s?h(?:ours)?\s+(?:a|per|every)\s+day|day\s+and\s+night|night\s+and\s+day|"
        r"year-?round|at\s+all\s+hours|all\s+hours\s+of\s+the\s+day|(?:7|seven)\s+days\s+(?:a|per)\s+week)\b",
        rf"\b(?:all|the\s+whole|the\s+entire|throughout|all\s+through|through(?=\s+(?:the|our)))\s+(?:(?:the|our|this|next)\s+)?{_W}{{0,2}}?{_TIME}(?:\s+long|\s+through)?\b{_NO_TRAIN}",
        rf"\bduring\s+(?:{_DET}(?!{_W}{{0,3}}?(?:{_IN_USE})\b){_NP}|{_W}{{0,2}}?{_TIME}|muster|(?:[a-z]+\s+)?(?:lessons|matches|events|concerts|exams|sermons|services|games|surgery|storms?|sales?|fairs?|festivals?|"
        rf"lectures|breaks?|practice|rehearsals?|maintenance|visits|visiting\s+times?|rounds|ward\s+rounds))\b",
        rf"\b(?:from\s+(?:now|today)\s+)?(?:until|till|up\s+to\s+and\s+including)\s+(?:further\s+notice|{_NOTHING}(?:{_DET})(?!first\b|last\s+byte){_NP}|{_W}{{0,2}}?{_TIME}\b|(?-i:[A-Z][a-z]+)|they\s+are\s+\w+|we\s+\w+(?:\s+\w+)?)",
        rf"\b(?:between\s+|from\s+|each\s+year\s+from\s+|mid-?|early\s+|late\s+)?{_MONTHS}\s*(?:-|to|through|thru|until|till|and|&)\s*(?:mid-?|early\s+|late\s+)?{_MONTHS}",
        rf"\b(?:in|from|since|starting(?:\s+in|\s+from)?|beginning(?:\s+in)?|as\s+of|until|till|by|after|before|throughout|(?:(?:by|from|until|before)\s+)?(?:the\s+)?(?:end|start|middle|beginning)\s+of|mid|early|late)[\s-]+"
        rf"(?:(?:the\s+)?(?:end|start|middle|beginning)\s+of\s+|mid-?\s?|early\s+|late\s+|next\s+|this\s+)?(?:{_MONTHS}|{_FEASTS})(?!\s+\d{{1,2}}\s*(?:ms|users))(?:\s+20\d\d)?",
        rf"\b(?:(?:any\s+time|anytime|only|not)\s+)?(?:from|as\s+of|since|starting(?:\s+at|\s+from)?|before|after|by|until|on)\s+the\s+(?:\d{{1,2}}(?:st|nd|rd|th)(?!\s+(?:floor|level|storey|form|row|time|place|grade))|(?:end|start|first\s+day|last\s+day|beginning|middle)\s+of\s+(?:the\s+|each\s+|every\s+|this\s+|next\s+)?{_W}?{_TIME}|"
        r"(?:first|second|third|fourth|last)\s+(?:\w+day|week|weekend)(?:\s+of\s+(?:the|each|every)\s+month)?)\b",
        rf"\b(?:only\s+)?(?:(?:in|at|over|after|before|by|outside(?:\s+of)?|from|since|on|within)\s+)(?:{_DET}{{0,2}})(?!day\b|days\b|hours?\b|weeks?\b|months?\b|years?\b|term\b|terms\b|quarter\b){_W}{{0,2}}?"
        rf"(?:(?:winter|summer|spring|autumn|dry|wet|rainy|cold|warm|busy|quiet|dark|bright|coming|same|last|first)\s+(?:days|weeks|months)|(?:{_PART})|(?:{_SEASON})|(?:{_FEASTS})|(?:[a-z]+\s+)?(?:shifts?|peak\s+hours?|peak\s+times?|(?:morning|evening|lunchtime|holiday)\s+peaks?|rush\s+hours?|hours)|week-?ends?|week-?days|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)(?:\s+only)?(?![\w-]){_NO_TRAIN}",
        rf"\b(?:next|this|coming|every|each)\s+(?:{_SEASON}|{_MONTHS}|{_FEASTS}|month|year|week|shift|hour\s+of\s+the\s+day)(?!\s+(?:is|was)\b)\b",
        rf"\bbetween\s+(?:the\s+)?{_W}?{_TIME}\s+and\s+(?:the\s+)?{_W}?{_TIME}(?![\w-])",
        r"\b(?:after|until|till|before|from)\s+(?:closing|opening|work|school|lunch|dinner|classes|lessons)(?=\s*(?:$|[,;.:!?)]|and\b|with\b|for\b|at\b))",
        r"\bin\s+(?:about\s+|the\s+next\s+|the\s+coming\s+)?\d+\s+(?:days?|weeks?|months?)\b(?!\s+(?:old|ago))",
        r"\bfor\s+(?:the\s+)?(?:(?:whole|entire|full)\s+)?duration(?:\s+of\s+(?:the\s+|our\s+)?[a-z][\w'-]*)?\b",
        r"\bfor\s+(?:the\s+)?(?:(?:rest|remainder)\s+of\s+(?:the\s+)?|next\s+|coming\s+|whole\s+|entire\s+)(?:\d+\s+)?(?:week|month|year|day|night|season|term|semester|summer|winter|weekend|shift)s?\b",
        r"\bfor\s+\d+(?:\.\d+)?\s*-?\s*(?:min|mins|h|hrs?|nights|weekends|seasons|shifts|semesters|years)\b",
        rf"(?<=[,;]\s)(?:for\s+)?(?:\d+(?:\.\d+)?)\s*(?:hours?|hrs?|h|days|weeks?|months?|nights|(?<=[1-9]\d\s)min(?:ute)?s?)(?:\s+(?:long|only|of\s+[a-z]+))?{_EDGE}",
        r"(?<=[,;]\s)\d{2,3}\s+min(?:ute)?s?\b(?!\s+(?:latency|delay|interval|rpo))",
        r"\b(?:on|during)\s+(?:the\s+)?(?:match|market|school|race|game|open|public|rainy|sunny|hot|cold|dry|wet|busy|quiet|feast|sports|election)[\s-]*(?:days?|nights?)\b",
        r"\b(?:in\s+)?(?:term|school)[\s-]time\b(?:\s+only)?",
        rf"\b(?:{_PART})\s+(?:to|till|until)\s+(?:{_PART})(?![\w-])",
        r"\bfrom\s+(?:opening|open|sunrise|sunset|dawn|dusk|morning|start|kick-?off)\s+(?:until|till|to)\s+(?:[a-z]+)\b",
        r"\bwhenever\s+(?:it\s+(?:rains|snows|freezes|storms|floods|burns|is\s+on\s+the\s+(?:road|way|move|water)|is\s+(?:dark|raining|snowing|foggy|windy|icy|open|hot|cold)|gets\s+\w+)|"
        r"(?:there\s+is|there's)\s+(?:an?\s+)?(?:storm|frost|fog|snow|ice|rain|match|event|concert|fire|flood|game|fair)|the\s+(?:shop|museum|park|office|school|lift|pool)s?\s+(?:is|are)\s+open)\b",
        r"\b(?:only\s+)?(?:while|when)\s+(?:the|our|my)\s+\w+\s+(?:is|are)\s+(?:there|in|open|present|in\s+session|at\s+\w+)\b",
        r"\b(?:only\s+)?while\s+(?:charging|idle|parked|docked|plugged\s+in|asleep|open|in\s+port|at\s+(?:sea|anchor|berth))\b(?:\s+(?:at|in|on|over)\s+(?:the\s+)?[a-z]+)?",
        r"\bas\s+soon\s+as\s+(?!possible|you\s+can|practicable)(?:[\w'-]+\s*){1,6}",
        r"\b(?:from|starting|as\s+of)\s+the\s+moment\s+(?:[\w'-]+\s*){1,6}",
        rf"(?:(?<=^)|(?<=[,;:(]\s)|(?<=\.\s))(?:only\s+|mostly\s+|mainly\s+|one\s+|some\s+|on\s+)?(?!(?:all|both)\b){_W}{{0,2}}?"
        rf"(?:{_PART}|{_SEASON}|shifts?|hours|peak|peaks|rush\s+hours?|week-?ends|week-?days|nights|months|(?:day|night)(?:-?time)?(?=\s+only)|{_FEASTS})(?:\s+(?:only|each|and\s+[a-z]+s))?(?:\s+\d{{1,2}}\s*-\s*\d{{1,2}})?{_EDGE}",
        r"\bwhen\s+(?:it\s+(?:rains|snows|freezes|gets\s+dark|is\s+(?:dark|raining|snowing|foggy))|school\s+is\s+(?:on|out)|the\s+(?:shop|shops|museum|park|office|school)s?\s+(?:is|are|open|opens)\s*\w*)\b",
    )
)
_WORD = re.compile(r"[a-z]+|24")
_HINTS = word_set(
    """during until till clock whenever while soon moment duration when 24 hours hour day days
    night nights nighttime week weeks month months year years round min mins minute minutes h hr
    hrs morning mornings forenoon afternoon afternoons evening evenings daytime lunch lunchtime
    lunchtimes noon midday midnight dawn dusk daybreak nightfall sunrise sunset daylight
    darkness twilight closing opening bedtime tea teatime breakfast dinner supper spring
    springtime summer summers autumn winter winters season seasons semester semesters term terms
    holidays vacation vacations harvest monsoon school shift shifts peak peaks rush weekend
    weekends weekday weekdays week end off christmas easter ramadan carnival advent hanukkah
    diwali thanksgiving whitsun pentecost halloween new oktoberfest jan january feb february
    march april may june july aug august sep sept september oct october nov november dec
    december monday tuesday wednesday thursday friday saturday sunday mondays tuesdays
    wednesdays thursdays fridays saturdays sundays the start beginning th st nd rd"""
) - {
    "the",
    "off",
    "end",
    "new",
}
"""One of these words stands in each such time."""
_PAPERWORK = re.compile(
    r"\b(?:batter(?:y|ies)|warranty|guarantee|experience|offers?|quotes?|quotation|tenders?|bids?|proposals?|invoices?|call\s+(?:me|us)|ring\s+(?:me|us)|let\s+(?:me|us)\s+know|contact\s+(?:me|us)|"
    r"deadline|get\s+back\s+to|meeting\s+with\s+you|reply\s+to\s+(?:me|us)|contract\s+(?:ends|starts|runs)|last|ago|since\s+we|bought|built|founded)\b",
    re.IGNORECASE,
)
"""Where a clause is about papers or about the past, its times are not those of the service."""


def find_occasions(text: str) -> Iterator[tuple[int, int]]:
    """Where such times stand, the surest kinds first."""
    if _HINTS.isdisjoint(_WORD.findall(text.lower())):
        return
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield match.span()


def is_paperwork(text: str, start: int) -> bool:
    """Whether the clause before a time is about an offer, a call back or the past."""
    return _PAPERWORK.search(clause_before(text, start, 80)) is not None
