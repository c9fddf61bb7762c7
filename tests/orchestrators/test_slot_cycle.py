"""A slot of pure orchestrators: who says what, in which order, and what happens without one."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from cnc.messages.directives import DomainDirective
from cnc.messages.reports import DomainReport, SystemView
from cnc.messages.telemetry import DomainActuation
from cnc.orchestrators.end_to_end.orchestrator import GRACE
from cnc.orchestrators.events import StartedEvent, TimerEvent
from cnc.orchestrators.instructions import Log, Publish
from cnc.training.rollout import rollout
from tests.orchestrators.systems import RUN, System, message, presence


def test_every_domain_reports_is_directed_and_acts_once_a_slot() -> None:
    system = System()
    system.step()
    system.published.clear()
    system.step()
    kinds = [type(p.body) for p in system.published]
    domains = len(system.domains)
    assert kinds.count(DomainReport) == domains
    assert kinds.count(DomainDirective) == domains
    assert kinds.count(DomainActuation) == domains


def test_replicas_come_at_frame_starts_only_and_hosts_with_them() -> None:
    system = System()
    for slot in range(-1, 12):
        system.published.clear()
        system.step()
        frame_start = slot < 0 or slot % 10 == 0
        for publish in system.published:
            if isinstance(publish.body, DomainActuation):
                assert (publish.body.replicas is not None) == frame_start
            if isinstance(publish.body, DomainDirective):
                assert (publish.body.hosts is not None) == frame_start


@pytest.mark.parametrize("policy", ["grd", "grd-plus", "grd-work", "rand"])
def test_orchestrators_decide_what_the_policies_decide_directly(policy: str) -> None:
    system = System(policy=policy)
    for _ in range(13):
        system.step()
    plan = system.blueprint
    direct = list(islice(rollout(plan.world, plan.policy, 0, system.load), 12))
    assert [o.cost for o in system.outcomes] == pytest.approx([o.cost for o in direct], rel=1e-9)


def test_directives_carry_what_e2e_expects_and_domains_begin_there() -> None:
    system = System(policy="hmarl")
    for _ in range(4):
        system.step()
    plan = system.blueprint
    direct = list(islice(rollout(plan.world, plan.policy, 0, system.load), 3))
    assert [o.cost for o in system.outcomes] == pytest.approx([o.cost for o in direct], rel=1e-9)
    told = [p for p in system.published if _is_directive(p) and p.slot == 2]
    assert told and all(publish.body.expected is not None for publish in told)
    greedy = System(policy="grd")
    greedy.step()
    assert not any(p.body.expected for p in greedy.published if _is_directive(p))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nodes": ((1.0,),)}, "not of 9 services"),
        ({"paths": ((0.5, 0.5),)}, "paths of 1 services"),
        ({"paths": ((0.9, 0.9),) * 9}, "do not sum to 1"),
    ],
)
def test_an_expected_split_that_does_not_fit_is_left_out(
    change: dict[str, tuple[tuple[float, ...], ...]], reason: str
) -> None:
    system = System(policy="hmarl")
    for _ in range(2):
        system.step()
    last = [p for p in system.published if _is_directive(p) and p.body.domain == "ran-0"][-1]
    telemetry = [p for p in system.published if p.topic.endswith("ran-0/telemetry")][-1]
    told, plain = system.new_domain("ran-0"), system.new_domain("ran-0")
    body = last.body.model_copy(update={"expected": last.body.expected.model_copy(update=change)})
    nothing = last.body.model_copy(update={"expected": None})
    for domain in (told, plain):
        domain.handle(message(telemetry, "infrastructure"))
    warning, *acted = told.handle(message(replace(last, body=body), "e2e"))
    assert isinstance(warning, Log) and warning.level == "warning" and reason in warning.text
    assert acted == plain.handle(message(replace(last, body=nothing), "e2e"))
    assert any(isinstance(i.body, DomainActuation) for i in acted if isinstance(i, Publish))


def test_the_view_tells_what_the_infrastructure_measured() -> None:
    system = System()
    for _ in range(6):
        system.step()
    views = [p.body for p in system.published if isinstance(p.body, SystemView)]
    assert views
    by_slot = {o.slot: o for o in system.outcomes}
    for view in views:
        outcome = by_slot[view.measured_slot]
        assert view.energy_j == pytest.approx(outcome.energy_j)
        assert view.satisfied == pytest.approx(outcome.satisfied)
        assert view.cost == pytest.approx(outcome.cost)


def test_e2e_plans_without_a_domain_whose_will_arrived_and_takes_it_back() -> None:
    system = System()
    for _ in range(3):
        system.step()
    system.absent.add("ran-1")
    system.tell_e2e(presence(system.blueprint, "ran-1", "lost"))
    system.published.clear()
    actuations = system.step()
    assert "ran-1" not in {a.domain for a in actuations}
    directives = {p.body.domain: p.body for p in system.published if _is_directive(p)}
    assert "ran-1" not in directives
    own = system.blueprint.site("terminal-1")
    assert own.origins.tolist() == [1]
    sent = _shares_of_origin(system, directives, 1)
    assert sent == pytest.approx(np.ones_like(sent))

    system.absent.clear()
    system.tell_e2e(presence(system.blueprint, "ran-1", "birth"))
    assert "ran-1" in {a.domain for a in system.step()}


def test_when_grace_runs_out_the_slot_is_planned_without_the_silent() -> None:
    system = System()
    for _ in range(3):
        system.step()
    system.absent.add("terminal-0")
    assert system.step() == []
    instructions = system.e2e.handle(TimerEvent("grace"))
    directed = {i.body.domain for i in instructions if isinstance(i, Publish) and _is_directive(i)}
    assert directed == set(system.domains) - {"terminal-0"}
    assert system.e2e.degraded_slots == 1


def test_a_directive_that_comes_twice_is_answered_again_not_done_again() -> None:
    system = System()
    for _ in range(2):
        system.step()
    last = [p for p in system.published if _is_directive(p) and p.body.domain == "ran-0"][-1]
    domain = system.domains["ran-0"]
    first, second = (domain.handle(message(last, "e2e")) for _ in range(2))
    acted = [p for p in system.published if isinstance(p.body, DomainActuation)]
    before = [p for p in acted if p.body.domain == "ran-0"][-1]
    assert first == second == [before]


def test_without_e2e_a_domain_goes_on_with_its_last_order() -> None:
    system = System()
    for _ in range(3):
        system.step()
    domain = system.domains["ran-2"]
    assert domain.handle(presence(system.blueprint, "e2e", "lost"))
    system.absent = set(system.domains) - {"ran-2"}
    actuations = system.step()
    assert [a.domain for a in actuations] == ["ran-2"]


def test_a_reborn_domain_goes_on_as_if_it_had_not_stopped() -> None:
    system, twin = System(), System()
    for _ in range(12):
        system.step()
        twin.step()
    reborn = system.new_domain("transport")
    reborn.handle(StartedEvent(system.snapshots["transport"]))
    assert system.snapshots["transport"]["run"] == RUN
    system.domains["transport"] = reborn
    # The snapshot is of slot 10; the slot after it changed the estimates a little.
    costs = [[s.step(), s.outcomes[-1].cost][1] for s in (system, twin)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-9)
    for _ in range(9):
        system.step()
        twin.step()
    assert system.outcomes[-1].cost == pytest.approx(twin.outcomes[-1].cost, rel=0.05)


def test_messages_that_do_not_belong_here_are_counted_and_skipped() -> None:
    system = System()
    for _ in range(2):
        system.step()
    telemetry = next(p for p in reversed(system.published) if p.topic.endswith("ran-0/telemetry"))
    other = system.domains["ran-1"]
    before = other.ignored
    instructions = other.handle(message(telemetry, "infrastructure"))
    assert not any(isinstance(i, Publish) for i in instructions)
    assert other.ignored == before + 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"classes": 9_999}, "nobody describes them"),
        ({"arrivals": (-1e300,)}, "does not lie in 0 to"),
    ],
)
def test_a_report_that_cannot_be_is_skipped_and_the_next_slot_planned(
    change: dict[str, Any], says: str
) -> None:
    system = System()
    system.step()
    report = next(p for p in reversed(system.published) if p.topic.endswith("terminal-0/report"))
    assert report.slot is not None
    forged = replace(report, body=report.body.model_copy(update=change), slot=report.slot + 1)
    before = system.e2e.ignored
    logs = system.e2e.handle(message(forged, "terminal-0"))
    logs += system.e2e.handle(TimerEvent(GRACE))
    assert system.e2e.ignored > before
    assert any(isinstance(log, Log) and says in log.text for log in logs)
    system.step()
    system.step()
    assert system.outcomes[-1].cost > 0


def _is_directive(publish: Publish) -> bool:
    return isinstance(publish.body, DomainDirective)


def _shares_of_origin(
    system: System, directives: dict[str, DomainDirective], origin: int
) -> np.ndarray:
    total = np.zeros(len(system.blueprint.world.classes.service))
    for body in directives.values():
        if origin in body.origins:
            total += np.array(body.inflow[body.origins.index(origin)])
    return total
