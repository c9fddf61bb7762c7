"""Directives of the end-to-end orchestrator to a domain."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from cnc.messages.base import Body, Identifier, Matrix, Model, Vector
from cnc.messages.telemetry import TrafficClass


class HostsPrior(Model):
    """Which services a domain may host, and how much E2E wants each there."""

    allowed: tuple[bool, ...]
    """[service]"""
    prior: Vector
    """[service] additive preference; 0 is neutral."""


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
    warm: str = ""
    """What a learning agent begins with, from knowledge: arrays as safetensors in base64."""
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    reason: str = ""
