"""Documents: every command is described, links lead somewhere, nothing is left to be done."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cnc.cli.application import build

ROOT = Path(__file__).parent.parent
SKIPPED = {"build", "dist", "node_modules", "__pycache__", "htmlcov"}
TEXTS = {".md", ".py", ".yaml", ".yml", ".toml", ".conf", ".sh", ".txt", ".acl", ".svg", ".json"}
COMMON = {"--json", "--broker", "--home", "--topic-root", "--help", "--version"}


def files(*suffixes: str) -> list[Path]:
    """Files of the checkout, without environments, caches and builds."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(p in SKIPPED or (p.startswith(".") and p != ".ci") for p in parts[:-1])
        if not hidden and path.is_file() and path.suffix in suffixes:
            found.append(path)
    return found


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if len(path) > 1:
        yield " ".join(path), command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands(inner, (*path, name))


PROGRAM = get_command(build())
COMMANDS = dict(commands(PROGRAM, ("cnc",)))


def section(document: str, name: str) -> str:
    """The text below the heading of that name, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(name)}$(.*?)(?=^#+ |\Z)", document, re.M | re.S)
    assert found, f"docs/cli.md has no heading for `{name}`"
    return found.group(1)


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.S)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_with_an_example(name: str) -> None:
    text = section((ROOT / "docs/cli.md").read_text("utf-8"), name)
    assert re.search(rf"```sh\n(.*\n)*?{re.escape(name)}\b", text), f"no example of `{name}`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_in_its_section(name: str) -> None:
    command = COMMANDS[name]
    if name == "cnc intent":
        command = command.commands["submit"]
    document = (ROOT / "docs/cli.md").read_text("utf-8")
    text = section(document, name)
    if name.startswith("cnc run "):
        text += section(document, "cnc run")
    options = {o for p in command.params for o in (*p.opts, *p.secondary_opts) if o[:2] == "--"}
    missing = sorted(o for o in options - COMMON if not re.search(rf"{o}\b", text))
    assert not missing, f"docs/cli.md does not say what {missing} of `{name}` are"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_calls_the_command(name: str) -> None:
    helped = COMMANDS[name].help or ""
    example = re.search(r"^Example: (.+)$", helped, re.M)
    assert example, f"the help of `{name}` has no line `Example: …`"
    assert example.group(1).startswith(name)


def test_no_section_is_about_a_command_that_is_gone() -> None:
    document = without_code((ROOT / "docs/cli.md").read_text("utf-8"))
    assert set(re.findall(r"^#+ (cnc .+)$", document, re.M)) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted({name.split()[1] for name in COMMANDS}))
def test_the_readme_names_every_command(name: str) -> None:
    assert f"cnc {name}" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", files(".md"), ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = without_code(path.read_text("utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = urllib.parse.unquote(target).partition("#")
        found = (path.parent / name) if name else path
        assert found.exists(), f"{target} does not exist"
        assert ROOT in found.resolve().parents or found.resolve() == ROOT
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{target}: there is no such heading"


def anchors(path: Path) -> set[str]:
    """Headings of a page as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text("utf-8")), re.M)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", files(".md"), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_page_has_one_title_and_closed_code_blocks(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(("# ", "<")), "a page begins with its title"
    assert len(re.findall(r"^# ", without_code(text), re.M)) == 1
    assert len(re.findall(r"^```", text, re.M)) % 2 == 0


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    pages = [p.relative_to(ROOT / "docs") for p in files(".md") if ROOT / "docs" in p.parents]
    missing = [str(p) for p in pages if p.name != "README.md" and f"({p.as_posix()})" not in index]
    assert not missing, f"docs/README.md does not list {missing}"


def test_decisions_are_numbered_once_and_say_what_is_asked() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    for page in pages:
        text = page.read_text("utf-8")
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
        assert text.startswith(f"# {page.name[:4]}: ")
        for part in ("Status: ", "## Context", "## Decision", "## Alternatives", "## Consequences"):
            assert part in text, f"{page.name} lacks {part!r}"


def test_nothing_is_left_to_be_done() -> None:
    marks = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files(*TEXTS)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if marks.search(line)
    ]
    assert not found
