"""A results folder: a manifest, one small file per finished cell, and all rows together.

manifest.json      what the results are of: commit, versions, scenario, window, seeds, times
cells/*.parquet    a row each, written atomically; an interrupted run goes on from them
results.parquet    the policies' rows with their bound, for whoever reads the results
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cnc.errors import NotFoundError, PermanentError, StorageError
from cnc.files import write_whole

FORMAT = 1
IDENTITY = ("format", "commit", "scenario_sha256", "warm_up_slots", "slots", "seed", "effort")
"""What all cells of a folder share; anything else may be added to it later."""
MANIFEST, CELLS, RESULTS = "manifest.json", "cells", "results.parquet"
SERIES = ("cost_by_slot", "requests_by_slot", "line_price", "line_value")
"""Fields of a cell with many values, which rows leave out."""
Row = dict[str, Any]


class ResultsFolder:
    """One folder of results."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, manifest: Row, force: bool) -> None:
        """Begin here, or go on with what an earlier run of the same kind has finished.

        Args:
            manifest: what is about to be computed; earlier runs are entered into it.
            force: begin anew, whatever is there.

        Raises:
            PermanentError: the folder has results of something else.
            StorageError: it cannot be written.
        """
        try:
            (self.path / CELLS).mkdir(parents=True, exist_ok=True)
            probe = self.path / f".write-test-{os.getpid()}"
            probe.write_text("cnc")
            probe.unlink()
        except OSError as error:
            raise self._unwritable(error) from error
        different = self._differences(manifest)
        if different and not force:
            raise PermanentError(
                f"{self.path} has results of another {different}. Name another folder with --out, "
                "or discard them with --force"
            )
        if force:
            self._discard()
        elif (self.path / MANIFEST).exists():
            manifest["runs"] = [*self.manifest().get("runs", []), *manifest["runs"]]
        self.describe(manifest)

    def _differences(self, manifest: Row) -> str:
        """In words, why the folder's cells cannot stand beside new ones; empty where they can."""
        if not (self.path / MANIFEST).exists():
            return "run, with no manifest" if self.finished() else ""
        try:
            before = self.manifest()
        except StorageError:
            return "run, with a manifest that cannot be read"
        wrong = [name for name in IDENTITY if before.get(name) != manifest[name]]
        if "scenario_sha256" in wrong:
            return f"scenario ({before.get('scenario')})"
        return " and ".join(
            f"{name.replace('_', ' ')} ({before.get(name)}, now {manifest[name]})" for name in wrong
        )

    def _discard(self) -> None:
        for file in (*self._files(), self.path / RESULTS, self.path / MANIFEST):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise self._unwritable(error) from error

    def _files(self) -> list[Path]:
        return sorted((self.path / CELLS).glob("*.parquet"))

    def _unwritable(self, error: OSError) -> StorageError:
        return StorageError(
            f"results cannot be written to {self.path} ({error.strerror or error}); name another "
            "folder with --out"
        )

    def describe(self, manifest: Row) -> None:
        """Write the manifest."""
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        self._replace(MANIFEST, lambda file: file.write_text(text, encoding="utf-8"))

    def manifest(self) -> Row:
        """The manifest.

        Raises:
            NotFoundError: there is none.
            StorageError: it cannot be read.
        """
        try:
            document = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFoundError(
                f"{self.path} holds no results; `cnc evaluate --out {self.path}` makes some"
            ) from error
        except (OSError, ValueError) as error:
            raise self._corrupt(MANIFEST, error) from error
        if not isinstance(document, dict):
            raise self._corrupt(MANIFEST, ValueError("it is no object"))
        return document

    def _corrupt(self, name: str, error: Exception) -> StorageError:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:120]
        return StorageError(
            f"{self.path / name} cannot be read: {reason}. Run the evaluation again into another "
            "folder, or with --force"
        )

    def keep(self, key: str, row: Row) -> None:
        """Keep a finished cell."""
        self._write(f"{CELLS}/{key}.parquet", [row])

    def finished(self) -> dict[str, Row]:
        """All cells that are whole, by key; damaged ones are left out, to be computed again."""
        import pyarrow.parquet as parquet
        from pyarrow import ArrowException

        found = {}
        for file in self._files():
            try:
                rows = parquet.read_table(file).to_pylist()
            except (OSError, ValueError, ArrowException):
                continue
            if len(rows) == 1:
                found[file.stem] = rows[0]
        return found

    def write_rows(self, rows: list[Row]) -> None:
        """Write all rows together."""
        if rows:
            self._write(RESULTS, rows)

    def rows(self) -> list[Row]:
        """All rows, as written by the last run.

        Raises:
            NotFoundError: there are none.
            StorageError: they cannot be read.
        """
        import pyarrow.parquet as parquet
        from pyarrow import ArrowException

        file = self.path / RESULTS
        if not file.exists():
            raise NotFoundError(
                f"{self.path} holds no results; `cnc evaluate --out {self.path}` makes them, and "
                "goes on with a run that was interrupted"
            )
        try:
            rows: list[Row] = parquet.read_table(file).to_pylist()
        except (OSError, ValueError, ArrowException) as error:
            raise self._corrupt(RESULTS, error) from error
        needed = {"policy", "requests", "energy_j", "satisfied_share", "cost"}
        if not rows or not needed <= rows[0].keys():
            raise self._corrupt(RESULTS, ValueError("it has no rows of an evaluation"))
        return rows

    def _write(self, name: str, rows: list[Row]) -> None:
        import pyarrow
        import pyarrow.parquet as parquet

        table = pyarrow.Table.from_pylist(rows, schema=_schema(rows))
        self._replace(name, lambda file: parquet.write_table(table, file))

    def _replace(self, name: str, write: Any) -> None:
        try:
            write_whole(self.path / name, write)
        except OSError as error:
            raise self._unwritable(error) from error


def _schema(rows: Iterable[Row]) -> Any:
    """The same columns for all rows, also where one row lacks a value or has none."""
    import pyarrow

    whole = {"world", "trace", "training_seed", "world_seed", "trace_seed", "slots"}
    names = list(dict.fromkeys(name for row in rows for name in row))
    kinds = {
        **dict.fromkeys(names, pyarrow.float64()),
        **dict.fromkeys(whole & set(names), pyarrow.int64()),
    }
    kinds |= {"policy": pyarrow.string()}
    kinds |= {name: pyarrow.list_(pyarrow.float64()) for name in SERIES if name in names}
    return pyarrow.schema([(name, kinds[name]) for name in names])
