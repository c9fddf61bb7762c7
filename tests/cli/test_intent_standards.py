"""`cnc intent --from` and `cnc intent show --as`: documents of public standards."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from cli.conftest import Emulator
from cli.running import sent_lines
from cnc.settings import data_root

pytestmark = pytest.mark.e2e
STANDARDS = data_root() / "intents" / "standards"
NAMES = ("tmf921", "28.312", "a1", "camara")
SERVICES = {
    "tmf921": "ar-split-rendering",
    "28.312": "video-surveillance",
    "a1": "telesurgery",
    "camara": "cloud-gaming",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_planned_like_a_text(name: str, emulator: Emulator) -> None:
    file = STANDARDS / "examples" / f"{name}.json"
    result = emulator("intent", "--from", str(file), "--dry-run", "--json")
    assert result.code in (0, 1), result
    assert sent_lines(result)[:2] == ["received", "recognised"]
    assert result.rows[-1]["event"] in ("planned", "infeasible")
    intent = result.rows[1]["intent"]
    assert intent["service"] == SERVICES[name]
    origins = {intent[key]["origin"] for key in ("latency_ms", "reliability_pct")}
    assert origins <= {"said", "assumed", "retrieved"} and "assumed" in origins
    assert f"{file} is read as" in result.err


def test_shown_as_each_standard_and_asked_again(emulator: Emulator, tmp_path: Path) -> None:
    text = "AR for 20 users with a latency below 120 ms, high priority"
    rows = emulator("intent", "--json", "--slots", "2", text).good().rows
    name = rows[-1]["intent_id"]
    for standard in (*NAMES, "tmf921-report", "28.312-report"):
        shown = emulator("intent", "show", name, "--as", standard).good()
        document = json.loads(shown.out)
        schema = json.loads((STANDARDS / f"{standard}.schema.json").read_text("utf-8"))
        jsonschema.validate(document, schema)
        again = emulator("intent", "show", name, "--as", standard, "--json").good().row
        for written in ("creationDate", "lastUpdatedTime"):
            assert (written in again) == (written in document)
            again[written] = document.get(written)
            document.setdefault(written, None)
        assert again == document
    file = tmp_path / "again.json"
    file.write_text(emulator("intent", "show", name, "--as", "tmf921").good().out, "utf-8")
    asked = emulator("intent", "--from", str(file), "--json", "--slots", "2").good()
    first, again = rows[1]["intent"], asked.rows[1]["intent"]
    for key in ("service", "users", "latency_ms", "data_rate_mbps", "reliability_pct", "priority"):
        value = first[key]["value"] if isinstance(first[key], dict) else first[key]
        assert (again[key]["value"] if isinstance(again[key], dict) else again[key]) == value
    assert asked.rows[0]["text"] == text
    assert asked.rows[-1]["event"] in ("compliant", "degraded")


def test_what_cannot_be_read_is_said(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text('{"qosProfile": "voice', "utf-8")
    emulator("intent", "--from", str(file)).fails(2, "cut.json:1:", "JSON")
    file.write_text('{"qosProfile": "telepathy", "applicationServer": {"ipv4Address": "x"}}')
    emulator("intent", "--from", str(file)).fails(2, "$.qosProfile", "voice-call")
    emulator("intent", "--from", str(tmp_path / "none.json")).fails(1, "none.json")
    emulator("intent", "--from", str(file), "AR for 20 users").fails(2, "--from FILE")
    emulator("intent", "--json").fails(2, "--from FILE")
    emulator("intent", "show", "intent-1", "--as", "tmf922").fails(2, "tmf921-report")


def test_a_refused_intent_has_no_document(emulator: Emulator) -> None:
    rows = emulator("intent", "--json", "what is the weather").rows
    emulator("intent", "show", rows[-1]["intent_id"], "--as", "a1").fails(1, "refused")
