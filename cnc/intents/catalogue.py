"""The 30 services of `intents/catalogue/*.yaml`, checked when they are loaded."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cnc.errors import ConfigurationError, NotFoundError
from cnc.messages.base import Identifier
from cnc.settings import data_root

ServiceClass = Literal["interactive", "analytic", "heavy"]
Scenario = Literal[
    "Immersive Communication",
    "Hyper Reliable and Low-Latency Communication",
    "Massive Communication",
    "AI and Communication",
    "Integrated Sensing and Communication",
    "Ubiquitous Connectivity",
]
"""The usage scenarios of IMT-2030 (ITU-R M.2160)."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The compiled loader is ten times faster; both read plain data only."""
SERVICES = 30
PER_CLASS = 10
CLASSES: tuple[ServiceClass, ...] = ("interactive", "analytic", "heavy")
DEADLINES_MS: dict[ServiceClass, tuple[float, float]] = {
    "interactive": (80.0, 150.0),
    "analytic": (200.0, 400.0),
    "heavy": (600.0, 1500.0),
}
"""Range of deadlines that the infrastructure's service classes have."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(_Frozen):
    """A number with the standard and clause, or the project's reason, behind it."""

    value: Annotated[float, Field(gt=0)]
    source: Annotated[str, Field(min_length=3)]


class Qos(_Frozen):
    """Quality defaults of a service."""

    latency_ms: Figure
    """The standard's budget of the network's part; information, not a default of intents."""
    application_deadline_ms: Figure
    """What the infrastructure can meet; an intent's latency when its user states none."""
    data_rate_mbps: Figure
    """Uplink rate per user that a default user causes here."""
    standard_data_rate_mbps: Figure
    """The standard's rate per user; information."""
    reliability_pct: Figure

    @model_validator(mode="after")
    def _bounded(self) -> Qos:
        if self.reliability_pct.value > 100:
            raise ValueError("reliability_pct must not exceed 100")
        return self


class Demand(_Frozen):
    """What one user of the service asks of the infrastructure."""

    users: Annotated[int, Field(ge=1)]
    """Assumed when the user states none."""
    requests_per_user_per_slot: Annotated[float, Field(gt=0, le=100)]
    uplink_mbit: Annotated[float, Field(gt=0)]
    """Size of one request."""
    downlink_share: Annotated[float, Field(ge=0, le=1)]
    """Size of the answer over that of the request."""
    priority: Annotated[int, Field(ge=1, le=9)]
    """1 is most urgent, 9 least."""


class Service(_Frozen):
    """One service of the catalogue."""

    id: Annotated[Identifier, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: str
    scenario: Scenario
    service_class: ServiceClass
    description: str
    qos: Qos
    demand: Demand
    aliases: Annotated[tuple[str, ...], Field(min_length=3)]
    examples: Annotated[tuple[str, ...], Field(min_length=12)]

    @model_validator(mode="after")
    def _consistent(self) -> Service:
        low, high = DEADLINES_MS[self.service_class]
        deadline = self.qos.application_deadline_ms.value
        if not low <= deadline <= high:
            raise ValueError(
                f"application_deadline_ms is {deadline:g}, but {self.service_class} services "
                f"have {low:g} to {high:g}"
            )
        rate = self.demand.uplink_mbit * self.demand.requests_per_user_per_slot
        if abs(rate - self.qos.data_rate_mbps.value) > 1e-6 * rate:
            raise ValueError(
                f"data_rate_mbps is {self.qos.data_rate_mbps.value:g}, but a user sends {rate:g}"
            )
        return self


class Catalogue(_Frozen):
    """All services, in the stable order of their ids."""

    services: tuple[Service, ...]

    @cached_property
    def _by_id(self) -> dict[str, Service]:
        return {service.id: service for service in self.services}

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids in the catalogue's order."""
        return tuple(service.id for service in self.services)

    def by_id(self, service_id: str) -> Service:
        """The service of that id.

        Raises:
            NotFoundError: there is none; the message lists those there are.
        """
        try:
            return self._by_id[service_id]
        except KeyError:
            raise NotFoundError(
                f"no service {service_id!r} in the catalogue; there are: {', '.join(self.ids)}"
            ) from None

    def of_class(self, service_class: ServiceClass) -> tuple[Service, ...]:
        """The services of one class, in the catalogue's order."""
        return tuple(s for s in self.services if s.service_class == service_class)

    def index_in_class(self, service_id: str) -> int:
        """Position of a service among those of its class, from 0."""
        service = self.by_id(service_id)
        return self.of_class(service.service_class).index(service)


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Load and check the catalogue.

    Args:
        folder: where the YAML files are; None for the one that ships.

    Raises:
        ConfigurationError: a file is wrong; the message names file, line and field.
    """
    folder = folder or data_root() / "intents" / "catalogue"
    services = [_load_service(path) for path in sorted(folder.glob("*.yaml"))]
    catalogue = Catalogue(services=tuple(sorted(services, key=lambda s: s.id)))
    if len(set(catalogue.ids)) != SERVICES or len(services) != SERVICES:
        raise ConfigurationError(
            f"the catalogue in {folder} has {len(services)} services with "
            f"{len(set(catalogue.ids))} ids; {SERVICES} of each are needed"
        )
    for service_class in CLASSES:
        count = len(catalogue.of_class(service_class))
        if count != PER_CLASS:
            raise ConfigurationError(
                f"the catalogue in {folder} has {count} {service_class} services; "
                f"{PER_CLASS} are needed, one for each service type of the infrastructure"
            )
    return catalogue


def _load_service(path: Path) -> Service:
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_LOADER)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise ConfigurationError(
            f"{path}:{line}: this is not YAML ({getattr(error, 'problem', error)})"
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}:1: a service must be a mapping of fields")
    try:
        service = Service.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "service"
        node = yaml.compose(text, Loader=_LOADER)
        raise ConfigurationError(
            f"{path}:{_line_of(node, first['loc'])}: {field}: {first['msg']}"
        ) from error
    if service.id != path.stem:
        line = _line_of(yaml.compose(text, Loader=_LOADER), ("id",))
        raise ConfigurationError(f"{path}:{line}: id: {service.id!r} must be the file's name")
    return service


def _line_of(node: Any, location: tuple[int | str, ...]) -> int:
    """Line of the deepest known part of a field's path."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
