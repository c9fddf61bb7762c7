from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cnc.errors import ConfigurationError
from cnc.simulator.generator import generate_world
from cnc.simulator.golden import (
    COMPARED,
    classes_of,
    deviations,
    load_golden,
    world_of,
)
from cnc.simulator.kernel import ExogenousTensors, Kernel, State
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.rows import Rows
from cnc.simulator.world import World

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests/data/golden").glob("*.npz"))
LIMITS = {torch.float64: 1e-9, torch.float32: 1e-4}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    return load_golden(request.param)


def tensors(arrays: dict[str, np.ndarray], name: str, dtype: torch.dtype) -> torch.Tensor:
    return torch.as_tensor(arrays[name].astype(np.float64)).to(dtype)


def test_the_four_cases_are_here() -> None:
    names = {path.stem for path in FILES}
    assert names == {"light-greedy", "medium-random", "heavy-greedy", "two-classes"}


@pytest.mark.parametrize("dtype", LIMITS, ids=str)
def test_every_outcome_of_every_slot_agrees(
    golden: dict[str, np.ndarray], dtype: torch.dtype
) -> None:
    found = deviations(golden, dtype)
    assert {d.outcome for d in found} == {name for name in COMPARED if name in golden}
    assert len(found) >= 14
    assert [d for d in found if not d.error <= LIMITS[dtype]] == []


@pytest.mark.parametrize("dtype", LIMITS, ids=str)
def test_all_slots_as_one_batch_with_gradients_agree(
    golden: dict[str, np.ndarray], dtype: torch.dtype
) -> None:
    """As training of routing asks; `deviations` steps without gradients."""
    world = world_of(golden)
    kernel = Kernel.of(world, classes_of(golden, world), dtype=dtype)
    replicas = tensors(golden, "replicas", dtype)
    state = State(
        tensors(golden, "backlog_before_gc", dtype),
        torch.cat([replicas[:1], replicas[:-1]]),
        tensors(golden, "ready_replicas", dtype),
    )
    exogenous = ExogenousTensors(
        tensors(golden, "requests", dtype),
        tensors(golden, "node_background", dtype),
        tensors(golden, "link_capacity_mbit_s", dtype),
        tensors(golden, "link_energy_j_mbit", dtype),
    )
    routing = tensors(golden, "routing", dtype).requires_grad_()
    after, outcome = kernel.step(state, exogenous, routing, replicas)
    for name in COMPARED:
        if name not in golden:
            continue
        source = {
            "backlog_after_gc": after.backlog_gc,
            "satisfied_per_origin_service": outcome.satisfied_per_origin_class,
        }
        tensor = source[name] if name in source else getattr(outcome, name)
        for slot, wanted in enumerate(golden[name]):
            difference = np.abs(tensor[slot].detach().double().numpy() - wanted).max()
            assert difference <= LIMITS[dtype] * (np.abs(wanted).max() or 1.0), (name, slot)


def test_a_run_from_the_first_slot_on_agrees(golden: dict[str, np.ndarray]) -> None:
    """The kernel's own states, slot after slot: backlog, rolling updates, free first starts."""
    world = world_of(golden)
    kernel = Kernel.of(world, classes_of(golden, world))
    replicas = tensors(golden, "replicas", torch.float64)
    state = kernel.place_initial(kernel.initial_state(), replicas[0])
    for slot in range(len(replicas)):
        ready = golden["ready_replicas"][slot]
        np.testing.assert_array_equal(state.ready.numpy(), ready)
        exogenous = ExogenousTensors(
            *(
                tensors(golden, name, torch.float64)[slot]
                for name in (
                    "requests",
                    "node_background",
                    "link_capacity_mbit_s",
                    "link_energy_j_mbit",
                )
            )
        )
        target = replicas[slot] if slot % world.parameters.frame_slots == 0 else None
        routing = tensors(golden, "routing", torch.float64)[slot]
        state, outcome = kernel.step(state, exogenous, routing, target)
        assert float(outcome.cost) == pytest.approx(golden["cost"][slot], rel=1e-9)
        wanted = golden["backlog_after_gc"][slot]
        np.testing.assert_allclose(state.backlog_gc.numpy(), wanted, rtol=0, atol=1e-9 * 1e3)


