"""Two intents that cannot both hold: the rule that decides, and what becomes of each."""

from __future__ import annotations

import pytest

from cnc.messages.intents import IntentEvent
from tests.orchestrators.asking import after, ar, ask, withdraw
from tests.orchestrators.systems import System

AREA = "ran-0"


def busy(priority: int, users: int = 150) -> System:
    """A small system in which an intent is kept that fills the way out of one cell."""
    system = after(13)
    assert ask(system, "intent-a", ar(users, 100.0, priority, AREA), keep=True)[-1].event == (
        "planned"
    )
    for _ in range(7):
        system.step()
    assert last(system, "intent-a").event == "compliant"
    return system


def last(system: System, name: str) -> IntentEvent:
    return [event for event in system.events() if event.intent_id == name][-1]


def groups(system: System) -> list[str]:
    return [group.name for group in system.infrastructure.groups]


@pytest.mark.parametrize(("priority", "rule"), [(3, "priority"), (5, "earlier")])
def test_a_less_urgent_intent_is_refused_with_an_offer_that_leaves_the_other_whole(
    priority: int, rule: str
) -> None:
    system = busy(priority)
    event = ask(system, "intent-b", ar(150, 100.0, 5, AREA))[-1]
    assert event.event == "infeasible"
    (conflict,) = event.conflicts
    assert (conflict.with_intent, conflict.rule) == ("intent-a", rule)
    assert (conflict.keeps, conflict.yields) == ("intent-a", "intent-b")
    assert conflict.share_together < 0.95 <= conflict.share_alone
    assert conflict.where and "intent-a" in event.message
    assert event.feasibility is not None
    (offer,) = event.feasibility.offers
    again = ask(system, "intent-c", ar(offer.users, offer.latency_ms, 5, AREA), dry_run=True)[-1]
    assert again.feasibility is not None
    assert (again.feasibility.state, again.conflicts) == ("feasible", ())
    more = ask(system, "intent-d", ar(offer.users + 1, offer.latency_ms, 5, AREA), dry_run=True)
    assert more[-1].feasibility != again.feasibility
    assert more[-1].conflicts or more[-1].feasibility.state != "feasible"  # type: ignore[union-attr]
    assert last(system, "intent-a").event == "compliant"


def test_a_more_urgent_intent_suspends_what_is_in_its_way_until_it_ends() -> None:
    system = busy(priority=5)
    events = ask(system, "intent-b", ar(150, 100.0, 3, AREA), keep=True)
    planned = next(event for event in events if event.event == "planned")
    (conflict,) = planned.conflicts
    assert (conflict.rule, conflict.keeps, conflict.yields) == ("priority", "intent-b", "intent-a")
    assert conflict.suspended and conflict.solution == "DELETE"
    told = last(system, "intent-a")
    assert (told.event, told.conflicts[0].with_intent) == ("degraded", "intent-b")
    for _ in range(8):
        system.step()
    assert groups(system) == ["group-intent-b"]
    assert last(system, "intent-b").event == "compliant"
    withdraw(system, "intent-b")
    for _ in range(12):
        system.step()
    assert last(system, "intent-a").event == "compliant"
    assert groups(system) == ["group-intent-a"]


def test_of_several_that_resume_the_more_urgent_is_planned_first() -> None:
    system = busy(priority=7, users=90)
    ask(system, "intent-b", ar(70, 100.0, 6, AREA), keep=True)
    for _ in range(7):
        system.step()
    ask(system, "intent-c", ar(150, 100.0, 1, AREA), keep=True)
    told = [event.intent_id for event in system.events() if event.event == "degraded"]
    assert sorted(told) == ["intent-a", "intent-b"]
    for _ in range(6):
        system.step()
    before = len(system.events())
    withdraw(system, "intent-c")
    for _ in range(4):
        system.step()
    planned = [e.intent_id for e in system.events()[before:] if e.event == "planned"]
    assert planned == ["intent-b", "intent-a"]


def test_a_dry_run_suspends_nobody() -> None:
    system = busy(priority=5)
    event = ask(system, "intent-b", ar(150, 100.0, 3, AREA), dry_run=True)[-1]
    assert event.conflicts[0].suspended
    system.step()
    assert groups(system) == ["group-intent-a"]
    assert last(system, "intent-a").event == "compliant"


def test_who_falls_short_without_being_in_the_way_goes_on_and_is_told() -> None:
    system = busy(priority=4)
    events = ask(system, "intent-b", ar(60, 1000.0, 3, AREA), keep=True)
    assert not next(e for e in events if e.event == "planned").conflicts[0].suspended
    told = last(system, "intent-a")
    assert (told.event, told.conflicts[0].short) == ("degraded", "intent-a")
    system.step()
    system.step()
    assert sorted(groups(system)) == ["group-intent-a", "group-intent-b"]
    withdraw(system, "intent-b")
    system.step()
    assert last(system, "intent-a").event == "deployed"


def test_intents_that_are_not_measured_yet_count() -> None:
    system = after(13)
    ask(system, "intent-a", ar(150, 100.0, 3, AREA))
    event = ask(system, "intent-b", ar(150, 100.0, 5, AREA))[-1]
    assert event.event == "infeasible"
    assert [conflict.with_intent for conflict in event.conflicts] == ["intent-a"]


def test_intents_that_both_fit_are_in_no_conflict() -> None:
    system = busy(priority=3, users=20)
    event = ask(system, "intent-b", ar(20, 100.0, 5, AREA))[-1]
    assert (event.event, event.conflicts) == ("planned", ())


def test_a_restart_remembers_what_is_suspended() -> None:
    from cnc.orchestrators.events import StartedEvent

    system = busy(priority=5)
    ask(system, "intent-b", ar(150, 100.0, 3, AREA), keep=True)
    for _ in range(11):
        system.step()
    reborn = system.new_e2e()
    reborn.handle(StartedEvent(system.snapshots["e2e"]))
    system.e2e = reborn
    system.step()
    assert groups(system) == ["group-intent-b"]
    withdraw(system, "intent-b")
    for _ in range(12):
        system.step()
    assert groups(system) == ["group-intent-a"]


def test_what_cannot_be_met_even_alone_is_in_no_conflict() -> None:
    system = busy(priority=5)
    for users in (300, 10**6):
        event = ask(system, f"intent-{users}", ar(users, 100.0, 1, AREA))[-1]
        assert (event.event, event.conflicts) == ("infeasible", ())
    assert last(system, "intent-a").event == "compliant"
