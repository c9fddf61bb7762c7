"""What is refused before a system is asked, and nothing is started for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.running import call_cnc, sent_lines
from cnc.cli.intent_checks import refused_at_once
from cnc.intents.catalogue import load_catalogue
from cnc.messages.intents import EMPTY_REQUEST, IntentRequest
from cnc.processes.blueprint import SystemConfig

SMALL = SystemConfig("", scenario="small")


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a system is started")

    monkeypatch.setattr("cnc.processes.session.emulator", refuse)
    monkeypatch.setattr("cnc.processes.session.steward", refuse)


@pytest.mark.parametrize("text", ["", "   ", "\t\n", "…!?"])
def test_an_empty_request_starts_nothing(text: str, tmp_path: Path) -> None:
    result = call_cnc("intent", text, "--json", home=tmp_path)
    assert result.code == 1, result
    assert sent_lines(result) == ["received", "refused"]
    refused = result.rows[-1]
    assert refused["reason"] == "not_this_domain" and refused["message"] == EMPTY_REQUEST
    people = call_cnc("intent", text, home=tmp_path)
    assert people.code == 1 and "the request is empty" in people.out
    assert "started" not in people.err and not list(tmp_path.iterdir())


def test_users_where_nobody_can_be_start_nothing(tmp_path: Path) -> None:
    asked = ("intent", "AR for 20 users", "--origin", "mars-1", "--scenario", "small", "--json")
    result = call_cnc(*asked, home=tmp_path)
    assert result.code == 1 and sent_lines(result) == ["received", "infeasible"]
    assert "'mars-1'" in result.rows[-1]["message"] and "ran-2" in result.rows[-1]["message"]
    told = call_cnc("explain", "last", home=tmp_path).good().out
    assert result.rows[-1]["intent_id"] in told and "'mars-1'" in told


@pytest.mark.parametrize("origin", ["ran-0", "terminal-2", None])
def test_where_users_can_be_a_system_decides(origin: str | None) -> None:
    request = IntentRequest(intent_id="i", text="AR for 20 users", origin=origin)
    assert refused_at_once(request, SMALL) == ()


@pytest.mark.parametrize("origin", ["ran-3", "ran-00", "transport", "ran"])
def test_where_users_cannot_be_is_told_only_of_a_system_of_this_call(origin: str) -> None:
    request = IntentRequest(intent_id="i", text="AR for 20 users", origin=origin)
    assert [event.event for event in refused_at_once(request, SMALL)] == ["received", "infeasible"]
    assert refused_at_once(request, None) == ()


def test_other_wrong_words_start_nothing(tmp_path: Path) -> None:
    for args, code, words in (
        (["--from", str(tmp_path / "none.json")], 1, "none.json cannot be read"),
        (["--correct", "last", "--as", "cloud-gamin"], 1, "nearest: cloud-gaming;"),
        (["AR", "--policy", "nonsense"], 2, "'nonsense'"),
        (["AR", "--scenario", "atlantis"], 2, "'atlantis'"),
    ):
        call_cnc("intent", *args, home=tmp_path).fails(code, words)


def test_every_service_of_the_catalogue_can_be_meant() -> None:
    from cnc.cli.service_names import check_service

    ids = load_catalogue().ids
    for name in ids:
        check_service(name, ids)