def test_the_admissible_routes_are_the_same(golden: dict[str, np.ndarray]) -> None:
    world = world_of(golden)
    found = world.admissible_routes(world.classes)
    np.testing.assert_array_equal(found, golden["world_admissible_route"])


def test_an_error_in_the_way_of_batches_is_found(
    golden: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches without gradients take a way of their own; the comparison must cover it."""
    right = Rows.satisfied

    def wrong(self: Rows, *inputs: torch.Tensor) -> torch.Tensor:
        return right(self, *inputs) * (1.0 + 1e-8)

    monkeypatch.setattr(Rows, "satisfied", wrong)
    worst = {d.outcome: d.error for d in deviations(golden)}
    assert worst["satisfied"] == pytest.approx(1e-8, rel=1e-3)


def test_a_wrong_outcome_is_found(golden: dict[str, np.ndarray]) -> None:
    wrong = {**golden, "cost": golden["cost"] * (1.0 + 2e-9)}
    worst = {d.outcome: d.error for d in deviations(wrong)}
    assert worst["cost"] > 1e-9 >= max(e for name, e in worst.items() if name != "cost")


def golden_arrays(world: World) -> dict[str, np.ndarray]:
    """The `world_*` arrays of a world in the form of the golden cases."""
    names = {
        "service_class": world.service_class,
        "work_gc": world.work_gc,
        "memory_gb": world.memory_gb,
        "popularity": world.popularity,
        "keepalive_w": world.keepalive_w,
        "replica_capacity_gc_s": world.node_replica_capacity_gc_s,
        "replica_servers": world.node_servers,
        "start_energy_j": world.node_start_energy_j,
        "route_node": world.route_node,
        "route_candidate": world.route_candidate,
        "candidates": world.candidates,
        "const": np.array([1.0, 10.0, 0.4, 0.98, 1.0, 8.0, 4.0]),
        "route_links": np.array(
            [
                (origin, route, link)
                for (origin, route, _), link in np.ndenumerate(world.route_links)
                if link >= 0
            ]
        ),
        **{name: getattr(world.classes, name) for name in ("uplink_mbit", "downlink_mbit")},
        "deadline_s": world.classes.deadline_s,
    }
    for name in ("capacity_gc_s", "speed_gc_s", "memory_gb", "idle_w", "dynamic_w", "domain"):
        names[f"node_{name}"] = getattr(world, f"node_{name}")
    for name in ("propagation_s", "nominal_capacity_mbit_s", "nominal_energy_j_mbit"):
        names[f"link_{name}"] = getattr(world, f"link_{name}")
    return {f"world_{name}": array for name, array in names.items()}


@pytest.mark.parametrize("cells", [1, 2, 6])
def test_worlds_of_other_sizes_are_read(cells: int) -> None:
    parameters = ScenarioParameters(cells=cells, services=8)
    parameters = replace(
        parameters,
        terminal=replace(parameters.terminal, nodes=2),
        transport=replace(parameters.transport, nodes=5),
    )
    world = generate_world(parameters, 1)
    found = world_of(golden_arrays(world))
    assert found.domain_ids == world.domain_ids
    for name, value in vars(world).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)


def test_the_table_is_printed(tmp_path: Path) -> None:
    def verify(*files: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "benchmarks/verify_golden.py", *map(str, files)]
        environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    arrays = load_golden(FILES[0])
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, **{**arrays, "satisfied": arrays["satisfied"] * 1.01})
    done = verify(FILES[-1], wrong)
    assert done.returncode == 1, done.stderr
    assert re.search(r"satisfied +9\.9e-03.*BEYOND THE LIMIT", done.stdout)
    assert "1 of 2 files" in done.stdout


@pytest.mark.parametrize("content", [b"", b"no archive"], ids=["empty", "text"])
def test_what_is_no_golden_case_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "case.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is no golden case"):
        load_golden(path)
    np.savez(path, requests=np.zeros(3))
    with pytest.raises(ConfigurationError, match="world_const"):
        load_golden(path)
