"""Foreign documents: tolerant of spelling and further fields, clear about what is wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnc.errors import ConfigurationError, StorageError
from cnc.intents.catalogue import load_catalogue
from cnc.intents.standards import STANDARDS, read_intent
from cnc.intents.standards.measures import measure
from cnc.intents.standards.reading import Node
from cnc.settings import data_root

CATALOGUE = load_catalogue()
EXAMPLES = data_root() / "intents" / "standards" / "examples"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


def put(document: Any, path: str, value: Any) -> Any:
    """A copy with one value replaced; `path` is like `a.0.b`, and None removes."""
    document = copy.deepcopy(document)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    inner = document
    for part in way:
        inner = inner[part]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return document


def read(document: Any, folder: Path) -> Any:
    file = folder / "asked.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return read_intent(file, CATALOGUE)


TARGET = "intentExpectations/0/expectationTargets/0"
LIMIT = "expression/expressionValue/log:allOf/0/log:allOf/0/set:forAll/quan:smaller"


@pytest.mark.parametrize(
    ("name", "path", "value", "says"),
    [
        ("28.312", f"{TARGET}/targetValueRange", True, ["Range: true", "number"]),
        ("28.312", f"{TARGET}/targetValueRange", "soon", ["Targets[0].targetValueRange", "ms"]),
        ("28.312", f"{TARGET}/targetValueRange", "3 lightyears", ["lightyears", "us, ms, s"]),
        ("28.312", f"{TARGET}/targetValueRange", -3, ["-3", "0.001 to 600000 ms"]),
        ("28.312", f"{TARGET}/targetValueRange", None, ["targetValueRange: is missing"]),
        ("28.312", f"{TARGET}/targetCondition", "MAYBE", ["MAYBE", "IS_LESS_THAN"]),
        ("28.312", f"{TARGET}/targetCondition", 4, ["targetCondition: 4", "text"]),
        ("28.312", "intentExpectations/0/expectationTargets/2/targetValueRange", 2.5, ["whole"]),
        ("28.312", "intentExpectations/0", "be quick", ["[0]", "object"]),
        ("28.312", "intentExpectations/0/expectationObjects", [{}], ["no service", "voice-call"]),
        (
            "28.312",
            "intentExpectations/0/expectationObjects/0/objectInstance",
            "Service=teleport",
            ["'teleport'", "objectInstance", "voice-call"],
        ),
        ("28.312", "intentPriority", 120, ["$.intentPriority: 120", "1 (most urgent) to 100"]),
        ("tmf921", LIMIT, {"rdf:value": 5, "quan:unit": "furlong"}, ["furlong", "quan:unit"]),
        ("tmf921", LIMIT, None, ["no limit", "quan:atMost"]),
        ("tmf921", LIMIT, [1, 2], ["a list", "quan:smaller"]),
        ("tmf921", "expression/@type", "TurtleExpression", ["Turtle", "JsonLdExpression"]),
        ("tmf921", "expression/expressionValue", "@prefix icm:", ["expressionValue", "JSON-LD"]),
        ("tmf921", "intentSpecification/id", 7, ["intentSpecification.id: 7"]),
        ("tmf921", "priority", "urgent", ["$.priority", "1 (most urgent) to 9"]),
        ("tmf921", "@type", "IntentReport", ["IntentReport", "give the Intent"]),
        ("28.312", "intentConflictReports", [], ["IntentReport", "give the Intent"]),
        ("camara", "qosProfile", "QOS_L", ["QOS_L names a grade", "cloud-gaming"]),
        ("camara", "qosProfile", "telepathy", ["$.qosProfile", "cloud-gaming"]),
        ("camara", "qosProfile", ["voice-call"], ["$.qosProfile", "a list"]),
        ("camara", "duration", 1e12, ["$.duration", "2147483647"]),
        ("28.312", "userLabel", "x" * 10_001, ["$.userLabel", "10,000"]),
        ("camara", "duration", 0.5, ["$.duration: 0.5", "seconds"]),
        ("camara", "applicationServer", None, ["$.applicationServer: is missing", "ipv4Address"]),
        ("camara", "applicationServer", {}, ["applicationServer", "ipv4Address"]),
        ("camara", "device", "me", ["$.device", "object"]),
        ("a1", "scope/sliceId/sd", "0000ff", ["scope.sliceId.sd", "000001 agv-fleet"]),
        ("a1", "scope/sliceId", None, ["scope.sliceId: is missing", "000001 agv-fleet"]),
        ("a1", "scope/sliceId/sd", "zz", ["zz"]),
        ("a1", "qosObjectives/pdb", "quick", ["qosObjectives.pdb", "ms"]),
        ("a1", "qosObjectives/priorityLevel", 400, ["priorityLevel: 400", "127"]),
    ],
)
def test_an_error_names_file_path_and_what_is_allowed(
    name: str, path: str, value: Any, says: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(put(example(name), path, value), tmp_path)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "asked.json: $"))
    for words in says:
        assert words in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON"),
        (b'{"qosProfile": "voice', "asked.json:1:"),
        (b"[]", "a list of 0"),
        (b'[{"qosProfile": "voice-call"}]', "one intent"),
        (b"42", "object"),
        (b"{}", "known are TMF921"),
        (b'{"qosProfile": NaN}', "NaN"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b" " * 1_000_001, "longer"),
    ],
)
def test_no_document_is_told_from_a_wrong_one(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "asked.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=says):
        read_intent(file, CATALOGUE)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nothing\.json cannot be read"):
        read_intent(tmp_path / "nothing.json", CATALOGUE)


def test_published_misspellings_and_both_numbers_are_read(tmp_path: Path) -> None:
    document = example("28.312")
    expectation = document["intentExpectations"][0]
    expectation["expectationfulfilmentInfo"] = {"notFullfilledState": "DEGRADED"}
    expectation["expectationObject"] = expectation.pop("expectationObjects")[0]
    expectation["expectationObject"]["objectContexts"] = [
        {"contextAttribute": "EdgeIdenfiticationId", "contextValueRange": ["ran-3"]}
    ]
    expectation["expectationTargets"][0]["targetCondition"] = "Is_less_than"
    expectation["expectationTargets"][0]["targetname"] = expectation["expectationTargets"][0].pop(
        "targetName"
    )
    found = read(document, tmp_path)
    assert found.intent.latency_ms.value == 300
    assert found.intent.area.value == "ran-3"
    assert found.notes == ()


def test_an_intent_inside_a_subnetwork_is_found(tmp_path: Path) -> None:
    inner = {"id": "1", "attributes": example("28.312")}
    found = read({"SubNetwork": [{"Intent": [inner]}]}, tmp_path)
    assert found.intent.users.value == 50
    with pytest.raises(ConfigurationError, match="2 of them"):
        read({"Intent": [inner, inner]}, tmp_path)


def test_a_policy_inside_a_request_is_found(tmp_path: Path) -> None:
    found = read({"ric_id": "ric1", "policy_id": "p", "policy_data": example("a1")}, tmp_path)
    assert found.intent.latency_ms.value == 80
    policy = put(example("a1"), "qosObjectives", None)
    policy["sliceSlaObjectives"] = {"maxNumberOfUes": 30, "guaUlThptPerSlice": 60_000}
    found = read(policy, tmp_path)
    assert found.intent.users.value == 30
    assert found.intent.data_rate_total_mbps.value == 60
    assert found.intent.data_rate_mbps.value == 2


@pytest.mark.parametrize("name", ["tmf921", "28.312", "camara", "a1"])
def test_further_fields_change_nothing(name: str, tmp_path: Path) -> None:
    plain = read(example(name), tmp_path)
    more = {**example(name), "x-vendor": {"deep": [1, None]}, "@schemaLocation": "urn:x"}
    assert read(more, tmp_path).intent == plain.intent


def test_unknown_targets_and_conditions_are_noted(tmp_path: Path) -> None:
    document = put(example("28.312"), f"{TARGET}/targetName", "uESpeed")
    found = read(document, tmp_path)
    assert found.intent.latency_ms.origin == "assumed"
    assert "uESpeed" in found.notes[0]
    twice = example("28.312")
    twice["intentExpectations"][0]["expectationTargets"].append(
        {"targetName": "DlLatency", "targetCondition": "IS_LESS_THAN", "targetValueRange": 1}
    )
    found = read(twice, tmp_path)
    assert found.intent.latency_ms.value == 300
    assert "given before" in found.notes[0]


def test_json_ld_as_text_and_other_prefixes_are_read(tmp_path: Path) -> None:
    document = example("tmf921")
    value = json.dumps(document["expression"]["expressionValue"])
    value = value.replace("icm:values", "http://example.org/icm#values").replace("quan:sm", "q:sm")
    found = read(put(document, "expression/expressionValue", value), tmp_path)
    assert found.intent.latency_ms.value == 80


@pytest.mark.parametrize(
    ("value", "kind", "unit", "expected"),
    [
        (5, "time", "ms", 5),
        ("5", "time", "ms", 5),
        ("250 us", "time", "ms", 0.25),
        ("0.3 s", "time", "ms", 300),
        ({"value": 3, "unit": "Seconds"}, "time", "ms", 3000),
        ({"value": 3, "unit": "Microseconds"}, "time", "ms", 0.003),
        (1500, "rate", "kbps", 1.5),
        ("64000 bps", "rate", "kbps", 0.064),
        ({"value": 2, "unit": "Gbps"}, "rate", "kbps", 2000),
        ({"rdf:value": {"@value": "20.0"}, "quan:unit": "mbit/s"}, "rate", "kbps", 20),
        (99.9, "share", "percent", 99.9),
        ({"value": 0.999, "unit": "ratio"}, "share", "percent", 99.9),
        ("99.9 %", "share", "percent", 99.9),
    ],
)
def test_units(value: Any, kind: Any, unit: str, expected: float) -> None:
    assert measure(Node(value, "memory"), kind, unit) == pytest.approx(expected, rel=1e-12)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    inner = [value[key] for key in keys if isinstance(value[key], dict | list)]
    return [(value, key) for key in keys] + [place for each in inner for place in places(each)]


@settings(max_examples=150, deadline=None)
@given(st.data())
@pytest.mark.parametrize("name", ["tmf921", "28.312", "camara", "a1"])
def test_whatever_stands_somewhere_is_read_or_refused(name: str, data: st.DataObject) -> None:
    document = example(name)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(document)))
        container[key] = data.draw(anything)
        if not places(document):
            return
    node = Node(document, "memory")
    try:
        matching = [each for each in STANDARDS.values() if each.matches(node)]
        for standard in matching:
            wanted, service = standard.read(node, CATALOGUE)
            assert wanted.intent(service).service in CATALOGUE.ids
    except ConfigurationError as error:
        assert str(error).startswith("memory: $")


def test_a_place_to_avoid_is_refused_instead_of_taken_for_the_place(tmp_path: Path) -> None:
    place = {"contextAttribute": "coverageArea", "contextValueRange": ["ran-3"]}
    document = example("28.312")
    document["intentContexts"] = [{**place, "contextCondition": "IS_ONE_OF"}]
    assert read(document, tmp_path).intent.area.value == "ran-3"
    document["intentContexts"] = [{**place, "contextCondition": "IS_NOT_ONE_OF"}]
    with pytest.raises(ConfigurationError, match=r"IS_NOT_ONE_OF.*allowed are IS_EQUAL_TO"):
        read(document, tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"pdb": 10, "pdb": 50}', "'pdb' twice"),
        (r'{"userLabel": "AR \ud800"}', "surrogate"),
    ],
)
def test_what_readers_of_json_take_differently_is_refused(
    content: str, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "asked.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says):
        read_intent(file, CATALOGUE)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless file")
def test_no_more_of_a_file_is_read_than_a_document_may_have() -> None:
    with pytest.raises(ConfigurationError, match="longer than"):
        read_intent(Path("/dev/zero"), CATALOGUE)
