from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnc.errors import ConfigurationError, UsageError
from cnc.simulator.generator import generate_world, radio_capacity_mbit_s
from cnc.simulator.parameters import Range, ScenarioParameters
from cnc.simulator.world import BACKHAUL, CORE, LINK_KINDS, LOCAL, RADIO, XN, World

ROOT = Path(__file__).parents[2]
PAPER = ScenarioParameters()


@pytest.fixture(scope="module")
def world() -> World:
    return generate_world(PAPER, 0)


def test_torch_is_not_needed() -> None:
    """A domain process holds a world and its traffic without the kernel's weight."""
    modules = ["parameters", "world", "topology", "generator", "traffic"]
    code = "import sys, cnc.simulator\n" + "\n".join(
        f"import cnc.simulator.{module}" for module in modules
    )
    code += "\nsys.exit('torch' in sys.modules or 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0


def test_the_paper_world_has_its_sizes(world: World) -> None:
    assert len(world.domain_ids) == 21
    assert world.domain_ids[0] == "terminal-0"
    assert world.domain_ids[10:21:10] == ("ran-0", "transport")
    assert len(world.node_domain) == 74 and len(world.link_domain) == 62
    assert world.route_node.shape == (10, 33) and len(world.work_gc) == 30


def test_every_number_lies_in_its_range(world: World) -> None:
    tiers = ((PAPER.terminal, range(10)), (PAPER.ran, range(10, 20)), (PAPER.transport, [20]))
    for tier, domains in tiers:
        nodes = np.isin(world.node_domain, list(domains))
        inside(world.node_capacity_gc_s[nodes], tier.capacity_gc_s)
        inside(world.node_speed_gc_s[nodes], Range(0.0, tier.speed_gc_s.high))
        inside(world.node_idle_w[nodes], tier.idle_w)
        per_gc = world.node_dynamic_w[nodes] / world.node_capacity_gc_s[nodes]
        inside(per_gc, tier.energy_j_per_gc)
        assert set(world.node_memory_gb[nodes]) == {tier.memory_gb}
        assert set(world.node_start_energy_j[nodes]) == {tier.start_energy_j}
    for number, table in enumerate(PAPER.service_classes):
        of_class = world.service_class == number
        inside(world.work_gc[of_class], table.work_gc)
        inside(world.memory_gb[of_class], table.memory_gb)
        inside(world.classes.uplink_mbit[of_class], table.uplink_mbit)
        inside(world.classes.deadline_s[of_class], table.deadline_s)
    np.testing.assert_allclose(world.classes.downlink_mbit, 0.2 * world.classes.uplink_mbit)
    assert bool((world.node_speed_gc_s <= world.node_capacity_gc_s).all())
    kappa = np.minimum(2.0 * world.node_speed_gc_s, world.node_capacity_gc_s)
    np.testing.assert_array_equal(world.node_replica_capacity_gc_s, kappa)
    np.testing.assert_array_equal(world.node_servers, kappa / world.node_speed_gc_s)
    np.testing.assert_allclose(world.keepalive_w, 0.1 * world.memory_gb[:, None].repeat(74, 1))


def inside(values: np.ndarray, between: Range) -> None:
    assert bool((values >= between.low - 1e-9).all() and (values <= between.high + 1e-9).all())


@pytest.mark.parametrize("services", [1, 2, 3, 7, 30])
def test_every_three_ranks_hold_one_service_of_each_class(services: int) -> None:
    world = generate_world(replace(PAPER, services=services), 5)
    for start in range(0, services - 2, 3):
        assert sorted(world.service_class[start : start + 3]) == [0, 1, 2]
    assert world.popularity.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(
        world.popularity[0] / world.popularity, np.arange(1, services + 1) ** 1.2
    )


def test_the_same_seed_gives_the_same_world() -> None:
    first, again, other = (generate_world(PAPER, seed) for seed in (3, 3, 4))
    for name, value in vars(first).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(again, name))
    assert not np.array_equal(first.work_gc, other.work_gc)
    assert not np.array_equal(first.node_capacity_gc_s, other.node_capacity_gc_s)


def test_more_services_leave_nodes_alone_and_more_cells_leave_services_alone() -> None:
    base = generate_world(PAPER, 1)
    fewer = generate_world(replace(PAPER, services=9), 1)
    np.testing.assert_array_equal(base.node_capacity_gc_s, fewer.node_capacity_gc_s)
    wider = generate_world(replace(PAPER, cells=12), 1)
    np.testing.assert_array_equal(base.work_gc, wider.work_gc)


@pytest.mark.parametrize("cells", [1, 2, 3, 6, 210, 1000])
def test_any_number_of_cells_is_laid_out_consistently(cells: int) -> None:
    world = generate_world(replace(PAPER, cells=cells), 0)
    assert len(world.domain_ids) == 2 * cells + 1
    assert len(world.node_domain) == 7 * cells + 4
    assert len(world.link_domain) == 6 * cells + 2
    assert world.candidates.shape == (cells, 5)
    reached = world.candidates[np.arange(cells)[:, None], world.route_candidate]
    np.testing.assert_array_equal(world.node_domain[world.route_node], reached)
    kinds = np.append(world.link_kind, -1)[world.route_links]
    wanted = {
        0: (LOCAL, -1, -1),
        1: (RADIO, -1, -1),
        2: (RADIO, XN, -1),
        3: (RADIO, XN, -1),
        4: (RADIO, BACKHAUL, CORE),
    }
    for k, path in wanted.items():
        assert bool((kinds[:, world.route_candidate == k] == path).all())
    owners = np.append(world.link_domain, -1)[world.route_links]
    cell = np.arange(cells)[:, None]
    assert bool((owners[:, world.route_candidate == 0, 0] == cell).all())
    assert bool((owners[:, world.route_candidate != 0, 0] == cells + cell).all())
    backhaul = owners[:, world.route_candidate == 4]
    assert bool((backhaul[..., 1] == cells + cell).all() and (backhaul[..., 2] == 2 * cells).all())
    neighbours = np.stack([(cell[:, 0] + 1) % cells, (cell[:, 0] - 1) % cells], axis=1)
    np.testing.assert_array_equal(world.candidates[:, 2:4], cells + neighbours)


