from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from cnc.errors import SimulationError
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.traffic import Exogenous, Trace, TrafficGenerator, trace
from cnc.simulator.world import LOCAL, RADIO, World

NAMES = [each.name for each in fields(Trace)]
SLOTS = 3_000


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(ScenarioParameters(), 0)


@pytest.fixture(scope="module")
def long(world: World) -> Trace:
    return trace(world, 1, 300.0, SLOTS)


def same(found: Exogenous, wanted: Exogenous) -> None:
    for each in fields(Exogenous):
        np.testing.assert_array_equal(getattr(found, each.name), getattr(wanted, each.name))


def test_a_trace_is_the_generator_stacked(world: World) -> None:
    stacked = trace(world, 7, 300.0, 25)
    generator = TrafficGenerator(world, 7, 300.0)
    for slot in range(25):
        exogenous = generator.next()
        assert exogenous.slot == slot
        for name in NAMES:
            np.testing.assert_array_equal(getattr(stacked, name)[slot], getattr(exogenous, name))
    assert stacked.requests.shape == (25, 10, 30)
    assert stacked.node_background.shape == (25, 74)
    assert stacked.link_capacity_mbit_s.shape == stacked.link_energy_j_mbit.shape == (25, 62)


def test_seeds_decide(world: World) -> None:
    one, again, other = (trace(world, seed, 300.0, 12) for seed in (3, 3, 4))
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))


def test_another_load_changes_the_requests_alone(world: World) -> None:
    light, heavy = trace(world, 3, 100.0, 40), trace(world, 3, 2_000.0, 40)
    for name in NAMES:
        if name != "requests":
            np.testing.assert_array_equal(getattr(light, name), getattr(heavy, name))
    assert heavy.requests.sum() > 15 * light.requests.sum()


def test_no_global_generator_is_used(world: World) -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr,index]
    trace(world, 3, 100.0, 12)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]


@pytest.mark.parametrize("at", [0, 1, 9, 10, 23])
def test_a_snapshot_goes_on_with_the_same_numbers(world: World, at: int) -> None:
    first = TrafficGenerator(world, 5, 300.0)
    for _ in range(at):
        first.next()
    text = json.dumps(first.snapshot())
    later = [first.next() for _ in range(15)]
    second = TrafficGenerator(world, 5, 300.0)
    second.next()
    second.restore(json.loads(text))
    for wanted in later:
        same(second.next(), wanted)


def test_slots_do_not_share_arrays(world: World) -> None:
    generator, untouched = TrafficGenerator(world, 5, 300.0), TrafficGenerator(world, 5, 300.0)
    for _ in range(12):
        exogenous = generator.next()
        wanted = untouched.next()
        same(exogenous, wanted)
        for name in NAMES:
            getattr(exogenous, name)[...] = -1.0


def test_requests_are_whole_and_around_the_load(long: Trace, world: World) -> None:
    np.testing.assert_array_equal(long.requests, np.round(long.requests))
    assert float(long.requests.min()) >= 0
    totals = long.requests.sum((1, 2))
    assert totals.min() >= 270 and totals.max() <= 330
    assert totals.mean() == pytest.approx(300, abs=1.5)
    shares = long.requests.sum((0, 1)) / long.requests.sum()
    np.testing.assert_allclose(shares, world.popularity, atol=0.003)


def test_origins_follow_the_hotspot(long: Trace) -> None:
    weights = long.hotspot_weights
    for row in weights[::10]:
        centre = int(row.argmax())
        wanted = np.ones(10)
        wanted[[(centre - 1) % 10, (centre + 1) % 10]] = 1.8
        wanted[centre] = 3.0
        np.testing.assert_array_equal(row, wanted)
    by_place = np.stack(
        [np.roll(n, -int(w.argmax())) for n, w in zip(long.requests.sum(2), weights, strict=True)]
    ).mean(0)
    wanted = np.array([3.0, 1.8, *[1.0] * 7, 1.8])
    np.testing.assert_allclose(by_place, 300 * wanted / wanted.sum(), rtol=0.03)


def test_the_hotspot_moves_by_one_at_some_frame_starts(long: Trace) -> None:
    centres = long.hotspot_weights.argmax(1)
    steps = (np.diff(centres) + 5) % 10 - 5
    moved = np.flatnonzero(steps) + 1
    assert bool((moved % 10 == 0).all())
    assert set(np.abs(steps[moved - 1])) == {1} and {-1, 1} == set(steps[moved - 1])
    assert len(moved) / (SLOTS / 10) == pytest.approx(0.3, abs=0.08)


