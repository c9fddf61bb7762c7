"""`cnc intent` against a running system: its events, its last word, its exit code."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Emulator
from cli.running import FINAL, Result, run_cnc, sent_lines

pytestmark = pytest.mark.e2e
AR = "low-latency AR for 20 users"


def one_end(result: Result) -> dict[str, Any]:
    rows = result.rows
    assert sum(name in FINAL for name in sent_lines(rows)) == 1
    assert rows[-1]["event"] in FINAL
    return rows[-1]


def slot(value: dict[str, Any]) -> Any:
    assert value["origin"] in ("said", "assumed", "retrieved")
    return value["value"]


def test_the_whole_life(emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--slots", "4", AR).good()
    assert result.err == ""
    rows = result.rows
    names = sent_lines(rows)
    assert names[:4] == ["received", "recognised", "planned", "deployed"]
    assert names[4:-1] == ["measured"] * (len(names) - 5)
    assert len({row["intent_id"] for row in rows}) == 1
    times = [datetime.fromisoformat(row["at"]) for row in rows]
    assert all(at.tzinfo is not None for at in times) and times == sorted(times)

    intent = rows[1]["intent"]
    assert intent["service"] == "ar-split-rendering" and intent["service_name"]
    assert intent["scenario"] == "Immersive Communication"
    assert intent["users"] == {"value": 20, "origin": "said"}
    for name in ("latency_ms", "data_rate_mbps", "reliability_pct", "priority"):
        assert slot(intent[name]) > 0
    assert 0 <= intent["confidence"] <= 1
    assert {"service", "confidence"} <= set(intent["runners_up"][0])

    planned = rows[2]
    for row in planned["placements"]:
        assert {"domain", "node", "path", "share"} <= set(row)
    assert sum(row["share"] for row in planned["placements"]) == pytest.approx(1, abs=1e-3)
    assert set(planned["predicted"]["latency_ms"]) == {"p50", "p95", "p99"}
    for used in planned["knowledge"]:
        assert {"entry_id", "title", "score", "effect"} <= set(used)

    last = one_end(result)
    asked, measured = last["requested"], last["measured"]
    assert asked["service"] == "ar-split-rendering" and asked["users"] == 20
    assert set(measured["latency_ms"]) == {"p50", "p95", "p99"}
    assert measured["slots"] == 4
    assert 0 <= measured["satisfied_share"] <= 1
    assert measured["energy_j_per_request"] > 0
    p95 = measured["latency_ms"]["p95"]
    met = p95 is not None and p95 <= asked["latency_ms"] and measured["satisfied_share"] >= 0.95
    assert last["event"] == ("compliant" if met else "degraded")


def test_a_dry_run_ends_planned(emulator: Emulator) -> None:
    rows = emulator("intent", "--json", "--dry-run", AR).good().rows
    assert sent_lines(rows) == ["received", "recognised", "planned"]


def test_what_cannot_be_met_names_what_binds_and_an_offer_that_holds(emulator: Emulator) -> None:
    refused = emulator("intent", "--json", "--dry-run", "AR for 20 users within 2 ms")
    last = refused.rows[-1]
    assert refused.code == 1 and last["event"] == "infeasible", refused
    found = last["feasibility"]
    assert (found["state"], found["constraint"]["resource"]) == ("infeasible", "latency")
    assert found["constraint"]["needed"] > found["constraint"]["available"] == 2
    offer = found["offers"][0]
    assert offer["users"] == 20 and offer["latency_ms"] > 2
    why = emulator("explain", last["intent_id"], "--json").good().row
    assert why["feasibility"] == found
    again = f"AR for 20 users within {2 * offer['latency_ms']:g} ms"
    met = emulator("intent", "--json", "--dry-run", again).good().rows[-1]
    assert met["feasibility"]["state"] == "feasible"
    shown = emulator("intent", "show", last["intent_id"]).good().out
    assert "what binds" in shown and "nearest" in shown


def test_people_are_told_too(emulator: Emulator) -> None:
    result = emulator("intent", "--slots", "2", AR).good()
    for word in ("received", "recognised", "planned", "deployed", "p95 latency", "asked"):
        assert word in result.out


@pytest.mark.parametrize(
    "text",
    [
        "list of cameras that need video analytics within 300 ms, 20 of them",
        "show AR content to 20 users",
        "recognise faces in the video of 20 cameras",
        "withdraw nothing, I need AR for 20 users",
    ],
)
def test_ordinary_first_words_begin_the_text(text: str, emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--dry-run", text)
    assert result.code in (0, 1), result
    assert result.rows[0] == {**result.rows[0], "event": "received", "text": text}


def test_unquoted_words_are_one_text(emulator: Emulator) -> None:
    rows = emulator("intent", "--json", "low-latency", "AR", "for", "20", "users", "--dry-run").rows
    assert rows[0]["text"] == AR


def test_an_ask_ends_with_1_and_yes_takes_the_first(emulator: Emulator) -> None:
    unclear = (
        "stream things for the fans",
        "help my robots see",
        "we want to help doctors from afar",
    )
    found = emulator("intent", "recognise", "--json", *unclear).rows
    text = next(row["text"] for row in found if row["event"] == "ask")
    asked = emulator("intent", "--json", "--dry-run", text)
    last = asked.rows[-1]
    assert asked.code == 1 and last["event"] == "ask", asked
    assert len(last["choices"]) > 1
    taken = emulator("intent", "--json", "--dry-run", "--yes", text)
    rows = taken.rows
    assert rows[-1]["event"] in ("planned", "infeasible")
    assert rows[1]["intent"]["service"] == last["choices"][0]["service"]


def test_two_services_are_followed_to_their_ends(emulator: Emulator) -> None:
    text = "AR for 20 users and telesurgery for 3 surgeons within 1 ms"
    result = emulator("intent", "--json", "--slots", "2", text)
    rows = result.rows
    whole = [row for row in rows if "parent_id" not in row]
    assert result.code == 1 and sent_lines(whole) == ["received", "recognised", "infeasible"]
    parts = whole[1]["parts"]
    assert [part["intent"]["service"] for part in parts] == ["ar-split-rendering", "telesurgery"]
    ends = {row["intent_id"]: row["event"] for row in rows if row.get("parent_id")}
    assert ends[parts[0]["intent_id"]] in ("compliant", "degraded")
    assert ends[parts[1]["intent_id"]] == "infeasible"
    assert [part["outcome"] for part in rows[-1]["parts"]] == list(ends.values())
    shown = emulator("intent", "show", whole[0]["intent_id"]).good().out
    assert "2 services" in shown and "infeasible" in shown
    why = emulator("explain", whole[0]["intent_id"]).good().out
    assert "several services" in why and parts[1]["intent_id"] in why
    document = emulator("intent", "show", whole[0]["intent_id"], "--as", "tmf921")
    assert document.code == 2 and parts[0]["intent_id"] in document.err


def test_kept_listed_shown_explained_withdrawn(emulator: Emulator) -> None:
    rows = emulator("intent", "--json", "--keep", "--slots", "2", AR).good().rows
    name, last = rows[-1]["intent_id"], rows[-1]
    assert last["kept"] is True
    listed = {row["intent_id"]: row for row in emulator("intent", "list", "--json").good().rows}
    assert listed[name]["event"] in ("compliant", "degraded")
    shown = sent_lines(emulator("intent", "show", name, "--json").good())
    assert shown[:3] == ["received", "recognised", "planned"]
    why = emulator("explain", name, "--json").good().row
    assert why["intent_id"] == name and why["text"] == AR
    assert why["intent"]["service"] == "ar-split-rendering"
    assert {"latency_ms", "energy_j_per_request", "share"} <= set(why["candidates"][0])
    assert why["not_taken"]["reason"]
    people = emulator("explain", name).good().out
    for word in ("Understood", "Knowledge", "Candidates", "not taken", "Plan"):
        assert word in people
    gone = emulator("intent", "withdraw", name, "--json").good().row
    assert gone == {"event": "withdrawn", "intent_id": name}
    again = emulator("intent", "withdraw", name)
    assert again.code in (0, 1) and "Traceback" not in again.err


@pytest.mark.parametrize("command", [["explain"], ["intent", "show"], ["intent", "withdraw"]])
def test_unknown_intents_are_not_found(command: list[str], emulator: Emulator) -> None:
    emulator(*command, "intent-000000000000").fails(1, "intent-000000000000", "cnc intent list")


def test_recognition_in_bulk(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("cloud gaming for 40 players\n\nwhat is the weather like\n")
    result = run_cnc("intent", "recognise", "--json", "--file", str(file), AR, home=home)
    assert result.code == 1
    assert result.err == ""
    ours, gaming, weather = result.rows
    assert ours["event"] == "recognised" and ours["text"] == AR
    assert ours["intent"]["users"] == {"value": 20, "origin": "said"}
    assert gaming["intent"]["service"] == "cloud-gaming"
    assert weather["event"] == "refused" and weather["reason"] == "not_this_domain"
    assert weather["text"] == "what is the weather like"


def test_a_file_of_texts_that_cannot_be_read(home: Path, tmp_path: Path) -> None:
    run_cnc("intent", "recognise", "--file", str(tmp_path), home=home).fails(1, str(tmp_path))
    binary = tmp_path / "texts"
    binary.write_bytes(b"\xff\xfe\x00AR")
    run_cnc("intent", "recognise", "--file", str(binary), home=home).fails(1, "UTF-8")


def test_the_policy_is_checked_although_it_runs_elsewhere(emulator: Emulator) -> None:
    emulator("intent", "--policy", "opt", "--dry-run", AR).fails(2, "opt", "grd")


def test_options_of_an_emulator_that_runs_already_are_named(emulator: Emulator) -> None:
    result = emulator("intent", "--json", "--scenario", "large", "--seed", "3", "--dry-run", AR)
    assert "--scenario" in result.good().err and "--seed" in result.err
    assert json.loads(result.out.splitlines()[0])["event"] == "received"


def test_a_correction_counts_at_once_and_can_be_taken_back(emulator: Emulator) -> None:
    text = "AR and some such for the 20 guides of the museum"
    first = emulator("intent", "--json", "--dry-run", text).rows
    kept = emulator("intent", "--correct", "last", "--as", "cloud-gaming", "--json").good().row
    assert (kept["text"], kept["service"]) == (text, "cloud-gaming")
    near = text.replace("20", "30")
    rows = emulator("intent", "--json", "--dry-run", near).rows
    assert rows[1]["intent"]["service"] == "cloud-gaming"
    assert any(kept["correction_id"] in note for note in rows[1]["intent"]["notes"])
    assert rows[1]["intent"]["users"] == {"value": 30, "origin": "said"}
    listed = emulator("intent", "corrections", "--json").good().rows
    assert kept in listed
    again = ("intent", "--correct", first[0]["intent_id"], "--as", "vr-streaming")
    assert emulator(*again, "--json").good().row["correction_id"] == kept["correction_id"]
    emulator("intent", "corrections", "--remove", kept["correction_id"]).good()
    assert emulator("intent", "corrections", "--json").good().out == ""
    gone = emulator("intent", "corrections", "--remove", kept["correction_id"])
    assert gone.code == 1 and "lists them" in gone.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--correct", "last"), 2, "--as SERVICE"),
        (("--as", "cloud-gaming"), 2, "--correct"),
        (("--correct", "last", "--as", "cloud-gaming", AR), 2, "without a text"),
        (("--correct", "intent-none", "--as", "cloud-gaming"), 1, "cnc intent list"),
        (("--correct", "last", "--as", "no-such-service"), 1, "cloud-gaming"),
    ],
)
def test_a_wrong_correction_says_what_is_right(
    options: tuple[str, ...], code: int, words: str, emulator: Emulator
) -> None:
    result = emulator("intent", *options)
    assert result.code == code and words in result.err, result
