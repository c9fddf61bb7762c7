"""Real networks on the system model: what they set, what they leave, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from cnc.environment.scenario import load_placed, load_scenario
from cnc.environment.topologies.geography import FIBRE_KM_S
from cnc.environment.topologies.graph import transport_graph
from cnc.environment.topologies.stations import clusters, gabriel_topology, read_stations
from cnc.errors import ConfigurationError
from cnc.simulator.generator import generate_world
from cnc.simulator.traffic import TrafficGenerator
from cnc.simulator.world import BACKHAUL, CORE, LOCAL, RADIO, XN

DATA = Path(__file__).parent.parent / "data" / "topologies"


def scenario(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_germany50_sets_what_it_says_and_nothing_else() -> None:
    parameters, placed = load_placed("germany50")
    assert placed is not None and parameters.topology is not None
    world, paper = (generate_world(load_scenario(name), 4) for name in ("germany50", "paper"))
    for name, value in vars(paper).items():
        if isinstance(value, np.ndarray) and name != "link_propagation_s":
            assert np.array_equal(value, getattr(world, name)), name
    kept = np.isin(world.link_kind, (LOCAL, RADIO))
    assert np.array_equal(world.link_propagation_s[kept], paper.link_propagation_s[kept])
    ways = [way.length_km for cell in placed.cells for way in cell.paths or ()]
    backhaul = world.link_propagation_s[world.link_kind == BACKHAUL]
    assert np.allclose(backhaul, np.array(ways) / FIBRE_KM_S)
    assert (backhaul < 0.004).all() and len(set(backhaul)) > 10
    assert (world.link_propagation_s[world.link_kind == XN] > 0).all()
    core = world.link_propagation_s[world.link_kind == CORE]
    assert 0 < core[0] < core[1] < 0.005
    assert "Berlin" in parameters.topology.places and len(placed.data_centres) == 4


def test_the_same_files_give_the_same_parameters() -> None:
    assert load_scenario("germany50") == load_scenario("germany50")
    assert hash(load_scenario("polska")) == hash(load_scenario("polska"))
    assert load_scenario("polska").cells == 12


def test_capacity_is_a_fair_share_of_the_narrowest_link(tmp_path: Path) -> None:
    text = (
        f"topology: {{source: sndlib, file: {DATA / 'four.txt'}, cells: all, data_centres: 1,\n"
        "  capacity_scale: 0.5}\n"
    )
    parameters, placed = load_placed(scenario(tmp_path, text))
    assert placed is not None and parameters.topology is not None
    world = generate_world(parameters, 0)
    names = [node.name for node in placed.graph.nodes]
    assert [names[site] for site in placed.data_centres] == ["North"]
    rates = dict(
        zip(parameters.topology.places, parameters.topology.backhaul_capacity_mbit_s, strict=True)
    )
    # Half of each link's capacity, by the number of paths over it. The first path of West has its
    # link (2000) alone; the second goes over South (no capacity in the file), whose link to North
    # (800) carries three paths.
    assert rates["West"] == (2000 / 2, 800 / 2 / 3)
    assert rates["North"] == (None, None)
    backhaul = world.link_nominal_capacity_mbit_s[world.link_kind == BACKHAUL].reshape(4, 2)
    at = parameters.topology.places.index("North")
    assert backhaul[at].tolist() == [250.0, 150.0]
    assert world.link_propagation_s[world.link_kind == CORE].tolist() == [0.0, 0.0]


def test_demands_weigh_the_origins(tmp_path: Path) -> None:
    text = f"topology: {{source: sndlib, file: {DATA / 'four.txt'}, cells: 4}}\n"
    parameters = load_scenario(scenario(tmp_path, text))
    assert parameters.topology is not None
    weights = dict(zip(parameters.topology.places, parameters.topology.origin_weights, strict=True))
    assert weights == pytest.approx({"North": 5 / 3, "East": 1, "South": 1, "West": 1 / 3})
    world = generate_world(parameters, 0)
    slots = TrafficGenerator(world, 0, 400.0)
    found = slots.hotspot_weights / np.array(parameters.topology.origin_weights)
    assert sorted(np.round(found, 9)) == [1.0, 1.8, 1.8, 3.0]
    assert slots.next().requests.shape == (4, 30)
    alike = load_scenario(scenario(tmp_path, text.replace("cells: 4", "weights: false, cells: 4")))
    assert alike.topology is not None and set(alike.topology.origin_weights) == {1.0}


def test_one_and_two_cells(tmp_path: Path) -> None:
    for cells in (1, 2):
        text = f"topology: {{source: topohub, name: sndlib/polska, cells: {cells}}}\n"
        parameters = load_scenario(scenario(tmp_path, text))
        world = generate_world(parameters, 0)
        xn = world.link_propagation_s[world.link_kind == XN]
        assert len(xn) == cells and (cells > 1 or xn[0] == 0.0)


def test_a_base_gives_its_network_and_its_folder(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "net.txt").write_text((DATA / "four.txt").read_text())
    (below / "base.yaml").write_text("topology: {source: sndlib, file: net.txt, cells: 4}\n")
    same = load_scenario(scenario(tmp_path, "base: below/base.yaml\ntopology: {cells: 2}\n"))
    assert same.cells == 2 and same.topology is not None
    other = "base: below/base.yaml\ntopology: {source: topohub, name: sndlib/polska, cells: 5}\n"
    assert load_scenario(scenario(tmp_path, other)).cells == 5


@pytest.mark.parametrize(
    ("section", "line", "says"),
    [
        ("  source: somewhere", 2, "field topology.source: Input should be 'topohub'"),
        ("  name: sndlib/polska", 1, "field topology.source: missing; one of topohub"),
        ("  source: topohub", 1, "field topology.name: missing; topohub's names"),
        ("  source: graphml", 1, "field topology.file: missing"),
        ("  source: topohub\n  name: sndlib/polska\n  size: 3", 4, "field topology.size: unknown;"),
        ("  source: topohub\n  name: sndlib/polska\n  cells: 13", 4, "has 12 nodes"),
        ("  source: topohub\n  name: sndlib/polska\n  cells: 0", 4, "from 1 to"),
        ("  source: topohub\n  name: sndlib/polska\n  cells: few", 4, "field topology.cells"),
        ("  source: topohub\n  name: sndlib/polska\n  data_centres: 9", 4, "at most 4"),
        ("  source: topohub\n  name: sndlib/polska\n  capacity_scale: 0", 4, "greater than 0"),
        ("  source: topohub\n  name: sndlib/polska\n  file: a.txt", 4, "its own data"),
        ("  source: sndlib\n  file: nowhere.txt", 3, "nowhere.txt cannot be read"),
        ("  source: sndlib\n  name: a\n  file: a.txt", 3, "only of the source topohub"),
        ("  - 3", 1, "field topology: holds the fields source, name"),
    ],
)
def test_wrong_sections_are_named(section: str, line: int, says: str, tmp_path: Path) -> None:
    path = scenario(tmp_path, f"topology:\n{section}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}, line {line}, field topology")
    assert says in str(caught.value)


# -- stations ------------------------------------------------------------------------------------


def test_stations_become_weighted_cells_on_a_network_of_their_own(tmp_path: Path) -> None:
    text = f"topology: {{source: stations, file: {DATA / 'stations.csv'}, cells: 4}}\n"
    parameters, placed = load_placed(scenario(tmp_path, text))
    assert placed is not None and parameters.topology is not None
    weights = sorted(parameters.topology.origin_weights)
    assert weights == pytest.approx([0.5, 1.0, 1.0, 1.5])
    assert {len(way.links) for cell in placed.cells for way in cell.paths or ()} <= {0, 1, 2, 3}
    assert parameters == load_scenario(scenario(tmp_path, text))


def test_stations_attach_to_a_network(tmp_path: Path) -> None:
    text = (
        f"topology: {{source: sndlib, file: {DATA / 'four.txt'}, cells: 3, data_centres: 1,\n"
        f"  stations: {DATA / 'stations.csv'}}}\n"
    )
    parameters, placed = load_placed(scenario(tmp_path, text))
    assert placed is not None and parameters.cells == 3
    assert sum(round(cell.weight * 8 / 3) for cell in placed.cells) == 8
    assert all(cell.access_km < 90 for cell in placed.cells)
    assert any(cell.access_km > 0 for cell in placed.cells)


@pytest.mark.parametrize(
    "text",
    [
        "Latitude,Longitude\n52,10\n51,11\n",
        "\ufeffid;LON;LAT\r\n\r\n1;10,0;52,0\r\n2;11,0;51,0\r\n;;\r\n",
        "lat\tlng\tname\n52\t10\ta\n51\t11\tb\n\tNA\tc\n",
        "# made up\nlon,lat\n10.0,52.0\n11.0,51.0\n",
        "sep=;\nlon;lat\n10.0;52.0\n11.0;51.0\n",
        "LTE,262,1,1,1,0,10,52,9,5,1,1,1,0\nLTE,262,1,1,1,0,11,51,9,5,1,1,1,0\n",
    ],
    ids=["long names", "German", "tabulators", "comment", "Excel", "OpenCelliD without header"],
)
def test_tables_of_stations(text: str, tmp_path: Path) -> None:
    path = tmp_path / "stations.csv"
    path.write_bytes(text.encode("utf-8"))
    found = read_stations(path)
    assert found.places.tolist() == [[10.0, 52.0], [11.0, 51.0]]
    packed = tmp_path / "stations.csv.gz"
    packed.write_bytes(gzip.compress(text.encode("utf-8")))
    assert read_stations(packed).places.tolist() == found.places.tolist()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "line 1: no column with the longitude; it may be called longitude, lon"),
        ("lon,lat\n", "no rows below the header"),
        ("# lon,lat\n", "no rows in it"),
        ("lon,lat\n1,2\n1,95\n", "line 3: longitude 1 and latitude 95"),
        ("lon,lat\n1,2\nx1,2\n", "line 3, column lon: 'x1' is no number"),
        ("lon,lat\n1,\n", "no row has a longitude"),
        ("lon,lat\n1,2\n1,2\n", "1 places, too few for 10 cells"),
    ],
)
def test_bad_stations_are_named(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text(text)
    path = scenario(tmp_path, "topology: {source: stations, file: stations.csv}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert says in str(caught.value) and "field topology.file" in str(caught.value)


def test_bad_stations_beside_a_network_are_named_there(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, "topology:\n  source: topohub\n  name: sndlib/polska\n  stations: none.csv\n"
    )
    with pytest.raises(ConfigurationError, match=r"line 4, field topology\.stations: .*none\.csv"):
        load_scenario(path)


def test_stations_need_a_map_with_degrees(tmp_path: Path) -> None:
    text = "topology: {source: topohub, name: sndlib/france, cells: 3, stations: %s}\n"
    path = scenario(tmp_path, text % (DATA / "stations.csv"))
    with pytest.raises(ConfigurationError, match="no geographic coordinates"):
        load_scenario(path)


def test_many_stations_and_their_network(tmp_path: Path) -> None:
    places = np.random.default_rng(3).normal((10.0, 50.0), (1.0, 0.7), (20_000, 2))
    path = tmp_path / "many.csv"
    rows = "\n".join(f"{x:.5f},{y:.5f}" for x, y in places)
    path.write_text(f"lon,lat\n{rows}\n")
    stations = read_stations(path)
    groups = clusters(stations, 12)
    assert sum(group.stations for group in groups) == 20_000
    assert groups == clusters(stations, 12)
    graph = transport_graph(gabriel_topology(stations, groups))
    assert len(graph.nodes) == 12 and 11 <= len(graph.links) <= 28
