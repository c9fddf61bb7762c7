"""Where things are printed: results to stdout, errors and notices to stderr, JSON by line."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_FIGURE = re.compile(r"(?<=\d) (?=(?:%|ms|s|J|Mbit|Mbit/s)(?!\w))")
"""Between a figure and its unit, which stay on one line."""
_JOINT = "\ue000"
"""One column wide, no blank, and in no text."""
_consoles: dict[str, Console] = {}


def console() -> Console:
    """The console of stdout."""
    return _console("out")


def errors() -> Console:
    """The console of stderr."""
    return _console("err")


def _console(which: str) -> Console:
    if which not in _consoles:
        from rich.console import Console

        _consoles[which] = Console(stderr=which == "err", highlight=False, soft_wrap=False)
    return _consoles[which]


def printable(text: str) -> str:
    """Text of others without control characters, which could move the terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def escaped(text: str) -> str:
    """Text of others for a line with markup."""
    from rich.markup import escape

    return escape(printable(text))


def failed(message: str) -> None:
    """An error, on stderr, in one paragraph."""
    from rich.text import Text

    _paragraph(Text.assemble(("error: ", "bold red"), printable(message)))


def notice(message: str) -> None:
    """Something the user should know, on stderr."""
    from rich.text import Text

    _paragraph(Text(printable(message), style="dim"))


def _paragraph(text: Text) -> None:
    """Broken between words for people; whole where a file or a program takes it."""
    errors().print(text, soft_wrap=not errors().is_terminal)


def program() -> str:
    """How this program is called here: as it was called, unless the shell finds it as `cnc`."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m cnc"
    found = shutil.which("cnc")
    if found is not None and Path(found).absolute() == called.absolute():
        return "cnc"
    return str(called)


def hanging(text: Text, indent: int) -> Text:
    """A text whose further lines are indented, so that they stay below what they go on with.

    Args:
        text: one paragraph.
        indent: columns at the left of every line but the first.
    """
    from rich.text import Text

    first, rest = text.divide([indent]) if len(text) > indent else (text, Text())
    rest.plain = _FIGURE.sub(_JOINT, rest.plain)  # as long as before, so that styles stay in place
    lines = rest.wrap(console(), max(1, console().width - indent))
    for each in lines:
        each.rstrip()
        each.plain = each.plain.replace(_JOINT, " ")
    return Text.assemble(first, Text("\n" + " " * indent).join(lines))


def emit(document: dict[str, Any] | list[Any]) -> None:
    """One JSON document on a line of stdout, at once."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()
