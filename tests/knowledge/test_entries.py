from __future__ import annotations

from pathlib import Path

import pytest

from cnc.errors import KnowledgeError, StorageError
from cnc.knowledge.entries import embedding_text, load_seed_entries
from knowledge.made import entry

GOOD = """created: "2026-01-01T00:00:00Z"
entries:
  - entry_id: one
    title: One
    text: >-
      two
      lines
  - entry_id: two
    title: Two
    text: b
    applies_to:
      services: [voice-call]
"""


def seeds(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)


def test_a_file_gives_its_entries_in_order(tmp_path: Path) -> None:
    seeds(tmp_path, b=GOOD, a=GOOD.replace("one", "x").replace("two", "y"))
    loaded = load_seed_entries(tmp_path)
    assert [e.entry_id for e in loaded] == ["x", "y", "one", "two"]
    assert loaded[2].text == "two lines"
    assert loaded[0].created == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title: Two", "titel: Two", r"a.yaml:8: title: Field required"),
        ("title: Two", "title: '  '", r"a.yaml:9: title: there are only blanks"),
        ("text: b", "text: ' '", r"a.yaml:10: text: there are only blanks"),
        ("text: b", "text: b\n    colour: red", r"a.yaml:11: colour: Extra inputs"),
        ("services: [voice-call]", "load_min: -1", r"a.yaml:12: applies_to.load_min: .*greater"),
        ("services: [voice-call]", "services: [a, b c]", r"a.yaml:12: applies_to.services.1: "),
        ("entry_id: two", "entry_id: one", r"a.yaml:8: entry_id: one is taken already \(in a.yaml"),
        ("services: [voice-call]", "services: [voice-call", r"a.yaml:13: not YAML"),
        ("entries:", "content:", r"a.yaml:1: entries: a list is missing"),
        ("entries:", "more: 1\nentries:", r"a.yaml:2: more: unknown field"),
        ("  - entry_id: two", "  - just text\n  - entry_id: two", r"a.yaml:8: entry: "),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    seeds(tmp_path, a=GOOD.replace(old, new))
    with pytest.raises(KnowledgeError, match=says):
        load_seed_entries(tmp_path)


def test_an_id_in_two_files_is_named(tmp_path: Path) -> None:
    seeds(tmp_path, a=GOOD, b=GOOD)
    with pytest.raises(KnowledgeError, match=r"b.yaml:3: entry_id: one is taken already \(in a"):
        load_seed_entries(tmp_path)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="install"):
        load_seed_entries(tmp_path)


def test_the_embedded_text_names_the_services() -> None:
    one = entry("a", "Text.", applies_to={"services": ["voice-call", "ar-split-rendering"]})
    assert embedding_text(one) == "About a (voice call, ar split rendering). Text."
    assert embedding_text(entry("a", "Text.")) == "About a. Text."
