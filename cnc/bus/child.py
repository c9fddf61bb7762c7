"""Runs one command as a child that ends with its parent, even when that one is killed.

Started as a script: `python -I child.py PARENT_PID USER COMMAND…`. On Linux the kernel ends the
child (`PR_SET_PDEATHSIG`) and this process becomes the command. Elsewhere it stays as a guard:
when the pipe on its standard input closes, it ends the command. USER is `-` or the user to
become first; the order matters, since a change of user clears the death signal.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def _become(user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _exec_with_death_signal(parent: int, command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # the parent ended before the call took effect
        sys.exit(1)
    os.execv(command[0], command)


def _guard(command: list[str]) -> int:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:

        def watch() -> None:
            while os.read(0, 1024):
                pass
            process.terminate()

        threading.Thread(target=watch, daemon=True).start()
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


def main(arguments: list[str]) -> int:
    """Become or guard the command; returns its exit status when it was guarded."""
    parent, user, command = int(arguments[0]), arguments[1], arguments[2:]
    if user != "-":
        _become(user)
    if sys.platform == "linux":
        _exec_with_death_signal(parent, command)
    return _guard(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
