"""The comparison with other simulators: the slots are the same ones, and a lack is said."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import simulators_compared
from compared_scenario import FINE, Common, all_hops, common_scenario, hops, ways

ROOT = Path(__file__).parents[2]
INSTALLED = not simulators_compared.missing()


@pytest.fixture(scope="module")
def common() -> Common:
    return common_scenario(0, 300.0, 4)


def test_flows_cover_every_origin_and_service_on_admissible_routes(common: Common) -> None:
    world = common.world
    assert len(common.flows) == 300
    assert {(f.origin, f.service) for f in common.flows} == {
        (i, s) for i in range(10) for s in range(30)
    }
    admissible = world.admissible_routes(world.classes)
    for flow in common.flows:
        assert world.route_node[flow.origin, flow.route] == flow.node
        assert common.replicas[flow.service, flow.node] >= 1
        reachable = admissible[flow.origin, flow.service]
        assert reachable[flow.route] or not reachable.any()
        assert (flow.work_gc / FINE).is_integer() and (flow.size_mbit / FINE).is_integer()
        assert flow.work_gc == pytest.approx(world.work_gc[flow.service], abs=FINE)
    assert (world.memory_gb @ common.replicas <= world.node_memory_gb + 1e-9).all()
    assert (common.routing.sum(-1) == 1).all()


def test_slots_hold_the_same_requests_in_both_forms(common: Common) -> None:
    for slot in common.slots:
        counts = [slot.counts[f.origin, f.service] for f in common.flows]
        assert np.array_equal(counts, slot.requests) and 250 < slot.requests.sum() < 350
        left = common.world.node_capacity_gc_s * (1 - slot.background)
        assert np.allclose(slot.capacity_gc_s, left)


def test_the_graph_has_the_links_of_the_world_and_one_way_between_two_vertices(
    common: Common,
) -> None:
    world = common.world
    edges = all_hops(world)
    assert {hop.link for hop in edges.values()} - {None} == set(range(len(world.link_domain)))
    assert len([e for e in edges if edges[e].link is not None]) == 62 + 10  # Xn has two directions
    for flow in common.flows:
        way = hops(world, flow.origin, flow.route)
        assert way == ways(common)[f"user-{flow.origin}", world.node_name(flow.node)]
        assert tuple(hop.link for hop in way if hop.link is not None) == flow.links
        assert all(before.end == after.start for before, after in pairwise(way))


def test_the_kernel_takes_the_fixed_decisions_and_serves_most(common: Common) -> None:
    run = simulators_compared.KernelRun([common])
    with torch.inference_mode():
        outcomes = [run.step() for _ in common.slots]
    for outcome, slot in zip(outcomes, common.slots, strict=True):
        assert float(outcome.total_requests) == slot.requests.sum()
        assert float(outcome.satisfied) > 0.8 * slot.requests.sum()


def test_missing_packages_are_named_with_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["simulators_compared.py"])
    assert simulators_compared.main() == 2
    said = capsys.readouterr().err
    assert "python -m pip install eclypse==0.9.1 leafsim==0.4.2" in said


@pytest.mark.slow
def test_the_quick_comparison_runs_or_says_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/simulators_compared.py"), "--quick"],
        check=False, capture_output=True, text=True, timeout=100,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if not INSTALLED:
        assert done.returncode == 2 and "pip install" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    for name in ("cnc kernel, batch 1", "leafsim, an application a flow", "eclypse, one app"):
        assert name in done.stdout
