"""Numbers written, corrected or laid out in unusual ways, and what is said of those not used."""

import pytest

from cnc.errors import IntentError
from cnc.intents.evaluation import wrong_slots
from cnc.intents.fields import as_sentence
from cnc.intents.glossary import in_english
from cnc.intents.normaliser import normalise
from cnc.intents.numbers import words_to_digits
from cnc.intents.slots import read_stated


def stated(text):
    return read_stated(normalise(text))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("two hundred and fifty-three thousand and one", "253001"),
        ("two-hundred-and-fifty-three thousand and one", "253001"),
        ("253 thousand and one", "253001"),
        ("3 hundred thousand", "300000"),
        ("2 million three hundred thousand", "2300000"),
        ("two thousand million", "2000000000"),
        ("2,000 million", "2000000000"),
        ("1.5 million", "1500000"),
        ("one point five million", "1500000"),
        ("2 million billion trillion", "2000000000000000000000000000"),
        ("1.000.000", "1000000"),
        ("192.168.100.200", "192.168.100.200"),
        ("2 x 10^5", "200000"),
        ("2^10", "1024"),
        ("10^400", "1e400"),
        ("10^-5", "10^-5"),
    ],
)
def test_a_number_is_read_as_a_whole(text, digits):
    assert words_to_digits(text) == digits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.000.000 users", "users=1000000"),
        ("1.000 users", "users=1000"),
        ("2½ million users", "users=2500000"),
        ("½ second latency", "latency=500"),
        ("10⁶ devices", "users=1000000"),
        ("packet error rate of 10⁻⁵", "rel>99.999"),
        ("20, no wait, 40 users", "users=40"),
        ("20 users, no wait, 40", "users=40"),
        ("20 users, sorry, 40 users", "users=40"),
        ("20 users, I mean 40, within 20 ms, no, 10 ms", "users=40 latency<10"),
        ("20 users, no, 30, no, 40", "users=40"),
        ("20 users, no, 10 ms", "users=20 latency=10"),
        ("20 users, no more than 40 ms", "users=20 latency<40"),
        ("priority 2, no, 40 users", "prio=2 users=40"),
        ("20 or 30 users", "users=30"),
        ("30 or 20 users", "users=30"),
        ("20 users or 30 users", "users=30"),
        ("30 or 20 ms", "latency=30"),
        ("service=AR users=200 latency=20ms", "users=200 latency=20"),
        ('{"service": "AR", "users": 200}', "users=200"),
        ('{"users": {"value": 200}, "latency_ms": 20}', "users=200 latency=20"),
        ('{"service": "AR", "users": 200', "users=200"),
    ],
)
def test_the_value_that_is_meant_counts(text, expected):
    assert wrong_slots(expected, stated(text)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10^400 users", r"more than 10\^300 users cannot be served"),
        ("½ users", "0.5 users cannot be served"),
        ("2½ users", "whole number"),
        ("2 million billion trillion users", r"about 10\^27 users"),
        ("1.2 billion users", "1,200,000,000 users"),
        ("1e400 sensors per square kilometre", "users cannot be served"),
        ("latency of 15 minutes", "900,000 ms is not possible"),
    ],
)
def test_what_is_impossible_is_refused_readably(text, message):
    with pytest.raises(IntentError, match=message):
        stated(text)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("20 users, no wait, 40", '"20 users" is taken back in the text: 40 counts'),
        ("20 or 30 users", '"20 or 30 users" leaves it open: the larger counts'),
        ("1.000 users", '"1.000" users are read as 1,000'),
        ("AR within 20 years", '"within 20 years" was not used'),
        ("AR within infinity ms", '"within infinity ms" was not used'),
        ("AR within 20 ms, jitter below 5 ms", '"jitter below 5 ms" was not used'),
        ("AR for 40 камер", '"40 камер" was not used'),
        (f"99.{'9' * 30} % reliability", "counts as 99.9999999999 %"),
    ],
)
def test_what_is_not_used_as_it_stands_is_noted(text, note):
    (found,) = stated(text).notes
    assert note in found


@pytest.mark.parametrize(
    "text",
    ["AR for 20 users within 20 ms", "at most 40 cameras", "for the next 2 hours", "第3车间"],
)
def test_what_is_plain_needs_no_note(text):
    assert stated(text).notes == ()


def test_nines_without_end_are_not_all():
    assert stated(f"99.{'9' * 30} % reliability").reliability_pct.value < 100
    assert stated("100 % reliability").reliability_pct.value == 100


def test_counted_words_of_a_cyrillic_language_are_read():
    read = read_stated(in_english("40 камер, задержка не более 20 мс"))
    assert (read.users.value, read.latency_ms.value) == (40, 20.0)
    assert read.latency_ms.comparison == "at_most"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("service=AR users=200", "AR, users: 200"),
        ("service=augmented reality, latency_ms=20", "augmented reality, latency: 20 ms"),
        ('{"users": [20, 30], "ok": true}', "users: 20, users: 30"),
        ("AR with users=200", "AR with users=200"),
        ("reliability>=99.9 users=3", "reliability>=99.9 users=3"),
        ("{" * 3000, "{" * 3000),
        ('{"a":' * 3000, "{a:" * 3000),
    ],
)
def test_fields_become_a_sentence(text, sentence):
    assert as_sentence(text) == sentence
