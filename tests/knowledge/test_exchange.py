from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnc.errors import KnowledgeError, StorageError
from cnc.knowledge.entries import ENTRY_BYTES, oversize
from cnc.knowledge.exchange import NAMED, read_jsonl, write_jsonl
from knowledge.made import entry


def test_json_lines_come_back(tmp_path: Path) -> None:
    written = (entry("a", "Grüße, 你好\nzwei Zeilen\u2028hier"), entry("b"))
    path = tmp_path / "export.jsonl"
    write_jsonl(path, written)
    assert read_jsonl(path) == written
    assert [p.name for p in tmp_path.iterdir()] == ["export.jsonl"]


def test_mistakes_in_json_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = entry("a").model_dump_json()
    path.write_text(f"{good}\n\n{good.replace('1.0', '7.0')}\n")
    with pytest.raises(KnowledgeError, match=r"x.jsonl:3: weight: "):
        read_jsonl(path)
    path.write_text(f"{good}\n{good[:-5]}\n")
    with pytest.raises(KnowledgeError, match=r"x.jsonl:2: not JSON"):
        read_jsonl(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(KnowledgeError, match="UTF-8"):
        read_jsonl(path)
    with pytest.raises(StorageError, match="cannot be read"):
        read_jsonl(tmp_path / "missing.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_jsonl(tmp_path / "file" / "x.jsonl", [])


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = entry("a").model_dump()
    lines = [
        json.dumps(good),
        '{"entry_id": "b"}',
        "no JSON",
        json.dumps({**good, "entry_id": "no id!"}),
        json.dumps({**good, "text": "another text"}),
        json.dumps({**good, "entry_id": "c", "provenance": "x" * ENTRY_BYTES}),
        json.dumps(good),
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(KnowledgeError) as caught:
        read_jsonl(path)
    first, *told = str(caught.value).splitlines()
    assert first == "5 lines are wrong, nothing was taken from the file:"
    numbers = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in told]
    assert numbers == [2, 3, 4, 5, 6]
    for line, word in zip(
        told, ("title", "not JSON", "'no id!'", "on line 1", "provenance"), strict=True
    ):
        assert word in line and len(line) < 300


def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("[]\n" * (NAMED + 7))
    with pytest.raises(KnowledgeError) as caught:
        read_jsonl(path)
    told = str(caught.value).splitlines()
    assert told[0].startswith(f"{NAMED + 7} lines") and told[-1] == "and 7 more"
    assert told[1].startswith(f"{path}:1: not an entry")
    assert len(told) == NAMED + 2


def test_an_entry_that_stands_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_jsonl(path, [entry("a"), entry("b"), entry("a")])
    assert read_jsonl(path) == (entry("a"), entry("b"))


def test_the_largest_text_is_no_large_entry() -> None:
    assert oversize(entry("a", "\x01" * 10_000)) == ""
    assert f"may have {ENTRY_BYTES}" in oversize(entry("a", provenance="é" * 50_000))


def test_hostile_lines_get_a_short_answer(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    good = entry("a").model_dump_json()
    for line, says in [
        (json.dumps({**json.loads(good), "x" * 1_000_000: 1}), "xxx: Extra inputs"),
        (good.replace("{", '{"entry_id": "b", ', 1), "'entry_id' twice; keep one"),
        ('{"entry_id": ' + "9" * 9_000 + "}", "not JSON"),
    ]:
        path.write_text(line + "\n")
        with pytest.raises(KnowledgeError, match=says) as raised:
            read_jsonl(path)
        assert len(str(raised.value)) < len(str(path)) + 200
