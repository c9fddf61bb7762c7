"""Requests that cannot be served are answered in words, and the system goes on."""

from __future__ import annotations

import pytest

from cli.conftest import Emulator
from cli.running import FINAL, sent_lines, wait_for

pytestmark = pytest.mark.e2e
POEM = (
    "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n"
    "Rough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date."
)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("", {"not_this_domain"}),
        ("  \t ", {"not_this_domain"}),
        ("a" * 9_999, {"not_this_domain", "no_service_class"}),
        ('"; DROP TABLE knowledge; --', {"not_this_domain", "network_operation"}),
        (POEM, {"not_this_domain"}),
        ("block port 22 on all routers", {"network_operation"}),
        ("AR for 0 users", {"no_service_class"}),
        ("AR for 1000000000000 users", {"no_service_class"}),
        ("AR for 20 users with a latency of -5 ms", {"no_service_class"}),
        ("¿Qué tiempo hará mañana en Sevilla?", {"not_this_domain"}),
    ],
    ids=["empty", "blank", "long", "sql", "poem", "port", "zero", "many", "negative", "weather"],
)
def test_refused(text: str, reasons: set[str], emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--slots", "2", text)
    assert result.code == 1, result
    assert sent_lines(result) == ["received", "refused"]
    assert result.rows[-1]["reason"] in reasons
    assert len(result.rows[-1]["message"]) > 20
    assert "Traceback" not in result.err


def test_a_value_that_cannot_be_meant_is_named(emulator: Emulator) -> None:
    for text, words in {
        "AR for 0 users": "0 users",
        "AR for 20 users with a latency of -5 ms": "-5 ms",
    }.items():
        assert words in emulator("intent", "--json", text).rows[-1]["message"]


def test_more_than_10_kilobytes_are_not_even_sent(emulator: Emulator) -> None:
    emulator("intent", "--json", "x" * 10_001).fails(2, "10001", "2,000")


@pytest.mark.parametrize(
    "text",
    [
        "AR \x01\x02\x1b[31m for 20 users\x07",
        "AR für 20 Benutzer 🚀🚀🚀",
        "Ich brauche Videokonferenzen für 30 Personen",
        "为200个用户提供低时延的增强现实服务",
        "{{7*7}} ${HOME} `reboot` AR for 20 users",
    ],
    ids=["control", "emoji", "german", "chinese", "shell"],
)
def test_odd_texts_end_in_one_word(text: str, emulator: Emulator) -> None:
    for json_output in (True, False):
        options = ["--json"] if json_output else []
        result = emulator("intent", *options, "--slots", "1", text)
        assert result.code in (0, 1), result
        assert "Traceback" not in result.err + result.out
        assert "\x1b[31m" not in result.out and "\x07" not in result.out
        if json_output:
            assert sum(name in FINAL for name in sent_lines(result)) == 1


def test_undecodable_words_are_wrong_use_or_refused(emulator: Emulator) -> None:
    result = emulator("intent", "--json", "AR for \udcff 20 users", "--dry-run")
    assert result.code in (0, 1, 2), result
    assert "Traceback" not in result.err, result


def test_an_unknown_origin(emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--origin", "mars-1", "AR for 20 users")
    assert result.code in (1, 2), result
    told = result.rows[-1]["message"] if result.out else result.err
    assert "mars-1" in told and "ran-2" in told


@pytest.mark.parametrize("origin", ["", "*", "../..", "x" * 300])
def test_impossible_origins(origin: str, emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--origin", origin, "AR for 20 users")
    assert result.code in (1, 2), result
    assert "Traceback" not in result.err, result


def test_the_system_went_on(emulator: Emulator) -> None:
    before = len(emulator.up.out)
    wait_for(lambda: len(emulator.up.out) > before + 2, 20, "further slots")
    assert emulator.up.process.poll() is None
    assert "Traceback" not in emulator.up.told
    slots = [row["slot"] for row in emulator.up.rows()]
    assert slots == list(range(len(slots)))
