"""E2E begins from knowledge: it waits for it, hands it on, asks again, and explains it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cnc.knowledge.entries import load_seed_entries
from cnc.messages.directives import DomainDirective
from cnc.messages.knowledge import OperatingContext, ScoredEntry
from cnc.orchestrators.end_to_end.orchestrator import EndToEndOrchestrator, EndToEndSettings
from cnc.orchestrators.end_to_end.warm_up import COMPUTATION
from cnc.orchestrators.events import ComputedEvent, StartedEvent, TimerEvent
from cnc.policies.hmarl.learning.traffic import LearningTraffic
from cnc.policies.hmarl.recorded import read_recorded
from cnc.settings import data_root
from orchestrators.systems import System, presence
from orchestrators.test_intents import intent, submit

CHOSEN = ("mix-checkpoint-10000000", "mix-demonstrations-10000000")


def found() -> tuple[Any, ...]:
    entries = {e.entry_id: e for e in load_seed_entries()}
    folder = data_root() / "knowledge"
    return tuple(
        (ScoredEntry(entry=entries[n], score=1.2), read_recorded(entries[n], folder), "")
        for n in CHOSEN
    )


class WarmSystem(System):
    """A system whose E2E waits for knowledge; answers come as soon as it asks."""

    answers: Any = None

    def new_e2e(self) -> EndToEndOrchestrator:
        plan = self.blueprint
        e2e = EndToEndOrchestrator(
            plan.world, plan.sites, plan.offers, plan.policy, 0, plan.topics,
            EndToEndSettings(warm=True),
        )  # fmt: skip
        for domain in plan.world.domain_ids:
            e2e.handle(presence(plan, domain, "birth"))
        return e2e

    def _queue(self, queue: Any, sender: str, instructions: Any) -> None:
        super()._queue(queue, sender, instructions)
        asked = [c for c in self.computes if c.name == COMPUTATION and c.token not in self.done]
        for compute in asked:
            self.done.add(compute.token)
            event = (
                TimerEvent("grace")
                if self.answers is None
                else ComputedEvent(COMPUTATION, compute.token, self.answers, "")
            )
            super()._queue(queue, "e2e", self.e2e.handle(event))

    @property
    def done(self) -> set[str]:
        return self.__dict__.setdefault("_done", set())


def directives(system: System, slot: int) -> list[DomainDirective]:
    bodies = [p.body for p in system.published if p.slot == slot]
    return [body for body in bodies if isinstance(body, DomainDirective)]


@pytest.fixture(scope="module")
def warm() -> WarmSystem:
    system = WarmSystem(policy="hmarl-learn", load=160.0)
    system.answers = found()
    for _ in range(4):
        system.step()
    return system


def test_it_asks_once_with_what_it_sees_and_hands_on_what_it_found(warm: WarmSystem) -> None:
    asked = [c for c in warm.computes if c.name == COMPUTATION]
    assert [c.token for c in asked] == ["warm--1"]
    context = asked[0].arguments["context"]
    assert isinstance(context, OperatingContext)
    assert context.load == pytest.approx(160.0) and context.hotspot is not None
    assert sum(context.mix.values()) == pytest.approx(1.0) and not context.lost
    first, later = directives(warm, -1), directives(warm, 0)
    assert len(first) == len(later) == len(warm.domains)
    assert all(d.warm for d in first) and not any(d.warm for d in later)
    traffic = warm.domains["terminal-1"]._agent.traffic  # type: ignore[attr-defined]
    assert isinstance(traffic, LearningTraffic)
    good, mine = traffic.learner.good, traffic.learner.trainable.names
    assert any((traffic.learner.weights[name] != good[name]).any() for name in mine)
    texts = [log.text for log in warm.logs]
    assert any(f"{CHOSEN[0]}: weights" in text for text in texts)


def test_without_an_answer_in_time_the_policy_begins_alone() -> None:
    alone, plain = WarmSystem(policy="hmarl-learn"), System(policy="hmarl-learn")
    for _ in range(3):
        alone.step()
        plain.step()
    assert [o.cost for o in alone.outcomes] == [o.cost for o in plain.outcomes]
    assert any("before knowledge came" in log.text for log in alone.logs)
    # it comes late: the next frame start takes it up, and no slot before
    alone.tell_e2e(ComputedEvent(COMPUTATION, "warm--1", found(), ""))
    alone.answers = found()
    for _ in range(9):
        alone.step()
    assert not any(d.warm for slot in range(2, 10) for d in directives(alone, slot))
    assert all(d.warm for d in directives(alone, 10))


def test_a_loss_makes_it_ask_again_at_the_next_frame(warm: WarmSystem) -> None:
    system = WarmSystem(policy="hmarl-learn", load=160.0)
    system.answers = found()
    for _ in range(5):
        system.step()
    system.e2e.handle(presence(system.blueprint, "ran-1", "lost"))
    system.absent.add("ran-1")
    reported = system.blueprint.topics.report("ran-1")
    handle = system.e2e.handle
    system.e2e.handle = lambda event: (  # type: ignore[method-assign]
        [] if getattr(event, "topic", "") == reported else handle(event)
    )
    system.domains.pop("ran-1")
    for _ in range(8):
        system.step()
    asked = [c for c in system.computes if c.name == COMPUTATION]
    assert [c.token for c in asked] == ["warm--1", "warm-10"]
    assert asked[1].arguments["context"].lost == ("ran-1",)


def test_an_explanation_names_the_entries_and_what_each_changed(warm: WarmSystem) -> None:
    desk = warm.e2e._desk
    told = {used.entry_id: used.effect for used in desk.system_knowledge}
    assert set(told) == set(CHOSEN)
    assert told[CHOSEN[0]].startswith("start at slot -1: weights: learning agents begin")
    for word in ("replicas:", "replay: left out, it is of other traffic classes", "priors:"):
        assert word in told[CHOSEN[1]]
    submit(warm, intent(warm), dry_run=True)
    warm.tell_e2e(ComputedEvent("retrieve", "intent-1", (), ""))
    planned = [e for e in warm.events() if e.event in ("planned", "infeasible")]
    assert {k.entry_id for k in planned[-1].knowledge} == set(CHOSEN)


def test_a_restarted_e2e_does_not_ask_again_in_the_same_run() -> None:
    system = WarmSystem(policy="hmarl-learn", load=160.0)
    system.answers = found()
    for _ in range(2):
        system.step()
    snapshot = json.loads(json.dumps(system.snapshots["e2e"]))
    system.e2e = system.new_e2e()
    system.e2e.handle(StartedEvent(snapshot))
    for _ in range(11):
        system.step()
    assert [c.token for c in system.computes if c.name == COMPUTATION] == ["warm--1"]
    assert {u.entry_id for u in system.e2e._desk.system_knowledge} == set(CHOSEN)
