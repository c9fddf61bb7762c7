"""What a document asks for, gathered value by value, and the intent that it becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from cnc.intents.assembly import build_intent
from cnc.intents.catalogue import Catalogue, Service
from cnc.intents.circumstances import Found
from cnc.intents.slots import LATENCY_MS, MOST_USERS, RATE_MBPS, Stated
from cnc.intents.standards.measures import Kind, measure
from cnc.intents.standards.reading import Node
from cnc.messages.intents import Comparison, Intent, Slot, SlotOrigin

ValueT = TypeVar("ValueT")
FloatSlot = Literal[
    "latency_ms", "data_rate_mbps", "data_rate_total_mbps", "reliability_pct", "compute_gc"
]
Target = Literal[FloatSlot, "users"]
KINDS: dict[Target, Kind] = {
    "latency_ms": "time",
    "data_rate_mbps": "rate",
    "data_rate_total_mbps": "rate",
    "reliability_pct": "share",
    "compute_gc": "work",
    "users": "count",
}
DIRECTIONS: dict[Target, Comparison] = {
    "latency_ms": "at_most",
    "data_rate_mbps": "at_least",
    "data_rate_total_mbps": "at_least",
    "reliability_pct": "at_least",
    "compute_gc": "at_most",
    "users": "at_most",
}
"""The side on which a value limits; a document that says nothing means this one."""
_LIMITS: dict[Target, tuple[float, float]] = {
    "latency_ms": LATENCY_MS,
    "data_rate_mbps": RATE_MBPS,
    "data_rate_total_mbps": RATE_MBPS,
    "reliability_pct": (1e-9, 100.0),
    "compute_gc": (1e-6, 1e6),
    "users": (1, MOST_USERS),
}
_SHOWN: dict[Target, str] = {
    "latency_ms": "ms",
    "data_rate_mbps": "Mbps",
    "data_rate_total_mbps": "Mbps",
    "reliability_pct": "percent",
    "compute_gc": "Gc",
    "users": "users",
}


@dataclass
class Wanted:
    """Values of a document; what it does not say stays empty."""

    text: str = ""
    """The user's words, where the document carries them."""
    users: Slot[int] | None = None
    priority: int | None = None
    area: str | None = None
    time_window: str | None = None
    energy: Literal["low", "balanced"] | None = None
    floats: dict[FloatSlot, Slot[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What was left unread, for people."""

    def unread(self, node: Node, why: str) -> None:
        """Note a part of the document that has no place in an intent."""
        self.notes.append(f"{node.path} is not used: {why}")

    def quantity(
        self,
        target: Target,
        node: Node,
        default_unit: str,
        comparison: Comparison | None = None,
        origin: SlotOrigin = "said",
        source: str | None = None,
    ) -> None:
        """Take a quantity; the first one of a kind counts.

        Raises:
            ConfigurationError: no number, an unknown unit, or an impossible value.
        """
        value = measure(node, KINDS[target], default_unit)
        low, high = _LIMITS[target]
        if not low <= value <= high or (target == "users" and value != int(value)):
            whole = "a whole number " if target == "users" else ""
            raise node.wrong(f"allowed is {whole}from {low:g} to {high:g} {_SHOWN[target]}")
        side = comparison or DIRECTIONS[target]
        if target == "users":
            if self.users is not None:
                self.unread(node, "the number of users was given before")
                return
            self.users = Slot[int](
                value=int(value), origin=origin, source=source, comparison=comparison
            )
        elif target in self.floats:
            self.unread(node, f"{target} was given before")
        else:
            self.floats[target] = Slot[float](
                value=value, origin=origin, source=source, comparison=side
            )

    def set_priority(self, node: Node) -> None:
        """Take a priority of 1 (most urgent) to 9.

        Raises:
            ConfigurationError: it is none.
        """
        allowed = "allowed is a whole number from 1 (most urgent) to 9"
        value = node.number(allowed)
        if value not in range(1, 10):
            raise node.wrong(allowed)
        self.priority = int(value)

    def set_energy(self, node: Node) -> None:
        """Take an energy preference.

        Raises:
            ConfigurationError: it is none.
        """
        value = node.text("allowed are low, balanced").casefold()
        if value not in ("low", "balanced"):
            raise node.wrong("allowed are low, balanced")
        self.energy = "low" if value == "low" else "balanced"

    def intent(self, service: Service) -> Intent:
        """The intent; the catalogue supplies what the document does not say."""
        return build_intent(
            service,
            Stated(
                text=self.text,
                latency_ms=self.floats.get("latency_ms"),
                data_rate_mbps=self.floats.get("data_rate_mbps"),
                data_rate_total_mbps=self.floats.get("data_rate_total_mbps"),
                reliability_pct=self.floats.get("reliability_pct"),
                users=self.users,
                compute_gc=self.floats.get("compute_gc"),
                priority=_found(self.priority),
                area=_found(self.area),
                time_window=_found(self.time_window),
                energy=_found(self.energy),
                spans=(),
            ),
            confidence=1.0,
        )


def find_service(catalogue: Catalogue, name: str) -> Service | None:
    """The service of that id, name or alias; ignores case."""
    wanted = " ".join(name.replace("_", "-").casefold().split())
    for names in (_ids, _names, _aliases):
        found = [s for s in catalogue.services if wanted in names(s)]
        if len(found) == 1:
            return found[0]
    return None


def need_service(catalogue: Catalogue, candidates: Iterable[Node], place: Node) -> Service:
    """The service that the first of the candidates names.

    Raises:
        ConfigurationError: none does; the message lists the services.
    """
    last: Node | None = None
    for node in candidates:
        last = node
        found = find_service(catalogue, node.text("the name of a service belongs here"))
        if found is not None:
            return found
    allowed = f"allowed are {', '.join(catalogue.ids)}"
    if last is None:
        raise place.error(f"no service is named; {allowed}")
    raise last.error(f"{last.value!r} is no service of the catalogue; {allowed}")


def _ids(service: Service) -> set[str]:
    return {service.id}


def _names(service: Service) -> set[str]:
    return {service.name.casefold()}


def _aliases(service: Service) -> set[str]:
    return {alias.casefold() for alias in service.aliases}


def _found(value: ValueT | None) -> Found[ValueT] | None:
    return None if value is None else Found(value, 0, 0)
