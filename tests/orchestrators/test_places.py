"""Where the users of an intent are: domains by number, places of the scenario, unknown places."""

from __future__ import annotations

import numpy as np
import pytest

from cnc.errors import IntentError
from cnc.messages.intents import Slot
from cnc.orchestrators.end_to_end.places import origin_shares, with_domains
from tests.orchestrators.asking import after, ar, ask

SYSTEM = after(2)
WORLD, AREAS = SYSTEM.blueprint.world, SYSTEM.blueprint.areas


def placed(area: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = with_domains(ar(10, 100, area=area), AREAS, WORLD)
    return found.domains, found.notes


def test_a_place_of_the_scenario_is_its_cells() -> None:
    assert placed("stadium") == (("ran-0",), ())
    assert placed("docks") == (("ran-1", "ran-2"), ())
    assert placed("ran-1") == (("ran-1",), ())
    assert placed("ran-0 and ran-2") == (("ran-0", "ran-2"), ())


def test_an_unknown_place_is_told_with_those_that_are_known() -> None:
    domains, notes = placed("moon")
    assert domains == ()
    assert notes[0].startswith('area "moon" is not in the scenario; all areas are served')
    assert "stadium, harbour" in notes[0]


def test_users_of_an_area_weigh_as_its_cells_do_now() -> None:
    now = np.array([0.5, 0.3, 0.2])
    harbour = with_domains(ar(10, 100, area="harbour"), AREAS, WORLD)
    assert origin_shares(harbour, WORLD, now) == pytest.approx([0, 0.6, 0.4])
    assert origin_shares(ar(10, 100), WORLD, now) is now
    empty = origin_shares(harbour, WORLD, np.array([1.0, 0, 0]))
    assert empty == pytest.approx([0, 0.5, 0.5])


@pytest.mark.parametrize("domain", ["ran-30", "transport"])
def test_a_domain_that_is_not_there_is_refused(domain: str) -> None:
    with pytest.raises(IntentError, match="ran-2"):
        origin_shares(with_domains(ar(10, 100, area=domain), AREAS, WORLD), WORLD, np.ones(3))


def test_an_intent_is_served_where_its_users_are() -> None:
    system = after(3)
    events = ask(system, "intent-1", ar(12, 150, area="the stadium"), dry_run=True)
    intent = events[1].intent
    assert events[-1].event == "planned" and intent is not None
    assert intent.domains == ("ran-0",)
    assert intent.area == Slot(
        value="the stadium", origin="said", source="the scenario's stadium: ran-0"
    )
    far = ask(system, "intent-2", ar(12, 150, area="moon"), dry_run=True)
    assert far[-1].event == "planned"
    assert far[1].intent is not None and "moon" in far[1].intent.notes[0]


def test_an_origin_goes_before_the_words_and_must_be_there() -> None:
    intent = with_domains(ar(10, 100, area="stadium"), AREAS, WORLD, "ran-2")
    assert intent.domains == ("ran-2",)
    wrong = with_domains(ar(10, 100), AREAS, WORLD, "mars-1")
    with pytest.raises(IntentError, match="mars-1"):
        origin_shares(wrong, WORLD, np.ones(3))
