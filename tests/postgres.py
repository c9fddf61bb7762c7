"""A PostgreSQL server for tests: the one that `CNC_TEST_POSTGRES` names, else one of this run.

The server of a run listens on a Unix socket in a temporary folder of its own, waits for no disk,
and ends with the run even when that is killed. As root it runs as another user, since PostgreSQL
refuses to be root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import OperationalError

import cnc.bus.child

NAMED = os.environ.get("CNC_TEST_POSTGRES")
START_S = 30.0
STOP_S = 10.0
QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=50")
"""Nothing of a test's database must outlive the machine."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server that may be filled with schemas."""
    if NAMED is not None:
        yield NAMED
        return
    programs = _programs()
    user = _other_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="cnc-postgres-"))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        _initialise(programs / "initdb", folder / "data", user)
        process = _launch(programs / "postgres", folder, user)
        with process:
            try:
                url = f"postgresql://cnc@/postgres?host={folder}"
                _await(url, process, folder / "log")
                yield url
            finally:
                _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def schema(server_url: str) -> Iterator[str]:
    """The URL of an empty schema, which is dropped afterwards."""
    name = f"cnc_test_{uuid.uuid4().hex[:12]}"
    parsed = _with_driver(server_url)
    admin = sqlalchemy.create_engine(parsed)
    with admin.begin() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {name}"))
    inside = parsed.update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield inside.render_as_string(hide_password=False)
    finally:
        with admin.begin() as connection:
            connection.execute(sqlalchemy.text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


def _programs() -> Path:
    """The newest installed PostgreSQL; Debian keeps its servers outside of PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda found: float(found.parts[-3]))
    found = newest[-1] if newest else shutil.which("initdb")
    if found is None:
        raise RuntimeError(
            "no PostgreSQL server is installed: `make postgres` brings one on Debian and Ubuntu; "
            "elsewhere install it, or name a running one with CNC_TEST_POSTGRES=postgresql://…"
        )
    return Path(found).resolve().parent


def _other_user() -> pwd.struct_passwd:
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _initialise(program: Path, data: Path, user: pwd.struct_passwd | None) -> None:
    command = [program, "-D", data, "-U", "cnc", "--auth=trust", "--encoding=UTF8", "--no-sync"]
    rights = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [*map(str, command), "--locale=C"],
        cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **rights,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _launch(program: Path, folder: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    """Through the program that ends a child with its parent, whatever ends that."""
    name = "-" if user is None else user.pw_name
    command = [program, "-D", folder / "data", "-k", folder, "-h", "", *QUICK]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-I", cnc.bus.child.__file__, str(os.getpid()), name,
             *map(str, command)],
            cwd="/", stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:  # a test left a connection open
        process.send_signal(signal.SIGQUIT)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = sqlalchemy.create_engine(_with_driver(url))
    end = time.monotonic() + START_S
    try:
        while True:
            try:
                engine.connect().close()
                return
            except OperationalError as error:
                if process.poll() is not None or time.monotonic() > end:
                    told = log.read_text(errors="replace")[-2_000:]
                    raise RuntimeError(f"PostgreSQL did not start: {told}") from error
                time.sleep(0.05)
    finally:
        engine.dispose()


def _with_driver(url: str) -> sqlalchemy.URL:
    parsed = sqlalchemy.make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed
