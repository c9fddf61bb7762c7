"""The base of every message model: frozen, strict about fields, finite numbers only."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Vector = tuple[float, ...]
"""One number per service, class, node or link."""
Matrix = tuple[tuple[float, ...], ...]
"""Rows of equal length; the field's description says what rows and columns are."""
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