def test_the_xn_link_between_two_cells_is_shared(world: World) -> None:
    """R_0 to R_1 and R_1 to R_0 load the same link of the ring."""
    onward = world.route_links[0, world.route_candidate == 2, 1]
    back = world.route_links[1, world.route_candidate == 3, 1]
    assert set(onward) == set(back) and len(set(onward)) == 1
    assert world.link_name(int(onward[0])) == "ran-0/xn"


def test_parallel_links_are_told_apart(world: World) -> None:
    kinds = np.append(world.link_kind, -1)[world.route_links[0]]
    for kind, which in ((LOCAL, world.route_local), (BACKHAUL, world.route_backhaul)):
        assert sorted(set(which)) == [-1, 0, 1]
        np.testing.assert_array_equal((kinds == kind).any(-1), which >= 0)
    np.testing.assert_array_equal((kinds == CORE).any(-1), world.route_core >= 0)
    names = {world.link_name(int(link)) for link in world.route_links[2].ravel() if link >= 0}
    wanted = "terminal-2/local-{} ran-2/radio ran-2/xn ran-1/xn ran-2/backhaul-{} transport/core-{}"
    assert names == {n.format(i) for n in wanted.split() for i in range(2)}


def test_names_are_unique_and_readable(world: World) -> None:
    nodes = [world.node_name(node) for node in range(74)]
    links = [world.link_name(link) for link in range(62)]
    assert len(set(nodes)) == 74 and len(set(links)) == 62
    assert (nodes[13], nodes[40], nodes[73]) == (
        "terminal-3/node-1",
        "ran-0/node-0",
        "transport/node-3",
    )
    assert {name.split("/")[1].split("-")[0] for name in links} == set(LINK_KINDS)


def test_domains_own_every_node_and_link_once(world: World) -> None:
    domains = range(len(world.domain_ids))
    assert sorted(np.concatenate([world.nodes_of(d) for d in domains])) == list(range(74))
    assert sorted(np.concatenate([world.links_of(d) for d in domains])) == list(range(62))
    assert [len(world.links_of(d)) for d in (0, 10, 20)] == [2, 4, 2]


def test_domains_are_found_by_name(world: World) -> None:
    assert world.domain_index("ran-2") == 12
    with pytest.raises(UsageError, match="'ran-10' is not in this world"):
        world.domain_index("ran-10")


@pytest.mark.parametrize("cells", [1, 2, 6])
def test_origins_of_a_domain_are_those_whose_candidate_it_is(cells: int) -> None:
    world = generate_world(replace(PAPER, cells=cells), 0)
    pairs = 0
    for domain in range(len(world.domain_ids)):
        origins, which = world.origins_of(domain)
        assert bool((world.candidates[origins, which] == domain).all())
        pairs += len(origins)
    assert pairs == 5 * cells
    origins, which = world.origins_of(2 * cells)
    assert origins.tolist() == list(range(cells)) and set(which) == {4}


def test_latency_without_load_adds_up(world: World) -> None:
    """By hand: origin 3, service 5, the last route (second backhaul, second core link)."""
    classes = world.classes
    size = float(classes.uplink_mbit[5] + classes.downlink_mbit[5])
    radio = float(radio_capacity_mbit_s(PAPER, np.array(16.0)))
    wanted = 2 * (0.004 + 0.006 + 0.015) + size * (1 / radio + 1 / 150 + 1 / 1500)
    wanted += float(world.work_gc[5] / world.node_speed_gc_s[73])
    found = world.zero_load_latency_s(classes)
    assert found.shape == (10, 30, 33)
    assert found[3, 5, 32] == pytest.approx(wanted, rel=1e-12)
    good = world.admissible_routes(classes)
    np.testing.assert_array_equal(good, found < classes.deadline_s[None, :, None])


def test_a_class_of_its_own_is_added_last(world: World) -> None:
    classes = world.with_class(4, 0.5, 0.1, 0.05)
    assert len(classes) == 31 and classes.service[-1] == 4 and len(world.classes) == 30
    wide = world.admissible_routes(classes)
    np.testing.assert_array_equal(wide[:, :30], world.admissible_routes(world.classes))
    again = world.with_class(4, 0.5, 0.1, 10.0)
    assert bool(world.admissible_routes(again)[:, 30].all())


@pytest.mark.parametrize(
    "values, message",
    [
        ((30, 1.0, 0.1, 0.1), "service 30 is not in this world; there are 0 to 29"),
        ((-1, 1.0, 0.1, 0.1), "service -1"),
        ((0, 0.0, 0.1, 0.1), "uplink"),
        ((0, 1.0, -0.1, 0.1), "downlink"),
        ((0, 1.0, 0.1, float("nan")), "deadline"),
    ],
)
def test_an_impossible_class_is_refused(
    world: World, values: tuple[int, float, float, float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        world.with_class(*values)


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="from low to high"):
        Range(2.0, 1.0)
    with pytest.raises(ConfigurationError, match="at least one cell"):
        ScenarioParameters(cells=0)
    with pytest.raises(ConfigurationError, match="ran: a domain has at least one node"):
        ScenarioParameters(ran=replace(PAPER.ran, nodes=0))
