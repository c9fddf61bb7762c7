"""A site is the world's slice of one domain, no more and no less."""

from __future__ import annotations

import numpy as np
import pytest

from cnc.environment.assembly import observe_all, observe_domain
from cnc.environment.infrastructure import Infrastructure
from cnc.environment.sites import Site, site_of
from cnc.simulator.generator import generate_world
from cnc.simulator.parameters import ScenarioParameters
from cnc.simulator.world import World


def sites_of(world: World) -> list[Site]:
    return [site_of(world, domain) for domain in range(len(world.domain_ids))]


@pytest.fixture(params=[1, 2, 3, 10], ids=lambda cells: f"{cells}-cells")
def world(request: pytest.FixtureRequest) -> World:
    return generate_world(ScenarioParameters(cells=request.param, services=9), 3)


def test_every_node_and_link_lies_in_one_site(world: World) -> None:
    sites = sites_of(world)
    nodes = np.concatenate([site.nodes for site in sites])
    links = np.concatenate([site.links for site in sites])
    assert sorted(nodes) == list(range(len(world.node_domain)))
    assert sorted(links) == list(range(len(world.link_domain)))
    assert [site.index for site in sites] == list(range(len(world.domain_ids)))


def test_a_site_repeats_the_world(world: World) -> None:
    for site in sites_of(world):
        assert site.domain == world.domain_ids[site.index]
        assert site.kind == site.domain.split("-")[0]
        for name in ("capacity_gc_s", "speed_gc_s", "memory_gb"):
            np.testing.assert_array_equal(
                getattr(site, f"node_{name}"), getattr(world, f"node_{name}")[site.nodes]
            )
        replica = world.node_replica_capacity_gc_s[site.nodes]
        np.testing.assert_array_equal(site.node_replica_gc_s, replica)
        assert list(site.node_names) == [world.node_name(int(node)) for node in site.nodes]
        assert list(site.link_names) == [world.link_name(int(link)) for link in site.links]


def test_origins_and_candidates_are_those_of_the_world(world: World) -> None:
    seen = set()
    for site in sites_of(world):
        for origin, candidate in zip(site.origins, site.candidate, strict=True):
            assert world.candidates[origin, candidate] == site.index
            seen.add((int(origin), site.index))
    wanted = {(o, int(d)) for o, row in enumerate(world.candidates) for d in row}
    assert seen == wanted


def test_each_domain_decides_over_two_parallel_links(world: World) -> None:
    words = {"terminal": "local", "ran": "backhaul", "transport": "core"}
    for site in sites_of(world):
        assert site.path_links is not None
        for number, at in enumerate(site.path_links):
            assert site.link_names[at].endswith(f"{words[site.kind]}-{number}")


def test_admissible_nodes_agree_with_the_routes_of_the_world(world: World) -> None:
    classes = world.with_class(2, 1.0, 0.1, 0.030)
    admissible = world.admissible_routes(classes)
    for site in sites_of(world):
        found = site.admissible(classes)
        assert found.shape == (len(site.origins), len(classes), len(site.nodes))
        for row, (origin, k) in enumerate(zip(site.origins, site.candidate, strict=True)):
            for at, node in enumerate(site.nodes):
                routes = (world.route_candidate == k) & (world.route_node[origin] == node)
                wanted = admissible[origin][:, routes].any(axis=1)
                np.testing.assert_array_equal(found[row, :, at], wanted)


def test_a_domain_sees_its_slice_of_the_measurement(world: World) -> None:
    infrastructure = Infrastructure(world, seed=1, load=50.0)
    measured = infrastructure.measure()
    whole = observe_all(measured, world)
    assert whole.live.all() and (whole.prior == 0).all()
    for site in sites_of(world):
        seen = observe_domain(measured, site)
        for name in ("background", "utilisation", "backlog_gc"):
            np.testing.assert_array_equal(getattr(seen, name), getattr(whole, name)[site.nodes])
        for name in ("ready", "placed"):
            np.testing.assert_array_equal(getattr(seen, name), getattr(whole, name)[:, site.nodes])
        for name in ("capacity_mbit_s", "energy_j_mbit", "utilisation"):
            mine, all_links = getattr(seen, f"link_{name}"), getattr(whole, f"link_{name}")
            np.testing.assert_array_equal(mine, all_links[site.links])
        assert (seen.slot, seen.frame_start) == (-1, True)
