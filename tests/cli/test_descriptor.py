"""Descriptors of services that no provider means."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnc.cli.service import read_descriptor
from cnc.errors import ConfigurationError


@pytest.mark.parametrize(
    "content",
    [b"[" * 20_000, b"\xff\xfe", b"service: [", b"&a [*a]", b"!!python/object/apply:os.getpid []"],
)
def test_what_is_no_descriptor_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=str(file)):
        read_descriptor(file)
