"""The catalogue's services on this world: which simulated service stands for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnc.errors import NotFoundError
from cnc.intents.catalogue import Service
from cnc.simulator.world import World

CLASS_NAMES = ("interactive", "analytic", "heavy")


@dataclass(frozen=True)
class ServiceOffer:
    """One service that can be asked for, and its index in the world."""

    service_id: str
    name: str
    scenario: str
    service_class: str
    index: int
    requests_per_user: float
    """Per slot."""
    uplink_mbit: float
    """Per request, where no data rate is stated."""


class Offers:
    """All services on offer: the j-th interactive one of the catalogue is the j-th of the world.

    A world with more services than the catalogue gives the rest generic names; one with fewer
    offers only as many of each class.
    """

    def __init__(self, catalogue: Sequence[Service], world: World) -> None:
        self._by_index: dict[int, ServiceOffer] = {}
        queues = {name: [s for s in catalogue if s.service_class == name] for name in CLASS_NAMES}
        for index in range(len(world.work_gc)):
            name = CLASS_NAMES[int(world.service_class[index])]
            service = queues[name].pop(0) if queues[name] else None
            self._by_index[index] = ServiceOffer(
                service_id=service.id if service else f"service-{index}",
                name=service.name if service else f"Service {index}",
                scenario=service.scenario if service else "unspecified",
                service_class=name,
                index=index,
                requests_per_user=service.demand.requests_per_user_per_slot if service else 1.0,
                uplink_mbit=(
                    service.demand.uplink_mbit
                    if service
                    else float(world.classes.uplink_mbit[index])
                ),
            )
        self._by_id = {offer.service_id: offer for offer in self._by_index.values()}

    @property
    def ids(self) -> tuple[str, ...]:
        """Service ids in the world's order."""
        return tuple(offer.service_id for _, offer in sorted(self._by_index.items()))

    def of(self, service_id: str) -> ServiceOffer:
        """The offer of that id.

        Raises:
            NotFoundError: no such service here.
        """
        try:
            return self._by_id[service_id]
        except KeyError:
            raise NotFoundError(
                f"service {service_id!r} is not on offer in this scenario; `cnc service list` "
                "shows what is"
            ) from None

    def at(self, index: int) -> ServiceOffer:
        """The offer with that index in the world."""
        return self._by_index[index]
