"""The package: what is imported is declared and pinned, and a wheel carries all data."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from cnc import __version__
from cnc.settings import data_root

ROOT = Path(__file__).parent.parent
DATA = ("brokers", "intents", "knowledge")
STANDARD_OR_OWN = sys.stdlib_module_names | {"cnc"}


def project() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return loaded


def requirements(extra: str | None = None) -> list[Requirement]:
    table = project()["project"]
    lines = table["optional-dependencies"][extra] if extra else table["dependencies"]
    return [Requirement(line) for line in lines]


def declared(extra: str | None = None) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements(extra)}


def imported(path: Path) -> set[str]:
    """Top-level modules of a file, also those that are imported late or by name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "importlib.import_module"
            and isinstance(node.args[0], ast.Constant)
        ):
            found.add(str(node.args[0].value))
    return {name.split(".")[0] for name in found} - STANDARD_OR_OWN


def test_what_is_imported_is_declared() -> None:
    names = set().union(*(imported(path) for path in (ROOT / "cnc").rglob("*.py")))
    providers = importlib.metadata.packages_distributions()
    allowed = declared().union(*(declared(extra) for extra in ("postgres", "multilingual", "ray")))
    # used where they are there; scikit-learn and sentence-transformers bring them
    allowed |= {"threadpoolctl", "transformers"}
    unknown = {
        name
        for name in names
        if not {canonicalize_name(p) for p in providers.get(name, [name])} & allowed
    }
    assert not unknown, f"imported by cnc but not in pyproject.toml: {sorted(unknown)}"


@pytest.mark.parametrize("extra", [None, "postgres", "multilingual", "dev"])
def test_every_requirement_is_pinned_within_its_range(extra: str | None) -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): Version(version) for name, version in pins.items()}
    for requirement in requirements(extra):
        if requirement.name == "cnc":
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement}: {version}"
        )


def test_pins_are_exact_and_free_of_builds_and_places() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    wrong = [
        line
        for line in lines
        if not line.startswith("#") and not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)
    ]
    assert not wrong
    names = [canonicalize_name(line.split("==")[0]) for line in lines if "==" in line]
    assert len(set(names)) == len(names)


def test_the_version_is_said_once() -> None:
    assert project()["project"]["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_a_checkout_finds_its_data() -> None:
    assert data_root() == ROOT
    assert all((data_root() / name).is_dir() for name in DATA)


def test_data_folders_hold_no_code() -> None:
    assert not [path for name in DATA for path in (ROOT / name).rglob("*.py")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_a_wheel_carries_code_data_scenarios_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in DATA:
        for path in (ROOT / name).rglob("*"):
            if path.is_file():
                assert f"cnc/_data/{path.relative_to(ROOT).as_posix()}" in names
    for path in (ROOT / "cnc").rglob("*"):
        if path.is_file() and path.suffix in (".py", ".yaml", ".typed"):
            assert path.relative_to(ROOT).as_posix() in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    outside = {name.split("/")[0] for name in names} - {"cnc", f"cnc-{__version__}.dist-info"}
    assert not outside, f"a wheel installs nothing but cnc, not {outside}"


def test_a_wheel_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        "from cnc.settings import data_root\n"
        "from cnc.environment.scenario import scenario_names\n"
        "from cnc.intents.catalogue import load_catalogue\n"
        "from cnc.knowledge.entries import load_seed_entries\n"
        "print(data_root())\n"
        "print(len(load_catalogue().services), len(load_seed_entries()) > 0, *scenario_names())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    where, what = ran.stdout.splitlines()
    assert Path(where) == tmp_path / "cnc" / "_data"
    assert what == "30 True germany50 large paper polska small"


def test_make_says_what_it_can_do_and_ci_calls_it() -> None:
    made = (ROOT / "Makefile").read_text("utf-8")
    for target in ("install", "intent", "test", "check", "clean", "help"):
        assert re.search(rf"^{target}:.*## \S", made, re.M), f"`make {target}` has no description"
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    called = re.findall(r"^make (\w+)$", script.read_text("utf-8"), re.M)
    assert called == ["check", "test"]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make intent" in readme and "make test" in readme
