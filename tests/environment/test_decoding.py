"""Preferences become decisions that the infrastructure accepts, whatever they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.environment.assembly import observe_all
from cnc.environment.batched import BatchedEnvironment
from cnc.environment.decoding import Decoder, masked_softmax
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.sites import Floats, Integers
from cnc.policies.greedy import usable_nodes
from cnc.policies.shares import Candidates
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World

SEEDS = st.integers(0, 2**31)
CELLS = st.sampled_from([1, 2, 3])
WORLDS = {
    cells: [generate_world(ScenarioParameters(cells=cells, services=9), seed) for seed in (3, 4)]
    for cells in (1, 2, 3)
}
CHECKED = settings(max_examples=25, deadline=None)


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(seed).normal(0.0, 4.0, shape))


def some_ready(seed: int, world: World) -> Integers:
    """[B, S, N] replicas in few places, on some worlds in none."""
    generator = np.random.default_rng(seed)
    shape = (2, *world.keepalive_w.shape)
    ready = generator.integers(0, 3, shape) * (generator.random(shape) < generator.random())
    return ready.astype(np.int64)


@given(SEEDS, CELLS)
@CHECKED
def test_usable_candidates_are_those_of_the_shipped_policies(seed: int, cells: int) -> None:
    worlds = WORLDS[cells]
    ready = some_ready(seed, worlds[0])
    found = Decoder(worlds).usable(torch.as_tensor(ready))
    for at, world in enumerate(worlds):
        measured = replace(Infrastructure(world, 0, 50.0).measure(), ready=ready[at])
        wanted = Candidates(world).usable(observe_all(measured, world))
        np.testing.assert_array_equal(found[at].numpy(), wanted)


@given(SEEDS, CELLS)
@CHECKED
def test_shares_are_whole_over_what_is_ready_and_run(seed: int, cells: int) -> None:
    worlds = WORLDS[cells]
    world, decoder = worlds[0], Decoder(worlds)
    services, nodes = world.keepalive_w.shape
    environment = BatchedEnvironment(worlds, [1, 2], 60.0)
    allowed = torch.as_tensor(np.random.default_rng(seed).random((2, services, nodes)) < 0.7)
    replicas = decoder.pack(drawn(seed, 2, services, nodes), allowed)
    environment.place(replicas)
    outside = torch.ones(nodes, dtype=torch.bool)
    outside[world.nodes_of(len(world.domain_ids) - 1)] = False
    assert not bool((replicas > 0)[..., outside][~allowed[..., outside]].any())
    ready = environment.observe().ready
    delta = decoder.distribute(drawn(seed + 1, 2, cells, services, 5), ready)
    sigma = decoder.split(drawn(seed + 2, 2, services, nodes), ready)
    torch.testing.assert_close(delta.sum(-1), torch.ones_like(delta.sum(-1)))
    for domain in range(len(world.domain_ids)):
        own = world.nodes_of(domain)
        total = sigma[..., own].sum(-1)
        torch.testing.assert_close(total, (ready[..., own] > 0).any(-1).to(total.dtype))
    pair = torch.softmax(drawn(seed, 2, cells, services, 2), -1)
    outcome = environment.step(delta, sigma, pair, pair, pair[:, 0])
    assert bool((outcome.satisfied <= outcome.requests + 1e-9).all())


def test_where_nothing_is_ready_requests_stay_unserved() -> None:
    worlds = WORLDS[2]
    nothing = torch.zeros(2, *worlds[0].keepalive_w.shape)
    decoder = Decoder(worlds)
    assert float(decoder.distribute(drawn(0, 2, 2, 9, 5), nothing).abs().sum()) == 0.0
    assert float(decoder.split(drawn(0, *nothing.shape), nothing).abs().sum()) == 0.0


@given(SEEDS, CELLS)
@CHECKED
def test_whole_numbers_that_fit_are_taken_as_they_are(seed: int, cells: int) -> None:
    decoder = Decoder(WORLDS[cells])
    wanted = np.random.default_rng(seed).random((2, *WORLDS[cells][0].keepalive_w.shape)) * 9
    first = decoder.pack(torch.as_tensor(wanted))
    assert torch.equal(decoder.pack(first), first)


def test_nodes_that_cannot_be_in_time_take_nothing() -> None:
    world = WORLDS[3][0]
    decoder = Decoder([world])
    for site in range(len(world.domain_ids) - 1):
        own = world.nodes_of(site)
        order, inventory = _order(world, site)
        np.testing.assert_array_equal(
            decoder.hostable[0][:, own].numpy(), usable_nodes(inventory, order.classes)
        )
    everything = torch.full((1, *world.keepalive_w.shape), 8.0)
    outside = decoder.pack(everything)[0][~decoder.hostable[0]]
    assert float(outside.sum()) <= len(world.work_gc)


def _order(world: World, site: int):  # type: ignore[no-untyped-def]
    from cnc.environment.sites import site_of
    from cnc.environment.views import order_for

    inventory = site_of(world, site)
    seen = observe_all(Infrastructure(world, 0, 50.0).measure(), world)
    delta = np.zeros((world.parameters.cells, len(world.classes), 5))
    return order_for(inventory, seen, delta, None), inventory


def test_more_wanted_is_more_given_where_room_is_short() -> None:
    world = WORLDS[3][0]
    wanted = torch.full((1, *world.keepalive_w.shape), 4.0)
    wanted[:, 0] = 8.0
    given = Decoder([world]).pack(wanted)
    node = int(world.nodes_of(3)[0])
    assert float(given[0, 0, node]) >= float(given[0, 1:, node].max())


@pytest.mark.parametrize(
    ("preference", "shares"),
    [
        ([0.0, 0.0, 0.0], [0.5, 0.5, 0.0]),
        ([-np.inf, 0.0, 5.0], [0.0, 1.0, 0.0]),
        ([-np.inf, -np.inf, 5.0], [0.5, 0.5, 0.0]),
        ([1e9, -1e9, np.inf], [1.0, 0.0, 0.0]),
    ],
)
def test_the_softmax_keeps_to_its_mask(preference: Floats, shares: Floats) -> None:
    allowed = torch.tensor([True, True, False])
    found = masked_softmax(torch.tensor(preference, dtype=torch.float64), allowed)
    torch.testing.assert_close(found, torch.tensor(shares, dtype=torch.float64))
    nothing = masked_softmax(torch.zeros(3), torch.zeros(3, dtype=torch.bool))
    assert float(nothing.sum()) == 0.0


def test_shares_have_finite_gradients() -> None:
    preference = torch.tensor([[0.3, -0.2, 4.0], [1.0, 2.0, 3.0]], requires_grad=True)
    allowed = torch.tensor([[True, True, False], [False, False, False]])
    masked_softmax(preference, allowed)[:, 0].sum().backward()
    assert preference.grad is not None
    assert bool(torch.isfinite(preference.grad).all())
    assert float(preference.grad[0, :2].abs().min()) > 0
