import random

import pytest

from cnc.intents.examples import load_examples, with_typos
from cnc.intents.glossary import in_english
from cnc.intents.languages import language_of
from cnc.intents.lexicon import Lexicon
from cnc.intents.masking import mask
from cnc.intents.negation import split_refused
from cnc.intents.normaliser import normalise
from cnc.intents.numbers import words_to_digits
from cnc.intents.operations import operation_strength
from cnc.intents.spelling import make_corrector


@pytest.fixture(scope="module")
def lexicon(catalogue):
    return Lexicon(catalogue)


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("two hundred and five", "205"),
        ("twenty-one", "21"),
        ("a hundred users", "100 users"),
        ("three thousand two hundred", "3200"),
        ("1.5 million", "1500000"),
        ("ninety nine point nine", "99.9"),
        ("one user", "1 user"),
        ("no one knows", "no one knows"),
        ("half a second", "0.5 second"),
        ("one tenth of a second", "0.1 second"),
    ],
)
def test_words_become_digits(words, digits):
    assert words_to_digits(words) == digits


def test_normalisation():
    assert normalise("  a\x00b\u200b–c\n\t“d” ≤ 5 µs ") == 'a b -c "d" <= 5 us'


def test_a_word_of_no_language_is_cut_since_reading_it_would_take_minutes():
    assert normalise(f"AR for 200 users {'a' * 1_900}, please") == (
        f"AR for 200 users {'a' * 60}, please"
    )
    assert normalise(f"{'a-' * 900} {'1e' * 99}").split() == ["a-" * 30, "1e" * 30]
    unspaced = "请为二百名用户提供低延迟的增强现实服务" * 20
    assert normalise(unspaced) == unspaced


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("not gaming, but video conferencing", "video conferencing"),
        ("we need virtual reality rather than augmented reality", "we need virtual reality"),
        ("no more than 10 ms", "no more than 10 ms"),
        ("video calls without interruption", "video calls without interruption"),
        ("beyond visual line of sight", "beyond visual line of sight"),
        ("not gaming", ""),
    ],
)
def test_negated_services_are_left_out(lexicon, text, wanted):
    def names(fragments):
        return [lexicon.names_service(fragment) for fragment in fragments]

    assert split_refused(text, names)[0] == wanted


def test_quality_is_masked():
    masked = mask("ultra-low latency of 5 ms for AR users", [(21, 25)])
    assert "latency" not in masked
    assert "5" not in masked
    assert "AR users" in masked


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("block port 22 on all routers", 3),
        ("please reboot the switch", 3),
        ("configure BGP on the router", 3),
        ("Set up a video conference", 0),
        ("live video for 200 people", 0),
        ("monitor the latency of all eMBB slices", 3),
        ("optimise beamforming of the campus cells", 3),
        ("reduce the energy consumption of all base stations", 3),
        ("monitor patients at home", 0),
        ("track load on trucks", 0),
    ],
)
def test_operations_by_verb_and_object(text, strength):
    assert operation_strength(text) == strength


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I need a video call", "en"),
        ("我需要视频会议", "zh"),
        ("Мне нужна видеосвязь", "ru"),
        ("ビデオ会議が必要です", "ja"),
        ("je voudrais une visioconférence pour les employés", "fr"),
        ("ich brauche eine Videokonferenz für die Firma", "de"),
        ("12345", "en"),
        ("AR", "en"),
    ],
)
def test_language(text, language):
    assert language_of(text) == language


def test_foreign_quantities():
    text = in_english("为两百名用户提供服务，每用户20兆，时延低于10毫秒，可靠性百分之99.9")
    assert "200 users" in text
    assert "per user 20 Mbps" in text
    assert "latency below 10 ms" in text
    assert "99.9 %" in text


def test_names_of_services(lexicon, catalogue):
    scores = lexicon.scores("a chatbot and AGVs")
    found = {catalogue.ids[i] for i in scores.nonzero()[0]}
    assert found == {"llm-inference", "agv-fleet"}


def test_slips_are_put_right(catalogue):
    corrector = make_corrector(e.text for e in load_examples(catalogue))
    assert corrector.correct("vidoe conferncing for 20 emploees") == (
        "video conferencing for 20 employees"
    )
    assert corrector.correct("10 Mbps, 5 ms in Ravensburg") == "10 Mbps, 5 ms in Ravensburg"


def test_typos_are_seeded():
    text = "a surgeon operates on a patient in another hospital"
    first, second = with_typos(text, random.Random(3)), with_typos(text, random.Random(3))
    assert first == second != text
