"""Reading foreign JSON: every value knows its file and path, so that errors can name both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cnc.errors import ConfigurationError, StorageError
from cnc.files import members_once

LONGEST = 1_000_000
"""Bytes; a document that asks for one service has some kilobytes."""
LONGEST_TEXT = 10_000
"""Characters, as of a request in words."""
_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}


@dataclass(frozen=True)
class Node:
    """A value inside a document."""

    value: Any
    source: str
    path: str = "$"

    def error(self, problem: str) -> ConfigurationError:
        """What is wrong here, with file and path."""
        return ConfigurationError(f"{self.source}: {self.path}: {problem}")

    def wrong(self, allowed: str) -> ConfigurationError:
        """This value is not what it should be."""
        shown = json.dumps(self.value, ensure_ascii=False)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        kind = _KINDS.get(type(self.value), "")
        return self.error(f"{shown}{f' is {kind}, which' if kind else ''} does not fit; {allowed}")

    def get(self, *names: str) -> Node | None:
        """The first member of one of the names that is there and not null; ignores case."""
        members = self.members()
        folded = {key.casefold(): key for key in reversed(members)}
        for name in names:
            key = name if name in members else folded.get(name.casefold())
            if key is not None and members[key] is not None:
                return Node(members[key], self.source, f"{self.path}.{key}")
        return None

    def need(self, *names: str, allowed: str) -> Node:
        """The member of that name.

        Raises:
            ConfigurationError: there is none.
        """
        found = self.get(*names)
        if found is None:
            raise Node(None, self.source, f"{self.path}.{names[0]}").error(f"is missing; {allowed}")
        return found

    def members(self) -> dict[str, Any]:
        """The members of an object.

        Raises:
            ConfigurationError: this is no object.
        """
        if not isinstance(self.value, dict):
            raise self.wrong("an object { … } belongs here")
        return self.value

    def items(self) -> Iterator[Node]:
        """The objects of a list; a lone object counts as a list of one."""
        values = self.value if isinstance(self.value, list) else [self.value]
        for number, value in enumerate(values):
            path = f"{self.path}[{number}]" if isinstance(self.value, list) else self.path
            node = Node(value, self.source, path)
            node.members()
            yield node

    def text(self, allowed: str = "a text belongs here") -> str:
        """A text.

        Raises:
            ConfigurationError: this is none, or an empty one.
        """
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong(allowed)
        if len(self.value) > LONGEST_TEXT:
            raise self.error(f"{len(self.value):,} characters; allowed are {LONGEST_TEXT:,}")
        return self.value.strip()

    def number(self, allowed: str = "a number belongs here") -> float:
        """A finite number; digits in a text count.

        Raises:
            ConfigurationError: this is none.
        """
        value = self.value
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise self.wrong(allowed) from None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(allowed)
        if abs(value) > 1e300 or value != value:
            raise self.wrong(allowed)
        return float(value)


def load_document(path: Path) -> Node:
    """The JSON object in a file.

    Raises:
        StorageError: the file cannot be read.
        ConfigurationError: it is no JSON object; the message says where.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror or error}); name a JSON document"
        ) from error
    if len(content) > LONGEST:
        raise ConfigurationError(f"{path}: longer than {LONGEST:,} bytes; give one intent a file")
    try:
        value = json.loads(
            content.decode("utf-8-sig"), parse_constant=_no_number, object_pairs_hook=members_once
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 ({error.reason}); write it again") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path}:{error.lineno}:{error.colno}: this is not JSON, or its end is missing "
            f"({error.msg})"
        ) from error
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{path}: half a surrogate pair is no character ({error.reason}); write it again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is not JSON ({error})") from error
    node = Node(value, str(path))
    if isinstance(value, list):
        raise node.error(f"a list of {len(value)} does not fit; give one intent, an object, a file")
    node.members()
    return node


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
