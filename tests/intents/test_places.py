import pytest

from cnc.intents.normaliser import normalise
from cnc.intents.slots import read_stated
from cnc.intents.whereabouts import find_place


def place(text):
    found = read_stated(normalise(text)).area
    return found.value if found else None


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("24 trainees in room 214, 20 ms", "room 214"),
        ("scans from trench 7 at 80 Mbit/s", None),
        ("archaeologists in trench 7, 80 Mbit/s", "trench 7"),
        ("video at the demonstration with 10 ms", "demonstration"),
        ("headsets in the arcade, 11 ms", "arcade"),
        ("tags across the chemical park, 12 trucks", "chemical park"),
        ("wind turbines off Esbjerg", "Esbjerg"),
        ("AGVs between gate A and gate B", "gate A and gate B"),
        ("drones between the depot and the clinic", "depot and the clinic"),
        ("gauges upstream of Passau", "Passau"),
        ("can the village of Alstad get internet", "village of Alstad"),
        ("broadband for the villages of upper Mustang", "upper Mustang"),
        ("phones for 11 pensioners of the Sonnenhof", "Sonnenhof"),
        ("noise meters for the old town", "old town"),
        ("carts roam our yard by themselves", "yard"),
    ],
)
def test_noun_phrases_after_a_preposition_of_place(text, area):
    assert place(text) == area


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("cctv, 46 cameras, barracks gym, 4 Mbit/s each", "barracks gym"),
        ("ski instructors, 65 of them, Zillertal, until Easter", "Zillertal"),
        ("drones, 50 ms, wind farm Horns Rev", "wind farm Horns Rev"),
        ("Stroke unit: wearables of 26 patients", "Stroke unit"),
        ("a hologram booth, Terminal 1, gate 23", "Terminal 1"),
        ("The Greenwich office wants phone service", "Greenwich office"),
        ("theatre 2 is free", "theatre 2"),
        ("sensors, delta of the Po, 20 probes", "delta of the Po"),
    ],
)
def test_places_that_are_a_clause_of_their_own(text, area):
    assert place(text) == area


@pytest.mark.parametrize(
    "text",
    [
        "AR on the tablet within 20 ms",
        "answers in the meantime, 20 ms",
        "control over the network",
        "at the same time 40 users",
        "my boss saw a screen at the fair",
        "a person in the control room drives them",
        "training in version 3",
        "traffic on port 443",
        "speech in Dutch for 20 users",
        "replication of the data centres",
        "video calls for our club",
        "Press line: 24 servo presses",
        "at the latest after 50 ms",
    ],
)
def test_what_is_no_place(text):
    assert place(text) is None


def test_the_surest_place_counts():
    text = "Who is in the corridor? Sense it in hall 7."
    start, end = find_place(text, ())
    assert text[start:end] == "hall 7"


def test_what_says_when_is_no_place():
    text = "meters in Lindenhof, over Easter"
    assert find_place(text, [(text.index("Lindenhof"), len(text))]) is None


def test_many_phrases_are_read_in_line_with_their_number():
    assert find_place("for the new hall of " * 100, ()) is not None
    assert find_place("between gate A and gate B " * 80, ()) is not None
