"""A service orchestrator's knowledge base, killed again and again while it is told things."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from knowledge.made import WordModels, librarian

from cnc.knowledge.derive import catch_up
from cnc.knowledge.entries import load_seed_entries
from cnc.knowledge.index import KnowledgeIndex
from cnc.messages.knowledge import KnowledgeRequest
from cnc.processes.librarian import Librarian

TESTS = Path(__file__).parents[1]
ROUNDS = 5
SEED = 7

TELLER = """
import sys
from pathlib import Path
from cnc.messages.knowledge import KnowledgeRequest
from knowledge.made import entry, librarian

home, number = Path(sys.argv[1]), int(sys.argv[2])
desk = librarian(home)

def tell(message_id="", **fields):
    desk.answer(KnowledgeRequest.model_validate(fields), message_id)

tell(action="search", query="whale")
print("ready", flush=True)
while True:
    fresh = [entry(f"k{number:05}-{part}", f"whale {number} sings " + "x" * 2000) for part in "ab"]
    tell(action="add", entries=fresh)
    used = [fresh[0].entry_id, "agv-own-ran"]
    tell(f"m{number}", action="record_outcome", entry_ids=used, compliant=True)
    print(number, flush=True)
    number += 1
    if number % 3 == 0:
        tell(action="search", query="whale")
        desk.close()
        desk = librarian(home)
        tell(action="search", query="whale")
"""
"""Two entries and an outcome a number, said once all is confirmed; every third time the index is
saved and read again. It begins with what was not confirmed, as a client repeats a request."""


def tell_and_kill(home: Path, number: int, pause_s: float) -> int:
    """The first number that was not confirmed before the kill."""
    with subprocess.Popen(
        [sys.executable, "-c", TELLER, str(home), str(number)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            first = child.stdout.readline()
            time.sleep(pause_s)
        finally:
            os.kill(child.pid, signal.SIGKILL)
        confirmed = [int(line) for line in [first, *child.stdout] if line.endswith("\n")]
    return confirmed[-1] + 1


@pytest.mark.e2e
def test_kills_at_any_moment_lose_and_double_nothing(tmp_path: Path) -> None:
    pauses, told = random.Random(SEED), list[str]()
    number = 0
    for _ in range(ROUNDS):
        number = tell_and_kill(tmp_path, number, pauses.uniform(0.0, 0.4))
        desk = librarian(tmp_path, told=told)
        store = desk.open()
        names = written(desk)
        whole = [f"k{n:05}-{part}" for n in range(number) for part in "ab"]
        cut_off = [f"k{number:05}-{part}" for part in "ab"]
        assert names in (whole, [*whole, *cut_off])
        assert all(store.get(name).outcome.uses == 1 for name in whole[::2])
        assert store.get("agv-own-ran").outcome.uses - number in (0, 1)
        assert_index_is_right(desk)
        desk.close()
    assert number >= ROUNDS
    assert told == []

    path = tmp_path / "knowledge.index"
    path.write_bytes(path.read_bytes()[:-1000])
    desk = librarian(tmp_path, told=told)
    assert_index_is_right(desk)
    assert len(told) == 1 and "built anew" in told[0] and "cut short" in told[0]
    desk.close()


def written(desk: Librarian) -> list[str]:
    """The ids of what the killed processes wrote, in order."""
    store, names, after = desk.open(), list[str](), ""
    while page := store.list(limit=1000, after=after)[0]:
        after = page[-1].entry_id
        names += [e.entry_id for e in page if e.entry_id.startswith("k0")]
    return names


def assert_index_is_right(desk: Librarian) -> None:
    """What is found is what an index finds that was built from the database just now."""
    models = WordModels()
    fresh = KnowledgeIndex(models.dimension, models.model_id)
    catch_up(fresh, desk.open())
    assert len(fresh) == len(load_seed_entries()) + len(written(desk))
    query = "whale 3 sings"
    reply = desk.answer(KnowledgeRequest(action="search", query=query, limit=50))
    expected = {hit.entry_id: score for hit, score in fresh.search(models.encode([query])[0], 999)}
    found = {hit.entry.entry_id: hit.score for hit in reply.results}
    assert found == pytest.approx({name: expected[name] for name in found}, abs=1e-5)
    assert min(found.values()) >= sorted(expected.values())[-50] - 1e-5
    assert desk._index is not None and desk._index.standing() == fresh.standing()
