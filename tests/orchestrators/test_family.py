"""An intent of several services through pure orchestrators: each part lives, the worst counts."""

from __future__ import annotations

from cnc.messages.intents import Intent, IntentPart, IntentRequest, Recognition
from cnc.orchestrators.events import ComputedEvent, StartedEvent
from tests.orchestrators.asking import after, ar, tell, withdraw
from tests.orchestrators.systems import System

NAME = "intent-7"


def divided(*intents: Intent, keep: bool = False, dry_run: bool = False) -> System:
    system = after(3)
    request = IntentRequest(intent_id=NAME, text="two things", slots=3, keep=keep, dry_run=dry_run)
    tell(system, request)
    parts = tuple(IntentPart(text=f"thing {n}", intent=intent) for n, intent in enumerate(intents))
    found = Recognition(text="two things", outcome="accepted", intent=intents[0], parts=parts)
    system.tell_e2e(ComputedEvent("recognise", NAME, found))
    for number in range(1, len(intents) + 1):
        system.tell_e2e(ComputedEvent("retrieve", f"{NAME}.{number}", ()))
    return system


def told(system: System, name: str) -> list[str]:
    return [e.event for e in system.events() if e.intent_id == name and e.event != "measured"]


def run(system: System, slots: int = 20) -> None:
    for _ in range(slots):
        system.step()


def test_each_part_lives_and_the_whole_ends_with_the_last() -> None:
    system = divided(ar(10, 150), ar(12, 150))
    run(system)
    life = ["received", "recognised", "planned", "deployed", "compliant"]
    assert told(system, f"{NAME}.1") == life
    assert told(system, f"{NAME}.2") == life
    assert told(system, NAME) == ["received", "recognised", "compliant"]
    first, last = system.events()[1], system.events()[-1]
    assert [part.intent_id for part in first.parts] == [f"{NAME}.1", f"{NAME}.2"]
    assert last.intent_id == NAME
    assert [part.outcome for part in last.parts] == ["compliant", "compliant"]
    assert {e.parent_id for e in system.events() if e.intent_id != NAME} == {NAME}


def test_the_worst_part_counts() -> None:
    system = divided(ar(10, 150), ar(12, 1))
    run(system)
    assert told(system, NAME)[-1] == "infeasible"
    assert [part.outcome for part in system.events()[-1].parts] == ["compliant", "infeasible"]


def test_a_dry_run_ends_planned() -> None:
    system = divided(ar(10, 150), ar(12, 150), dry_run=True)
    assert told(system, NAME) == ["received", "recognised", "planned"]


def test_what_was_kept_is_withdrawn_with_all_parts() -> None:
    system = divided(ar(10, 150), ar(12, 150), keep=True)
    run(system)
    assert told(system, NAME)[-1] == "compliant" and system.events()[-1].kept
    withdraw(system, NAME)
    assert [told(system, n)[-1] for n in (f"{NAME}.1", f"{NAME}.2", NAME)] == ["withdrawn"] * 3


def test_a_restart_knows_the_family() -> None:
    system = divided(ar(10, 150), ar(12, 150))
    snapshot = system.e2e.snapshot()
    again = after(0)
    again.e2e.handle(StartedEvent(snapshot=snapshot))
    tell(again, IntentRequest(action="explain", intent_id=NAME))
    withdraw(again, NAME)
    assert told(again, NAME) == ["withdrawn"]
