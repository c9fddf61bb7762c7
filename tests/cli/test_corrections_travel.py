"""Corrections go from one home to another as lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.running import call_cnc
from cnc.intents.corrections import CorrectionFile

GOOD = {
    "correction_id": "correction-1",
    "text": "fly it",
    "service": "drone-video",
    "at": "2026-01-01T00:00:00+00:00",
}


def test_what_one_home_writes_another_takes_over(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for home, pairs in (
        (here, (("fly it", "drone-control"), ("our school", "video-conferencing"))),
        (there, (("Fly  it", "drone-video"),)),
    ):
        for text, service in pairs:
            CorrectionFile(home).add(text, service, "2026-01-01T00:00:00+00:00")
    file = tmp_path / "corrections.jsonl"
    file.write_text(call_cnc("intent", "corrections", "--json", home=here).good().out)
    asked = ("intent", "corrections", "--import", str(file))
    rows = call_cnc(*asked, "--json", home=there).good().rows
    kept = [(row.text, row.service) for row in CorrectionFile(there).entries()]
    assert kept == [("fly it", "drone-control"), ("our school", "video-conferencing")]
    assert [(row["text"], row["service"]) for row in rows] == kept
    assert "taken over: 2" in call_cnc(*asked, home=there).good().out
    assert len(CorrectionFile(there).entries()) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", ":2: "),
        ("[1]", ":2: "),
        ('{"text": "a", "text": "b"}', "'text' twice"),
        (json.dumps({**GOOD, "service": "drone-vidio"}), "nearest: drone-video"),
        (json.dumps({**GOOD, "text": " "}), ":2: text: there are only blanks"),
        (json.dumps({**GOOD, "colour": "red"}), ":2: colour"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "service"}), ":2: service"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_taken_over(
    line: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{line}\n")
    call_cnc("intent", "corrections", "--import", str(file), home=tmp_path).fails(2, words)
    assert CorrectionFile(tmp_path).entries() == ()


def test_other_wrong_use(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("\n")
    command = ("intent", "corrections", "--import", str(file))
    call_cnc(*command, home=tmp_path).fails(2, "holds no corrections")
    call_cnc(*command, "--remove", "correction-1", home=tmp_path).fails(2, "one call for each")
    call_cnc(*command[:3], str(tmp_path), home=tmp_path).fails(1, "cannot be read")
