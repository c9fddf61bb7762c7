"""Text of others' files: compressed or not, in any common encoding, as lines, rows or XML."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cnc.errors import ConfigurationError

MOST_BYTES = 2 << 30
"""Of a file, unpacked."""
DELIMITERS = (",", ";", "\t", "|")


def read_text(path: Path) -> str:
    """A text file; `.gz` is unpacked, a byte order mark dropped, Latin-1 read where it is no UTF-8.

    Raises:
        ConfigurationError: it cannot be read, is empty, or is too large.
    """
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{path} cannot be read: {reason}") from error
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"{path} is larger than {MOST_BYTES >> 30} GB; split it")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise ConfigurationError(f"{path} is no text file")
    if not text.strip():
        raise ConfigurationError(f"{path} is empty")
    return text


def read_xml(path: Path) -> ElementTree.Element:
    """The root of an XML file; tags are without namespaces.

    Raises:
        ConfigurationError: it cannot be read, or is no XML; names the line.
    """
    text = re.sub(r"<\?xml\s[^>]*\?>", "", read_text(path), count=1)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ConfigurationError(
            f"{path}, line {error.position[0]}: no XML ({str(error).split(':')[0]})"
        ) from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


@dataclass(frozen=True)
class Table:
    """Rows of a CSV file below its header."""

    path: Path
    header: tuple[str, ...]
    """Lower case, without quotes and spaces around."""
    rows: list[tuple[int, list[str]]]
    """(line, cells); empty lines are left out."""

    def column(self, names: Sequence[str]) -> int | None:
        """The first of these columns that is there."""
        for name in names:
            if name in self.header:
                return self.header.index(name)
        return None

    def wanted(self, what: str, names: Sequence[str]) -> int:
        """A column that must be there.

        Raises:
            ConfigurationError: none is; says what it may be called and what there is.
        """
        found = self.column(names)
        if found is None:
            raise ConfigurationError(
                f"{self.path}, line 1: no column with the {what}; it may be called "
                f"{', '.join(names)}, and there are {', '.join(self.header)}"
            )
        return found

    def cells(self, at: int) -> Iterator[tuple[int, str]]:
        """(line, cell) of one column; empty where a row is too short."""
        for line, row in self.rows:
            yield line, row[at].strip() if at < len(row) else ""


def read_table(path: Path, header_if_none: Sequence[str] = ()) -> Table:
    """A CSV file with comma, semicolon, tabulator or bar between its cells.

    Args:
        path: the file.
        header_if_none: column names of files without a header, if they have as many columns and
            the first row has a number in it.

    Raises:
        ConfigurationError: it cannot be read, or has no rows.
    """
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    lines = (line for line in text.split("\n") if line.strip() and not _aside(line))
    delimiter = max(DELIMITERS, key=next(lines, "").count)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not _aside(row[0]):
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise ConfigurationError(f"{path}, line {reader.line_num}: {error}") from error
    if not rows:
        raise ConfigurationError(f"{path}: there are no rows in it")
    header = tuple(cell.strip().lower().lstrip("\ufeff") for cell in rows[0][1])
    if len(header) == len(header_if_none) and any(number(cell) is not None for cell in header):
        return Table(path, tuple(header_if_none), rows)
    if len(rows) < 2:
        raise ConfigurationError(f"{path}: there are no rows below the header")
    return Table(path, header, rows[1:])


def _aside(line: str) -> bool:
    """A comment, or what Excel writes to name the delimiter."""
    return line.startswith("#") or line.lower().startswith("sep=")


def number(text: str | None) -> float | None:
    """A finite number, also with a decimal comma; None where there is none."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        try:
            value = float(text.replace(",", ".", 1))
        except ValueError:
            return None
    return value if math.isfinite(value) else None
