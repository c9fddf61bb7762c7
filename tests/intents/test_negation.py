"""What is refused in a text is told from what is wanted."""

import pytest

from cnc.intents.negation import refusals, split_refused
from cnc.intents.stances import doubtful_apart


def everything(fragments):
    return [True] * len(fragments)


def nothing(fragments):
    return [False] * len(fragments)


@pytest.mark.parametrize(
    ("text", "wanted", "refused"),
    [
        ("not gaming, but video conferencing for 20 people", "video conferencing for 20 people",
         "gaming"),
        ("augmented reality instead of virtual reality", "augmented reality", "virtual reality"),
        ("a hologram call, not a video conference", "a hologram call", "a video conference"),
        ("telemetry can wait, remote driving first", "remote driving first", "telemetry"),
        ("video is not what we are after, we need voice", "we need voice", "video"),
        ("replace the cameras with smart meters", "smart meters", "the cameras"),
        ("neither drones nor cameras, just smart meters", "just smart meters", "drones cameras"),
        ("cancel the backup and start the live broadcast", "start the live broadcast",
         "the backup"),
    ],
)  # fmt: skip
def test_what_is_refused(text, wanted, refused):
    found = split_refused(text, everything)
    assert [part.removeprefix("just ") for part in found] == [
        wanted.removeprefix("just "),
        refused,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "voice calls with no more than 20 ms of delay",
        "a stream without interruption for 40 viewers",
        "robots without drivers in the yard",
        "not only the cameras but also their analysis",
        "video for 12 people",
    ],
)
def test_harmless_words_of_negation_stay(text):
    assert split_refused(text, everything) == (text, "")


def test_what_names_no_service_stays():
    text = "not the usual thing, a video conference"
    assert refusals(text)
    assert split_refused(text, nothing) == (text, "")


def test_chinese():
    assert split_refused("不是云游戏，而是视频会议", everything, english=False) == (
        "视频会议",
        "云游戏",
    )


def test_segments_that_may_refuse():
    assert doubtful_apart("we gave up on drones: cameras on the fence, please") == (
        "cameras on the fence, please",
        "we gave up on drones:",
    )
    assert doubtful_apart("cameras on the fence") == ("cameras on the fence", "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Meter readings are my colleague's job. We cut short circuits in milliseconds.",
         "We cut short circuits in milliseconds."),
        ("The festival has its own radios, don't worry about them; pictures go to all homes",
         "pictures go to all homes"),
        ("Carts? Done last year. This time it's the axes.", "This time it's the axes."),
        ("Nobody cares for pictures, they care that aircraft don't collide",
         "they care that aircraft don't collide"),
        ("Flying is banned here, so we'll send a car", "we'll send a car"),
        ("We have cameras, we have storage. We lack the thing that finds thieves.",
         "We lack the thing that finds thieves."),
        ("The traders' quotes are in good hands, but at the meeting nobody sees nobody.",
         "at the meeting nobody sees nobody."),
        ("You can leave the holograms to the film people; a normal meeting is enough",
         "a normal meeting is enough"),
        ("Meter readings arrive fine. What doesn't is the trip command.",
         "What doesn't is the trip command."),
        ("Tags were delivered in spring. Next up: carts without drivers.",
         "Next up: carts without drivers."),
        ("Grid protection is the utility's problem. Ours is meters nobody wants to read by hand.",
         "Ours is meters nobody wants to read by hand."),
    ],
)  # fmt: skip
def test_clauses_weighed_against_one_another(text, wanted):
    assert doubtful_apart(text)[0] == wanted


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("forget video on demand, broadcast the match live", "live-video"),
        ("we already have cameras; what we lack is a nightly backup of our servers",
         "enterprise-data-backup"),
        ("the chatbot stays with the old provider, move our training data to your accelerators "
         "and train the model there", "model-training"),
    ],
)  # fmt: skip
def test_the_wanted_service_is_recognised(recogniser, text, service):
    found = recogniser.recognise(text)
    assert found.intent is not None
    assert found.intent.service == service
