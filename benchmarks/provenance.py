"""What every figure is printed with: command, seeds, commit, versions, load of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def commit() -> str:
    """The commit of the checkout, with `+` where files differ from it; `unknown` outside git."""
    folder = Path(__file__).parent
    try:
        name = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=folder, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=folder, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changed else "")


def print_provenance(seeds: Sequence[int] = ()) -> None:
    """Print where the figures that follow come from."""
    script = Path(sys.argv[0]).name
    print(f"command   python benchmarks/{script} {' '.join(sys.argv[1:])}".rstrip())
    print(f"seeds     {', '.join(map(str, seeds)) or 'none'}")
    print(f"commit    {commit()}")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"machine   {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}")
