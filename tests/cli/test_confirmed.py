"""What was confirmed is not shown again, unless it is not the same any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.running import call_cnc
from cnc.cli import output
from cnc.cli.intent_changes import changed
from cnc.cli.intent_showing import Showing
from cnc.messages.intents import Alternative, Figures, IntentEvent, Placement

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def planned(served: float = 0.99, intent_id: str = "intent-1", **shares: float) -> IntentEvent:
    placements = tuple(
        Placement(domain=name.replace("_", "-"), node=f"{name}/node-0", path="radio", share=share)
        for name, share in shares.items()
    )
    figures = Figures(p95_ms=80.0, satisfied_share=served, energy_j_per_request=1.0)
    return IntentEvent(
        event="planned", intent_id=intent_id, placements=placements, predicted=figures
    )


BEFORE = planned(ran_1=0.6, ran_2=0.4)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (planned(ran_1=0.6, ran_2=0.4), []),
        (planned(ran_1=0.5, ran_2=0.5), []),
        (planned(0.98, ran_1=0.6, ran_2=0.4), []),
        (planned(0.999, ran_1=0.6, ran_2=0.4), []),
        (planned(ran_1=0.2, ran_2=0.4, ran_3=0.4), ["40 % of the requests go to other domains"]),
        (planned(0.9, ran_1=0.6, ran_2=0.4), ["90.0 % predicted in time instead of 99.0 %"]),
        (planned(0.9, ran_3=1.0), ["100 % of the requests", "90.0 % predicted in time"]),
    ],
)
def test_what_changed_materially_is_told(now: IntentEvent, words: list[str]) -> None:
    told = changed(BEFORE, now)
    assert bool(told) == bool(words)
    assert all(word in told for word in words)


def show(now: IntentEvent, capsys: Any) -> tuple[str, str]:
    output._consoles.clear()
    showing = Showing(False, confirmed=(IntentEvent(event="received", intent_id="i"), BEFORE))
    for event in (IntentEvent(event="received", intent_id="intent-2", text="words"), now):
        showing(event, NOW)
    showing.close()
    output._consoles.clear()
    return capsys.readouterr()  # type: ignore[no-any-return]


def test_the_same_plan_is_not_shown_again(capsys: Any) -> None:
    assert show(planned(intent_id="intent-2", ran_1=0.61, ran_2=0.39), capsys) == ("", "")


def test_another_plan_is_shown_with_a_word(capsys: Any) -> None:
    out, err = show(planned(0.95, "intent-2", ran_3=1.0), capsys)
    assert "planned" in out and "ran-3" in out and "words" not in out
    assert "not the confirmed one any more" in " ".join(err.split())


def test_a_home_explains_its_requests_after_their_emulator_has_ended(tmp_path: Any) -> None:
    from cnc.cli.recent import remember

    near = Alternative(domain="ran", latency_ms=80.0, energy_j_per_request=1.0, share=1.0)
    call_cnc("explain", "last", home=tmp_path).fails(1, "no request of this home")
    events = (
        IntentEvent(event="received", intent_id="intent-1", text="AR for 20 users"),
        BEFORE.model_copy(update={"alternatives": (near,)}),
        IntentEvent(event="compliant", intent_id="intent-1", message="all in time"),
    )
    remember(tmp_path, events[-1], "AR for 20 users", events)
    for name in ("last", "intent-1"):
        told = call_cnc("explain", name, home=tmp_path).good().out
        assert "“AR for 20 users”" in told and "ran-1" in told and "Compliant: all in time" in told
    row = call_cnc("explain", "last", "--json", home=tmp_path).good().row
    assert (row["intent_id"], row["state"], len(row["placements"])) == ("intent-1", "compliant", 2)
    call_cnc("explain", "intent-2", home=tmp_path).fails(
        2, "remembers no intent 'intent-2'", "--broker"
    )
    closed = call_cnc("explain", "intent-1", "--broker", "mqtt://127.0.0.1:9", home=tmp_path)
    assert "Compliant" in closed.good().out
