"""Policies of other packages: the page's example works, and broken ones are named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from cnc.cli.options import _policies
from cnc.environment.scenario import load_scenario
from cnc.errors import UsageError
from cnc.policies.interface import GlobalPolicy
from cnc.policies.plugins import load_plugin, plugin_names
from cnc.policies.registry import (
    DISTRIBUTED,
    check_distributed,
    distributed_names,
    distributed_policy,
    policy_named,
)
from cnc.simulator.generator import generate_world
from cnc.training.rollout import rollout

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/add-a-policy.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)


def block(language: str, word: str) -> str:
    """The page's code block in a language that contains a word."""
    found = [text for name, text in BLOCKS if name == language and word in text]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's example, built as the page says; Python can import from it as it is."""
    folder = tmp_path_factory.mktemp("remote")
    (folder / "cnc_remote.py").write_text(block("python", "class RemotePolicy"), "utf-8")
    (folder / "pyproject.toml").write_text(block("toml", "entry-points"), "utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "."]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=60)
    (found,) = folder.glob("*.whl")
    return found


def environment(wheel: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(wheel), str(ROOT)])}


def test_the_example_runs_in_the_simulator(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(wheel))
    assert distributed_names() == (*DISTRIBUTED, "remote")
    check_distributed("remote")
    world = generate_world(load_scenario("small"), 0)
    policy = policy_named("remote")
    outcomes = list(islice(rollout(world, policy, seed=0, load=90.0), 12))
    assert all(outcome.requests > 0 for outcome in outcomes)
    assert sum(outcome.satisfied for outcome in outcomes) > 0
    transport = world.nodes_of(len(world.domain_ids) - 1)
    for outcome in outcomes:
        computing = outcome.node_energy_j["computing"]
        assert computing[transport].sum() == pytest.approx(computing.sum())


def test_the_offline_lines_of_the_page_run(wheel: Path) -> None:
    lines = block("python", 'policy_named("remote")')
    done = subprocess.run(
        [sys.executable, "-c", lines],
        env=environment(wheel), cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 20


def test_the_example_runs_on_the_bus(wheel: Path, tmp_path: Path) -> None:
    command = ["up", "--policy", "remote", "--scenario", "small", "--slots", "3", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "cnc", *command, "--home", str(tmp_path)],
        env=environment(wheel), cwd=ROOT, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    slots = [json.loads(line) for line in done.stdout.splitlines()]
    assert [slot["slot"] for slot in slots] == [0, 1, 2]
    world = generate_world(load_scenario("small"), 0)
    sys.path.insert(0, str(wheel))
    try:
        run = rollout(world, policy_named("remote"), seed=0, load=world.parameters.load)
        wanted = [outcome.cost for outcome in islice(run, 3)]
    finally:
        sys.path.remove(str(wheel))
    assert [slot["cost"] for slot in slots] == pytest.approx(wanted)


class Installed:
    """A folder on the path into which distributions are put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def package(self, name: str, code: str, **policies: str) -> None:
        """A package with one module, and entry points into it."""
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(code, "utf-8")
        about = self.folder / f"{module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{policy} = {module}:{place}" for policy, place in policies.items()]
        text = "\n".join(["[cnc.policies]", *lines, ""])
        (about / "entry_points.txt").write_text(text, "utf-8")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Installed(tmp_path)


POLICY = """
class Policy:
    def __init__(self, name="mine"):
        self.name = name
    def end_to_end(self, world, seed): ...
    def domain(self, site, seed): ...

ready = Policy("ready")
def made():
    return Policy("made")
class Reference:
    name = "reference"
    def agent(self, world, seed, load): ...
"""


def test_an_entry_point_leads_to_a_class_an_object_or_a_function(installed: Installed) -> None:
    installed.package("good", POLICY, mine="Policy", ready="ready", made="made")
    for name in ("mine", "ready", "made"):
        assert distributed_policy(name).name == name
        assert policy_named(name).name == name
    assert plugin_names() == ("made", "mine", "ready")


def test_names_are_listed_without_loading(installed: Installed) -> None:
    installed.package("broken-one", "raise RuntimeError('loaded')", mine="Policy")
    check_distributed("mine")
    assert _policies("mi") == ["mine"]
    for name in ("nobody", "opt"):
        with pytest.raises(UsageError, match=rf"{DISTRIBUTED[-1]}, mine$"):
            check_distributed(name)
    with pytest.raises(UsageError, match="'nobody' is unknown"):
        policy_named("nobody")


@pytest.mark.parametrize(
    ("code", "place", "problem"),
    [
        ("raise RuntimeError('no GPU')", "Policy", "cannot be loaded: RuntimeError: no GPU"),
        ("import nothing_of_that_name", "Policy", "cannot be loaded: ModuleNotFoundError"),
        ("", "Policy", "cannot be loaded: AttributeError"),
        ("def policy(size): ...", "policy", "cannot be loaded: TypeError"),
        ("policy = 3", "policy", "cannot be loaded: TypeError"),
        ("policy = list", "policy", "gives list, which has no methods"),
        (POLICY, "ready", "calls itself 'ready'"),
    ],
)
def test_a_broken_one_is_named(installed: Installed, code: str, place: str, problem: str) -> None:
    name = installed.folder.name.replace("_", "-")
    installed.package(name, code, mine=place)
    module = name.replace("-", "_")
    wanted = re.escape(f"plug-in 'mine' (entry point {module}:{place} of package {name})")
    for find in (distributed_policy, policy_named):
        with pytest.raises(UsageError, match=f"{wanted} .*{re.escape(problem)}"):
            find("mine")


def test_the_command_line_names_a_broken_one(installed: Installed) -> None:
    installed.package("cloudy", "import nothing_of_that_name", cloud="Policy")
    done = subprocess.run(
        [sys.executable, "-m", "cnc", "up", "--policy", "cloud", "--slots", "1"],
        env=environment(installed.folder), cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "'cloud' (entry point cloudy:Policy of package cloudy)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_built_in_name_cannot_be_taken(installed: Installed) -> None:
    installed.package("thief", POLICY, grd="ready", opt="Reference")
    assert distributed_names() == DISTRIBUTED
    for find, name in ((distributed_policy, "grd"), (policy_named, "grd"), (policy_named, "opt")):
        with pytest.raises(UsageError, match=f"'{name}' .*package thief.* is built in"):
            find(name)
    assert distributed_policy("rand").name == "rand"


def test_two_of_one_name_are_refused(installed: Installed) -> None:
    installed.package("first", POLICY, mine="Policy")
    installed.package("second", POLICY, mine="Policy")
    with pytest.raises(UsageError, match=r"package first\) and .*package second\) have the same"):
        policy_named("mine")
    with pytest.raises(UsageError, match="no policy plug-in 'other'"):
        load_plugin("other")


def test_a_reference_runs_in_the_simulator_only(installed: Installed) -> None:
    installed.package("reference-one", POLICY, reference="Reference")
    assert isinstance(policy_named("reference"), GlobalPolicy)
    with pytest.raises(UsageError, match="in the simulator only"):
        distributed_policy("reference")
