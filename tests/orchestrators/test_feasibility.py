"""Feasibility before acting: what binds, by how much, and offers that hold when they are asked."""

from __future__ import annotations

import pytest

from cnc.messages.feasibility import Feasibility
from cnc.messages.intents import IntentEvent
from cnc.messages.telemetry import DemandRequest
from tests.orchestrators.asking import after, ar, ask
from tests.orchestrators.systems import System


def checked(system: System, users: int, latency_ms: float, area: str | None = None) -> IntentEvent:
    """The answer of a dry run."""
    name = f"intent-{len(system.events())}"
    return ask(system, name, ar(users, latency_ms, area=area), dry_run=True)[-1]


def found(event: IntentEvent) -> Feasibility:
    assert event.feasibility is not None
    return event.feasibility


@pytest.mark.parametrize(
    ("users", "latency_ms", "area", "resource", "unit"),
    [
        (12, 5.0, None, "latency", "ms"),
        (10**6, 100.0, None, "access_link", "Mbit per slot"),
        (10**6, 1.0, None, "latency", "ms"),
        (240, 100.0, "ran-0", "transport_link", "Mbit per slot"),
        (40, 30.0, None, "latency", "ms"),
    ],
)
def test_an_offer_holds_and_a_little_beyond_it_does_not(
    users: int, latency_ms: float, area: str | None, resource: str, unit: str
) -> None:
    system = after(13)
    event = checked(system, users, latency_ms, area)
    feasibility = found(event)
    assert (event.event, feasibility.state) == ("infeasible", "infeasible")
    binding = feasibility.constraint
    assert binding is not None and binding.where
    assert (binding.resource, binding.unit) == (resource, unit)
    assert binding.needed > binding.available > 0
    assert feasibility.offers
    for offer in feasibility.offers:
        met = found(checked(system, offer.users, offer.latency_ms, area))
        assert met.state == "feasible"
        assert met.predicted_share == pytest.approx(offer.predicted_share)
        if offer.users < users:
            beyond = checked(system, offer.users + 1, offer.latency_ms, area)
        else:
            beyond = checked(system, offer.users, offer.latency_ms - 1, area)
        assert found(beyond).state != "feasible"
    assert not any(isinstance(p.body, DemandRequest) for p in system.published)


def test_what_is_feasible_binds_nowhere_and_needs_no_offer() -> None:
    event = checked(after(13), 12, 100.0)
    feasibility = found(event)
    assert (event.event, feasibility.state) == ("planned", "feasible")
    assert feasibility.predicted_share >= feasibility.required_share == 0.95
    assert feasibility.constraint is None and feasibility.offers == ()
    assert event.predicted is not None
    assert event.predicted.satisfied_share == pytest.approx(feasibility.predicted_share)


def test_what_falls_a_little_short_is_planned_as_of_lower_quality() -> None:
    event = checked(after(13), 300, 100.0)
    feasibility = found(event)
    assert (event.event, feasibility.state) == ("planned", "lower_quality")
    assert 0.85 <= feasibility.predicted_share < 0.95
    assert feasibility.constraint is not None and feasibility.offers
    assert "Nearest offer" in event.message


def test_a_forecast_counts_the_intent_s_own_load_and_comes_close_to_what_is_measured() -> None:
    for users, close in ((100, 0.01), (300, 0.1)):
        system = after(13)
        planned = ask(system, "intent-1", ar(users, 100.0))[-1]
        for _ in range(20):
            system.step()
        last = system.events()[-1]
        assert last.measured is not None and planned.predicted is not None
        share = last.measured.satisfied_share
        assert planned.predicted.satisfied_share == pytest.approx(share, abs=close)
    fewer, more = (found(checked(after(13), users, 100.0)) for users in (100, 600))
    assert more.predicted_share < fewer.predicted_share - 0.3


def test_an_area_without_any_live_domain_says_so() -> None:
    system = after(13)
    for domain in system.blueprint.world.domain_ids:
        system.e2e._live[system.blueprint.site(domain).index] = False
    system.e2e._decide(13)
    event = checked(system, 12, 100.0, "ran-1")
    binding = found(event).constraint
    assert binding is not None
    assert (binding.resource, binding.where) == ("reach", "terminal-1")
    assert "There is no nearer offer" in event.message
