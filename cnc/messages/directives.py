"""Directives of the end-to-end orchestrator to a domain."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from cnc.messages.base import Body, Identifier, Matrix, Model, Share, Vector
from cnc.messages.telemetry import TrafficClass


class HostsPrior(Model):
    """Which services a domain may host, and how much E2E wants each there."""

    allowed: tuple[bool, ...]
    """[service]"""
    prior: Vector
    """[service] additive preference; 0 is neutral."""


MOST_SHARES = 50_000
"""Of nodes in an expected split: 0.4 MB, so that a directive stays within the bus's limit."""


class ExpectedSplit(Model):
    """How E2E expects a domain to split in this slot: where it begins, not what it must do."""

    nodes: tuple[tuple[Share, ...], ...]
    """[service][own node] shares of what comes to the domain; MOST_SHARES at most."""
    paths: Annotated[tuple[tuple[Share, Share], ...], Field(max_length=MOST_SHARES)]
    """[service][2] shares of the two parallel links that it owns."""

    @field_validator("nodes")
    @classmethod
    def _fits(cls, rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        if sum(map(len, rows)) > MOST_SHARES or len(rows) > MOST_SHARES:
            raise ValueError(f"more than {MOST_SHARES} shares; leave the expected split out")
        return rows


class DomainDirective(Body):
    """Inflow that E2E assigns to a domain, and hosts at frame starts."""

    KIND: ClassVar[str] = "domain_directive"
    domain: Identifier
    frame_start: bool
    inflow: Matrix
    """[candidate origin][class] share of the origin's requests sent to this domain (delta)."""
    requests: Matrix
    """[candidate origin][class] requests of this slot at each candidate origin."""
    origins: tuple[int, ...]
    """The candidate origins, in the order of the rows."""
    groups: tuple[TrafficClass, ...] = ()
    """Classes beyond the base ones that are active, or about to be."""
    hosts: HostsPrior | None = None
    expected: ExpectedSplit | None = None
    """Left out by policies that expect nothing, which domains then do without."""
    warm: str = ""
    """What a learning agent begins with, from knowledge: arrays as safetensors in base64."""
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    reason: str = ""
