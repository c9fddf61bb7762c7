"""The requests that `cnc intent --correct` knows by their id."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cnc.cli.recent import LIVES, MOST, RECENT, life, recent, remember
from cnc.messages.intents import IntentEvent


def event(number: int) -> IntentEvent:
    return IntentEvent(intent_id=f"intent-{number}", event="received")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\xff", b"[1]", b'[{"intent_id": 1, "text": []}]']
)
def test_a_damaged_file_is_replaced(content: bytes, tmp_path: Path) -> None:
    (tmp_path / RECENT).write_bytes(content)
    remember(tmp_path, event(1), "AR für 20")
    assert recent(tmp_path) == [{"intent_id": "intent-1", "text": "AR für 20"}]


def test_commands_at_once_lose_no_request(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=remember, args=(tmp_path, event(n), f"text {n}")) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row["text"] for row in recent(tmp_path)} == {f"text {n}" for n in range(20)}
    assert {file.name for file in tmp_path.iterdir()} <= {RECENT, "recent-intents.lock"}
    for n in range(MOST + 5):
        remember(tmp_path, event(n), "again")
    assert len(recent(tmp_path)) == MOST


def test_lives_are_kept_with_their_parts_as_long_as_the_request(tmp_path: Path) -> None:
    whole, part = event(1), event(1).model_copy(update={"intent_id": "intent-1.2"})
    measured = whole.model_copy(update={"event": "measured"})
    remember(tmp_path, whole, "AR and voice", (whole, part, measured))
    assert life(tmp_path, "intent-1") == (whole,)
    assert life(tmp_path, "intent-1.2") == (part,)
    assert life(tmp_path, "intent-1.3") == life(tmp_path, "intent-2") == ()
    assert life(tmp_path, "../recent-intents") == ()
    file = tmp_path / LIVES / "intent-1.json"
    whole_file = file.read_bytes()
    file.write_bytes(whole_file[:20])
    assert life(tmp_path, "intent-1") == ()
    file.write_bytes(whole_file)
    for n in range(2, MOST + 2):
        remember(tmp_path, event(n), "again", (event(n),))
    assert life(tmp_path, "intent-1") == () and not file.exists()
    assert len(list((tmp_path / LIVES).iterdir())) == MOST
    remember(tmp_path, event(99), "", (event(99),))
    assert life(tmp_path, "intent-99") == (event(99),)
