"""When a service is wanted: found in a text as words with clock times, and put into structure."""

from __future__ import annotations

import re

from cnc.intents.circumstances import Found
from cnc.intents.figures import near_before
from cnc.intents.occasions import find_occasions, is_paperwork
from cnc.messages.intents import TimeWindow, Weekday

_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_SHORT = r"(?:mon|tues?|wed|thu(?:rs)?|fri|sat|sun)"
_ONE = rf"(?:{_FULL}|{_SHORT}\b)"
_PART = r"(?:morning|afternoon|evening|night)s?"
_DAY = (
    rf"(?:(?:on\s+|from\s+|every\s+|each\s+)?{_ONE}\s*(?:-|to|through|until|till)\s*{_ONE}"
    rf"|(?:on\s+|next\s+|this\s+|every\s+|each\s+|coming\s+)?{_FULL}(?:\s*(?:,|and|&)\s*{_FULL})*(?:\s+{_PART})?"
    r"|(?:on\s+|every\s+|each\s+|during\s+|at\s+)?(?:the\s+)?(?:week-?days?|working\s+days?|work-?days?|business\s+days?|"
    r"school\s+days?|week-?ends?)\b"
    rf"(?:\s+{_PART})?"
    r"|(?:this|next)\s+week-?end"
    rf"|(?:every|each)\s+(?:day|{_PART})|daily|nightly"
    rf"|(?:today|tomorrow|this)\s+{_PART}|today|tonight|tomorrow|overnight)"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    rf"(?:(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}\b(?:\s+20\d\d)?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s*(?:ms|%|[kmg]b|users|people))(?:,?\s+20\d\d)?|20\d\d-\d\d-\d\d)"
)
_CLOCK = (
    r"(?:\d{1,2}(?:[:.h]\d{2})?\s*(?:am\b|pm\b|a\.m\.|p\.m\.|h\b|o'clock|hrs\b)?|noon|midday|"
    r"midnight)"
)
_HALF = r"(?:\s+(?:in\s+the\s+)?(?P<half>morning|afternoon|evening|night)\b)?"
_SPAN = re.compile(
    rf"(?:\b(?P<day>{_DAY}),?\s+)?(?:\b(?P<cue>from|between|at)\s+(?:the\s+hours\s+of\s+)?)?(?<![\w.,:])(?P<begin>{_CLOCK})\s*"
    rf"(?P<joint>-|to|and|until|till|til|through)\s*(?P<end>{_CLOCK})(?![\w%]){_HALF}(?:\s*,?\s+(?P<day2>{_DAY}))?",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(r"[:h]\d|am|pm|a\.m|p\.m|h$|o'clock|hrs|noon|mid", re.IGNORECASE)
_ENDS = re.compile(
    r"\s*(?:$|[,.;!?)](?:\s|$)|(?:for|with|on|in|at|every|each|and|we|i|please|near|around|because|since|as|so)\b)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    rf"(?:\b(?P<day>{_DAY}),?\s+)?\b(?P<cue>from|after|starting(?:\s+at|\s+from)?|as\s+of|until|till|before|by|at)\s+"
    rf"(?P<clock>{_CLOCK})(?![\w%])(?:\s+(?P<day2>{_DAY}))?",
    re.IGNORECASE,
)
_HABIT = (
    r"(?:(?:mornings|afternoons|evenings|nights|daytime|"
    r"(?:office|business|working|school|opening|shop)\s+hours)\b)"
)
"""What is a window only where it stands alone: "office hours only", but not "movie nights"."""
_PHRASE = re.compile(
    rf"\b(?:(?:from\s+|between\s+|on\s+|until\s+|since\s+|starting\s+)?{_DATE}(?:\s*(?:-|to|and|until|till|through)\s*{_DATE})?"
    rf"|{_DAY}"
    r"|(?:until|from)\s+(?-i:January|February|March|April|May|June|July|August|September|October|"
    r"November|December)"
    rf"|(?:(?<=^)|(?<=[,;(]\s)){_HABIT}(?:\s+only)?(?=\s*(?:$|[,;.)!]))|{_HABIT}\s+only"
    r"|night-?time|after\s+(?:dark|hours|midnight)|(?:at|over|during)\s+(?:christmas|easter)|(?:right\s+)?now\s+until\s+\w+"
    r"|for\s+(?:the\s+)?(?:next\s+|coming\s+)?(?:(?:\d+(?:\.\d+)?|a|an|half\s+an)\s+)?(?:hours?|minutes?|days?|nights?|"
    r"weeks?|months?)"
    r"|this\s+week|next\s+(?:week|month|year)|at\s+night|by\s+(?:day|night)"
    r"|(?:during|in|outside)\s+(?:the\s+)?(?:day(?:time)?|night|working\s+hours|business\s+hours|"
    r"office\s+hours|school\s+hours|peak\s+hours|rush\s+hour|match|event|concert|game|festival|morning|afternoon|evening|"
    r"exam\w*|holidays))\b",
    re.IGNORECASE,
)
_HOW_OFTEN = re.compile(r"\d[\w.,]*\s+\w+\s+$")
""" "Four packets daily" is a flow, no time."""
_NIGHT_TRAIN = re.compile(r"by\s+(?:day|night)\s+(?:train|bus|boat|ferry)", re.IGNORECASE)
_HOURS = {
    "morning": ("06:00", "12:00"), "afternoon": ("12:00", "18:00"), "evening": ("18:00", "22:00"),
    "night": ("22:00", "06:00"), "nightly": ("22:00", "06:00"), "overnight": ("22:00", "06:00"),
    "tonight": ("18:00", "24:00"), "daytime": ("06:00", "18:00"), "by day": ("06:00", "18:00"),
    "working hours": ("09:00", "17:00"), "business hours": ("09:00", "17:00"),
    "office hours": ("09:00", "17:00"), "school hours": ("08:00", "16:00"),
}  # fmt: skip
"""What parts of the day are taken for; the hours are the project's own."""
_HALVES = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm"}
_MINUTES = {"minute": 1.0, "hour": 60.0, "day": 1440.0, "night": 1440.0, "week": 10080.0}


def find_time_window(text: str) -> Found[str] | None:
    """When the service is wanted, in few words: "every weekday 09:00-18:00", "tomorrow morning"."""
    for match in _SPAN.finditer(text):
        begin, end = match["begin"], match["end"]
        day = match["day"] or match["day2"]
        explicit = _EXPLICIT.search(begin) or _EXPLICIT.search(end)
        plain = day or match["half"] or match["cue"] == "from"
        if not explicit and not (plain and _ENDS.match(text[match.end() :])):
            continue
        if match["joint"].lower() == "and" and (match["cue"] or "").lower() != "between":
            continue
        if is_paperwork(text, match.start()):
            continue
        times = _times(begin, f"{end} {_HALVES.get((match['half'] or '').lower(), '')}".strip())
        if times is not None:
            said = f"{_day_words(day)} {times[0]}-{times[1]}".strip()
            return Found(said, match.start(), match.end())
    for match in _OPEN.finditer(text):
        clock, cue = match["clock"], match["cue"].lower()
        day = match["day"] or match["day2"]
        if not _EXPLICIT.search(clock) and not (day and _ENDS.match(text[match.end() :])):
            continue
        time = _clock(clock, None)
        if time is None or is_paperwork(text, match.start()):
            continue
        until = cue in ("until", "till", "before", "by")
        time = "24:00" if until and time == "00:00" else time
        said = f"{_day_words(day)} {'until' if until else 'from'} {time}".strip()
        return Found(said, match.start(), match.end())
    spans = [match.span() for match in _PHRASE.finditer(text)]
    for start, end in (*spans, *find_occasions(text)):
        if _HOW_OFTEN.search(near_before(text, start)) and text[start:end].lower() in (
            "daily",
            "nightly",
        ):
            continue
        if not (is_paperwork(text, start) or _NIGHT_TRAIN.match(text, start)):
            return Found(_day_words(text[start:end]), start, end)
    return None


def structured(said: str) -> TimeWindow | None:
    """The structure of a window's words; None where they name no time ("during the match")."""
    words = said.lower()
    days = _days(words)
    every = bool(re.search(r"\b(?:every|each|daily|nightly)\b|(?:day|end|morning|night)s\b", words))
    every = every or bool(re.search(r"working|business|office|work-?day|school", words))
    every = every or (len(days) > 2 and not re.search(r"\b(?:next|this)\b", words))
    when = re.search(r"\b(today|tonight|tomorrow)\b", words)
    day = None if when is None else "tomorrow" if when[0] == "tomorrow" else "today"
    clocks = re.search(r"(\d\d:\d\d)-(\d\d:\d\d)", words)
    start = end = None
    if clocks is not None:
        start, end = clocks[1], clocks[2]
    else:
        part = next(
            (hours for name, hours in _HOURS.items() if re.search(rf"\b{name}", words)), None
        )
        start, end = part or (None, None)
        if (only := re.search(r"\b(from|until) (\d\d:\d\d)", words)) is not None:
            start = only[2] if only[1] == "from" else start if part else None
            end = only[2] if only[1] == "until" else end if part else None
    minutes = _duration(words)
    if not days and re.search(r"\bevery|each|daily|nightly|at night|by day", words):
        days, every = _WEEK, True
    if not (days or day or start or end or minutes):
        return None
    return TimeWindow(days=days, every=every, day=day, start=start, end=end, minutes=minutes)


def _days(words: str) -> tuple[Weekday, ...]:
    span = re.search(rf"\b({_ONE})\s*(?:-|to|through|until|till)\s*({_ONE})", words)
    if span is not None:
        first, last = _WEEK.index(_of(span[1])), _WEEK.index(_of(span[2]))
        count = (last - first) % 7 + 1
        return tuple(_WEEK[(first + n) % 7] for n in range(count))
    if re.search(r"\bweek-?ends?\b", words):
        return ("sat", "sun")
    if re.search(
        r"week-?days?\b|working\s+(?:days?|hours)|work-?days?|business|office\s+hours|school", words
    ):
        return _WEEK[:5]
    named = {_of(day) for day in re.findall(rf"\b{_FULL}\b", words)}
    return tuple(day for day in _WEEK if day in named)


def _of(name: str) -> Weekday:
    return next(day for day in _WEEK if name.startswith(day))


def _duration(words: str) -> float | None:
    match = re.search(
        r"\bfor\s+(?:the\s+)?(?:next\s+|coming\s+)?(\d+(?:\.\d+)?|an?|half\s+an)?\s*(minute|hour|day|night|week)",
        words,
    )
    if match is None:
        return None
    count = match[1] or "1"
    number = 0.5 if count.startswith("half") else 1.0 if count in ("a", "an") else float(count)
    return number * _MINUTES[match[2]]


def _day_words(day: str | None) -> str:
    words = " ".join((day or "").lower().split())
    return re.sub(r"^(?:on|from|at)\s+(?=\w)(?!night)", "", words)


def _times(begin: str, end: str) -> tuple[str, str] | None:
    half = re.search(r"(am|pm|a\.m\.|p\.m\.)", end, re.IGNORECASE)
    first, last = _clock(begin, half[1] if half else None), _clock(end, None)
    if first is None or last is None:
        return None
    if last == "00:00":
        last = "24:00"
    bare = re.fullmatch(r"\s*\d{1,2}\s*", end) is not None
    if bare and last < first and int(last[:2]) <= 12:
        last = f"{int(last[:2]) + 12:02d}:{last[3:]}"
    if half and half[1][0].lower() == "p" and first > last and int(first[:2]) >= 12:
        first = f"{int(first[:2]) - 12:02d}:{first[3:]}"
    return first, last


def _clock(text: str, half: str | None) -> str | None:
    text = text.strip().lower()
    named = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}.get(text)
    if named:
        return named
    match = re.match(r"(\d{1,2})(?:[:.h](\d{2}))?", text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    own = re.search(r"(a|p)\.?m", text)
    letter = own[1] if own else (half or "")[:1].lower() if hour <= 12 and not match[2] else ""
    if letter == "p" and hour < 12:
        hour += 12
    if letter == "a" and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour <= 24 and minute < 60 else None
