"""The base of every message model: frozen, strict about fields, finite numbers only."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Vector = tuple[float, ...]
"""One number per service, class, node or link."""


def _even(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("the rows of a matrix have the same length")
    return rows


Matrix = Annotated[tuple[tuple[float, ...], ...], AfterValidator(_even)]
"""Rows of equal length; the field's description says what rows and columns are."""
Count = Annotated[int, Field(ge=0, le=1_000_000)]
"""Of replicas, or the number of a service or class: it becomes a size or an index of arrays, and a
message must not make a receiver reserve more than it has."""
ClassCount = Annotated[int, Field(ge=1, le=10_000)]
"""How many traffic classes there are."""
Share = Annotated[float, Field(ge=0.0, le=1.0 + 1e-9)]
"""A fraction; the tolerance admits sums of shares that float arithmetic lifts above one."""
Identifier = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]*$")
]
"""Names a component, domain, service, intent or entry; safe inside a topic."""


class Model(BaseModel):
    """A value inside a message body."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants"
    )


class Body(Model):
    """The body of one message kind; `KIND` is the envelope's discriminator."""

    KIND: ClassVar[str]
