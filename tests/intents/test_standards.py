"""Intents as documents of public standards: valid by schema, and the same when read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.errors import ConfigurationError, NotFoundError, UsageError
from cnc.intents.catalogue import load_catalogue
from cnc.intents.standards import (
    STANDARDS,
    WRITERS,
    Described,
    describe,
    read_intent,
    write_intent,
)
from cnc.intents.standards.camara import duration_s
from cnc.intents.standards.reading import Node, load_document
from cnc.intents.standards.tmf921_report import Report
from cnc.intents.standards.tmf921_report import read as read_report
from cnc.intents.standards.ts28312_report import read as read_28312_report
from cnc.intents.standards.wanted import Wanted
from cnc.messages.feasibility import Conflict, Constraint, Feasibility, Offer
from cnc.messages.intents import EventName, Figures, Intent, IntentEvent, Slot
from cnc.settings import data_root

CATALOGUE = load_catalogue()
FOLDER = data_root() / "intents" / "standards"
EVENTS = [name for name in EventName.__args__ if name not in ("received",)]


def schema(name: str) -> Any:
    loaded = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


SCHEMAS = {name: schema(name) for name in WRITERS}
numbers = st.floats(0.01, 5000, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
sides = st.sampled_from([None, "at_most", "at_least", "exactly"])
words = st.text("abcdefghij klmnop-0123", min_size=1, max_size=20).map(str.strip).filter(bool)


def floats(values: st.SearchStrategy[float]) -> st.SearchStrategy[Slot[float]]:
    return st.builds(
        Slot[float],
        value=values,
        origin=st.sampled_from(["said", "assumed", "retrieved"]),
        source=st.none() | words,
        comparison=sides,
    )


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    service = draw(st.sampled_from(CATALOGUE.services))
    text = st.none() | words.map(lambda w: Slot[str](value=w, origin="said"))
    window = st.sampled_from(["tonight", "friday 18:00-22:00", "08:00-09:30", "for 2 hours"])
    return Intent(
        service=service.id,
        service_name=service.name,
        scenario=service.scenario,
        users=Slot[int](value=draw(st.integers(1, 10**8)), origin="said"),
        latency_ms=draw(floats(numbers)),
        data_rate_mbps=draw(floats(numbers)),
        data_rate_total_mbps=draw(st.none() | floats(numbers)),
        reliability_pct=draw(floats(st.sampled_from([90.0, 95.5, 99.9, 99.99999, 100.0]))),
        priority=Slot[int](value=draw(st.integers(1, 9)), origin="said"),
        compute_gc=draw(st.none() | floats(numbers)),
        area=draw(text),
        time_window=draw(st.none() | window.map(lambda w: Slot[str](value=w, origin="said"))),
        energy_preference=draw(
            st.none()
            | st.sampled_from(["low", "balanced"]).map(lambda v: Slot(value=v, origin="said"))
        ),
        confidence=1.0,
    )


shares = st.sampled_from([0.0, 0.42, 0.95, 1.0])
feasibilities = st.builds(
    Feasibility,
    state=st.sampled_from(["feasible", "lower_quality", "infeasible"]),
    required_share=shares,
    predicted_share=shares,
    constraint=st.none()
    | st.builds(
        Constraint,
        resource=st.sampled_from(["latency", "computing", "access_link"]),
        where=words,
        needed=numbers,
        available=numbers,
        unit=st.just("ms"),
        detail=st.sampled_from(["", "too slow"]),
    ),
    offers=st.lists(
        st.builds(Offer, users=st.integers(1, 999), latency_ms=numbers, predicted_share=shares),
        max_size=2,
    ).map(tuple),
)
conflicts = st.builds(
    Conflict,
    with_intent=st.just("intent-b"),
    with_service=words,
    resource=st.just("access_link"),
    rule=st.sampled_from(["priority", "earlier"]),
    keeps=st.just("intent-b"),
    yields=st.just("intent-0123456789ab"),
    solution=st.sampled_from(["MODIFY", "DELETE"]),
    suspended=st.booleans(),
    short=st.just("intent-b"),
    share_alone=shares,
    share_together=shares,
)
described = st.builds(
    Described,
    intent_id=st.just("intent-0123456789ab"),
    intent=intents(),
    text=st.sampled_from(["", "AR for 20 users"]),
    event=st.sampled_from(EVENTS),
    message=st.sampled_from(["", "met"]),
    measured=st.none()
    | st.builds(
        Figures, p95_ms=st.none() | numbers, satisfied_share=st.just(0.97), slots=st.just(4)
    ),
    feasibility=st.none() | feasibilities,
    conflicts=st.lists(conflicts, max_size=2).map(tuple),
    written_at=st.sampled_from([None, "2026-11-24T12:00:00+00:00"]),
)


def again(name: str, what: Described) -> Intent:
    """Written, checked against the schema, and read."""
    document = json.loads(json.dumps(write_intent(name, what), allow_nan=False))
    SCHEMAS[name].validate(document)
    node = Node(document, "memory")
    matching = [key for key, each in STANDARDS.items() if each.matches(node)]
    assert matching == [name], "each document is of one standard"
    wanted, service = STANDARDS[name].read(node, CATALOGUE)
    assert wanted.notes == []
    return wanted.intent(service)


def values(intent: Intent, *names: str) -> list[Any]:
    slots = [getattr(intent, name) for name in names]
    return [intent.service, *(None if slot is None else slot.value for slot in slots)]


EVERYTHING = (
    "users", "latency_ms", "data_rate_mbps", "data_rate_total_mbps", "reliability_pct", "priority",
    "compute_gc", "area", "time_window", "energy_preference",
)  # fmt: skip
CARRIED = {
    "tmf921": EVERYTHING,
    "28.312": EVERYTHING,
    "a1": ("latency_ms", "data_rate_mbps", "priority"),
    "camara": (),
}


def same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        a == pytest.approx(b, rel=1e-9) if isinstance(a, float) else a == b
        for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=60, deadline=None)
@given(described)
@pytest.mark.parametrize("name", STANDARDS)
def test_what_is_written_is_valid_and_read_as_the_same(name: str, what: Described) -> None:
    read = again(name, what)
    fields = CARRIED[name]
    assert same(values(what.intent, *fields), values(read, *fields))


@settings(max_examples=40, deadline=None)
@given(described)
def test_tmf921_keeps_where_a_value_came_from(what: Described) -> None:
    read = again("tmf921", what)
    for name in ("latency_ms", "data_rate_mbps", "reliability_pct"):
        wrote, got = getattr(what.intent, name), getattr(read, name)
        assert (got.origin, got.source) == (wrote.origin, wrote.source)
        if wrote.comparison is not None:
            assert got.comparison == wrote.comparison


@settings(max_examples=40, deadline=None)
@given(described)
def test_a_report_is_valid_and_read_as_the_same(what: Described) -> None:
    document = json.loads(json.dumps(write_intent("tmf921-report", what), allow_nan=False))
    SCHEMAS["tmf921-report"].validate(document)
    assert read_report(Node(document, "memory")) == Report(
        what.intent_id,
        what.event,
        what.message,
        what.measured,
        what.feasibility,
        what.conflicts,
    )


@settings(max_examples=60, deadline=None)
@given(described)
def test_a_report_of_28_312_says_fulfilment_feasibility_and_conflicts(what: Described) -> None:
    document = json.loads(json.dumps(write_intent("28.312-report", what), allow_nan=False))
    SCHEMAS["28.312-report"].validate(document)
    found = read_28312_report(Node(document, "memory"))
    assert found.intent_id == what.intent_id
    assert found.fulfilled == (what.event == "compliant")
    assert found.conflicts == tuple((c.with_intent, c.solution) for c in what.conflicts)
    if what.feasibility is None:
        assert found.feasible == (False if what.event == "infeasible" else None)
        return
    assert found.feasible == (what.feasibility.state == "feasible")
    values = {value for _, value in found.recommended}
    for offer in what.feasibility.offers:
        for value, asked in (
            (offer.users, what.intent.users.value),
            (offer.latency_ms, what.intent.latency_ms.value),
        ):
            assert value in values or value == asked


def test_a_report_of_28_312_tells_each_target_and_reads_the_published_spellings() -> None:
    what = Described(
        intent_id="intent-1",
        intent=_plain(),
        event="degraded",
        message="too late",
        measured=Figures(p95_ms=9000.0, satisfied_share=0.97, slots=20),
    )
    report = write_intent("28.312-report", what)["intentFulfilmentReport"]
    late, reliable = report["expectationFulfilmentResults"][0]["targetFulfilmentResults"]
    assert late["targetAchievedValue"] == 9000
    assert late["targetFulfilmentInfo"]["notFulfilledState"] == "DEGRADED"
    assert reliable["targetFulfilmentInfo"] == {"fulfilmentStatus": "FULFILLED"}
    assert reliable["targetAchievedValue"] == 97
    published = {
        "intentReference": "SubNetwork=1,Intent=intent-7",
        "intentFulfilmentReport": {
            "intentFulfilmentInfo": {
                "fulfilmentStatus": "NOT_FULFILLED",
                "notFullfilledState": "RECEIVED",
                "notFulfilledReasons": ["no capacity"],
            },
            "expectationFulfilmentResult": [
                {
                    "expectaitonId": "1",
                    "expectationFulfilmentInfo": {"fulfilmentStatus": "FULFILLED"},
                }
            ],
        },
        "intentFeasibilityCheckReport": {
            "feasibilityCheckResult": "INFEASIBLE",
            "infeasibilityReasons": [],
            "inFeasibleExpectationInfos": [
                {
                    "expectationId": "1",
                    "inFeasibleTargets": [{"targetName": "DlLatency", "recommendedValue": 40}],
                }
            ],
        },
    }
    SCHEMAS["28.312-report"].validate(published)
    found = read_28312_report(Node(published, "memory"))
    assert (found.intent_id, found.state) == ("intent-7", "RECEIVED")
    assert found.reasons == ("no capacity",)
    assert found.recommended == (("DlLatency", 40.0),)
    for path, value in (
        ("intentFulfilmentReport", {"intentFulfilmentInfo": {"fulfilmentStatus": "MAYBE"}}),
        ("intentFeasibilityCheckReport", {"feasibilityCheckResult": "SOON"}),
        ("intentReference", 7),
    ):
        with pytest.raises(ConfigurationError, match=path):
            read_28312_report(Node({**published, path: value}, "memory"))


@pytest.mark.parametrize("name", STANDARDS)
def test_the_example_is_valid_and_read(name: str) -> None:
    path = FOLDER / "examples" / f"{name}.json"
    SCHEMAS[name].validate(json.loads(path.read_text("utf-8")))
    found = read_intent(path, CATALOGUE)
    assert found.standard == STANDARDS[name].title
    assert found.text and found.intent.confidence == 1.0


def test_what_the_examples_say_and_what_is_assumed() -> None:
    ar = read_intent(FOLDER / "examples/tmf921.json", CATALOGUE).intent
    assert ar.service == "ar-split-rendering"
    assert ar.latency_ms == Slot[float](value=80, origin="said", comparison="at_most")
    assert (ar.data_rate_mbps.value, ar.users.value, ar.priority.value) == (2, 200, 2)
    assert ar.reliability_pct.origin == "assumed" and ar.reliability_pct.source
    assert ar.area is not None and ar.area.value == "ran-3"
    cameras = read_intent(FOLDER / "examples/28.312.json", CATALOGUE).intent
    assert cameras.service == "video-surveillance"
    assert (cameras.latency_ms.value, cameras.data_rate_mbps.value) == (300, 1.5)
    assert cameras.time_window is not None and cameras.time_window.value == "friday 18:00-22:00"
    gaming = read_intent(FOLDER / "examples/camara.json", CATALOGUE)
    assert (gaming.intent.service, gaming.intent.users.value) == ("cloud-gaming", 1)
    assert gaming.intent.latency_ms.origin == "assumed"
    assert gaming.notes == ("$.sink is not used: it has no place in an intent",)


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        ("for 2 hours", 7200),
        ("for the next 10 minutes", 600),
        ("for 90 seconds", 90),
        ("for an hour", 3600),
        ("friday 18:00-22:00", 14400),
        ("22:00-01:00", 10800),
        ("tonight", None),
    ],
)
def test_a_session_lasts_as_long_as_the_time_window(window: str, seconds: int | None) -> None:
    assert duration_s(window) == seconds


def test_an_unknown_standard_is_refused_with_those_there_are() -> None:
    what = describe([IntentEvent(event="recognised", intent_id="i", intent=_plain())])
    with pytest.raises(UsageError, match=r"tmf922.*tmf921, 28\.312, a1, camara"):
        write_intent("tmf922", what)


def test_describe_takes_the_last_word_and_needs_an_intent() -> None:
    measured = Figures(satisfied_share=1.0)
    what = describe(
        [
            IntentEvent(event="received", intent_id="i", text="AR"),
            IntentEvent(event="recognised", intent_id="i", intent=_plain()),
            IntentEvent(event="compliant", intent_id="i", message="met", measured=measured),
        ]
    )
    assert (what.text, what.event, what.message) == ("AR", "compliant", "met")
    assert what.measured == measured
    with pytest.raises(NotFoundError, match="refused"):
        describe([IntentEvent(event="refused", intent_id="i")])


def _plain() -> Intent:
    return Wanted().intent(CATALOGUE.services[0])


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text((FOLDER / "examples/a1.json").read_text("utf-8"), encoding="utf-8-sig")
    assert load_document(path).get("scope") is not None
