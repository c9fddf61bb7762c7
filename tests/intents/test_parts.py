import numpy as np
import pytest

from cnc.intents.division import cuts, divide, signs, with_services
from cnc.intents.parts import fragments, respective, split_parts
from cnc.intents.routes import Judgement
from cnc.intents.slots import states_quantity

HEADS = None
"""Heads that a judgement carries; no sign reads them."""


def said(intent, name):
    slot = getattr(intent, name)
    return slot.value if slot is not None and slot.origin == "said" else None


def numbers(found):
    return [
        (part.intent.service, said(part.intent, "users"), said(part.intent, "latency_ms"))
        for part in found.parts
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "remote surgery for 3 surgeons and cloud gaming for 20 players",
            [("telesurgery", 3, None), ("cloud-gaming", 20, None)],
        ),
        (
            "AR for 20 users within 50 ms; also video surveillance for 40 cameras within 300 ms",
            [("ar-split-rendering", 20, 50), ("video-surveillance", 40, 300)],
        ),
        (
            "AR and VR for 200 users each",
            [("ar-split-rendering", 200, None), ("vr-streaming", 200, None)],
        ),
        (
            "AR and VR for twenty and thirty users, respectively",
            [("ar-split-rendering", 20, None), ("vr-streaming", 30, None)],
        ),
        (
            "AR for 20 users and video surveillance for 40 cameras within 50 ms and 300 ms "
            "respectively",
            [("ar-split-rendering", 20, 50), ("video-surveillance", 40, 300)],
        ),
        (
            "AR and VR, 50 users each",
            [("ar-split-rendering", 50, None), ("vr-streaming", 50, None)],
        ),
        (
            "First, cloud gaming for 30 players. Second, model training on 8 servers.",
            [("cloud-gaming", 30, None), ("model-training", 8, None)],
        ),
        (
            "VR for 20 users and cloud gaming for 30 players, both within 40 ms",
            [("vr-streaming", 20, 40), ("cloud-gaming", 30, 40)],
        ),
        (
            "AR for 20 users, VR for 10 users and cloud gaming between 10 and 20 ms",
            [
                ("ar-split-rendering", 20, None),
                ("vr-streaming", 10, None),
                ("cloud-gaming", None, 20),
            ],
        ),
        (
            "Heart sensors for 200 patients; video consultations for their 30 doctors.",
            [("patient-monitoring", 200, None), ("video-conferencing", 30, None)],
        ),
        (
            "not gaming, but video conferencing for 20 people and voice calls for 30",
            [("video-conferencing", 20, None), ("voice-call", 30, None)],
        ),
    ],
)
def test_each_service_has_its_own_numbers(recogniser, text, expected):
    found = recogniser.recognise(text)
    assert numbers(found) == expected
    assert found.outcome == "accepted" and found.intent == found.parts[0].intent


@pytest.mark.parametrize(
    "text",
    [
        "cameras and sensors for video surveillance of 20 halls",
        "voice and video calls for 30 people",
        "patients and nurses on video calls, 20 of them",
        "remote surgery with haptic feedback and 4K video for 3 surgeons",
        "cloud gaming between 10 and 20 ms for 50 players",
        "cloud gaming for 20 players and cloud gaming for 30 players",
        "Police, fire brigade and ambulance want one dependable radio for voice, pictures and data",
        "Remote surgery with 3 ms latency and 80 Mbps for 400 medical devices",
        "Containers, trailers, pallets and tools: where are they?",
        "Ambulance dispatch, fire department and police must coordinate, top priority",
    ],
)
def test_one_service_is_not_divided(recogniser, text):
    assert recogniser.recognise(text).parts == ()


def test_a_place_and_a_wish_can_be_said_of_all(recogniser):
    found = recogniser.recognise(
        "In RAN domain 3, AR for 20 users and cloud gaming for 30 players, as green as possible"
    )
    assert [said(part.intent, "area") for part in found.parts] == ["ran-3", "ran-3"]
    assert [said(part.intent, "energy_preference") for part in found.parts] == ["low", "low"]


def test_a_rate_for_each_user_is_not_a_rate_for_each_service(recogniser):
    found = recogniser.recognise(
        "voice calls for 100 people and video conferencing for 30 people at 4 Mbps each"
    )
    assert [said(part.intent, "data_rate_mbps") for part in found.parts] == [None, 4]


def test_fragments_keep_numbers_whole():
    text = "AR for 1,000 users at 2.5 Mbps, VR for 20"
    assert [text[p.start : p.end] for p in fragments(text)] == [
        "AR for 1,000 users at 2.5 Mbps",
        "VR for 20",
    ]


def test_what_is_said_respectively_is_taken_apart():
    said = respective("AR and VR for 200 users and 40 players respectively, at night")
    assert said == ("AR and VR, at night", ("for 200 users", "for 40 players"))
    assert respective("AR and VR respectively") == ("AR and VR respectively", ())


def test_fragments_without_two_services_are_no_parts():
    text = "AR for 20 users and glasses"
    assert split_parts(text, fragments(text), states_quantity) == []


def test_signs_of_a_cut():
    whole, left, right = (
        Judgement(HEADS, np.array([kind, 1 - kind]), np.array(services))
        for kind, services in ((1.0, [0.5, 0.5]), (0.9, [0.99, 0.01]), (0.8, [0.02, 0.98]))
    )
    found = cuts("a film, and 20 Mbps for games")
    assert [(cut.sign, cut.left, cut.right) for cut in found] == [
        (", and", "a film", "20 Mbps for games")
    ]
    row = signs(found[0], whole, left, right, Names())
    assert row is not None and row[0] < row[1] and row[2] < 0 and row[3] < 0
    assert signs(found[0], whole, left, left, Names()) is None


class Names:
    """A lexicon that knows no name."""

    def scores(self, text):
        return np.zeros(2)


def test_words_before_the_first_service_are_said_of_all(recogniser):
    text = "In RAN domain 3, AR for 20 users and cloud gaming for 30 players"
    spans = divide(text, recogniser._routes)
    pieces = with_services(text, spans, recogniser._routes)
    assert len(spans) == 2
    assert [piece.service is None for piece in pieces] == [True, False, False]
