"""A list of the pairs that can be taken decides as the grid of all does, in numpy and in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cnc.policies.hmarl.improvement import Shares, improved_in, normalised
from cnc.policies.hmarl.initial import initial_weights
from cnc.policies.hmarl.joint import stacked
from cnc.policies.hmarl.layout import layout_of
from cnc.policies.hmarl.layout_fields import Layout
from cnc.policies.hmarl.pairs import AllPairs, ReadyPairs
from cnc.policies.hmarl.situation import Conditions, situation
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


@pytest.mark.parametrize("added", [0, 3])
def test_the_list_and_the_grid_and_torch_decide_alike(added: int) -> None:
    layout = layout_of(WORLD, _classes(WORLD, added))
    assert layout.class_is_service == (added == 0)
    now, requests, possible, shares = _slot(layout, added)
    weights = _weights()
    listed = grid = shares
    given = situation(np, layout, now, requests)
    some = situation(np, layout, now, requests, ReadyPairs(layout, now.ready, possible))
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
        grid, cost = improved_in(np, given, grid, possible, weights, turn, False)
        listed, of_list = improved_in(np, some, listed, possible, weights, turn, False)
        torched, of_torch = improved_in(
            torch, batched, torched, torch.as_tensor(possible)[None], parameters, turn, False
        )
        np.testing.assert_allclose([of_list, of_torch[0].numpy()], cost, rtol=SINGLE)
    assert np.abs(grid.choice - shares.choice).max() > 0.05
    for name in ("choice", "node", "side"):
        np.testing.assert_allclose(getattr(listed, name), getattr(grid, name), atol=SINGLE)
        alone = getattr(torched, name)[0].numpy()
        np.testing.assert_allclose(alone, getattr(grid, name), atol=SINGLE)


def test_large_worlds_decide_alike_with_sparse_incidence(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = layout_of(WORLD, WORLD.classes)
    monkeypatch.setattr("cnc.policies.hmarl.layout.DENSE", 0)
    sparse = layout_of(WORLD, WORLD.classes)
    assert not isinstance(sparse.onto_link, np.ndarray)
    now, requests, possible, shares = _slot(dense, 1)
    weights = _weights()
    wanted, _ = improved_in(
        np, situation(np, dense, now, requests), shares, possible, weights, 0, False
    )
    for pairs in (None, ReadyPairs(sparse, now.ready, possible)):
        given = situation(np, sparse, now, requests, pairs)
        found, _ = improved_in(np, given, shares, possible, weights, 0, False)
        for name in ("choice", "node", "side"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=SINGLE)


@pytest.mark.parametrize("added", [0, 3])
def test_what_is_added_up_is_the_same(added: int) -> None:
    layout = layout_of(WORLD, _classes(WORLD, added))
    now, requests, possible, _ = _slot(layout, added)
    grid, listed = AllPairs(layout), ReadyPairs(layout, now.ready, possible)
    here = grid.of_nodes((now.ready > 0) * 1.0) * grid.of_choices(possible)
    amount = here * (requests + 1.0)
    of_list = listed.of_grid(amount)
    assert 0 < of_list.size == int(here.sum())
    np.testing.assert_allclose(listed.onto_nodes(of_list), grid.onto_nodes(amount))
    np.testing.assert_allclose(listed.onto_links(of_list), grid.onto_links(amount))
    np.testing.assert_allclose(listed.onto_choices(of_list), grid.onto_choices(amount))
    np.testing.assert_allclose(listed.onto_sides(of_list), grid.onto_sides(amount))
    per_link = np.arange(layout.onto_link.shape[1]) @ layout.onto_link.T
    size = listed.of_classes(layout.size_mbit) * listed.of_routes(per_link)
    wide = grid.of_classes(layout.size_mbit) * grid.of_routes(per_link)
    np.testing.assert_allclose(size, listed.of_grid(wide))
