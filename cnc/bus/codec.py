"""Envelope to bytes and back; the only error that leaves `decode` is `MessageError`."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError

from cnc.errors import MessageError
from cnc.messages.catalogue import ENVELOPES
from cnc.messages.envelope import Envelope


def encode(envelope: Envelope[Any]) -> bytes:
    """JSON, UTF-8, floats with as many digits as an exact round trip needs."""
    return envelope.__pydantic_serializer__.to_json(envelope, by_alias=True)


def decode(payload: bytes, limit: int = 1_048_576) -> Envelope[Any]:
    """Read an envelope; `limit` is in bytes and is checked before anything is parsed.

    Raises:
        MessageError: too large, not JSON, NaN or infinity, an unknown kind, a wrong schema
            version, or fields that do not fit the kind.
    """
    if len(payload) > limit:
        raise MessageError(f"payload of {len(payload)} bytes; the limit is {limit}")
    try:
        peeked = orjson.loads(payload)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise MessageError(f"not JSON: {error}") from error
    if not isinstance(peeked, dict):
        raise MessageError(f"a JSON object is expected, not {type(peeked).__name__}")
    schema = peeked.get("schema")
    if schema != "cnc/1":
        raise MessageError(f"schema {_short(schema)} is not 'cnc/1'")
    kind = peeked.get("kind")
    envelope_class = ENVELOPES.get(kind) if isinstance(kind, str) else None
    if envelope_class is None:
        raise MessageError(f"unknown kind {_short(kind)}")
    try:
        return envelope_class.model_validate_json(payload)
    except (ValidationError, ValueError, RecursionError) as error:
        raise MessageError(f"not a valid {kind}: {_first_problem(error)}") from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        return f"{place}: {first['msg']} ({error.error_count()} problem(s))"
    return str(error)
