"""A wish for little energy weighs on where an intent runs, as far as what is asked is kept."""

from __future__ import annotations

import numpy as np

from cnc.messages.intents import Intent, IntentEvent, Slot
from cnc.orchestrators.end_to_end.demand import Demand
from cnc.orchestrators.end_to_end.planning import energy_fit
from tests.orchestrators.asking import after, ar, ask
from tests.orchestrators.systems import System


def wishing(intent: Intent, wish: str = "low") -> Intent:
    slot = Slot[str](value=wish, origin="said")
    return Intent.model_validate({**intent.model_dump(), "energy_preference": slot.model_dump()})


def planned(system: System, name: str, intent: Intent) -> IntentEvent:
    return ask(system, name, intent, dry_run=True)[-1]


def joule(event: IntentEvent) -> float:
    assert event.event == "planned" and event.predicted is not None
    assert event.predicted.energy_j_per_request is not None
    return event.predicted.energy_j_per_request


def test_little_energy_is_spent_where_it_is_wished() -> None:
    system = after(6)
    plain = planned(system, "intent-1", ar(12, 150))
    green = planned(system, "intent-2", wishing(ar(12, 150)))
    assert joule(green) < joule(plain)
    note = f"{joule(green):.2f} J a request predicted, {joule(plain):.2f} J without that wish"
    assert note in green.notes[0]
    assert plain.notes == ()
    assert green.feasibility is not None and green.feasibility.state == "feasible"


def test_a_balanced_wish_changes_nothing() -> None:
    system = after(6)
    plain = planned(system, "intent-1", ar(12, 150))
    same = planned(system, "intent-2", wishing(ar(12, 150), "balanced"))
    assert joule(same) == joule(plain) and same.placements == plain.placements


def test_a_wish_never_costs_what_is_asked() -> None:
    system = after(6)
    for number, latency in enumerate((40.0, 60.0, 80.0, 100.0)):
        plain = planned(system, f"intent-{number}", ar(12, latency))
        green = planned(system, f"green-{number}", wishing(ar(12, latency)))
        assert plain.feasibility is not None and green.feasibility is not None
        least = min(plain.feasibility.required_share, plain.feasibility.predicted_share)
        assert green.feasibility.predicted_share >= least
        if plain.event == "planned":
            assert joule(green) <= joule(plain) + 1e-9 and len(green.notes) == 1


def test_weights_follow_the_energy_of_candidates() -> None:
    system = after(6)
    world = system.blueprint.world
    last = system.e2e._last
    assert last is not None
    demand = Demand(
        service=0, uplink_mbit=1.0, downlink_mbit=0.2, deadline_s=0.15, requests=np.ones(3)
    )
    weights = energy_fit(world, last.observation, demand)
    assert weights.max() == 0.0 and (weights >= -4.0).all()
    assert weights.min() < -0.1
