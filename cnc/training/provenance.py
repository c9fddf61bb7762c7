"""Where results come from: the commit of the code that runs, and the versions it ran with."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import cnc

LIBRARIES = ("numpy", "torch", "scipy", "highspy", "joblib", "pandas", "pyarrow")
"""Whose versions may change a figure in its last digits."""
_PACKAGE = Path(cnc.__file__).parent


@cache
def commit() -> str:
    """The commit of the package's checkout, or `v` and the version where it is installed.

    Uncommitted changes to the package are part of the name, as a digest: `1a2b3c4+5d6e7f80`.
    """
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return f"v{cnc.__version__}"
    name = _git("rev-parse", "--short=10", "HEAD")
    if name is None:
        return f"v{cnc.__version__}"
    changed = _git("diff", "HEAD", "--", ".") or ""
    new = _git("ls-files", "--others", "--exclude-standard", "--", ".") or ""
    if not changed and not new:
        return name
    digest = hashlib.sha256(changed.encode())
    for path in sorted(new.split("\n")):
        file = _PACKAGE / path
        if path and file.is_file():
            digest.update(path.encode() + file.read_bytes())
    return f"{name}+{digest.hexdigest()[:8]}"


def _git(*arguments: str) -> str | None:
    """What git says in the package's folder; None where it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=_PACKAGE,
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Of cnc, Python and the libraries that compute."""
    found = {"cnc": cnc.__version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "absent"
    return found