def test_the_background_has_its_mean_range_and_memory(long: Trace, world: World) -> None:
    beta = long.node_background
    assert float(beta.min()) == 0.0 and float(beta.max()) == 0.7
    tier = np.minimum(world.node_domain // 10, 2)
    stream = np.random.default_rng(0)
    for number, mean in enumerate((0.10, 0.25, 0.20)):
        clipped = np.clip(mean + 0.18 * stream.standard_normal(200_000), 0.0, 0.7).mean()
        assert beta[:, tier == number].mean() == pytest.approx(clipped, abs=0.02)
    ran = beta[:, tier == 1] - beta[:, tier == 1].mean(0)
    memory = (ran[1:] * ran[:-1]).mean() / (ran**2).mean()
    assert memory == pytest.approx(0.9, abs=0.04)


def test_links_of_others_lose_capacity_and_local_ones_do_not(long: Trace, world: World) -> None:
    share = long.link_capacity_mbit_s / world.link_nominal_capacity_mbit_s
    local, radio = world.link_kind == LOCAL, world.link_kind == RADIO
    assert bool((share[:, local] == 1.0).all())
    shared = share[:, ~local & ~radio]
    assert float(shared.min()) == pytest.approx(0.3) and float(shared.max()) == pytest.approx(1.0)
    assert shared.mean() == pytest.approx(0.75, abs=0.02)
    energy = long.link_energy_j_mbit
    same_energy = world.link_nominal_energy_j_mbit[~radio]
    assert bool((energy[:, ~radio] == same_energy).all())


def test_the_radio_follows_its_snr(long: Trace, world: World) -> None:
    radio = world.link_kind == RADIO
    capacity = long.link_capacity_mbit_s[:, radio]
    efficiency = np.minimum(0.75 * np.log2(1.0 + 10.0 ** (long.snr_db / 10.0)), 7.4)
    np.testing.assert_allclose(capacity, 200.0 * efficiency, rtol=1e-12)
    np.testing.assert_allclose(long.link_energy_j_mbit[:, radio], 350.0 / capacity, rtol=1e-12)
    means = long.snr_db.mean(0)
    assert bool((means > 13.0).all() and (means < 19.0).all())
    assert long.snr_db.std(0).mean() == pytest.approx(2.5, abs=0.25)


def test_processes_do_not_move_together(long: Trace) -> None:
    """Streams of their own: radio, nodes and links are uncorrelated."""
    columns = np.stack(
        [long.snr_db[::20, 0], long.node_background[::20, 45], long.link_capacity_mbit_s[::20, 61]]
    )
    correlation = np.corrcoef(columns) - np.eye(3)
    assert float(np.abs(correlation).max()) < 0.3


def test_expected_requests_are_the_mean(long: Trace, world: World) -> None:
    generator = TrafficGenerator(world, 1, 300.0)
    expected = generator.expected_requests(generator.hotspot_weights)
    assert expected.shape == (10, 30) and expected.sum() == pytest.approx(300.0)
    means = np.mean(
        [generator.expected_requests(weights) for weights in long.hotspot_weights], axis=0
    )
    np.testing.assert_allclose(long.requests.mean(0), means, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("cells", [1, 2, 3, 1000])
def test_any_number_of_cells(cells: int) -> None:
    small = generate_world(replace(ScenarioParameters(), cells=cells), 0)
    generator = TrafficGenerator(small, 0, 50.0)
    for _ in range(22):
        exogenous = generator.next()
        assert exogenous.requests.shape == (cells, 30)
        assert float(exogenous.hotspot_weights.max()) == 3.0
        assert float(exogenous.link_capacity_mbit_s.min()) > 0


def test_no_load_brings_no_requests(world: World) -> None:
    assert float(trace(world, 0, 0.0, 3).requests.sum()) == 0.0


@pytest.mark.parametrize("load", [-1.0, float("nan"), float("inf")])
def test_an_impossible_load_is_refused(world: World, load: float) -> None:
    with pytest.raises(SimulationError, match="must be a number of at least 0"):
        TrafficGenerator(world, 0, load)
    with pytest.raises(SimulationError, match="at least one slot"):
        trace(world, 0, 1.0, 0)
