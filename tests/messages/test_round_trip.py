"""Every kind of message survives the wire unchanged; no bytes whatever break the codec."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import types
import typing
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

import annotated_types
import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cnc.bus.codec import decode, encode
from cnc.errors import MessageError
from cnc.messages.base import Body
from cnc.messages.catalogue import BODIES, ENVELOPES
from cnc.messages.envelope import Envelope
from cnc.messages.reports import NodeState
from cnc.messages.telemetry import ClassQuality, DomainActuation, TrafficClass

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDENTIFIER = r"\A[A-Za-z0-9][A-Za-z0-9._:\-]{0,40}\Z"
AMOUNTS = ("capacity_gc_s", "speed_gc_s", "memory_gb", "background", "utilisation", "backlog_gc")
TRAFFIC = TrafficClass(traffic_class=1, service=1, uplink_mbit=1, downlink_mbit=1, deadline_s=1)
CALM = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def bounds(metadata: typing.Iterable[Any]) -> dict[str, Any]:
    """The limits that a field states, flattened."""
    found: dict[str, Any] = {}
    for entry in metadata:
        if isinstance(entry, FieldInfo):
            found |= bounds(entry.metadata)
        elif dataclasses.is_dataclass(entry) and isinstance(entry, annotated_types.BaseMetadata):
            found |= {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
        elif hasattr(entry, "pattern") and entry.pattern is not None:
            found["pattern"] = entry.pattern
    return found


def strategy_of(annotation: Any, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return strategy_of(arguments[0], limits | bounds(arguments[1:]))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(
            [strategy_of(entry, {} if entry is type(None) else limits) for entry in arguments]
        )
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        if arguments[-1] is ...:
            return st.lists(strategy_of(arguments[0], {}), max_size=3).map(tuple)
        return st.tuples(*(strategy_of(entry, {}) for entry in arguments))
    if origin is dict:
        return st.dictionaries(
            strategy_of(arguments[0], {}), strategy_of(arguments[1], {}), max_size=3
        )
    if annotation is type(None):
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        low = limits.get("ge", limits["gt"] + 1 if "gt" in limits else -(2**53))
        return st.integers(low, limits.get("le", 2**53))
    if annotation is float:
        return st.floats(
            limits.get("ge", limits.get("gt")),
            limits.get("le", limits.get("lt")),
            exclude_min="gt" in limits,
            exclude_max="lt" in limits,
            allow_nan=False,
            allow_infinity=False,
        )
    if annotation is str:
        if "pattern" in limits:
            named = limits["pattern"].startswith("^[A-Za-z0-9]")
            pattern = IDENTIFIER if named else limits["pattern"].replace("$", r"\Z")
            return st.from_regex(pattern, alphabet=st.characters(codec="ascii"))
        return st.text(
            st.characters(exclude_categories=["Cs"]),
            min_size=limits.get("min_length", 0),
            max_size=20,
        )
    if annotation is AwareDatetime or annotation is datetime:
        return st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation)
    raise TypeError(f"no strategy for {annotation!r}")


@st.composite
def models(draw: st.DrawFn, model: type[BaseModel]) -> BaseModel:
    values = {}
    for name, info in model.model_fields.items():
        if name == "schema_":
            continue
        values[name] = draw(strategy_of(info.annotation, bounds(info.metadata)))
    try:
        return model(**values)
    except ValidationError as error:
        # only the models' own rules across fields may object to what the types allow
        assert all(entry["type"] == "value_error" for entry in error.errors()), error
        assume(False)
        raise


def envelopes(body: type[Body]) -> st.SearchStrategy[Envelope[Any]]:
    identifier = st.from_regex(IDENTIFIER)
    return st.builds(
        ENVELOPES[body.KIND],
        kind=st.just(body.KIND),
        id=identifier,
        sender=identifier,
        incarnation=identifier,
        sequence=st.integers(0, 2**53),
        run=identifier,
        slot=st.none() | st.integers(-1, 2**31),
        sent_at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),
        correlation=st.none() | identifier,
        reply_to=st.none() | identifier,
        body=models(body),
    )


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.KIND)
def test_every_body_survives_the_wire(body: type[Body]) -> None:
    @CALM
    @given(envelopes(body))
    def check(envelope: Envelope[Any]) -> None:
        payload = encode(envelope)
        again = decode(payload, 2**24)
        assert again == envelope and type(again.body) is body
        assert encode(again) == payload
        assert orjson.loads(payload)["kind"] == body.KIND

    check()


def test_the_catalogue_is_complete() -> None:
    def below(root: type[Body]) -> set[type[Body]]:
        return {root, *(leaf for child in root.__subclasses__() for leaf in below(child))}

    assert below(Body) - {Body} == set(BODIES)
    assert len(ENVELOPES) == len(BODIES)


@given(FINITE)
def test_numbers_come_back_exactly(value: float) -> None:
    from cnc.messages.reports import LinkState

    link = LinkState(link="x", capacity_mbit_s=value, energy_j_mbit=-value, utilisation=0.0)
    again = LinkState.model_validate_json(link.model_dump_json())
    assert again.capacity_mbit_s == value and again.energy_j_mbit == -value


@CALM
@given(st.binary(max_size=300))
def test_bytes_raise_message_error_alone(payload: bytes) -> None:
    with pytest.raises(MessageError):
        decode(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
GOOD: dict[str, Any] = {
    "schema": "cnc/1",
    "kind": "control_request",
    "id": "1",
    "sender": "a",
    "incarnation": "1",
    "sequence": 1,
    "sent_at": "2026-01-01T00:00:00Z",
    "body": {"action": "stop"},
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*GOOD, "extra"]), JSON)
def test_any_field_may_be_anything(field: str, value: Any) -> None:
    payload = json.dumps(GOOD | {field: value}).encode()
    try:
        envelope = decode(payload)
    except MessageError:
        return
    assert decode(encode(envelope)) == envelope


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(orjson.dumps(GOOD)) - 1), st.binary(max_size=3))
def test_damaged_messages_raise_message_error_alone(place: int, damage: bytes) -> None:
    payload = orjson.dumps(GOOD)
    with contextlib.suppress(MessageError):
        decode(payload[:place] + damage + payload[place + 1 :])


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (ClassQuality(traffic_class=0, requests=1, satisfied=1, lost=0), {"latency_ms": [1.0]}),
        (NodeState(node="n", **dict.fromkeys(AMOUNTS, 0.0)), {"ready": [[0, 10**30]]}),
        (TRAFFIC, {"service": 10**12}),
    ],
)
def test_what_would_break_arrays_is_no_message(body: BaseModel, change: dict[str, Any]) -> None:
    """Sizes and indices of arrays: a receiver would fail, or reserve all its memory."""
    document = json.loads(body.model_dump_json())
    type(body).model_validate(document)
    with pytest.raises(ValidationError):
        type(body).model_validate(document | change)


def test_rows_of_a_matrix_have_one_length() -> None:
    fits = {"domain": "ran-0", "split": [[1.0, 0.0], [0.5, 0.5]]}
    DomainActuation.model_validate(fits)
    with pytest.raises(ValidationError, match="same length"):
        DomainActuation.model_validate(fits | {"split": [[1.0, 0.0], [0.5]]})
