import pytest

from cnc.environment.areas import Area, AreaTable
from cnc.environment.scenario import load_areas, load_scenario
from cnc.errors import ConfigurationError

TABLE = AreaTable(
    (
        Area(name="stadium", aliases=("arena",), domains=("ran-0",)),
        Area(name="container terminal", domains=("ran-2",)),
        Area(name="harbour", aliases=("Port of Hamburg",), domains=("ran-1", "terminal-2")),
    )
)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("the stadium", "stadium"),
        ("Arena", "stadium"),
        ("football stadium", "stadium"),
        ("harbor", "harbour"),
        ("container terminal at the harbour", "container terminal"),
        ("stadiums", None),
        ("moon", None),
    ],
)
def test_places_are_found_by_name_and_alias(said, name):
    area = TABLE.find(said)
    assert (area.name if area else None) == name


def test_real_networks_know_their_places():
    assert load_areas("germany50").find("München").domains == ("ran-4",)
    assert "stadium" in load_areas("paper").names


def test_areas_of_a_base_are_those_of_its_cells(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("base: paper\ncells: 4\n")
    assert load_areas(str(file)).areas == ()
    file.write_text("base: paper\nload: 200\n")
    assert "harbour" in load_areas(str(file)).names
    file.write_text("base: paper\nareas: [{name: mine, domains: [ran-9]}]\n")
    assert load_areas(str(file)).names == ("mine",)


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        ("[{name: stadium, domains: [ran-3]}]", r"line 3, field areas.0.domains.0: .*ran-2"),
        ("[{name: stadium, domains: [transport]}]", "users cannot be in 'transport'"),
        ("[{name: stadium, domains: []}]", "areas.0.domains"),
        ("[{name: stadium, domains: [ran-01]}]", "users cannot be in 'ran-01'"),
        ("[{name: stadium, domains: [ran-١]}]", "users cannot be in"),
        (f"[{{name: stadium, domains: [ran-{'9' * 5_000}]}}]", "users cannot be in"),
        ("[{name: '!!', domains: [ran-0]}]", "'!!' can be no name of a place"),
        ("[{name: a b, aliases: [ran-1], domains: [ran-0]}]", "'ran-1' can be no name"),
        ("[{name: a b, domains: [ran-0], at: 1}]", "at: unknown; there are name, aliases"),
        ("[{domains: [ran-0]}]", "areas.0.name: missing; text is wanted"),
        ("[{name: stadium}]", "areas.0.domains: missing; a list is wanted"),
        ("[stadium]", "holds the fields name, aliases, domains"),
        ("{stadium: ran-0}", "is a list of areas"),
        (
            "[{name: a place, domains: [ran-0]}, {name: b, aliases: [A place], domains: [ran-1]}]",
            "areas.1",
        ),
    ],
)
def test_a_wrong_area_is_refused_with_its_place(tmp_path, areas, message):
    file = tmp_path / "mine.yaml"
    file.write_text(f"base: small\nname: mine\nareas: {areas}\n")
    with pytest.raises(ConfigurationError, match=message):
        load_scenario(str(file))
