"""Every topic of the bus contract in one place (docs/bus.md)."""

from __future__ import annotations

from dataclasses import dataclass

from cnc.errors import UsageError

DEFAULT_ROOT = "cnc/v1"


@dataclass(frozen=True)
class Topics:
    """Builds topic names and filters under one root."""

    root: str = DEFAULT_ROOT

    def __post_init__(self) -> None:
        if not self.root or any(character in self.root for character in "+#\x00"):
            raise UsageError(
                f"topic root {self.root!r} is empty or has a wildcard; use a plain path such as "
                f"{DEFAULT_ROOT!r}"
            )

    def _at(self, *levels: str) -> str:
        for level in levels:
            if not level or any(character in level for character in "/+#\x00"):
                raise UsageError(f"{level!r} cannot be a level of a topic; use letters and digits")
        return "/".join((self.root, *levels))

    def presence(self, component: str) -> str:
        """Retained life sign of a component, also its last will."""
        return self._at("presence", component)

    def clock(self) -> str:
        """The emulator's slot tick (QoS 0)."""
        return self._at("clock")

    def telemetry(self, domain: str) -> str:
        """Infrastructure to domain (SBI), retained."""
        return self._at("infrastructure", domain, "telemetry")

    def actuation(self, domain: str) -> str:
        """Domain to infrastructure (SBI)."""
        return self._at("infrastructure", domain, "actuation")

    def demand(self) -> str:
        """E2E to infrastructure: user groups."""
        return self._at("infrastructure", "demand")

    def report(self, domain: str) -> str:
        """Domain to E2E (NBI), retained."""
        return self._at("domains", domain, "report")

    def directive(self, domain: str) -> str:
        """E2E to domain."""
        return self._at("domains", domain, "directive")

    def view(self) -> str:
        """E2E to service orchestrator: the global view, retained."""
        return self._at("e2e", "view")

    def e2e_requests(self) -> str:
        """Service orchestrator to E2E."""
        return self._at("e2e", "requests")

    def service_requests(self) -> str:
        """Provider to service orchestrator."""
        return self._at("services", "requests")

    def service_quality(self, service: str) -> str:
        """Service orchestrator to provider, retained."""
        return self._at("services", service, "qos")

    def intent_requests(self) -> str:
        """User to E2E."""
        return self._at("intents", "requests")

    def intent_events(self, intent: str) -> str:
        """E2E to user: life cycle, retained."""
        return self._at("intents", intent, "events")

    def knowledge_requests(self) -> str:
        """User or E2E to service orchestrator."""
        return self._at("knowledge", "requests")

    def knowledge_changes(self) -> str:
        """Service orchestrator to E2E: ordered change feed."""
        return self._at("knowledge", "changes")

    def control(self, component: str) -> str:
        """Any to one component: rebirth or stop."""
        return self._at("control", component)

    def replies(self, client: str) -> str:
        """Any to one client: answers with the request's correlation id."""
        return self._at("replies", client)

    def all_presence(self) -> str:
        """Filter: every component's presence."""
        return f"{self.root}/presence/+"

    def all_telemetry(self) -> str:
        """Filter: every domain's telemetry."""
        return f"{self.root}/infrastructure/+/telemetry"

    def all_actuations(self) -> str:
        """Filter: every domain's actuation."""
        return f"{self.root}/infrastructure/+/actuation"

    def all_reports(self) -> str:
        """Filter: every domain's report."""
        return f"{self.root}/domains/+/report"

    def all_intent_events(self) -> str:
        """Filter: every intent's events."""
        return f"{self.root}/intents/+/events"

    def everything(self) -> str:
        """Filter: the whole bus."""
        return f"{self.root}/#"

    def levels(self, topic: str) -> tuple[str, ...]:
        """The levels below the root, or () for a topic outside it."""
        prefix = self.root + "/"
        return tuple(topic[len(prefix) :].split("/")) if topic.startswith(prefix) else ()

    def domain_of(self, topic: str) -> str | None:
        """The domain that a telemetry, actuation, report or directive topic names."""
        levels = self.levels(topic)
        if len(levels) == 3 and levels[0] in ("infrastructure", "domains"):
            return levels[1]
        return None
