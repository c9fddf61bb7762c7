import pytest

from cnc.intents.numbers import words_to_digits
from cnc.intents.windows import find_time_window, structured

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
WEEK = (*WEEKDAYS, "sat", "sun")
WORK = {"days": WEEKDAYS, "every": True}


def read(text):
    found = find_time_window(words_to_digits(text))
    if found is None:
        return None
    window = structured(found.value)
    return {} if window is None else window.model_dump(exclude_defaults=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "every weekday 9 to 18",
            WORK | {"start": "09:00", "end": "18:00"},
        ),
        (
            "from 9 to 5 on weekdays",
            WORK | {"start": "09:00", "end": "17:00"},
        ),
        (
            "Monday to Friday, 8-17",
            WORK | {"start": "08:00", "end": "17:00"},
        ),
        ("weekday evenings", WORK | {"start": "18:00", "end": "22:00"}),
        (
            "during office hours",
            WORK | {"start": "09:00", "end": "17:00"},
        ),
        ("weekends", {"days": ("sat", "sun"), "every": True}),
        ("this weekend", {"days": ("sat", "sun")}),
        ("every Monday and Thursday", {"days": ("mon", "thu"), "every": True}),
        (
            "daily from 8 to 10 in the evening",
            {"days": WEEK, "every": True, "start": "20:00", "end": "22:00"},
        ),
        ("every night", {"days": WEEK, "every": True, "start": "22:00", "end": "06:00"}),
        ("tonight", {"day": "today", "start": "18:00", "end": "24:00"}),
        ("tonight from 8pm until midnight", {"day": "today", "start": "20:00", "end": "24:00"}),
        ("tomorrow morning", {"day": "tomorrow", "start": "06:00", "end": "12:00"}),
        (
            "tomorrow from 14 to 16 for 20 users",
            {"day": "tomorrow", "start": "14:00", "end": "16:00"},
        ),
        ("from 10 pm to 2 am", {"start": "22:00", "end": "02:00"}),
        ("between 9 am and noon", {"start": "09:00", "end": "12:00"}),
        ("next Friday at 3 pm", {"days": ("fri",), "start": "15:00"}),
        ("from 8 pm", {"start": "20:00"}),
        ("until midnight", {"end": "24:00"}),
        ("for the next 2 hours", {"minutes": 120.0}),
        ("for half an hour", {"minutes": 30.0}),
        ("during the match", {}),
    ],
)
def test_windows_have_a_structure(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "from 50 to 100 viewers",
        "between 10 and 20 users",
        "10-20 ms",
        "every 10 seconds",
        "20 trucks and 30 cars",
        "at 20 Mbps each",
        "from 2 sites to 4 clouds",
        "within 20 ms at 10 sites",
    ],
)
def test_other_numbers_are_no_times(text):
    assert read(text) is None


def test_what_becomes_of_a_window_is_told(recogniser):
    found = recogniser.recognise("video conferencing for 30 people every weekday 9 to 18")
    assert found.intent.users.value == 30
    assert found.intent.time_window.value == "every weekday 09:00-18:00"
    assert found.intent.window.days == WEEKDAYS
    assert "starts at once" in found.intent.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("top priority, until further notice", "until further notice"),
        ("carry the monitors through the night", "through the night"),
        ("hives on the heath, all summer", "all summer"),
        ("video for seminar groups, winter term", "winter term"),
        ("48 bus drivers, from half past eleven to five", "11:30-17:00"),
        ("collars, October to April", "october to april"),
        ("one tug, sunset to sunrise", "sunset to sunrise"),
        ("replication between Christmas and New Year", "between christmas and new year"),
        ("guides over the pass, whenever it snows", "whenever it snows"),
        ("any time before the 30th", "any time before the 30th"),
        ("uploads after closing time", "after closing time"),
        ("QoS for 45 min", "for 45 min"),
        ("around the clock", "around the clock"),
    ],
)
def test_times_without_a_clock(text, words):
    found = find_time_window(words_to_digits(text))
    assert found is not None
    assert words in found.value


@pytest.mark.parametrize(
    "text",
    [
        "please send your offer by 14 March",
        "the deadline for your tender is noon on Friday 9 May",
        "good morning, we need phone lines",
        "a school trip by night train",
        "stalls on the Christmas market",
        "a battery for 8 years",
        "four packets daily",
        "whenever they like",
        "it can run whenever the network has nothing better to do",
        "half a second until the first word",
    ],
)
def test_what_is_no_time_of_the_service(text):
    assert read(text) is None
