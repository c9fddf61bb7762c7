"""A list of the pairs that can be taken decides as the grid of all does, in numpy and in torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from cnc.policies.hmarl.arrays import normalised
from cnc.policies.hmarl.improvement import Shares, improved, listed, unlisted, weighed
from cnc.policies.hmarl.initial import initial_weights
from cnc.policies.hmarl.joint import stacked
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.networks import Single
from cnc.policies.hmarl.pairs import AllPairs
from cnc.policies.hmarl.pairs_listed import ReadyPairs
from cnc.policies.hmarl.situation import Conditions, Situation, Standing, situation, standing_of
from cnc.policies.hmarl.start import node_start
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import TrafficClasses, World

WORLD = generate_world(ScenarioParameters(cells=3, services=9), 2)

SINGLE = 1e-6
"""Lists go through the networks in single precision, as the weights were trained."""


def _classes(world: World, added: int) -> TrafficClasses:
    """Those of the world, and some that ask for a service in less time."""
    base, again = world.classes, np.arange(added) % 4
    return TrafficClasses(
        service=np.append(base.service, again),
        uplink_mbit=np.append(base.uplink_mbit, base.uplink_mbit[again]),
        downlink_mbit=np.append(base.downlink_mbit, base.downlink_mbit[again]),
        deadline_s=np.append(base.deadline_s, 0.8 * base.deadline_s[again]),
    )


def _slot(layout: Layout, seed: int) -> tuple[Conditions, np.ndarray, np.ndarray, Shares]:
    """Conditions, requests, possible choices and shares, all by chance."""
    stream = np.random.default_rng(seed)
    services, nodes = layout.to_service.shape[0], len(layout.capacity_gc_s)
    classes, links = len(layout.service), layout.onto_link.shape[1]
    ready = stream.integers(1, 4, (services, nodes)) * (stream.random((services, nodes)) < 0.4)
    now = Conditions(
        stream.random(nodes) * 0.4,
        stream.random(nodes) * (stream.random(nodes) < 0.3),
        ready.astype(np.float64),
        stream.uniform(50.0, 150.0, links),
        stream.random(links),
    )
    origins = 3
    asked = stream.poisson(3.0, (classes, origins))
    possible = (stream.random((classes, origins, layout.choices)) < 0.7) * 1.0
    possible[..., -1] = 1.0
    choice = normalised(possible * stream.random(possible.shape)).reshape(classes, -1)
    pairs = layout.onto_side.shape[1] // 2
    side = normalised(stream.random((services, pairs, 2))).reshape(services, -1)
    shares = Shares(
        choice,
        node_start(layout, now, None),
        np.concatenate([side, np.ones((services, 1))], -1),
    )
    requests = asked[:, layout.route_choice // layout.choices].astype(np.float64)
    return now, requests, possible.reshape(classes, -1), shares


def _weights() -> dict[str, np.ndarray]:
    """Networks that correct something, unlike the initial ones."""
    stream = np.random.default_rng(5)
    return {
        name: array + 0.3 * stream.normal(size=array.shape) * name.endswith(("w2", "b2"))
        for name, array in initial_weights(5).items()
    }


def _listed(layout: Layout, now: Conditions, possible: np.ndarray | None) -> Standing:
    return standing_of(np, now.ready, ReadyPairs(layout, now.ready, possible))


def _turn(
    xp: Any, given: Situation, shares: Shares, possible: Any, weights: Any, turn: int
) -> tuple[Shares, Any]:
    """One turn in grids, and what the shares given cost."""
    now = weighed(xp, given, listed(given.pairs, shares), False)
    return unlisted(given.pairs, improved(xp, given, now, possible, weights, turn, False)), now.cost


@pytest.mark.parametrize("added", [0, 3])
def test_the_list_and_the_grid_and_torch_decide_alike(added: int) -> None:
    layout = layout_of(WORLD, _classes(WORLD, added))
    assert layout.class_is_service == (added == 0)
    now, requests, possible, shares = _slot(layout, added)
    weights = _weights()
    few = grid = shares
    single = Single("e2e", "node").of(weights)
    given = situation(np, layout, now, requests)
    some = situation(np, layout, now, requests, _listed(layout, now, possible))
    assert some.requests.size < 0.6 * given.requests.size
    tensors = stacked([layout], torch.float64)
    batched = situation(
        torch,
        tensors,
        Conditions(*(torch.as_tensor(array)[None] for array in vars(now).values())),
        torch.as_tensor(requests)[None],
    )
    torched = Shares(*(torch.as_tensor(array)[None] for array in vars(shares).values()))
    parameters = {name: torch.as_tensor(array) for name, array in weights.items()}
    for turn in range(3):
        grid, cost = _turn(np, given, grid, possible, weights, turn)
        few, of_list = _turn(np, some, few, possible, single, turn)
        everything = torch.as_tensor(possible)[None]
        torched, of_torch = _turn(torch, batched, torched, everything, parameters, turn)
        np.testing.assert_allclose([of_list, of_torch[0].numpy()], cost, rtol=SINGLE)
    assert np.abs(grid.choice - shares.choice).max() > 0.05
    for name in ("choice", "node", "side"):
        np.testing.assert_allclose(getattr(few, name), getattr(grid, name), atol=SINGLE)
        alone = getattr(torched, name)[0].numpy()
        np.testing.assert_allclose(alone, getattr(grid, name), atol=SINGLE)


def test_large_worlds_decide_alike_with_sparse_incidence(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = layout_of(WORLD, WORLD.classes)
    monkeypatch.setattr("cnc.policies.hmarl.layout.DENSE", 0)
    sparse = layout_of(WORLD, WORLD.classes)
    assert not isinstance(sparse.onto_link, np.ndarray)
    now, requests, possible, shares = _slot(dense, 1)
    weights = _weights()
    given = situation(np, dense, now, requests)
    wanted, _ = _turn(np, given, shares, possible, weights, 0)
    for standing in (None, _listed(sparse, now, possible)):
        given = situation(np, sparse, now, requests, standing)
        found, _ = _turn(np, given, shares, possible, weights, 0)
        for name in ("choice", "node", "side"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=SINGLE)


@pytest.mark.parametrize("added", [0, 3])
def test_what_is_added_up_is_the_same(added: int) -> None:
    layout = layout_of(WORLD, _classes(WORLD, added))
    now, requests, possible, _ = _slot(layout, added)
    grid, listed = AllPairs(layout), ReadyPairs(layout, now.ready, possible)
    here = grid.of_spots((now.ready > 0) * 1.0) * grid.of_choices(possible)
    amount = here * (requests + 1.0)
    of_list = listed.of_grid(amount)
    assert 0 < of_list.size == int(here.sum())
    of_spots = listed.onto_spots(of_list)
    np.testing.assert_allclose(listed.spots_onto_grid(of_spots), grid.onto_spots(amount))
    np.testing.assert_allclose(listed.onto_domains(of_list), grid.onto_domains(amount))
    np.testing.assert_allclose(
        listed.spots_onto_nodes(of_spots), grid.spots_onto_nodes(grid.onto_spots(amount))
    )
    np.testing.assert_allclose(
        listed.within_domains(of_spots),
        listed.spots_of_grid(grid.within_domains(grid.onto_spots(amount))),
    )
    np.testing.assert_allclose(listed.onto_links(of_list), grid.onto_links(amount))
    of_choices = listed.onto_choices(of_list)
    np.testing.assert_allclose(listed.choices_onto_grid(of_choices), grid.onto_choices(amount))
    np.testing.assert_allclose(listed.onto_sides(of_list), grid.onto_sides(amount))
    per_link = np.arange(layout.onto_link.shape[1]) @ layout.onto_link.T
    size = listed.of_classes(layout.size_mbit) * listed.of_routes(per_link)
    wide = grid.of_classes(layout.size_mbit) * grid.of_routes(per_link)
    np.testing.assert_allclose(size, listed.of_grid(wide))
