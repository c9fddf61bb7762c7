"""The requests that `cnc intent --correct` knows by their id."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cnc.cli.intent_corrections import MOST, RECENT, _recent, remember
from cnc.messages.intents import IntentEvent


def event(number: int) -> IntentEvent:
    return IntentEvent(intent_id=f"intent-{number}", event="received")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\xff", b"[1]", b'[{"intent_id": 1, "text": []}]']
)
def test_a_damaged_file_is_replaced(content: bytes, tmp_path: Path) -> None:
    (tmp_path / RECENT).write_bytes(content)
    remember(tmp_path, event(1), "AR für 20")
    assert _recent(tmp_path) == [{"intent_id": "intent-1", "text": "AR für 20"}]


def test_commands_at_once_lose_no_request(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=remember, args=(tmp_path, event(n), f"text {n}")) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row["text"] for row in _recent(tmp_path)} == {f"text {n}" for n in range(20)}
    assert {file.name for file in tmp_path.iterdir()} <= {RECENT, "recent-intents.lock"}
    for n in range(MOST + 5):
        remember(tmp_path, event(n), "again")
    assert len(_recent(tmp_path)) == MOST
