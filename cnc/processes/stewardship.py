"""What the service orchestrator keeps: the registry and the knowledge base, behind requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from cnc.errors import CncError, NotFoundError, UsageError
from cnc.messages.knowledge import KnowledgeReply, KnowledgeRequest
from cnc.messages.services import (
    ServiceDescriptor,
    ServiceLevel,
    ServiceReply,
    ServiceRequest,
    WorkflowStep,
)
from cnc.processes.librarian import Librarian
from cnc.settings import ensure_home

if TYPE_CHECKING:
    from cnc.orchestrators.offers import Offers
    from cnc.processes.blueprint import SystemConfig
    from cnc.processes.models import Models
    from cnc.processes.records import Registry
    from cnc.simulator.world import World

ServiceState = Literal["registered", "deployed", "retired"]


def describe_offers(world: World, offers: Offers) -> tuple[ServiceDescriptor, ...]:
    """The world's services as a provider would register them."""
    classes = world.classes
    descriptors = []
    for index, service_id in enumerate(offers.ids):
        offer = offers.at(index)
        descriptors.append(
            ServiceDescriptor(
                service=service_id,
                name=offer.name,
                scenario=offer.scenario,
                service_class=offer.service_class,
                workflow=(
                    WorkflowStep(name="receive"),
                    WorkflowStep(name="process", after=("receive",)),
                    WorkflowStep(name="answer", after=("process",)),
                ),
                data_model={"request": "bytes", "answer": "bytes"},
                level=ServiceLevel(latency_ms=float(classes.deadline_s[index]) * 1e3),
                work_gc=float(world.work_gc[index]),
                uplink_mbit=float(classes.uplink_mbit[index]),
                downlink_mbit=float(classes.downlink_mbit[index]),
                memory_gb=float(world.memory_gb[index]),
            )
        )
    return tuple(descriptors)


class Stewardship:
    """Owns registry and knowledge base; every method runs in the shell's one worker thread."""

    def __init__(
        self, config: SystemConfig, models: Models, tell: Callable[[str], None] | None = None
    ) -> None:
        """Nothing is opened yet; `tell` gets lines for people."""
        self._config = config
        self._librarian = Librarian(config, models, tell)
        self._registry: Registry | None = None

    async def close(self) -> None:
        """Close the stores."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._librarian.close()
        if self._registry is not None:
            self._registry.close()

    def computations(self) -> dict[str, Callable[..., Any]]:
        """What the service shell can compute."""
        return {
            "register_offers": self.register_offers,
            "services": self.services,
            "knowledge": self.knowledge,
        }

    # -- registry --------------------------------------------------------------------------------

    def register_offers(self, descriptors: tuple[ServiceDescriptor, ...]) -> int:
        """Register what the scenario offers and seed the knowledge base; returns how many."""
        registry = self._open_registry()
        known = {record.descriptor.service for record in registry.list()}
        for descriptor in descriptors:
            fresh = descriptor.service not in known
            registry.register(descriptor)
            if fresh:
                registry.set_state(descriptor.service, "deployed")
        self._librarian.open()
        return len(descriptors)

    def services(self, request: ServiceRequest) -> ServiceReply:
        """Answer a request about services."""
        registry = self._open_registry()
        try:
            if request.action == "list":
                return ServiceReply(ok=True, services=tuple(registry.list()))
            if request.action == "register":
                if request.descriptor is None:
                    raise UsageError("register needs a descriptor")
                return ServiceReply(ok=True, services=(registry.register(request.descriptor),))
            if request.service is None:
                raise UsageError(f"{request.action} needs a service id")
            if request.action == "show":
                return ServiceReply(ok=True, services=(registry.get(request.service),))
            state: ServiceState = "deployed" if request.action == "deploy" else "retired"
            return ServiceReply(ok=True, services=(registry.set_state(request.service, state),))
        except NotFoundError as error:
            return ServiceReply(ok=False, error=str(error), not_found=True)
        except CncError as error:
            return ServiceReply(ok=False, error=str(error))

    # -- knowledge -------------------------------------------------------------------------------

    def knowledge(self, request: KnowledgeRequest, message_id: str = "") -> KnowledgeReply:
        """Answer a request about knowledge; changes come along for the feed."""
        try:
            if request.context is not None and request.context.service is not None:
                self._open_registry().get(request.context.service)
            return self._librarian.answer(request, message_id)
        except NotFoundError as error:
            return KnowledgeReply(ok=False, error=str(error), not_found=True)
        except CncError as error:
            return KnowledgeReply(ok=False, error=str(error))

    def _open_registry(self) -> Registry:
        if self._registry is None:
            from cnc.processes.records import Registry

            if self._config.database is None:
                ensure_home(self._config.home)
            self._registry = Registry(self._config.database_url)
        return self._registry
