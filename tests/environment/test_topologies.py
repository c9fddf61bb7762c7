"""Real transport networks: read in every form, cleaned, and placed without changing the model."""

from __future__ import annotations

import gzip
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from cnc.environment.scenario import load_scenario
from cnc.environment.topologies.geography import (
    drawn_km,
    propagation_s,
    straight_km,
    tour,
)
from cnc.environment.topologies.graph import (
    Link,
    Node,
    RawLink,
    RawNode,
    RawTopology,
    TransportGraph,
    transport_graph,
)
from cnc.environment.topologies.graphml import read_graphml
from cnc.environment.topologies.hub import keys, near, read_hub
from cnc.environment.topologies.paths import Path as Way
from cnc.environment.topologies.paths import Paths
from cnc.environment.topologies.sndlib import read_native, read_sndlib_json, read_sndlib_xml
from cnc.errors import ConfigurationError
from cnc.simulator.generator import generate_world

DATA = Path(__file__).parent.parent / "data" / "topologies"


def scenario(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def net(links: list[tuple[int, int, float]], count: int) -> TransportGraph:
    return TransportGraph(
        "test",
        tuple(Node(str(at), float(at), 0.0) for at in range(count)),
        tuple(Link((one, other), length, None) for one, other, length in links),
        (0.0,) * count,
        False,
        (),
    )


def raw(links: list[tuple[str, str]], nodes: str, **fields: object) -> RawTopology:
    at = {name: float(place) for place, name in enumerate(nodes)}
    return RawTopology(
        "test",
        tuple(RawNode(name, name, at[name], 50.0) for name in nodes),
        tuple(RawLink(one, other) for one, other in links),
        **fields,  # type: ignore[arg-type]
    )


# -- distances -----------------------------------------------------------------------------------


def test_great_circles() -> None:
    assert straight_km((0, 0), (0, 90)) == pytest.approx(10007.557, abs=0.01)
    assert straight_km((179.5, 0), (-179.5, 0)) == pytest.approx(111.195, abs=0.01)
    assert straight_km((13.40, 52.52), (11.58, 48.14)) == pytest.approx(504, abs=2)
    assert straight_km((0, 0), (3, 4), geographic=False) == 5.0
    assert propagation_s(199.861638) == pytest.approx(1e-3, rel=1e-6)


def test_a_tour_has_no_crossing() -> None:
    angles = np.random.default_rng(1).permutation(12) * (2 * math.pi / 12)
    places = [(math.cos(a), math.sin(a)) for a in angles]
    order = tour(12, lambda a, b: math.dist(places[a], places[b]))
    steps = {
        abs(round((angles[a] - angles[b]) / (math.pi / 6))) for a, b in itertools.pairwise(order)
    }
    assert sorted(order) == list(range(12)) and steps <= {1, 11}
    assert tour(1, lambda a, b: 0.0) == [0]
    assert sorted(tour(3, lambda a, b: 1.0, first=2))[0] == 0


# -- paths ---------------------------------------------------------------------------------------


def test_two_paths_are_disjoint_where_the_network_allows_it() -> None:
    graph = net([(0, 1, 1), (1, 3, 1), (0, 2, 2), (2, 3, 2), (0, 3, 9)], 4)
    first = Paths(graph).shortest(0, [3])
    one, other = Paths(graph).second(first, [3])
    assert (one.links, other.links) == ((0, 1), (2, 3))
    assert (one.length_km, other.length_km) == (2.0, 4.0)


def test_a_shortest_path_that_blocks_all_others_gives_way() -> None:
    """The trap: 0-1-2-3 takes a link of both 0-1-3 and 0-2-3."""
    graph = net([(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 2, 4), (1, 3, 4)], 4)
    first = Paths(graph).shortest(0, [3])
    assert first.links == (0, 1, 2)
    one, other = Paths(graph).second(first, [3])
    assert not set(one.links) & set(other.links)
    assert one.length_km + other.length_km == 10.0


def test_where_a_bridge_is_shared_only_the_bridge_is() -> None:
    graph = net([(0, 1, 5), (1, 2, 1), (2, 4, 1), (1, 3, 2), (3, 4, 2)], 5)
    one, other = Paths(graph).second(Paths(graph).shortest(0, [4]), [4])
    assert set(one.links) & set(other.links) == {0}
    assert (one.length_km, other.length_km) == (7.0, 9.0)


def test_all_lengths_are_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths(transport_graph(read_hub("sndlib/germany50")))
    found = np.array(paths.all_lengths())
    monkeypatch.setattr("cnc.environment.topologies.paths.SEARCHED", 1)
    assert np.allclose(found, paths.all_lengths(), rtol=1e-12)
    assert np.allclose(found, found.T)


def test_every_pair_of_paths_in_germany50_is_disjoint() -> None:
    graph = transport_graph(read_hub("sndlib/germany50"))
    paths = Paths(graph)
    for source in range(1, len(graph.nodes)):
        one, other = paths.second(paths.shortest(source, [0]), [0])
        assert not set(one.links) & set(other.links)
        for way in (one, other):
            _is_a_walk(graph, way, source, 0)


def _is_a_walk(graph: TransportGraph, way: Way, source: int, target: int) -> None:
    assert (way.nodes[0], way.end) == (source, target)
    for at, link in enumerate(way.links):
        assert set(graph.links[link].ends) == set(way.nodes[at : at + 2])
    total = sum(graph.links[link].length_km for link in way.links)
    assert way.length_km == pytest.approx(total)


# -- cleaning ------------------------------------------------------------------------------------


def test_loops_parallels_and_islands() -> None:
    links = [("a", "b"), ("a", "b"), ("b", "a"), ("b", "b"), ("b", "c"), ("d", "e")]
    graph = transport_graph(raw(links, "abcde"))
    assert [node.name for node in graph.nodes] == ["a", "b", "c"]
    assert [link.ends for link in graph.links] == [(0, 1), (1, 2)]
    text = " ".join(graph.notes)
    assert "itself are left out (1)" in text and "joined" in text and "(2)" in text
    assert "of 5 nodes the 3" in text


def test_capacities_of_parallel_links_add_up_and_directions_do_not() -> None:
    def capacities(*links: tuple[str, str, float]) -> list[float | None]:
        given = tuple(RawLink(a, b, None, c) for a, b, c in links)
        nodes = tuple(RawNode(n, n, float(at), 50.0) for at, n in enumerate("abc"))
        return [x.capacity_mbit_s for x in transport_graph(RawTopology("t", nodes, given)).links]

    assert capacities(("a", "b", 3), ("a", "b", 4), ("b", "c", 1)) == [7.0, 1.0]
    arcs = (("a", "b", 3), ("b", "a", 2), ("b", "c", 1), ("c", "b", 1))
    assert capacities(*arcs) == [2.0, 1.0]


def test_nodes_without_coordinates_lie_between_their_neighbours() -> None:
    nodes = (RawNode("a", "a", 0.0, 0.0), RawNode("b", "b"), RawNode("c", "c", 2.0, 2.0))
    links = (RawLink("a", "b"), RawLink("b", "c"))
    graph = transport_graph(RawTopology("test", nodes, links))
    assert (graph.nodes[1].x, graph.nodes[1].y) == (1.0, 1.0)
    assert "such as 'b'" in graph.notes[0]


def test_a_network_without_any_coordinates_is_drawn() -> None:
    nodes = tuple(RawNode(name, name) for name in "abcd")
    links = tuple(RawLink(a, b, 50.0) for a, b in ("ab", "bc", "cd", "da"))
    graph = transport_graph(RawTopology("test", nodes, links))
    assert not graph.geographic and "no node has coordinates" in graph.notes[0]
    assert [link.length_km for link in graph.links] == [50.0] * 4
    assert graph.straight_km(0, 2) > graph.straight_km(0, 1) > 20
    assert drawn_km("ab", {("a", "b"): 7.0}).keys() == {"a", "b"}


def test_a_drawing_is_scaled() -> None:
    nodes = (RawNode("a", "a", 0.0, 0.0), RawNode("b", "b", 300.0, 400.0))
    given = RawTopology("test", nodes, (RawLink("a", "b"),))
    assert transport_graph(given).links[0].length_km == pytest.approx(500.0)
    assert "drawing" in transport_graph(given).notes[0]
    assert transport_graph(given, 80.0).links[0].length_km == pytest.approx(80.0)
    assert transport_graph(given, 80.0).notes == ()


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no link between two"):
        transport_graph(raw([], "ab"))
    with pytest.raises(ConfigurationError, match="there is no node 'z'"):
        transport_graph(raw([("a", "z")], "ab"))
    twice = RawTopology("test", (RawNode("a", "a"), RawNode("a", "a")), ())
    with pytest.raises(ConfigurationError, match="more than once"):
        transport_graph(twice)


# -- formats -------------------------------------------------------------------------------------


def test_the_three_forms_of_sndlib_are_the_same_network() -> None:
    native = read_native(DATA / "four.txt")
    for other in (read_sndlib_xml(DATA / "four.xml"), read_sndlib_json(DATA / "four.json")):
        assert (other.nodes, other.links, other.demands) == (
            *(native.nodes, native.links, native.demands),
        )
    assert native.links[0] == RawLink("North", "East", None, 1000.0)
    assert native.links[2].capacity_mbit_s is None
    assert transport_graph(native).demand == (50.0, 30.0, 30.0, 10.0)


def test_graphml_of_the_zoo() -> None:
    given = read_graphml(DATA / "zoo.graphml")
    assert given.nodes[0] == RawNode("0", "North", 10.0, 52.0)
    assert given.nodes[4] == RawNode("4", "Nowhere", None, None)
    assert [link.capacity_mbit_s for link in given.links[:3]] == [1000.0, 500.0, None]
    graph = transport_graph(given)
    assert [node.name for node in graph.nodes] == ["North", "East", "South", "West", "Nowhere"]
    assert (graph.links[0].capacity_mbit_s, len(graph.links), len(graph.notes)) == (1500.0, 6, 4)


@pytest.mark.parametrize("name", ["four.txt", "four.xml", "four.json", "zoo.graphml"])
def test_windows_files_and_packed_ones(name: str, tmp_path: Path) -> None:
    read = {
        ".txt": read_native, ".xml": read_sndlib_xml, ".json": read_sndlib_json,
        ".graphml": read_graphml,
    }[Path(name).suffix]  # fmt: skip
    wanted = read(DATA / name)
    content = (DATA / name).read_bytes().replace(b"\n", b"\r\n\r\n")
    for at, data in enumerate((b"\xef\xbb\xbf" + content, gzip.compress(content))):
        path = tmp_path / f"{at}-{name}"
        path.write_bytes(data)
        found = read(path)
        assert (found.nodes, found.links) == (wanted.nodes, wanted.links)


def test_brackets_on_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "net.txt"
    path.write_text(
        "NODES\n(\na ( 1 2 )\nb\n)\nLINKS (\nL ( a b )\n)\n"
        "ADMISSIBLE_PATHS (\n D ( \n  P ( L )\n )\n)\n"
    )
    found = read_native(path)
    assert found.nodes == (RawNode("a", "a", 1.0, 2.0), RawNode("b", "b"))
    assert found.links == (RawLink("a", "b"),)


def test_node_link_json_with_positions(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(
        '{"nodes": [{"id": 0, "pos": [10, 50]}, {"id": 1, "pos": [11, 50]}],'
        ' "links": [{"source": 0, "target": 1, "capacity": 9}], "graph": {}}'
    )
    found = read_sndlib_json(path)
    assert found.links == (RawLink("0", "1", None, 9.0),)
    assert found.nodes[1] == RawNode("1", "1", 11.0, 50.0)


@pytest.mark.parametrize(
    ("suffix", "text", "says"),
    [
        (".txt", "", "is empty"),
        (".txt", "hello\n", "no section `NODES"),
        (".txt", "NODES (\n a ( 1 2 )\n)\nLINKS (\n L ( a )\n)\n", "line 5: a link is"),
        (".txt", "NODES (\n a ( 1 2 )\n)\nDEMANDS (\n D ( a a ) 1 x\n)\n", "line 5: a demand is"),
        (".xml", "<network>\n<nodes>\n</network>", "line 3: no XML"),
        (".xml", '<?xml version="1.0"?>\n<network>\n<nodes>\n</network>', "line 4: no XML"),
        (".xml", "<graph/>", "begins with <network>"),
        (".xml", "<network/>", "there is no <node>"),
        (".xml", '<network><node id="a"/><link id="L"><source>a</source></link></network>',
         "link L: <target> is missing"),
        (".json", '{"nodes": [\n}', "line 2: no JSON"),
        (".json", '{"nodes": []}', "field nodes: a list"),
        (".json", '{"nodes": [3]}', "field nodes.0"),
        (".json", '{"nodes": {"a": {}}, "links": [{"id": "L", "source": "a"}]}', "link L: "),
        (".json", "[1]", "an object with nodes"),
        (".graphml", "<svg/>", "begins with <graphml>"),
        (".graphml", "<graphml/>", "no node"),
        (".graphml", '<graphml><node id="a"/><edge source="a"/></graphml>', "edge number 1 lacks"),
        (".graphml", "<graphml><node/></graphml>", "node number 1 has no id"),
    ],
)  # fmt: skip
def test_bad_files_are_named(suffix: str, text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / f"bad{suffix}"
    file.write_text(text)
    source = "graphml" if suffix == ".graphml" else "sndlib"
    path = scenario(tmp_path, f"load: 9\ntopology: {{source: {source}, file: {file.name}}}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 2, field topology.file: {file}"), message
    assert says in message


# -- topohub -------------------------------------------------------------------------------------


def test_near_names_are_named(tmp_path: Path) -> None:
    assert {"sndlib/germany50", "sndlib/polska", "topozoo/Geant2012"} <= set(keys())
    assert near("germany50")[0] == near("sndlib/germany5")[0] == "sndlib/germany50"
    path = scenario(tmp_path, "topology:\n  source: topohub\n  name: sndlib/germny50\n")
    with pytest.raises(ConfigurationError, match=r"line 3, field topology\.name: .*sndlib/germany"):
        load_scenario(path)


def test_drawings_of_sndlib_are_known() -> None:
    for name in ("sndlib/france", "sndlib/india35"):
        graph = transport_graph(read_hub(name))
        assert not graph.geographic and max(x.length_km for x in graph.links) < 500
    assert transport_graph(read_hub("sndlib/polska")).geographic


@pytest.mark.parametrize("name", ["sndlib/nobel-eu", "topozoo/Abilene", "backbone/africa"])
def test_any_topology_becomes_a_world(name: str, tmp_path: Path) -> None:
    text = f"topology: {{source: topohub, name: {name}, cells: 10}}\n"
    parameters = load_scenario(scenario(tmp_path, text))
    world = generate_world(parameters, 0)
    assert parameters.cells == 10 and len(world.domain_ids) == 21
    assert world.admissible_routes(world.classes).any(axis=(0, 2)).all()
