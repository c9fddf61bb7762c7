"""Numbers of users apart from what they count: "we own 64", "300 at a time", "a dorm of 88"."""

from __future__ import annotations

import re

from cnc.intents.figures import NUMBER
from cnc.intents.served import DEVICES, NO_USERS, PEOPLE

_N = rf"(?P<number>{NUMBER})(?P<scale>\s?(?:k|m|mio)\b)?"
_CLAUSE = r"(?:^|[,;:.!?–—]\s+|\(|\s-\s+|\s~\s*)"
_ENDS = r"(?=\s*(?:$|[,;:.!?)–—](?:\s|$)|\s-\s))"
_TOGETHER = (
    r"(?:(?:all\s+)?at\s+(?:a\s+time|once|present|peak(?:\s+times?)?|most|least|any\s+(?:one\s+)?(?:moment|time)|the\s+(?:same\s+time|moment|peak))"
    r"|in\s+(?:parallel|the\s+air|circulation|service|use|operation|all|total)|simultaneous(?:ly)?|concurrent(?:ly)?|online|now|so\s+far|"
    r"altogether|today)"
)
"""What is said of users who are there at one time."""
SETTLED = re.compile(
    rf"{_CLAUSE}(?:(?:and|but|or|well|er|ok|okay|right)\s*,?\s+)*(?:exactly|for\s+now(?:\s+(?:only|just))?|right\s+now|currently|at\s+present|"
    r"that(?:'s|\s+is|\s+makes)|(?:we|I|they)\s+(?:own|have|run|operate|need|expect|count|use)|(?:I'd\s+|let's\s+)?say|so|all|in\s+(?:all|total)|there\s+are|"
    rf"which\s+makes|making)(?:\s+(?:about|around|exactly|roughly|some|all|up\s+to))?\s+{_N}(?:\s+{_TOGETHER})*{_ENDS}",
    re.IGNORECASE,
)
"""A number with words that say that it is the one that counts."""
AT_ONCE = re.compile(
    rf"(?:{_CLAUSE}|\b(?:about|around|roughly|some|for|to|of|with|more\s+than|at\s+most|up\s+to|max|never\s+over)\s+(?:the\s+)?)(?:(?:about|around|roughly|some|up\s+to|over|nearly|almost)\s+)?{_N}\s+{_TOGETHER}"
    rf"(?:\s+{_TOGETHER})*(?!\s+(?:the|an?|our)\b)(?=\s*(?:$|[,;:.!?)]|\b(?:with|at|in|on|and|each|need|have|are|will|[a-z]+(?:s|ed))\b))",
    re.IGNORECASE,
)
NO_GROUPS = (
    "root|percent|square|delay|latency|lag|rate|speed|price|cost|budget|fee|range|list|total|sum|maximum|minimum|average|mean|age|period|time|"
    "size|length|distance|radius|area|height|depth|width|load|weight|version|edition|club|class|summer|winter|year|model|"
    "series|priority|value|level|limit|cap|ceiling|floor|floors|factor|share|interval|cycle|ping|resolution|availability|reliability|"
    "uptime|throughput|bandwidth|jitter|gap|gaps|loss|count|end|beginning|middle|start|one|out|short|instead|because|hundreds|thousands|"
    "tens|percentage|temperature|voltage|power|accuracy|precision|error|flood|festival|vintage|building|street|room|rooms|number|numbers|"
    "plan|spring|autumn|fall|mid|late|early|morning|evening|afternoon|night|date|deadline|target|goal|margin|tolerance|window|buffer|"
    "reach|frequency|bit|map|half|all|most|some|any|many|each|part|top|best|worst|capacity|memory|batch|dataset|archive|set|stack|score"
)
GROUP_OF = re.compile(
    rf"(?<![\w-])(?!(?:{NO_GROUPS})\b)(?P<group>[a-z][a-z-]{{2,}})\s+of\s+(?:about\s+|around\s+|up\s+to\s+|some\s+|roughly\s+)?{_N}"
    r"(?=\s*(?:$|[,;:.!?)](?:\s|$)|(?:behind|in|on|at|with|for|from|and|who|that|has|have|is|are|will|to|needs?|wants?|joins?|all|each|this|next)\b))",
    re.IGNORECASE,
)
"""A noun with a number that ends there: "a dorm of 88", "truck trains of three behind one lead"."""
GROUPS_OF = re.compile(
    rf"(?P<groups>{NUMBER})\s+(?:[a-z-]+\s+)?(?P<name>groups|teams|classes|classrooms|rooms|squads|crews|batches|convoys|fleets|platoons|halls|shifts|wards|"
    rf"floors|tables|schools|clubs|buses|trains|pairs|rows|pods|booths|boats|cabins|gangs|gyms|units|swarms|sites|offices|houses)\s+(?:of|with)\s+(?P<number>{NUMBER})(?P<scale>(?!)x)?"
    r"(?=\s*(?:$|[,;:.!?)](?:\s|$)|(?:each|in|on|at|with|for|from|and)\b))",
    re.IGNORECASE,
)
"""So many groups of so many: "3 crews of 2"."""
AFTER_NOUN = re.compile(
    rf"(?<![\w-])(?:concurrent\s+|simultaneous\s+|expected\s+)?(?P<noun>(?=[a-z-]+s\b)(?!(?:lines|stations|terminals|units|beds|seats|desks|things|streams|feeds|calls)\b)"
    rf"(?:{PEOPLE}|{DEVICES}))(?:\s+at\s+home)?(?:\s*[:=~]\s*|\s+|\s+x\s?){_N}(?:{_ENDS}|(?=\s+(?:in|at|on|along|across|near)\b))",
    re.IGNORECASE,
)
"""The number after the noun, in notes: "viewers 4,500"."""
ATTENDING = re.compile(
    rf"\b(?:maybe|perhaps|about|around|some|up\s+to|where|usually|often|only)\s+{_N}\s+(?:will\s+|can\s+|could\s+|may\s+)?(?:watch|join|attend|listen|play|dial\s+in|"
    r"take\s+part|come|participate|tune\s+in|use\s+it|need\s+it|log\s+in|turn\s+up)\b",
    re.IGNORECASE,
)
"""A number with what people do: "maybe 25 watch"."""
PART_OF = re.compile(
    rf"{_N}\s+(?:out\s+)?of\s+(?:our|the|my|its|their|these)\s+{NUMBER}\s+(?=[a-z])", re.IGNORECASE
)
"""Some of all: "20 of our 50 forklifts"."""
ONE = re.compile(
    rf"\b(?:one|a\s+single)\s+(?:[a-z][a-z'-]*\s+){{0,2}}?(?!lines?\b|feeds?\b|streams?\b|managers?\b|controllers?\b|servers?\b|gateways?\b|nodes?\b|hosts?\b|sessions?\b|calls?\b|stations?\b|units?\b|things?\b)(?:{PEOPLE}|{DEVICES})\b"
    r"(?!\s+(?:after|at\s+a\s+time|per|each|or\s+more|to\s+another)\b)",
    re.IGNORECASE,
)
ONE_OF_MANY = re.compile(
    r"\b(?:per|each|every|to|of|after|the|by|behind|no|any|from)\s+$", re.IGNORECASE
)
"""Before "one" where no number is meant: "from one truck to another"."""
FLOW = re.compile(
    r"\s+(?:(?:an?|per|1)\s+(?:second|minute|hour|day|night|week|month|year|shift)\b|(?:every|each)\s+(?:second|minute|hour|day|night|week|month|year)\b)"
    r"|\s*/\s*(?:s|sec|min|h|hour|day|year)\b|\s+(?:daily|hourly|yearly|annually)\b",
    re.IGNORECASE,
)
"""So many in a time are a flow, not users: "60 bottles a second"."""
NEVER_SERVED = re.compile(rf"(?:[a-z'-]+\s+)?(?:{NO_USERS})\b", re.IGNORECASE)
