"""`--learn`: taken by policies that learn, refused for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.running import run_cnc

pytestmark = pytest.mark.e2e


def test_it_is_refused_where_the_policy_cannot_learn(home: Path) -> None:
    words = ("'grd'", "cannot learn", "--policy hmarl")
    run_cnc("up", "--policy", "grd", "--learn", "--slots", "1", home=home).fails(2, *words)


def test_a_system_learns(home: Path) -> None:
    up = ("up", "--policy", "hmarl", "--scenario", "small", "--slots", "5", "--json")
    plain = run_cnc(*up, home=home).good().rows
    learning = run_cnc(*up, "--learn", home=home).good().rows
    assert [row["requests"] for row in learning] == [row["requests"] for row in plain]
    # what is known of this scenario gives it replicas to begin with
    assert learning[0]["cost"] <= 1.02 * plain[0]["cost"]
    assert learning[-1]["cost"] != pytest.approx(plain[-1]["cost"], rel=1e-9)
