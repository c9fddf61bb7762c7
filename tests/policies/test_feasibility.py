"""Whatever is measured, greedy and random agents decide what the infrastructure can do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.environment.assembly import observe_all, observe_domain
from cnc.environment.infrastructure import Measurement
from cnc.environment.observations import EndToEndObservation
from cnc.environment.sites import Site, site_of
from cnc.environment.views import order_for
from cnc.errors import UsageError
from cnc.policies.placement import pack
from cnc.policies.popularity import KEEP, Popularity
from cnc.policies.registry import CENTRALISED, DISTRIBUTED, distributed_policy
from cnc.policies.shares import normalised
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import TrafficClasses, World

SEEDS = st.integers(0, 2**31)
POLICIES = st.sampled_from(DISTRIBUTED)
CHECKED = settings(max_examples=40, deadline=None)
WORLDS = {
    cells: generate_world(ScenarioParameters(cells=cells, services=9, load=90.0), cells)
    for cells in (1, 2, 4)
}
CELLS = st.sampled_from(sorted(WORLDS))


def random_replicas(world: World, stream: np.random.Generator, empty: float) -> np.ndarray:
    """[S, N] some replicas, one of each service in transport."""
    shape = world.keepalive_w.shape
    replicas = stream.integers(1, 4, shape) * (stream.random(shape) > empty)
    first = world.nodes_of(len(world.domain_ids) - 1)[0]
    replicas[:, first] = np.maximum(replicas[:, first], 1)
    return np.asarray(replicas, dtype=np.int64)


def random_measurement(
    world: World, seed: int, classes: TrafficClasses | None = None
) -> Measurement:
    """Anything that could be measured at a frame start."""
    stream = np.random.default_rng(seed)
    classes = classes or world.classes
    nodes, links = len(world.node_domain), len(world.link_domain)
    ready = random_replicas(world, stream, stream.choice([0.2, 0.8, 1.0]))
    return Measurement(
        slot=int(stream.integers(0, 50)) * 10,
        frame_start=True,
        classes=classes,
        requests=stream.poisson(
            stream.choice([0.0, 0.5, 20.0]), (len(world.candidates), len(classes))
        )
        * 1.0,
        background=stream.uniform(0, 0.7, nodes),
        utilisation=stream.uniform(0, 2.5, nodes),
        backlog_gc=stream.uniform(0, 1, nodes) * world.node_capacity_gc_s,
        ready=ready,
        placed=ready,
        link_capacity_mbit_s=stream.uniform(1, 1_000, links),
        link_energy_j_mbit=stream.uniform(0, 2, links),
        link_utilisation=stream.uniform(0, 3, links),
    )


def observed(
    world: World, seed: int, classes: TrafficClasses | None = None
) -> tuple[Measurement, EndToEndObservation]:
    measured = random_measurement(world, seed, classes)
    return measured, observe_all(measured, world)


def sites_of(world: World) -> list[Site]:
    return [site_of(world, domain) for domain in range(len(world.domain_ids))]


@CHECKED
@given(SEEDS, POLICIES, CELLS)
def test_replicas_fit(seed: int, name: str, cells: int) -> None:
    """Whole, at most 8, within memory, useful; transport keeps one of each."""
    world = WORLDS[cells]
    measured, observation = observed(world, seed)
    policy = distributed_policy(name)
    end_to_end = policy.end_to_end(world, seed)
    delta, hosts = end_to_end.distribute(observation), end_to_end.hosts(observation)
    assert hosts.allowed.all()
    for site in sites_of(world):
        agent = policy.domain(site, seed)
        order = order_for(site, observation, delta, hosts)
        agent.observe(order)
        replicas = agent.deploy(observe_domain(measured, site), order)
        assert replicas.shape == (len(world.work_gc), len(site.nodes))
        assert np.issubdtype(replicas.dtype, np.integer)
        assert replicas.min() >= 0 and replicas.max() <= site.most_replicas
        assert (site.memory_gb @ replicas <= site.node_memory_gb + 1e-9).all()
        if site.kind == "transport":
            assert (replicas.sum(axis=1) >= 1).all()
        else:
            useful = site.admissible(measured.classes).any(axis=0)
            assert (replicas[~useful] == 0).all()


@CHECKED
@given(SEEDS, POLICIES, CELLS)
def test_splits_go_to_ready_nodes_only(seed: int, name: str, cells: int) -> None:
    world = WORLDS[cells]
    measured, observation = observed(world, seed)
    policy = distributed_policy(name)
    delta = policy.end_to_end(world, seed).distribute(observation)
    for site in sites_of(world):
        agent = policy.domain(site, seed)
        order = order_for(site, observation, delta, None)
        agent.observe(order)
        split = agent.split(observe_domain(measured, site), order)
        ready = measured.ready[:, site.nodes] > 0
        assert (split.sigma >= 0).all() and (split.sigma[~ready] == 0).all()
        np.testing.assert_allclose(split.sigma.sum(1), ready.any(1).astype(float), atol=1e-12)
        assert split.paths.shape == (len(world.work_gc), 2) and (split.paths >= 0).all()
        np.testing.assert_allclose(split.paths.sum(1), 1.0, atol=1e-12)


@CHECKED
@given(SEEDS, POLICIES, CELLS, st.floats(0.01, 2.0))
def test_every_request_is_sent_to_a_domain_that_is_ready(
    seed: int, name: str, cells: int, deadline_s: float
) -> None:
    """Also of a class whose deadline nobody can meet: it goes to X."""
    world = WORLDS[cells]
    classes = world.with_class(seed % 9, 1.0, 0.2, deadline_s)
    measured, observation = observed(world, seed, classes)
    delta = distributed_policy(name).end_to_end(world, seed).distribute(observation)
    assert delta.shape == (*measured.requests.shape, 5)
    assert (delta >= 0).all()
    if name.startswith("hmarl"):  # it may leave some unserved
        assert (delta.sum(-1) <= 1.0 + 1e-12).all()
    else:
        np.testing.assert_allclose(delta.sum(-1), 1.0, atol=1e-12)
    for domain in range(len(world.domain_ids)):
        ready = (measured.ready[:, world.nodes_of(domain)] > 0).any(1)[classes.service]
        sent = np.where(world.candidates[:, None, :] == domain, delta, 0.0).sum(-1)
        assert (sent[:, ~ready] == 0).all()
    hopeless = ~world.admissible_routes(classes).any(-1)
    if hopeless.any():
        np.testing.assert_allclose(delta[hopeless][:, 4], 1.0)


@CHECKED
@given(SEEDS, POLICIES)
def test_domains_that_are_away_get_nothing(seed: int, name: str) -> None:
    world = WORLDS[4]
    _, observation = observed(world, seed)
    away = np.random.default_rng(seed).random(len(world.domain_ids)) < 0.4
    away[-1] = False
    observation.live[:] = ~away
    delta = distributed_policy(name).end_to_end(world, seed).distribute(observation)
    assert (np.where(away[world.candidates][:, None, :], delta, 0.0) == 0).all()
    if not name.startswith("hmarl"):  # it may leave some unserved
        np.testing.assert_allclose(delta.sum(-1), 1.0, atol=1e-12)


@pytest.mark.parametrize("name", ["grd", "grd-plus", "grd-work"])
def test_greedy_prefers_what_is_idle(name: str) -> None:
    world = WORLDS[4]
    measured, observation = observed(world, 1)
    measured.ready[:] = 1
    observation.background[:] = 0.0
    observation.utilisation[:] = 0.0
    observation.utilisation[world.nodes_of(0)] = 0.99
    delta = distributed_policy(name).end_to_end(world, 0).distribute(observation)
    easy = world.admissible_routes(world.classes)[:2].any(-1).all(0)
    assert (delta[0, easy, 0] <= delta[1:, easy, 0].max(0) + 1e-12).all()
    neighbours = delta[:, :, 2:4].sum()
    assert (neighbours == 0) == (name == "grd")


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_the_same_seed_decides_the_same_and_states_survive(name: str) -> None:
    world = WORLDS[2]
    policy = distributed_policy(name)
    assert policy.name == name
    measured, observation = observed(world, 3)
    site = site_of(world, 2)
    first, second = policy.domain(site, 9), policy.domain(site, 9)
    delta = policy.end_to_end(world, 9).distribute(observation)
    np.testing.assert_array_equal(delta, policy.end_to_end(world, 9).distribute(observation))
    order, seen = order_for(site, observation, delta, None), observe_domain(measured, site)
    first.observe(order)
    second.restore(first.snapshot())
    np.testing.assert_array_equal(first.deploy(seen, order), second.deploy(seen, order))
    split, again = first.split(seen, order), second.split(seen, order)
    np.testing.assert_array_equal(split.sigma, again.sigma)
    np.testing.assert_array_equal(split.paths, again.paths)


def test_what_may_not_be_hosted_is_not() -> None:
    world = WORLDS[2]
    measured, observation = observed(world, 3)
    for name in DISTRIBUTED:
        policy = distributed_policy(name)
        hosts = policy.end_to_end(world, 0).hosts(observation)
        site = site_of(world, 2)
        hosts.allowed[site.index, 3] = False
        delta = policy.end_to_end(world, 0).distribute(observation)
        order = order_for(site, observation, delta, hosts)
        agent = policy.domain(site, 0)
        agent.observe(order)
        assert agent.deploy(observe_domain(measured, site), order)[3].sum() == 0


@given(SEEDS)
def test_packing_fills_the_memory(seed: int) -> None:
    stream = np.random.default_rng(seed)
    memory, room = stream.uniform(0.5, 6, 7), stream.uniform(2, 20, 3)
    weights = stream.uniform(0, 5, 7) * stream.integers(0, 2, 7)
    usable = stream.random((7, 3)) < 0.6
    found = pack(
        weights, memory, room, usable, stream.uniform(5, 20, 3), keep_one=False, most_replicas=3
    )
    free = room - memory @ found
    assert (free >= -1e-9).all()
    assert (found[weights == 0] == 0).all() and (found[~usable] == 0).all()
    more = usable & (weights > 0)[:, None] & (found < 3)
    assert not (more & (memory[:, None] <= free[None, :])).any()


@given(SEEDS)
def test_normalised_rows_sum_to_one_over_what_is_ready(seed: int) -> None:
    stream = np.random.default_rng(seed)
    preference = stream.uniform(0, 1, (6, 4)) * stream.integers(0, 2, (6, 4))
    ready = stream.random((6, 4)) < 0.5
    shares = normalised(preference, ready)
    assert (shares[~ready] == 0).all()
    np.testing.assert_allclose(shares.sum(-1), ready.any(-1).astype(float))


def test_popularity_is_an_exponential_average() -> None:
    world = WORLDS[2]
    site = site_of(world, 0)
    measured, observation = observed(world, 12)
    delta = np.zeros((*measured.requests.shape, 5))
    order = order_for(site, observation, delta, None)
    popularity = Popularity()
    popularity.update(order)
    first = popularity.per_service(order, 9)
    np.testing.assert_allclose(first, order.requests.sum(0))
    order.requests[:] += 10.0
    popularity.update(order)
    wanted = KEEP * first + (1.0 - KEEP) * order.requests.sum(0)
    np.testing.assert_allclose(popularity.per_service(order, 9), wanted)


@pytest.mark.parametrize("name", [*CENTRALISED, "best"])
def test_other_names_are_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(UsageError, match=", ".join(DISTRIBUTED)):
        distributed_policy(name)
