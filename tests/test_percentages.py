"""Shares are told in one form, with a space before the sign."""

from __future__ import annotations

import re
from pathlib import Path

import cnc

WITHOUT_SPACE = re.compile(r"%\}|\}%")


def test_no_code_writes_a_share_without_a_space() -> None:
    found = [
        f"{path.name}:{number}"
        for path in sorted(Path(cnc.__file__).parent.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WITHOUT_SPACE.search(line)
    ]
    assert found == [], "use cnc.messages.percent"
