"""Requests written as fields: "service=AR users=200", or an object of JSON, become a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_KEY = re.compile(r"(?:^|(?<=[\s,;&]))([A-Za-z][\w.-]{0,40})\s*=(?!=)\s*")
_NAMING = {
    "service", "services", "service_class", "service_type", "service_name", "type", "kind", "name",
    "app", "application", "intent", "request", "text", "description",
}  # fmt: skip
"""Their values say which service it is, and read better without them."""
_UNITS = {
    "ms": "ms", "us": "us", "s": "s", "kbps": "kbps", "mbps": "Mbps", "gbps": "Gbps", "pct": "%",
    "percent": "%",
}  # fmt: skip
_DEPTH = 4


def as_sentence(text: str) -> str:
    """The text with fields written out: "AR, users: 200, latency: 20 ms"; any other text as it is.

    Fields are an object of JSON, or at least two of "key=value" with which the text begins.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        try:
            read = json.loads(stripped)
        except (ValueError, RecursionError):
            return re.sub(r'"(\w{1,40})"\s*:', r"\1:", text)
        said = [_said(key, value) for key, value in _members(read, "", _DEPTH)]
        return ", ".join(said) or text
    keys = list(_KEY.finditer(stripped))
    if len(keys) < 2 or keys[0].start() > 0:
        return text
    ends = [*(key.start() for key in keys[1:]), len(stripped)]
    said = [
        _said(key[1], stripped[key.end() : end].strip(" \t\r\n,;&\"'"))
        for key, end in zip(keys, ends, strict=True)
    ]
    return ", ".join(said)


def _members(value: Any, key: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth:
        for inner, each in value.items():
            yield from _members(each, key if inner == "value" and key else str(inner), depth - 1)
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _members(each, key, depth - 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield key, str(value)


def _said(key: str, value: str) -> str:
    if key.lower() in _NAMING:
        return value
    words = re.split(r"[_.-]+", key)
    unit = _UNITS.get(words[-1].lower()) if len(words) > 1 else None
    if unit is not None and re.fullmatch(r"[\d.,]+", value):
        return f"{' '.join(words[:-1])}: {value} {unit}"
    return f"{' '.join(words)}: {value}"
